"""Test vectors of sync_protocol.md and its generated tables: cases, and the production code that answers them."""

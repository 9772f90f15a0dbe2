"""The merge law: pure functions from changes to state (sync_protocol.md section 9)."""

"""The hub before its witness: offers the heads of its own logs to the kabupaten and keeps the cosignatures."""

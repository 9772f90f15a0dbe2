"""Exports for the kabupaten: what changed since a cursor, masked unless it is allowed otherwise, signed."""

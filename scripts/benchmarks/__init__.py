"""Benchmarks over the production path: real processes, a socket, files on disk, FULL, signed and sealed."""

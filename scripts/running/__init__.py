"""Hubs and nodes as real processes, for the demo and the benchmarks."""

"""Invented villages for tests, demos and benchmarks: no person in them lives or has lived."""

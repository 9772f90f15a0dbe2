"""Peristiwa (LAMPID): births, deaths, moves, arrivals and returns, and what each does to person and family."""

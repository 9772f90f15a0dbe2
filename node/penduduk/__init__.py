"""Penduduk on screen: list, search, biodata with its history, forms, export."""

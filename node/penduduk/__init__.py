"""Penduduk on screen: list, search, biodata with its history, forms, export; and who receives which aid."""

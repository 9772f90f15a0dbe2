"""Sipande: the whole kecamatan on one page, and the rows behind every number of it."""

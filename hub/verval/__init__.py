"""Verval: finds what cannot both be true in the records of the kecamatan, for people to decide."""

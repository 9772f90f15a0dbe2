"""Erasure of contents (UU 27/2022): asked for by one officer, confirmed by a second, carried out on every side."""

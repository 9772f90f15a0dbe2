"""Perangkat: the officials of the desa, their terms, who may sign; book A.4."""

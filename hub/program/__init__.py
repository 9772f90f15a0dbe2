"""Aid programmes of the kecamatan: their lists, and how many receive in which desa."""

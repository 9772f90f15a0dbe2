"""Perlu tindakan: cases that the kecamatan sent, read and answered here, with or without a connection."""

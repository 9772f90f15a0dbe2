"""Scans that desa sent with their answers, shown to the officers who decide; every look is written down."""

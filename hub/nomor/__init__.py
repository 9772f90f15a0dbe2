"""Blocks of letter numbers: the hub hands them to the logs of its desa, none twice."""

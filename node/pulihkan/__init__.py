"""A desa comes back from a backup: what new keys ask for, and what the operator is told."""

"""The monthly LAMPID reports of all desa: who has reported, verval, return, lock, the sum; moves between two desa."""

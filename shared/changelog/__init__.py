"""The change log: changes and their bytes, the hash tree over them, signed heads and receipts, keys."""

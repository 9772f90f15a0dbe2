"""Trust over time: keys that follow each other, keys taken back, and a hub that has lost what it knew."""

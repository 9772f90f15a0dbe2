"""Prints: one warm typst compiler, the page parts that all prints share, and the fonts that go with them."""

"""Malformed input: good inputs of the product's own making, spoilt in ways that keep their outer layers whole."""

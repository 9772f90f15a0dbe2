"""Keluarga on screen: list, family card, moving people between families, splitting a family."""

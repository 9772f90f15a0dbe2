"""Boundaries of desa as package data, by kabupaten; see LICENSE.batas and hub.sipande.boundaries."""

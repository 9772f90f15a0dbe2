"""Bantuan on screen: programmes of the desa and of the kecamatan, who receives them, edited and ended with reasons."""

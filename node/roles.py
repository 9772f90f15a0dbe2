"""The roles of a node; the first one manages accounts."""

from __future__ import annotations

import sqlite3

from shared.codes import wilayah as codes
from shared.store.migrations import read_setting
from shared.store.petugas import list_leader_names
from shared.web.accounts import Role

ADMIN = Role("admin", "Admin")
KADES = Role("kades", "Kepala desa")
SEKDES = Role("sekdes", "Sekretaris desa")
KASI = Role("kasi", "Kasi atau kaur")
OPERATOR = Role("operator", "Operator")
KADUS = Role("kadus", "Kepala dusun", has_area=True)
"""Sees the people of one dusun only (node/lingkup.py)."""

ROLES = (ADMIN, OPERATOR, KADES, SEKDES, KASI, KADUS)


def context_words(conn: sqlite3.Connection) -> list[str]:
    """Name what a password here must not be made of: the village, its kecamatan, its code, its kades."""
    desa = read_setting(conn, "wilayah") or ""
    names = [codes.nama(desa), codes.nama(desa.rsplit(".", 1)[0]), desa, desa.replace(".", "")]
    return [name for name in names if name] + list_leader_names(conn, (KADES.name,))

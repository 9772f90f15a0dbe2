"""The roles of a hub; the first one manages accounts."""

from __future__ import annotations

import sqlite3

from shared.codes import wilayah as codes
from shared.store.migrations import read_setting
from shared.store.petugas import list_leader_names
from shared.web.accounts import Role

ADMIN = Role("admin", "Admin", password_min=15, needs_code=True)
WALI_DATA = Role("wali_data", "Wali data", needs_code=True)
CAMAT = Role("camat", "Camat", needs_code=True)
SEKCAM = Role("sekcam", "Sekretaris camat", needs_code=True)
"""Camat and sekcam: read everything, decide what is proposed or passed on to them, manage nothing."""
PENGAMAT = Role("pengamat", "Pengamat")
"""Sees numbers and no names."""

ROLES = (ADMIN, WALI_DATA, CAMAT, SEKCAM, PENGAMAT)
LEADERS = (CAMAT.name, SEKCAM.name)
"""Who decides what is passed on to the camat. What anybody may open stands in hub/policy.py."""


def context_words(conn: sqlite3.Connection) -> list[str]:
    """Name what a password here must not be made of: the kecamatan, its code, its camat."""
    kecamatan = read_setting(conn, "wilayah") or ""
    names = [codes.nama(kecamatan), kecamatan, kecamatan.replace(".", "")]
    return [name for name in names if name] + list_leader_names(conn, LEADERS)

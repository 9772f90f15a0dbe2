"""The roles of a hub; the first one manages accounts."""

from __future__ import annotations

import sqlite3

from shared.codes import wilayah as codes
from shared.store.migrations import read_setting
from shared.web.accounts import Role

ADMIN = Role("admin", "Admin", password_min=15)
WALI_DATA = Role("wali_data", "Wali data")
CAMAT = Role("camat", "Camat")
"""Camat and sekcam: read everything, decide what is proposed or passed on to them, manage nothing."""

ROLES = (ADMIN, WALI_DATA, CAMAT)
DESK = (ADMIN.name, WALI_DATA.name)
"""Who works on cases, programmes and targets."""

NAMES = (ADMIN.name, WALI_DATA.name, CAMAT.name)
"""Who may open the names behind a number; a role that is added later may not, until it is named here."""


def context_words(conn: sqlite3.Connection) -> list[str]:
    """Name what a password here must not be made of: the kecamatan and its code."""
    kecamatan = read_setting(conn, "wilayah") or ""
    names = [codes.nama(kecamatan), kecamatan, kecamatan.replace(".", "")]
    return [name for name in names if name]

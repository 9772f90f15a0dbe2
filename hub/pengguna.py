"""Accounts of the kecamatan, for the admin: `/akun/`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from hub.change import write_common
from hub.simpul.queries import name_petugas
from shared.web.pengguna import make_pengguna


def _name_subjects(conn: sqlite3.Connection, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    return {id: ("", name) for id, name in name_petugas(conn, ids).items()}


blueprint = make_pengguna("/akun", "Akun petugas kecamatan", write_common, _name_subjects)

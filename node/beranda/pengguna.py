"""Accounts of this computer, for the admin: `/pengguna/`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from flask import url_for

from node.beranda.queries import name_subjects
from node.change import write_drafts
from shared.web.pengguna import make_pengguna


def _name_subjects(conn: sqlite3.Connection, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    found = name_subjects(conn, ids)
    return {id: (url_for(f"{page}.show", id=id), name) for id, (page, name) in found.items()}


blueprint = make_pengguna("/pengguna", "Pengguna komputer ini", write_drafts, _name_subjects)

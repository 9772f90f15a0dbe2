"""The access audit of this computer, for admin, kades and sekdes: `/catatan`."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for

from node.beranda.looks import write_waiting
from node.beranda.queries import name_subjects
from node.beranda.reveals import PURPOSES
from node.catatan.queries import list_showing
from node.penduduk.queries import name_petugas
from node.roles import ROLES
from shared.web.audit import ACTIONS
from shared.web.catatan import AuditLine, make_catatan
from shared.web.services import web

_LABELS = {role.name: role.label for role in ROLES}
_LISTS = {"penduduk": "Daftar penduduk", "keluarga": "Daftar keluarga"}
_WORDS = re.compile(r"[A-Za-z]{3}.* ")
"""A subject that says what it is, such as a book; others are ids and names inside the program."""


def _describe(conn: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> list[AuditLine]:
    subjects = {row[4] for row in rows}
    records, officers = name_subjects(conn, subjects), name_petugas(conn, subjects)
    areas = web().name_areas
    places = areas(conn) if areas is not None else {}
    lines = []
    for no, time_s, account, action, subject, detail in rows:
        page, name = records.get(subject, ("", ""))
        lines.append(AuditLine(
            no, time_s, account, ACTIONS.get(action, action.replace("_", " ").capitalize()),
            name or officers.get(subject) or _LISTS.get(subject) or (subject if _WORDS.search(subject) else ""),
            url_for(f"{page}.show", id=subject) if page else "", _word_detail(action, detail, places),
        ))
    return lines


def _word_detail(action: str, detail: str, places: Mapping[str, str]) -> str:
    if action == "sandi_diganti" and detail:
        return "dengan kode dari admin"
    if action == "nik_ditampilkan":
        return PURPOSES.get(detail, detail)
    if action == "wilayah_akun":
        return places.get(detail, "dusun yang sudah ditutup" if detail else "seluruh desa")
    for purpose, words in PURPOSES.items():
        detail = detail.removesuffix(f", {purpose}") + (f", {words.lower()}" if detail.endswith(f", {purpose}") else "")
    return _LABELS.get(detail, detail)


PARTS = {"catatan.index": "Di komputer ini", "dilihat.index": "Dilihat kecamatan"}
blueprint = make_catatan("catatan", "/catatan", _describe, "camat", parts=PARTS, widen=list_showing)
blueprint.before_request(write_waiting)

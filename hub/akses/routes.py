"""The access audit of the kecamatan, for the admin: `/akses`."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from flask import url_for

from hub.akses.words import ACTIONS, describe_act, describe_detail, describe_subject, is_case
from hub.simpul.queries import name_nodes
from hub.verval.queries import find_known_findings
from hub.verval.queue import read_url_id
from hub.verval.values import name_known_petugas
from shared.web.catatan import PAGE, AuditLine, make_catatan

__all__ = ["PAGE", "blueprint"]


def _describe(conn: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> list[AuditLine]:
    subjects = {row[4] for row in rows}
    names = {**name_nodes(conn, subjects), **name_known_petugas(conn, subjects)}
    cases = find_known_findings(conn, map(read_url_id, filter(is_case, subjects)))
    return [
        AuditLine(
            no, time_s, account, describe_act(action),
            "Kasus verval" if is_case(subject) else names.get(subject) or describe_subject(action, subject),
            url_for("verval.case", temuan=subject) if read_url_id(subject) in cases else "",
            describe_detail(action, detail),
        )
        for no, time_s, account, action, subject, detail in rows
    ]


_NOTE = "Apa yang dilihat petugas dari warga sebuah desa diberitahukan kepada desa itu sehari sesudahnya."
blueprint = make_catatan("akses", "/akses", _describe, "camat", ACTIONS, note=_NOTE)

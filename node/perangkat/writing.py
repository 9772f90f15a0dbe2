"""A new official becomes a change: from a resident, whose facts are copied once, from an earlier term, or typed."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import date
from typing import Any

from node.change import write_drafts
from node.penduduk.queries import read_row
from node.penduduk.rules import PENDUDUK
from node.penduduk.writing import Choices, Rejected
from node.perangkat.queries import read_perangkat
from node.perangkat.rules import COPIED, COPIED_AGAIN, FORM_FIELDS, PERANGKAT, Masa, find_last_day, read_masa
from node.services import NodeServices
from shared.store.drafts import draft_create
from shared.web.forms import Form, Submitted, parse_form


def copy_facts(node: NodeServices, conn: sqlite3.Connection, penduduk: str, lagi: str) -> dict[str, Any]:
    """Copy what a new record begins with: of a resident, or of an earlier term ``lagi``; nothing where it is gone."""
    if lagi:
        before = read_row(conn, PERANGKAT, node.wilayah, lagi) or {}
        names = (*COPIED_AGAIN, "jabatan", "sebutan", "dusun")
        return {name: before[name] for name in names if before.get(name) is not None}
    person = read_row(conn, PENDUDUK, node.wilayah, penduduk) if penduduk else None
    if person is None:
        return {}
    return {"penduduk": penduduk, **{name: person[name] for name in COPIED if person.get(name) is not None}}


def save_new(
    node: NodeServices, submitted: Submitted, *, choices: Choices, author: str, day: date
) -> str:
    """Add one term of one official; return its id. Raises Rejected with the form and what is wrong."""
    with node.database.write() as conn:
        values, form = parse_form(PERANGKAT, submitted, {}, names=FORM_FIELDS, choices=choices)
        check_form(node, conn, "", values, form)
        if not form.is_valid:
            raise Rejected(form)
        _check_running(read_perangkat(conn, node.wilayah), values, form, day)
        if not form.is_valid:
            raise Rejected(form)
        id = node.new_id()
        write_drafts(node, [draft_create(PERANGKAT, id, values)], author=author)
    return id


def check_form(
    node: NodeServices, conn: sqlite3.Connection, id: str, values: Mapping[str, Any], form: Form
) -> None:
    """Mark what no field knows alone: a person that is not here, a hamlet that belongs to a kadus, dates in order."""
    person = values.get("penduduk")
    if person and not id and read_row(conn, PENDUDUK, node.wilayah, str(person)) is None:
        form.other_errors.append("Penduduk yang dipilih sudah tidak ada dalam data. Kembali, lalu cari lagi.")
    if values.get("dusun") and values.get("jabatan") != "kadus":
        form.fields["dusun"].error = "Dusun hanya untuk kepala dusun. Kosongkan, atau ubah jabatannya."
    start, last = str(values.get("mulai") or ""), str(values.get("sampai") or "")
    if start and last and last < start:
        form.fields["sampai"].error = "Menjabat sampai lebih awal daripada mulai menjabat."


def _check_running(rows: list[dict[str, Any]], values: Mapping[str, Any], form: Form, day: date) -> None:
    """Refuse the same office of the same person twice at one time; a further term begins behind the one before."""
    start = str(values.get("mulai") or day.isoformat())
    for row in rows:
        same = values.get("penduduk") and all(
            row.get(name) == values.get(name) for name in ("penduduk", "jabatan", "sebutan")
        )
        last = find_last_day(row)
        if same and read_masa(row, day) in (Masa.MENJABAT, Masa.BELUM) and (not last or last >= start):
            form.fields["mulai"].error = (
                "Orang ini sudah tercatat pada jabatan ini. Catat dulu akhir jabatan yang lama, atau isi mulai menjabat"
                " sesudah yang lama berakhir."
            )

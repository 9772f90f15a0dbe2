"""Events: `/peristiwa/`, by month, by kind and by name; one event with what follows from it, and its undo."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.bantuan.queries import list_aid
from node.beranda.desk import Notes, author, keep, services
from node.beranda.looks import note_look
from node.keluarga.rules import find_head
from node.lampid.batal import void_events
from node.lampid.catat import known_day, this_day
from node.lampid.formulir import PERISTIWA
from node.lampid.queries import (
    Letter, count_months, is_closed, list_letters_about, list_month, list_of_people, list_offices, list_together,
    list_voiding, read_lives,
)
from node.lampid.rules import BENTUK, LATER_FIELDS, LEAVING, find_date_problems
from node.penduduk.editing import Editor, add_choice_route, add_edit_routes, list_disputes, read_reason, require_row
from node.penduduk.index import Person
from node.penduduk.queries import list_dusun, read_row
from node.penduduk.routes import people_index
from node.penduduk.rules import HIDUP, show_value
from node.penduduk.tampilan import read_page
from node.surat.peristiwa import SURAT_PERISTIWA
from shared.clock import today
from shared.codes import code_list
from shared.errors import EnvironmentProblem, UserError
from shared.lampid.chain import judge_life
from shared.lampid.effects import read_effects
from shared.records.lampid import BATAL, JENIS_PERISTIWA, LAHIR, MATI, PINDAH
from shared.records.penduduk import TIDAK_TETAP
from shared.web.forms import Form, make_form, parse_form
from shared.web.guards import may_open

blueprint = Blueprint("lampid", __name__, url_prefix="/peristiwa")

PAGE_ROWS = 25
REPORTED = ("tanggal_lapor",)
MONTHS = ("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober",
          "November", "Desember")
HIDDEN = frozenset({"jenis", "penduduk", "sebelumnya", "dibatalkan", "rombongan", "akibat", "jenis_kelamin",
                    "warganegara", "kepala", "keluarga"})
BATAL_LABELS: Mapping[str, str] = {"tanggal_peristiwa": "Tanggal dibatalkan"}
LETTERS: Mapping[str, str] = {
    MATI: "Buat surat keterangan kematian", PINDAH: "Buat surat pengantar pindah",
    LAHIR: "Buat surat keterangan kelahiran",
}
"""Words of the link to the letter that belongs to an event."""

WRITE_LETTER, READ_LETTER = "surat.compose", "surat_terbit.show"


class Saring(NamedTuple):
    """What the list shows: a month or, with a text, whoever it means, in all months."""

    bulan: str = ""
    jenis: str = ""
    teks: str = ""


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Show the events of a month, or those of whoever was searched for."""
    node = services()
    text = _searches().get(request.args.get("lihat")) or ""
    with node.database.read() as conn:
        months = dict(count_months(conn, node.wilayah))
        month = _read_month(months)
        by = Saring(month, request.args.get("jenis", ""), text)
        if text:
            rows = list_of_people(conn, node.wilayah, [p.id for p in people_index().search(text)])
        else:
            rows = list_month(conn, node.wilayah, month)
        closed = is_closed(conn, node.catalogue, node.wilayah, month)
    counts = Counter(row.jenis for row in rows)
    shown = [row for row in rows if not by.jenis or row.jenis == by.jenis]
    page, pages = read_page(len(shown), PAGE_ROWS)
    return render_template(
        "lampid/index.html", saring=by, baris=shown[(page - 1) * PAGE_ROWS : page * PAGE_ROWS], jumlah=counts,
        semua=len(rows), total=len(shown), bulan=sorted({*months, month}, reverse=True), cacah=months,
        nama_bulan=name_month, jenis=JENIS_PERISTIWA, page=page, pages=pages, tutup=closed,
        token=request.args.get("lihat") if text else None,
    )


@blueprint.post("/cari")
def search() -> ResponseReturnValue:
    """Keep whom to look for and show the list; the text never stands in an address."""
    text = " ".join(request.form.get("teks", "").split())[:100]
    if not text:
        return redirect(url_for(".index", bulan=request.form.get("bulan") or None), 303)
    return redirect(url_for(".index", lihat=_searches().put(text)), 303)


@blueprint.get("/<uuid:id>")
def show(id: object) -> ResponseReturnValue:
    """Show an event: what was told, what followed, what is still to do, and its undo."""
    return _detail_page(str(id))


@blueprint.post("/<uuid:id>/batal")
def undo(id: object) -> ResponseReturnValue:
    """Take an event back, alone or with those that were reported with it."""
    record, (reason, problem) = str(id), read_reason("Tulis dulu mengapa peristiwa ini dibatalkan.")
    values, form = parse_form(PERISTIWA, request.form, names=REPORTED)
    if problem:
        form.other_errors.append(problem)
    for name, said in find_date_problems(values, this_day(), known=known_day()).items():
        form.fields[name].error = form.fields[name].error or said
    if not form.is_valid:
        return _detail_page(record, reason, form.errors[0][1], form), 400
    ids = [record, *(other for other in request.form.getlist("bersama") if other != record)]
    try:
        done = void_events(
            services(), people_index(), ids[:50], alasan=reason, tanggal_lapor=values["tanggal_lapor"],
            author=author(),
        )
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _detail_page(record, reason, error.pesan, form), 400
    flash("Peristiwa sudah dibatalkan. Keadaan sebelumnya berlaku lagi, dan catatannya tetap tersimpan.", "baik")
    for text in [*done.catatan, *_list_headless(done.event)]:
        flash(text, "salah")
    return redirect(url_for(".show", id=done.event), 303)


def _editor(id: str) -> Editor:
    """Make the form for what comes after the report; what was told then is undone, never edited."""
    row = require_row(PERISTIWA, id)
    if row["jenis"] == BATAL:
        abort(404)
    note_look(str(row["penduduk"] or ""))
    names = [name for name in LATER_FIELDS if name != "akta_susulan" or row["jenis"] != LAHIR]
    return Editor(PERISTIWA, id, names, {}, lambda view: render_template(
        "lampid/susulan.html", id=id, row=row, view=view, jenis=JENIS_PERISTIWA,
    ))


add_edit_routes(blueprint, _editor)
add_choice_route(blueprint, PERISTIWA)


def _list_headless(event: str) -> list[str]:
    """Say which families an undo has left without a head, or with two."""
    node = services()
    with node.database.read() as conn:
        together = list_together(conn, node.wilayah, event)
    found = []
    for family in {p.keluarga for row in together if (p := people_index().get(row.penduduk)) and p.keluarga}:
        living = [p for p in people_index().members().get(family, []) if p.status == HIDUP]
        heads = sum(p.hubungan == 1 for p in living)
        if living and heads != 1:
            what = "dua kepala keluarga" if heads else "tanpa kepala keluarga"
            found.append(f"Keluarga {living[0].nama} sekarang {what}. Betulkan hubungannya di biodata.")
    return found


def _detail_page(id: str, reason: str = "", problem: str = "", form: Form | None = None) -> str:
    node = services()
    form = form or make_form(PERISTIWA, {"tanggal_lapor": this_day()}, names=REPORTED)
    form.fields["tanggal_lapor"].label = "Tanggal dibatalkan"
    with node.database.read() as conn:
        row = read_row(conn, PERISTIWA, node.wilayah, id)
        if row is None:
            abort(404)
        together = list_together(conn, node.wilayah, str(row["rombongan"] or id))
        people = [item.penduduk for item in together]
        starts, events = read_lives(conn, node.wilayah, people)
        lives = {person: judge_life(person, starts.get(person), events) for person in dict.fromkeys(people)}
        last = {life.terakhir.id for life in lives.values() if life.terakhir is not None}
        counted = {item.peristiwa.id: item.faktor for life in lives.values() for item in life.terhitung}
        family = str(row["keluarga"] or "")
        living = [p for p in people_index().members().get(family, []) if p.status == HIDUP]
        is_leaving = row["jenis"] in LEAVING
        aid = list_aid(conn, node.wilayah, people, family if is_leaving and not living else "", today(node.clock))
        offices = list_offices(conn, node.wilayah, people, today(node.clock).isoformat()) if is_leaving else []
        dusun = list_dusun(conn, node.wilayah)
        closed = is_closed(conn, node.catalogue, node.wilayah, str(row["tanggal_lapor"])[:7])
        voided = read_row(conn, PERISTIWA, node.wilayah, str(row["dibatalkan"] or ""))
        voiding = list_voiding(conn, node.wilayah, people)
        letters = _list_letters(conn, id, [asal for asal, by in voiding.items() if by in {e.id for e in together}])
        person = read_row(conn, node.catalogue["penduduk"], node.wilayah, str(row["penduduk"])) or {}
    note_look(str(row["penduduk"] or ""))
    return render_template(
        "lampid/rincian.html", id=id, row=row, jenis=JENIS_PERISTIWA, isian=_list_fields(row, dusun),
        nama=person.get("nama") or "(data sudah dihapus)", bersama=[item for item in together if item.id != id],
        dapat_batal=id in last and row["jenis"] != BATAL, terakhir=last, kartu=family if family in
        people_index().families() else "", kosong=is_leaving and bool(family) and not living,
        kepala=find_head(living), akibat=_tell_effects(row), terhitung=counted.get(id),
        sementara=person.get("status_tinggal") == TIDAK_TETAP,
        bantuan=[item for item in aid if item.keadaan in ("menerima", "diusulkan")] if is_leaving else [],
        jabatan=offices, tutup=closed, asal=voided, alasan=reason, masalah=problem, surat=_find_letter(id, row, living),
        lapor=form.fields["tanggal_lapor"], batal_oleh=voiding.get(id, ""), dibatalkan=voiding, terbit=letters,
        sengketa=list_disputes(PERISTIWA, id), BATAL=BATAL,
    )


def _list_letters(conn: sqlite3.Connection, id: str, voided: Sequence[str]) -> list[Letter]:
    """List the letters that hold and speak of an event, or of those that it takes back (``voided``)."""
    return list_letters_about(conn, services().wilayah, voided or [id]) if may_open(READ_LETTER) else []


def _find_letter(id: str, row: Mapping[str, Any], family: Sequence[Person]) -> tuple[str, str] | None:
    """Find address and words of the letter that belongs to an event; None where this program writes no letters.

    The letter of a birth is for who reports it: the head of the family, where there is one.
    """
    words = LETTERS.get(row["jenis"])
    if words is None or WRITE_LETTER not in current_app.view_functions or not may_open(WRITE_LETTER):
        return None
    head = find_head(family) if row["jenis"] == LAHIR else None
    person = head.id if head is not None else row["penduduk"]
    return url_for(WRITE_LETTER, slug=SURAT_PERISTIWA[row["jenis"]], penduduk=person, peristiwa=id), words


def _list_fields(row: Mapping[str, Any], dusun: Mapping[str, str]) -> list[tuple[str, str]]:
    """Write the fields of an event that have a value."""
    labels = BENTUK[row["jenis"]].labels if row["jenis"] in BENTUK else BATAL_LABELS
    return [
        (labels.get(name, field.info.label).partition(", bila")[0], show_value(field, row[name], dusun))
        for name, field in PERISTIWA.fields.items() if name not in HIDDEN and row.get(name) is not None
    ]


def _tell_effects(row: Mapping[str, Any]) -> list[str]:
    """Say what became of places on family cards."""
    places = code_list("shdk").items
    told = []
    for item in read_effects(row["akibat"]):
        person = people_index().get(item.penduduk)
        name = person.nama if person else "(data sudah dihapus)"
        before, after = (places.get(t.hubungan, "belum diisi") for t in (item.sebelum, item.sesudah))
        change = f"{before} menjadi {after}" if before != after else before
        card = " di kartu keluarga lain" if item.sebelum.keluarga != item.sesudah.keluarga else ""
        told.append(f"{name}: {change}{card}")
    return told


def _read_month(months: Mapping[str, int]) -> str:
    asked = request.args.get("bulan", "")
    if asked in months:
        return asked
    return this_day()[:7]


def name_month(month: str) -> str:
    """Write a month for people: 2026-11 → November 2026."""
    year, _, number = month.partition("-")
    return f"{MONTHS[int(number) - 1]} {year}" if number.isdecimal() and 1 <= int(number) <= 12 else month


def _searches() -> Notes[str]:
    return keep("lampid_cari", lambda node: Notes[str](node))

"""Officials: `/perangkat/`: who serves, who served, add, edit, end of a term. A further term is a further record."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import Notes, author, keep, services
from node.laporan import cetak
from node.penduduk.biodata import make_teller
from node.penduduk.editing import Editor, add_choice_route, add_edit_routes, add_restore_route, read_reason
from node.penduduk.naming import name_deleted
from node.penduduk.queries import is_deleted, list_deleted, list_dusun, read_row
from node.penduduk.routes import people_index
from node.penduduk.rules import show_value
from node.penduduk.tampilan import read_later
from node.penduduk.writing import Choices, Rejected, delete
from node.perangkat.buku import A4, select_rows, write_rows
from node.perangkat.queries import list_accounts, list_petugas, list_with_letters, read_perangkat
from node.perangkat.rules import (
    END_FIELDS, FORM_FIELDS, HIDUP, PERANGKAT, SECTIONS, Masa, find_end_problem, find_last_day, list_signers,
    list_warnings, may_sign, name_jabatan, order_rows, read_masa,
)
from node.perangkat.writing import check_form, copy_facts, save_new
from shared.clock import today
from shared.tata import Cell
from shared.web.forms import Form, make_form

blueprint = Blueprint("perangkat", __name__, url_prefix="/perangkat")
FOUND_MAX = 15


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List who serves, who will, and who did, with what somebody should look at."""
    node, people = services(), people_index()
    day = today(node.clock)
    with node.database.read() as conn:
        rows = read_perangkat(conn, node.wilayah)
        dusun, petugas = list_dusun(conn, node.wilayah), list_petugas(conn, node.wilayah)
        gone = list_deleted(conn, "perangkat", node.wilayah)
        removed = [(id, name_deleted(node, conn, PERANGKAT, id)) for id in gone]
    statuses = {
        str(row["penduduk"]): person.status if (person := people.get(str(row["penduduk"]))) else 0
        for row in rows if row["penduduk"]
    }
    ordered = order_rows(rows)
    return render_template(
        "perangkat/index.html", warnings=list_warnings(rows, statuses, day), removed=removed, dusun=dusun,
        petugas=petugas, signers={row["id"] for row in list_signers(rows, day)}, name_jabatan=name_jabatan,
        serving=[row for row in ordered if read_masa(row, day) is Masa.MENJABAT],
        coming=[row for row in ordered if read_masa(row, day) is Masa.BELUM],
        former=[row for row in ordered if read_masa(row, day) in (Masa.LEWAT, Masa.BERHENTI)],
        find_last_day=find_last_day,
    )


@blueprint.get("/buku")
def book() -> ResponseReturnValue:
    """Show book A.4."""
    is_short = request.args.get("hanya") == "menjabat"
    return render_template(
        "perangkat/buku.html", tata=A4, rows=_read_book(is_short), serving_only=is_short, formats=cetak.FORMATS
    )


@blueprint.post("/buku")
def make_book() -> ResponseReturnValue:
    """Make book A.4 as a file; audited with the count."""
    is_short = request.form.get("hanya") == "menjabat"
    rows = _read_book(is_short)
    isi = cetak.Isi(A4, "Yang sedang menjabat" if is_short else "", rows)
    return cetak.make_file(isi, request.form.get("format", "pdf"), len(rows))


def _read_book(serving_only: bool) -> list[list[Cell]]:
    node = services()
    with node.database.read() as conn:
        rows, dusun = read_perangkat(conn, node.wilayah), list_dusun(conn, node.wilayah)
    return write_rows(select_rows(rows, today(node.clock), serving_only=serving_only), dusun)


@blueprint.get("/pilih")
def pick() -> ResponseReturnValue:
    """Ask who it is: a resident, found by a piece of the name, or somebody else."""
    text = _searches().get(request.args.get("lihat")) or ""
    found = people_index().search(text) if text else []
    living = [person for person in found if person.status == HIDUP]
    with services().database.read() as conn:
        dusun = list_dusun(conn, services().wilayah)
    return render_template(
        "perangkat/pilih.html", teks=text, orang=living[:FOUND_MAX], lebih=len(living) > FOUND_MAX, dusun=dusun,
        lain=len(found) > len(living),
    )


@blueprint.post("/cari")
def search() -> ResponseReturnValue:
    """Keep whom to look for and show who is meant; the text never stands in an address."""
    text = " ".join(request.form.get("teks", "").split())[:100]
    return redirect(url_for(".pick", lihat=_searches().put(text) if text else None), 303)


def _searches() -> Notes[str]:
    return keep("perangkat_cari", lambda node: Notes[str](node))


@blueprint.get("/tambah")
def add() -> ResponseReturnValue:
    """Show the form of a new term, with what is known about the resident or from the term before."""
    node = services()
    with node.database.read() as conn:
        facts = copy_facts(node, conn, request.args.get("penduduk", ""), request.args.get("lagi", ""))
        choices = _read_choices(conn)
    return _add_page(make_form(PERANGKAT, facts, names=FORM_FIELDS, choices=choices))


@blueprint.post("/tambah")
def create() -> ResponseReturnValue:
    """Add a term."""
    node = services()
    with node.database.read() as conn:
        choices = _read_choices(conn)
    try:
        id = save_new(node, request.form, choices=choices, author=author(), day=today(node.clock))
    except Rejected as rejected:
        return _add_page(rejected.form), 400
    flash("Perangkat sudah dicatat.", "baik")
    return redirect(url_for(".show", id=id), 303)


def _add_page(form: Form) -> str:
    person = people_index().get(form.fields["penduduk"].text)
    return render_template("perangkat/tambah.html", form=form, bagian=SECTIONS, orang=person)


@blueprint.get("/<uuid:id>")
def show(id: object) -> ResponseReturnValue:
    """Show one term with its history."""
    return _show_page(str(id), "")


@blueprint.get("/<uuid:id>/akhir")
def end(id: object) -> ResponseReturnValue:
    """Ask for the last day in office and the decree."""
    return _ending(str(id)).show()


@blueprint.post("/<uuid:id>/akhir")
def end_term(id: object) -> ResponseReturnValue:
    """Write down the end of a term; from the day behind the last one nothing is signed any more."""
    return _ending(str(id)).save(url_for(".show", id=id))


@blueprint.post("/<uuid:id>/hapus")
def remove(id: object) -> ResponseReturnValue:
    """Delete a term that was written down by mistake, with the reason."""
    node, record = services(), str(id)
    alasan, problem = read_reason("Tuliskan dulu alasannya, misalnya: tercatat dua kali.")
    if problem:
        return _show_page(record, problem), 400
    with node.database.read() as conn:
        letters = list_with_letters(conn, node.wilayah, record)
    if letters:
        return _show_page(record, f"Ada {letters} surat atas tanda tangannya; catat akhir jabatannya saja."), 400
    delete(node, PERANGKAT, record, alasan, author())
    flash("Catatan perangkat sudah dihapus. Riwayatnya tetap tersimpan dan dapat dikembalikan.", "baik")
    return redirect(url_for(".index"), 303)


add_restore_route(blueprint, PERANGKAT, "Catatan perangkat sudah dikembalikan.")


def _editor(id: str) -> Editor:
    node = services()
    with node.database.read() as conn:
        choices = _read_choices(conn)

    def check(conn: sqlite3.Connection, values: Mapping[str, Any], form: Form) -> None:
        check_form(node, conn, id, values, form)

    return Editor(
        PERANGKAT, id, FORM_FIELDS, choices,
        lambda view: render_template("perangkat/ubah.html", id=id, view=view, bagian=SECTIONS), check,
    )


add_edit_routes(blueprint, _editor)
add_choice_route(blueprint, PERANGKAT)


def _ending(id: str) -> Editor:
    node = services()

    def check(conn: sqlite3.Connection, values: Mapping[str, Any], form: Form) -> None:
        item, row = form.fields["sampai"], read_row(conn, PERANGKAT, node.wilayah, id) or {}
        if not values.get("sampai"):
            item.error = item.error or "Isi hari terakhir menjabat."
        else:
            item.error = item.error or find_end_problem(row, str(values["sampai"]))

    def draw(view: Any) -> str:
        with node.database.read() as conn:
            row = read_row(conn, PERANGKAT, node.wilayah, id) or {}
        view.form.fields["sampai"].label = "Hari terakhir menjabat"
        return render_template(
            "perangkat/akhir.html", id=id, view=view, nama=row.get("nama"), jabatan=name_jabatan(row)
        )

    return Editor(PERANGKAT, id, END_FIELDS, {}, draw, check)


def _show_page(id: str, problem: str) -> str:
    node = services()
    day = today(node.clock)
    with node.database.read() as conn:
        values = read_row(conn, PERANGKAT, node.wilayah, id)
        if values is None and not is_deleted(conn, "perangkat", node.wilayah, id):
            abort(404)
        teller = make_teller(node, conn, PERANGKAT, id)
        names = list_dusun(conn, node.wilayah) | list_petugas(conn, node.wilayah)
        letters = list_with_letters(conn, node.wilayah, id)
    shown = values if values is not None else teller.state.values(PERANGKAT)
    sections = [(title, _write_fields(shown, fields, names)) for title, fields in SECTIONS]
    sections.append(("Akhir jabatan", _write_fields(shown, END_FIELDS[1:], names)))
    return render_template(
        "perangkat/satu.html", id=id, values=shown, is_deleted=values is None, masa=read_masa(shown, day), Masa=Masa,
        bagian=[(title, fields) for title, fields in sections if fields], jabatan=name_jabatan(shown),
        berhak=may_sign(shown, day), orang=people_index().get(str(shown.get("penduduk") or "")), surat=letters,
        last=find_last_day(shown), cerita=teller.tell(read_later()), sengketa=teller.list_disputes(),
        problem=problem, typed=request.form,
    )


def _write_fields(
    values: Mapping[str, Any], names: tuple[str, ...], words: Mapping[str, str]
) -> list[tuple[str, str]]:
    return [
        (PERANGKAT.fields[name].info.label, show_value(PERANGKAT.fields[name], values[name], words))
        for name in names if values.get(name) is not None
    ]


def _read_choices(conn: sqlite3.Connection) -> Choices:
    desa = services().wilayah
    return {"dusun": list(list_dusun(conn, desa).items()), "petugas": list_accounts(conn, desa)}

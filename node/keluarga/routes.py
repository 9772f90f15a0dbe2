"""Families: `/keluarga/` and what hangs below it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.bantuan.queries import list_aid
from node.beranda.desk import author, keep, services
from node.beranda.looks import note_list, note_look
from node.beranda.reveals import PURPOSES, conceal, is_revealed, reveal
from node.change import write_drafts
from node.keluarga.rules import (
    COLUMNS, DEFAULT_COLUMNS, ONLY, SORTS, FamilyRow, Saringan, find_head, list_families, make_cells,
    make_rows, order_families, read_saringan,
)
from node.keluarga.writing import move_people
from node.lingkup import own_area, own_dusun
from node.penduduk.biodata import make_teller
from node.penduduk.editing import Editor, EditView, add_choice_route, add_edit_routes, add_restore_route
from node.penduduk.index import read_number
from node.penduduk.listing import fill_rows
from node.penduduk.queries import is_deleted, list_cases, list_dusun, read_row
from node.penduduk.routes import people_index
from node.penduduk.rules import show_value
from node.penduduk.tampilan import Daftar, Tampilan, read_later
from node.penduduk.writing import delete
from shared.clock import today
from shared.codes import code_list
from shared.errors import EnvironmentProblem, UserError
from shared.records.catalogue import CATALOGUE
from shared.records.identifiers import clean_number
from shared.store.drafts import draft_create
from shared.web.forms import make_form, parse_form
from shared.web.policy import has_right

blueprint = Blueprint("keluarga", __name__, url_prefix="/keluarga")
KELUARGA = CATALOGUE["keluarga"]
FIELDS = tuple(KELUARGA.fields)
CANDIDATES_MAX = 10
DAFTAR = Daftar("keluarga", COLUMNS, DEFAULT_COLUMNS, SORTS, ONLY, read_saringan)


def _list_page(view: Tampilan[Saringan], token: str | None) -> dict[str, Any]:
    node = services()
    with node.database.read() as conn:
        dusun = list_dusun(conn, node.wilayah)
        columns = DAFTAR.read_columns(conn)

    def fill(shown: Sequence[FamilyRow]) -> list[tuple[FamilyRow, list[str]]]:
        return [(row, make_cells(row, columns, dusun)) for row in shown]

    note_list("Keluarga", "", len(_all_rows()), "keluarga")
    return {**DAFTAR.show(view, token, _select(view, dusun), fill, columns), "dusun": own_dusun(dusun)}


def _select(view: Tampilan[Saringan], dusun: Mapping[str, str]) -> list[FamilyRow]:
    """Find the families that a view shows, in its order."""
    rows = _search(view.saringan)
    if view.urut not in SORTS:
        return rows
    return order_families(rows, view.urut, view.turun, dusun, has_right("nomor_buka"))


def _search(by: Saringan) -> list[FamilyRow]:
    found = people_index().search(by.teks) if by.teks else None
    return list_families(_all_rows(), found, "" if own_area() else read_number(by.teks), by)


def _all_rows() -> list[FamilyRow]:
    """Give all families; put together anew only when the index has moved on."""
    index = people_index()
    families, members = index.families(), index.members()
    if own_area():
        return make_rows(families, members)
    kept: dict[str, Any] = keep("baris_keluarga", lambda node: {})
    last = kept.get("last")
    if last is None or last[0] is not families or last[1] is not members:
        last = kept["last"] = (families, members, make_rows(families, members))
    rows: list[FamilyRow] = last[2]
    return rows


def _make_rows(
    conn: sqlite3.Connection, view: Tampilan[Saringan], columns: Sequence[str], is_open: bool
) -> list[list[str]]:
    dusun = list_dusun(conn, services().wilayah)
    return [[row.kepala, *make_cells(row, columns, dusun, is_open)] for row in _select(view, dusun)]


DAFTAR.add_routes(blueprint, _list_page, "Kepala keluarga", _make_rows)


@blueprint.get("/<uuid:id>")
def show(id: object) -> ResponseReturnValue:
    """Show a family card."""
    node, record = services(), str(id)
    is_open = is_revealed(record)
    with node.database.read() as conn:
        values = read_row(conn, KELUARGA, node.wilayah, record)
        if values is None and not is_deleted(conn, "keluarga", node.wilayah, record):
            abort(404)
        members = people_index().members().get(record, [])
        rows = fill_rows(
            node,
            conn,
            members,
            ("nik", "hubungan", "jk", "umur", "status_kawin", "pekerjaan", "status_dasar"),
            is_open,
        )
        dusun = list_dusun(conn, node.wilayah)
        teller = make_teller(node, conn, KELUARGA, record, is_open)
        aid = list_aid(conn, node.wilayah, [person.id for person in members], record, today(node.clock))
        cases = list_cases(conn, node.wilayah, record)
    shown = {} if values is None else {
        KELUARGA.fields[name].info.label: text for name in FIELDS
        if (text := show_value(KELUARGA.fields[name], values[name], dusun, is_open))
    }
    note_look(record)
    return render_template(
        "keluarga/kartu.html", id=record, values=values, isian=shown, rows=rows, members=members,
        kepala=find_head(members), cerita=teller.tell(read_later()), sengketa=teller.list_disputes(), bantuan=aid,
        kasus=cases, is_open=is_open, purposes=PURPOSES, nama={person.id: person.nama for person in members},
    )


@blueprint.post("/<uuid:id>/tampilkan")
def unmask(id: object) -> ResponseReturnValue:
    """Open the numbers of a family for a few minutes; logged with the purpose."""
    _require(str(id))
    reveal(str(id))
    return redirect(url_for(".show", id=id), 303)


@blueprint.post("/<uuid:id>/tutup")
def mask(id: object) -> ResponseReturnValue:
    """Mask the numbers again."""
    conceal(str(id))
    return redirect(url_for(".show", id=id), 303)


@blueprint.get("/tambah")
def add() -> ResponseReturnValue:
    """Show the empty form of a family."""
    form = make_form(KELUARGA, names=FIELDS, choices=_choices())
    return _form_page("", EditView(form, "", False))


@blueprint.post("/tambah")
def create() -> ResponseReturnValue:
    """Add a family without members yet."""
    node = services()
    values, form = parse_form(KELUARGA, request.form, names=FIELDS, choices=_choices())
    number = values.get("no_kk")
    if number and any(family.no_kk == number for family in people_index().families().values()):
        form.fields["no_kk"].error = "Nomor KK ini sudah dipakai keluarga lain. Periksa nomornya."
    if not form.is_valid:
        return _form_page("", EditView(form, "", False)), 400
    id = node.new_id()
    write_drafts(node, [draft_create(KELUARGA, id, values)], author=author())
    flash("Keluarga baru sudah disimpan. Sekarang tambahkan anggotanya.", "baik")
    return redirect(url_for(".show", id=id), 303)


def _editor(id: str) -> Editor:
    return Editor(KELUARGA, id, FIELDS, _choices(), lambda view: _form_page(id, view))


add_edit_routes(blueprint, _editor)
add_choice_route(blueprint, KELUARGA)


def _form_page(id: str, view: EditView) -> str:
    return render_template("keluarga/ubah.html", id=id, view=view)


@blueprint.get("/<uuid:id>/pindah")
def choose_move(id: object) -> ResponseReturnValue:
    """Ask who moves, and into which family."""
    _require(str(id))
    return _move_page(str(id), "", "")


@blueprint.post("/<uuid:id>/pindah")
def move(id: object) -> ResponseReturnValue:
    """Move members into another family, or split off a new one."""
    return _move(str(id), "", [person.id for person in people_index().members().get(str(id), [])])


@blueprint.get("/masuk/<uuid:id>")
def place(id: object) -> ResponseReturnValue:
    """Ask into which family a resident without one comes."""
    if people_index().get(str(id)) is None:
        abort(404)
    return _move_page("", str(id), "")


@blueprint.post("/masuk/<uuid:id>")
def join(id: object) -> ResponseReturnValue:
    """Put a resident without a family into one."""
    if people_index().get(str(id)) is None:
        abort(404)
    return _move("", str(id), [str(id)])


def _move(source: str, person: str, candidates: list[str]) -> ResponseReturnValue:
    chosen = request.form.getlist("pindah")
    moving = {
        id: int(place) for id in candidates
        if id in chosen and (place := request.form.get(f"hubungan-{id}", "")).isdecimal() and len(place) < 4
    }
    kind = request.form.get("tujuan", "")
    try:
        if kind not in ("ada", "baru"):
            raise UserError(
                "Pilih dulu tujuannya: keluarga yang sudah ada, atau keluarga baru.", "tujuan_kosong"
            )
        if len(moving) < len([id for id in candidates if id in chosen]):
            raise UserError(
                "Pilih hubungan dalam keluarga untuk setiap orang yang pindah.", "hubungan_kosong"
            )
        number, target = request.form.get(f"no_kk_{kind}", ""), request.form.get("keluarga_tujuan", "")
        if kind == "ada" and moving and not target and not _has_number(number):
            return _move_page(source, person, "", _find_families(number, source)), 400
        target = move_people(
            services(), people_index(), moving, number=number, is_new=kind == "baru",
            target=target if kind == "ada" else "", source=source,
            takes_address=bool(request.form.get("ikut_alamat")), author=author(),
        )
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _move_page(source, person, error.pesan), 400
    flash(f"{len(moving)} orang sudah dipindahkan.", "baik")
    left = people_index().members().get(source, [])
    if source and left and find_head(left) is None:
        flash(
            "Keluarga yang ditinggalkan sekarang tanpa kepala keluarga. Tetapkan kepala yang baru.", "salah"
        )
    return redirect(url_for(".show", id=target), 303)


def _has_number(text: str) -> bool:
    """Tell whether a family has the number that was typed; empty is answered as a number that none has."""
    number = clean_number(text)
    return not number or any(family.no_kk == number for family in people_index().families().values())


def _find_families(text: str, source: str) -> list[tuple[FamilyRow, list[str]]]:
    """Find the families that a name or part of a number may mean, for a person to choose from."""
    node, found = services(), _search(Saringan(teks=text))
    with node.database.read() as conn:
        dusun = list_dusun(conn, node.wilayah)
    return [
        (row, make_cells(row, ("no_kk", "dusun", "rt_rw", "alamat"), dusun))
        for row in found if row.family.id != source
    ][:CANDIDATES_MAX]


def _move_page(
    source: str, person: str, problem: str, families: list[tuple[FamilyRow, list[str]]] | None = None
) -> str:
    """Draw the form; ``families`` are those that what was typed may mean, None when nothing was looked for."""
    index = people_index()
    one = index.get(person) if person else None
    people = [one] if one is not None else index.members().get(source, [])
    if people:
        note_look(source or person)
    return render_template(
        "keluarga/pindah.html", id=source, person=person, people=people, problem=problem, typed=request.form,
        chosen=request.form.getlist("pindah") or ([person] if person else []),
        hubungan=sorted(code_list("shdk").items.items()), is_first=request.method == "GET", families=families,
    )


@blueprint.post("/<uuid:id>/hapus")
def remove(id: object) -> ResponseReturnValue:
    """Delete a family card that nobody is on any more."""
    if people_index().members().get(str(id)):
        raise UserError(
            "Keluarga ini masih punya anggota. Pindahkan dulu semua anggotanya.", "masih_ada_anggota"
        )
    delete(services(), KELUARGA, str(id), "Kartu keluarga tanpa anggota.", author())
    flash("Kartu keluarga tanpa anggota sudah dihapus.", "baik")
    return redirect(url_for(".show", id=id), 303)


add_restore_route(blueprint, KELUARGA, "Kartu keluarga sudah dikembalikan.")


def _choices() -> dict[str, list[tuple[str, str]]]:
    node = services()
    with node.database.read() as conn:
        return {"dusun": list(list_dusun(conn, node.wilayah).items())}


def _require(id: str) -> None:
    if id not in people_index().families():
        abort(404)

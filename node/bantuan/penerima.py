"""One recipient of a programme: `/bantuan/penerima/`, with history, versions, edit and removal."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.bantuan.queries import RecipientRow, find_recipient, has_twin
from node.bantuan.rules import REASONS, STATUSES, find_status_problem
from node.beranda.desk import author, services
from node.beranda.looks import note_look
from node.change import write_drafts
from node.penduduk.biodata import make_teller
from node.penduduk.editing import PROPOSED, Editor, EditView, add_choice_route, add_edit_routes, read_reason
from node.penduduk.queries import is_deleted, list_cases, read_row, read_titles
from node.penduduk.tampilan import read_later
from node.penduduk.writing import delete, proposes, restore
from shared.errors import UserError
from shared.records.catalogue import CATALOGUE
from shared.store.drafts import draft_update
from shared.store.records import load_state
from shared.web.forms import Form

blueprint = Blueprint("penerima", __name__, url_prefix="/bantuan/penerima")
PENERIMA = CATALOGUE["penerima_bantuan"]
STATUS_REASON_MAX = PENERIMA.fields["alasan_status"].length_max
FIELDS = ("periode", "status", "alasan_status", "nomor_kartu", "keterangan")
CHOICES = {"status": list(STATUSES.items())}
TWICE = "Sudah ada di daftar penerima untuk periode ini."


@blueprint.get("/<uuid:id>")
def show(id: object) -> ResponseReturnValue:
    """Show a recipient, or what is left of one that was taken off the list."""
    node, record = services(), str(id)
    with node.database.read() as conn:
        found = find_recipient(conn, node.wilayah, record)
        if found is None and not is_deleted(conn, "penerima_bantuan", node.wilayah, record):
            abort(404)
        teller = make_teller(node, conn, PENERIMA, record)
        program = str(teller.state.values(PENERIMA)["program"] or "")
        program_name = read_titles(conn, node.catalogue["program_bantuan"], [program]).get(program, "")
        cases = list_cases(conn, node.wilayah, record)
    shared = {"cerita": teller.tell(read_later()), "sengketa": teller.list_disputes(), "program": program}
    if found is None:
        return render_template(
            "bantuan/terhapus.html", judul="Penerima bantuan", kembalikan=url_for(".bring_back", id=record),
            pilih="penerima.choose", endpoint="penerima.show", id=record, **shared,
        )
    note_look(found.penduduk or found.keluarga)
    return render_template(
        "bantuan/penerima.html", penerima=found, nama_program=program_name, statuses=STATUSES, kasus=cases,
        **shared,
    )


def _editor(id: str) -> Editor:
    def check(conn: sqlite3.Connection, values: Mapping[str, Any], form: Form) -> None:
        _check(conn, id, values, form)

    def draw(view: EditView) -> str:
        return render_template("bantuan/ubah_penerima.html", penerima=_find(id), view=view)

    return Editor(PENERIMA, id, FIELDS, CHOICES, draw, check)


add_edit_routes(blueprint, _editor)
add_choice_route(blueprint, PENERIMA)


def _check(conn: sqlite3.Connection, id: str, values: Mapping[str, Any], form: Form) -> None:
    """Mark what may not be: a period that is empty or taken, a stop without its reason."""
    desa = services().wilayah
    row = read_row(conn, PENERIMA, desa, id) or {}
    if not form.fields["status"].error and not values.get("status"):
        form.fields["status"].error = "Pilih keadaannya."
    if not form.fields["periode"].error and not values.get("periode"):
        form.fields["periode"].error = "Isi periodenya, misalnya 2026 atau 2026-T1."
    problem = find_status_problem(values)
    if problem and not form.fields["alasan_status"].error:
        form.fields["alasan_status"].error = problem
    is_moved = values.get("periode") != row.get("periode") or row.get("status") == "berhenti"
    if is_moved and values.get("status") != "berhenti" and has_twin(conn, desa, id, {**row, **values}):
        form.fields["periode"].error = TWICE


@blueprint.post("/<uuid:id>/status")
def set_status(id: object) -> ResponseReturnValue:
    """Stop a recipient with the reason, or let one receive (again)."""
    node, record = services(), str(id)
    status, (reason, too_long) = request.form.get("status", ""), read_reason("", length_max=STATUS_REASON_MAX)
    if status not in STATUSES:
        abort(400)
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, PENERIMA, node.wilayah, record)
        if not state.exists:
            abort(404)
        values = state.values(PENERIMA)
        changed = {"status": status, "alasan_status": reason or None}
        problem = too_long or find_status_problem(changed)
        if not problem and status != "berhenti" and has_twin(conn, node.wilayah, record, values):
            problem = TWICE
        draft = None if problem else draft_update(PENERIMA, state, record, changed)
        if draft is not None:
            write_drafts(node, [draft], author=author())
    if problem:
        flash(f"Belum disimpan. {problem}", "salah")
    elif draft is not None and proposes(PENERIMA, state, draft):
        flash(PROPOSED, "baik")
    else:
        flash("Penerima dihentikan." if status == "berhenti" else "Penerima sekarang menerima.", "baik")
    return redirect(url_for("bantuan.show", id=values["program"]), 303)


@blueprint.get("/<uuid:id>/hapus")
def confirm_delete(id: object) -> ResponseReturnValue:
    """Ask for the reason before a recipient is taken off the list."""
    return _delete_page(str(id), "", "", "")


@blueprint.post("/<uuid:id>/hapus")
def remove(id: object) -> ResponseReturnValue:
    """Take a recipient off the list with the reason."""
    chosen, (note, problem) = request.form.get("alasan", ""), read_reason("", "catatan")
    problem = problem if chosen in REASONS else "Pilih dulu alasannya."
    if problem:
        return _delete_page(str(id), chosen, note, problem), 400
    delete(services(), PENERIMA, str(id), f"{REASONS[chosen]}. {note}".strip(), author())
    flash("Penerima sudah dihapus dari daftar. Riwayatnya tetap tersimpan dan dapat dikembalikan.", "baik")
    return redirect(url_for(".show", id=id), 303)


def _delete_page(id: str, chosen: str, note: str, problem: str) -> str:
    return render_template(
        "bantuan/hapus_penerima.html", penerima=_find(id), reasons=REASONS, chosen=chosen, catatan=note,
        problem=problem,
    )


@blueprint.post("/<uuid:id>/kembalikan")
def bring_back(id: object) -> ResponseReturnValue:
    """Put a recipient back on the list, unless another record of the same has taken the place."""
    node, record = services(), str(id)
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, PENERIMA, node.wilayah, record)
        values = state.values(PENERIMA)
        if values["status"] != "berhenti" and has_twin(conn, node.wilayah, record, values):
            raise UserError(TWICE, "sudah_penerima")
        restore(node, PENERIMA, record, author())
    flash("Penerima sudah dikembalikan ke daftar.", "baik")
    return redirect(url_for(".show", id=id), 303)


def _find(id: str) -> RecipientRow:
    node = services()
    with node.database.read() as conn:
        found = find_recipient(conn, node.wilayah, id)
    if found is None:
        abort(404)
    note_look(found.penduduk or found.keluarga)
    return found

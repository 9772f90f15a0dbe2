"""A draft of a letter: `/surat/konsep/<id>`: how it will look, what to know about it, and its steps to a signature."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import author, services
from node.beranda.looks import LONG_NUMBER, note_look
from node.cetak.cetakan import make_pdf
from node.penduduk.editing import OTHERWISE, list_disputes, take_version
from node.penduduk.history import Sengketa, Words
from node.penduduk.queries import name_petugas
from node.penduduk.routes import people_index
from node.surat.drafts import Draft, begin_again, change_draft, judge_draft, move_draft
from node.surat.facts import Gathered, gather
from node.surat.forms import draw_draft, load_json, tell_data, tell_isian
from node.surat.issue import issue
from node.surat.peringatan import Peringatan, list_draft_warnings, list_warnings
from node.surat.pages import draw_form_page, read_form, require_draft, signers_now
from node.surat.queries import list_letters_of_draft
from node.surat.rules import (
    DIBUANG,
    DIKEMBALIKAN,
    DIPERIKSA,
    DISETUJUI,
    FOLLOWS,
    KEADAAN,
    KONSEP,
    OPEN,
    TERBIT,
    ISI_DISETUJUI,
)
from node.surat.setuju import find_change, make_lembar, tell_approved
from shared.clock import today
from shared.errors import EnvironmentProblem, UserError
from shared.surat.jenis import JenisSurat
from shared.web.audit import record_access
from shared.web.guards import may_open
from shared.web.services import require_user

blueprint = Blueprint("konsep", __name__, url_prefix="/surat/konsep")
ALUR = "alur"
_RIGHTS = {ALUR: "konsep.approve", ISI_DISETUJUI: "konsep.approve", OTHERWISE: "konsep.update"}
"""Whether a draft stands approved is not settled by somebody who could not approve it."""


@blueprint.get("/<uuid:id>")
def show(id: object) -> ResponseReturnValue:
    """Show a draft as it will be printed, what to know about it, and the next steps."""
    return _draft_page(str(id))


@blueprint.get("/<uuid:id>/ubah")
def edit(id: object) -> ResponseReturnValue:
    """Show the form of a draft as it stands."""
    draft, jenis = require_draft(str(id))
    person = str(draft.values.get("pemohon") or "")
    form = draw_draft(jenis, draft.values, signers_now(), people_index(), is_resident=bool(person))
    return draw_form_page(jenis, form, person, draft, draft.frontier)


@blueprint.post("/<uuid:id>/ubah")
def update(id: object) -> ResponseReturnValue:
    """Keep a changed draft; it is checked and approved anew."""
    draft, jenis = require_draft(str(id))
    person = str(draft.values.get("pemohon") or "")
    values, form = read_form(jenis, bool(person), draft.values)
    frontier = request.form.get("kepala", "")[:10_000]
    if not form.whole.is_valid:
        return draw_form_page(jenis, form, person, draft, frontier), 400
    try:
        change_draft(services(), draft.id, values, frontier, author())
    except EnvironmentProblem:
        raise
    except UserError as error:
        return draw_form_page(jenis, form, person, draft, draft.frontier, error.pesan), 409
    flash("Konsep sudah disimpan.", "baik")
    return redirect(url_for(".show", id=id), 303)


@blueprint.post("/<uuid:id>/pilih")
def choose(id: object) -> ResponseReturnValue:
    """Take one of two texts of a draft, which begins its way again; or how far it is, where the text is agreed."""
    draft, _ = require_draft(str(id))
    if draft.status == TERBIT:
        flash("Suratnya sudah terbit, jadi konsepnya tidak diubah lagi.", "salah")
    else:
        also: dict[str, Any] = {}
        if request.form.get("grup") not in (ALUR, ISI_DISETUJUI):
            also = begin_again(author()) | ({ISI_DISETUJUI: None} if ISI_DISETUJUI in draft.conflicts else {})
        take_version(KONSEP, draft.id, rights=_RIGHTS, also=also)
    return redirect(url_for(".show", id=id), 303)


@blueprint.post("/<uuid:id>/periksa")
def check(id: object) -> ResponseReturnValue:
    """Note that somebody has checked a draft."""
    return _move(str(id), DIPERIKSA, "Konsep ditandai sudah diperiksa.")


@blueprint.post("/<uuid:id>/setujui")
def approve(id: object) -> ResponseReturnValue:
    """Approve a draft; with ``terbit`` it is issued at once."""
    if not request.form.get("terbit"):
        return _move(str(id), DISETUJUI, "Konsep disetujui. Suratnya sekarang boleh diterbitkan.")
    answer = _move(str(id), DISETUJUI, "")
    return answer if isinstance(answer, tuple) else _issue(str(id))


@blueprint.post("/<uuid:id>/kembalikan")
def return_draft(id: object) -> ResponseReturnValue:
    """Give a draft back with a note."""
    return _move(str(id), DIKEMBALIKAN, "Konsep dikembalikan dengan catatan.")


@blueprint.post("/<uuid:id>/buang")
def discard(id: object) -> ResponseReturnValue:
    """Put a draft aside that will be no letter."""
    answer = _move(str(id), DIBUANG, "Konsep tidak jadi dipakai.")
    return answer if isinstance(answer, tuple) else redirect(url_for("surat.index"), 303)


@blueprint.post("/<uuid:id>/terbit")
def sign(id: object) -> ResponseReturnValue:
    """Issue an approved draft: the letter gets its number."""
    return _issue(str(id))


@blueprint.get("/<uuid:id>/konsep.pdf")
def print_concept(id: object) -> Response:
    """Give the draft as a PDF that says that it is none."""
    node = services()
    draft, jenis = require_draft(str(id))
    with node.database.read() as conn:
        snapshot = gather(node, conn, people_index(), jenis, draft.values, today(node.clock)).snapshot()
    with node.database.write() as conn:
        subject, detail = str(draft.values.get("pemohon") or draft.id), f"konsep {LONG_NUMBER.sub('…', jenis.nama)}"
        record_access(conn, node.clock, require_user().name, "surat_dicetak", subject, detail)
    return Response(make_pdf(snapshot, is_concept=True), mimetype="application/pdf")


def _move(id: str, status: str, said: str) -> ResponseReturnValue:
    note = request.form.get("catatan", "").replace("\r\n", "\n").strip()
    try:
        move_draft(services(), id, status, author(), people_index(), note, request.form.get("sidik", "")[:64])
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _draft_page(id, error.pesan), 409
    if said:
        flash(said, "baik")
    return redirect(url_for(".show", id=id), 303)


def _issue(id: str) -> ResponseReturnValue:
    try:
        letter = issue(services(), id, author(), people_index(), seen=request.form.get("sidik", "")[:64])
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _draft_page(id, error.pesan), 409
    flash("Surat sudah terbit dan bernomor. Sekarang cetak, lalu mintakan tanda tangan dan stempel.", "baik")
    return redirect(url_for("surat_terbit.show", id=letter), 303)


def _list_disputes(draft: Draft, jenis: JenisSurat) -> list[Sengketa]:
    """List what two computers wrote differently; who wrote last is no question of its own beside the texts."""
    if draft.status == TERBIT or not draft.conflicts:
        return []
    words: Words = {
        "isian": lambda text: tell_isian(jenis, load_json(text), people_index()),
        "data": lambda text: tell_data(load_json(text)), "sidik": None, ISI_DISETUJUI: tell_approved,
    }
    found = list_disputes(KONSEP, draft.id, rights=_RIGHTS, words=words)
    return [one for one in found if one.group not in (ALUR, ISI_DISETUJUI)] or found


def _warn_of_signer(gathered: Gathered) -> list[Peringatan]:
    """Say while a draft is prepared, not when it is signed, that nobody can sign it like this."""
    problem = gathered.find_signing_problem()
    return [Peringatan(problem, is_perangkat=gathered.is_headless)] if problem else []


def _draft_page(id: str, problem: str = "") -> str:
    node = services()
    draft, jenis = require_draft(id)
    person = str(draft.values.get("pemohon") or "")
    with node.database.read() as conn:
        gathered = gather(node, conn, people_index(), jenis, draft.values, today(node.clock))
        warnings, sidik = list_warnings(node, conn, people_index(), jenis, draft.values), ""
        if draft.status in OPEN:
            known = list_draft_warnings(node, conn, people_index(), jenis, draft.values)
            lembar = make_lembar(gathered, draft.values, known)
            change, sidik = find_change(draft.values, lembar), lembar.sidik
            is_told = change and not draft.conflicts
            warnings = [*([Peringatan(change)] if is_told else []), *_warn_of_signer(gathered), *known]
            draft = judge_draft(draft, lembar)
        letters = list_letters_of_draft(conn, node.wilayah, id)
        names = name_petugas(conn, [str(draft.values.get("oleh") or "")])
    note_look(person or id)
    return render_template(
        "surat/konsep.html", konsep=draft, jenis=jenis, isi=gathered.fill(is_masked=True), nama=gathered.nama,
        signer=gathered.signer, lines=gathered.lines, is_headless=gathered.is_headless,
        warnings=[item for item in warnings if item.teks != problem], letters=letters, keadaan=KEADAAN,
        oleh=names.get(str(draft.values.get("oleh") or ""), ""), problem=problem, sidik=sidik,
        steps={status for status, before in FOLLOWS.items() if draft.status in before},
        may_approve=may_open("konsep.approve"),
        kurang=[text for text in jenis.syarat if text not in (draft.values.get("syarat") or ())],
        catatan=request.form.get("catatan", ""), orang=person, sengketa=_list_disputes(draft, jenis),
    )

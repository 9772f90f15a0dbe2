"""Pages of erasure. Forms (POST with csrf_token, answer 303):

``/penghapusan`` (``penghapusan.index``): what waits for a second officer, what came later, what is done.
``/penghapusan/data/<desa>/<jenis>/<id>`` (``penghapusan.show``, ``penghapusan.ask``): ``luas`` = ``semua`` or
``pilih``, ``perubahan`` (repeated: references), ``lain`` (repeated: ``desa jenis id`` of what else goes),
``alasan`` (a key of hub.penghapusan.rules.REASONS), ``keterangan``.
``/penghapusan/usulan/<id>`` (``penghapusan.proposal``), its forms ``…/setujui`` (``yakin`` = ``ya``) and
``…/tolak`` (``keterangan``; one's own proposal is withdrawn).
``/penghapusan/susulan`` (``penghapusan.later``): ``desa``, ``rekaman``, ``tindakan`` = ``hapus`` or ``biarkan``.
"""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.beranda.reveals import note_opening
from hub.beranda.shell import name_place, services
from hub.penghapusan import queries, view
from hub.penghapusan.erase import Done, confirm, extend, leave, propose, refuse
from hub.penghapusan.rules import NOTE_LENGTH_MAX, REASONS, Target
from hub.verval.values import name_petugas
from shared.errors import EnvironmentProblem, UserError
from shared.store.erasure import count_erased
from shared.web.audit import record_access
from shared.web.services import require_user

blueprint = Blueprint("penghapusan", __name__, url_prefix="/penghapusan")


@blueprint.get("")
def index() -> str:
    """Show what waits, what came later, and what was done."""
    hub, me = services(), require_user().petugas
    with hub.database.read() as conn:
        open_ones = queries.list_proposals(conn, waiting=True)
        ended = queries.list_proposals(conn, waiting=False, limit=20)
        targets = [target for one in (*open_ones, *ended) for target in one.targets]
        waiting = [view.view_proposal(conn, hub, one, me) for one in open_ones]
        closed = [view.view_proposal(conn, hub, one, me) for one in ended]
        late = [
            (one, view.describe_record(conn, hub, one.desa, one.kind, one.record)) for one in queries.list_late(conn)
        ]
        done = [
            (one, [view.LABELS.get(kind) or hub.catalogue[kind].label
                   for kind in view.kinds_of(conn, one.rekaman) if kind in hub.catalogue.kinds],
             [name_petugas(conn, id) for id in one.petugas])
            for one in queries.list_done(conn)
        ]
        erased = count_erased(conn)
    if waiting or closed or late:
        named = [(one.desa, one.kind, one.record) for one in targets]
        named += [(one.desa, one.kind, one.record) for one, _ in late]
        note_opening("Penghapusan isi", "Usulan dan putusan", len(waiting) + len(closed) + len(late), named)
    return render_template(
        "penghapusan/index.html", waiting=waiting, closed=closed, late=late, done=done, erased=erased,
        name_place=name_place,
    )


@blueprint.get("/data/<desa>/<jenis>/<uuid:id>")
def show(desa: str, jenis: str, id: object) -> str:
    """Show what could be erased of a record."""
    return _subject_page(desa, jenis, str(id), "")


def _subject_page(desa: str, jenis: str, id: str, problem: str) -> str:
    hub = services()
    with hub.database.read() as conn:
        subject = view.read_subject(conn, hub, desa, jenis, id)
    if subject is None:
        abort(404)
    note_opening("Penghapusan isi", name_place(desa), 1, [(desa, jenis, id)])
    return render_template(
        "penghapusan/data.html", data=subject, problem=problem, reasons=REASONS, typed=request.form,
        name_place=name_place, maks=NOTE_LENGTH_MAX, url_desa=desa,
    )


@blueprint.post("/data/<desa>/<jenis>/<uuid:id>")
def ask(desa: str, jenis: str, id: object) -> ResponseReturnValue:
    """Propose what was chosen."""
    hub, user, record = services(), require_user(), str(id)
    with hub.database.read() as conn:
        subject = view.read_subject(conn, hub, desa, jenis, record)
        if subject is None:
            abort(404)
        targets = [view.as_target(conn, hub, one) for one in subject.related
                   if f"{one.desa} {one.kind} {one.record}" in request.form.getlist("lain")]
    luas = request.form.get("luas")
    known = {line.ref for line in subject.lines}
    refs = tuple(ref for ref in request.form.getlist("perubahan") if ref in known)
    if luas == "semua" and subject.may_go_whole:
        targets.insert(0, Target(desa, jenis, record))
    elif luas == "pilih" and refs:
        targets.insert(0, Target(desa, jenis, record, refs))
    elif luas == "pilih":
        return _subject_page(desa, jenis, record, "Centang dulu perubahan yang isinya dihapus."), 400
    try:
        made = propose(hub, targets, request.form.get("alasan", ""), request.form.get("keterangan", ""), user.petugas)
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _subject_page(desa, jenis, record, error.pesan), 400
    _note("hapus_diusulkan", record)
    flash("Usulan dicatat. Belum ada yang dihapus sampai petugas kedua menyetujuinya.", "baik")
    return redirect(url_for(".proposal", id=made), 303)


@blueprint.get("/usulan/<uuid:id>")
def proposal(id: object) -> str:
    """Show one proposal to who shall confirm it."""
    return _proposal_page(str(id), "")


def _proposal_page(id: str, problem: str) -> str:
    hub = services()
    with hub.database.read() as conn:
        found = queries.find_proposal(conn, id)
        if found is None:
            abort(404)
        shown = view.view_proposal(conn, hub, found, require_user().petugas)
    named = [(one.desa, one.kind, one.record) for one in found.targets]
    note_opening("Penghapusan isi", "Usulan", len(shown.targets), named)
    return render_template("penghapusan/usulan.html", usulan=shown, problem=problem)


@blueprint.post("/usulan/<uuid:id>/setujui")
def approve(id: object) -> ResponseReturnValue:
    """Carry a proposal out."""
    if request.form.get("yakin") != "ya":
        return _proposal_page(str(id), "Centang dulu bahwa isi ini memang dihapus dan tidak dapat dikembalikan."), 400
    try:
        done = confirm(services(), str(id), require_user().petugas)
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _proposal_page(str(id), error.pesan), 400
    _note("hapus_disetujui", str(id))
    _tell(done)
    return redirect(url_for(".index"), 303)


@blueprint.post("/usulan/<uuid:id>/tolak")
def decline(id: object) -> ResponseReturnValue:
    """Refuse a proposal, or withdraw one's own."""
    try:
        is_own = refuse(services(), str(id), require_user().petugas, request.form.get("keterangan", ""))
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _proposal_page(str(id), error.pesan), 400
    _note("hapus_ditolak", str(id))
    flash("Usulan ditarik." if is_own else "Usulan ditolak. Tidak ada yang dihapus.", "baik")
    return redirect(url_for(".index"), 303)


@blueprint.post("/susulan")
def later() -> ResponseReturnValue:
    """Erase what came of an erased record later, or leave it."""
    hub, me = services(), require_user().petugas
    desa, record = request.form.get("desa", ""), request.form.get("rekaman", "")
    try:
        if request.form.get("tindakan") == "biarkan":
            leave(hub, desa, record, me)
            flash("Dibiarkan. Bila ada isi baru lagi, akan ditampilkan lagi di sini.", "baik")
        else:
            _tell(extend(hub, desa, record, me))
        _note("hapus_susulan", record)
    except EnvironmentProblem:
        raise
    except UserError as error:
        flash(error.pesan, "salah")
    return redirect(url_for(".index"), 303)


def _tell(done: Done) -> None:
    said = f"Isi {done.count} perubahan sudah dihapus di sini. Komputer desa menghapusnya begitu tersambung."
    if not done.is_clean:
        said += " Sisa di berkas data dibersihkan sebentar lagi, saat tidak ada yang sedang membacanya."
    flash(said, "baik")


def _note(action: str, subject: str) -> None:
    hub = services()
    with hub.database.write() as conn:
        record_access(conn, hub.clock, require_user().name, action, subject)

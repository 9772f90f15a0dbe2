"""Cases from the kecamatan: `/tindakan/`."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import author, services
from node.beranda.looks import LOOKED_AT, note_look
from node.change import write_drafts
from node.penduduk.queries import name_petugas
from node.tindakan.berbeda import list_differing
from node.tindakan.queries import find_case, list_cases, list_erasures, list_subjects
from shared.clock import today
from shared.codes import text_code_list
from shared.codes import wilayah as codes
from shared.errors import UserError
from shared.records.verval import ALASAN_SELESAI, STATUS_KASUS
from shared.store.blobs import store_of
from shared.store.drafts import draft_update
from shared.store.records import load_state
from shared.web.pictures import ACCEPT, answer_scan, take_picture

blueprint = Blueprint("tindakan", __name__, url_prefix="/tindakan")
ANSWER_MAX = 4000


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List the cases, those that wait for this desa first."""
    node = services()
    closed = request.args.get("tampil") == "selesai"
    with node.database.read() as conn:
        cases = list_cases(conn, node.wilayah, closed=closed)
        records = tuple(record for case in cases for record in case.rekaman)
        erasures = [] if closed else list_erasures(conn, node.wilayah)
        differing = [] if closed else list_differing(conn, node.wilayah)
        names = {item.id: item.nama for item in list_subjects(conn, node.wilayah, records) if item.kind == "penduduk"}
    return render_template(
        "tindakan/index.html", cases=cases, closed=closed, statuses=STATUS_KASUS, alasan=_name_reasons(),
        today=today(node.clock).isoformat(), names=names, hapus=erasures, berbeda=differing,
    )


@blueprint.get("/<uuid:id>")
def show(id: object) -> ResponseReturnValue:
    """Show one case with the records it is about and the form for the answer."""
    return _case_page(str(id), None, "")


@blueprint.post("/<uuid:id>/jawab")
def answer(id: object) -> ResponseReturnValue:
    """Write the answer of the desa; it goes to the kecamatan with the next session."""
    node, record = services(), str(id)
    text = request.form.get("jawaban", "").replace("\r\n", "\n").strip()
    if not text or len(text) > ANSWER_MAX:
        problem = "Tulis dulu jawabannya." if not text else f"Jawaban paling banyak {ANSWER_MAX} huruf."
        return _case_page(record, text, problem), 400
    scan, problem = take_picture("pindaian")
    if problem:
        return _case_page(record, text, problem), 400
    changed: dict[str, str | None] = {"jawaban": text, "dijawab_oleh": author()}
    if scan is not None:
        changed["lampiran"] = store_of(node).add(node.wilayah, scan)
    elif request.form.get("tanpa_pindaian"):
        changed["lampiran"] = None
    kind = node.catalogue["kasus"]
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, kind, node.wilayah, record)
        if not state.exists:
            abort(404)
        if state.values(kind)["status"] == "selesai":
            raise UserError("Kasus ini sudah selesai, jadi tidak perlu dijawab lagi.", "kasus_selesai")
        draft = draft_update(kind, state, record, changed)
        if draft is not None:
            write_drafts(node, [draft], author=author())
    flash("Jawaban sudah disimpan dan ikut terkirim pada sinkronisasi berikutnya.", "baik")
    return redirect(url_for(".show", id=id), 303)


@blueprint.get("/<uuid:id>/pindaian")
def scan(id: object) -> Response:
    """Show the scan behind the answer."""
    node = services()
    with node.database.read() as conn:
        case = find_case(conn, node.wilayah, str(id))
    if case is None or not case.lampiran:
        abort(404)
    return answer_scan(node, node.wilayah, case.lampiran, str(id), "kasus", small=bool(request.args.get("kecil")))


def _case_page(id: str, typed: str | None, problem: str) -> str:
    node = services()
    with node.database.read() as conn:
        case = find_case(conn, node.wilayah, id)
        if case is None:
            abort(404)
        subjects = list_subjects(conn, node.wilayah, case.rekaman)
        names = name_petugas(conn, [case.dijawab_oleh])
    for subject in subjects:
        if subject.kind in LOOKED_AT:
            note_look(subject.id)
    return render_template(
        "tindakan/kasus.html",
        kasus=case,
        subjects=subjects,
        statuses=STATUS_KASUS,
        alasan=_name_reasons(),
        typed=case.jawaban if typed is None else typed,
        problem=problem,
        penjawab=names.get(case.dijawab_oleh, ""),
        desa_lain=[codes.nama(code) or code for code in case.desa_lain],
        today=today(node.clock).isoformat(),
        maks=ANSWER_MAX,
        accept=ACCEPT,
    )


def _name_reasons() -> dict[str, str]:
    return {**text_code_list("verval_alasan").items, **ALASAN_SELESAI}

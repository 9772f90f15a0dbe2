"""Spreadsheets into the village: `/impor/`: upload, look at every problem first, then all or nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import author, services
from node.beranda.jobs import Job, jobs
from node.impor.columns import BY_NAME
from node.impor.service import import_file
from node.impor.undo import find_obstacle, undo_batch
from node.impor.undo_queries import find_batch, list_batches
from node.laporan import cetak
from node.penduduk.queries import name_petugas
from node.penduduk.routes import people_index
from node.penduduk.tampilan import read_page
from node.services import NodeServices
from shared.errors import UserError
from shared.records.identifiers import mask_nik
from shared.web.audit import record_access
from shared.web.services import require_user

blueprint = Blueprint("impor", __name__, url_prefix="/impor")
_CHECK, _APPLY, _UNDO = "impor_periksa", "impor_terapkan", "impor_batal"
_ROWS_SHOWN = 200
# Also what is a digit short or long: most of it is still somebody's number.
_NUMBER = re.compile(r"[0-9]{12,}", re.ASCII)
COUNTS: Mapping[str, str] = {
    "dibaca": "Baris dibaca",
    "baru": "Orang baru",
    "berubah": "Orang yang datanya berubah",
    "tetap": "Tidak berubah",
    "keluarga_baru": "Keluarga baru",
    "keluarga_berubah": "Keluarga yang berubah",
    "dusun_baru": "Dusun baru",
    "bentrok": "Isian yang sudah diubah di sini, jadi dipertahankan",
    "ditolak": "Baris ditolak",
    "dikosongkan": "Baris dengan isian yang dikosongkan",
    "tidak_ada_lagi": "Orang yang tidak ada lagi dalam berkas",
}


@dataclass(frozen=True)
class Unggahan:
    """A file on its way in: its bytes, its name, and the answer of the import about it."""

    content: bytes
    filename: str
    is_partial: bool
    answer: dict[str, Any]
    rejects: bytes | None


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Show the form for the file."""
    return _form_page("")


@blueprint.post("/periksa")
def check() -> ResponseReturnValue:
    """Take a file and look through it behind the page; nothing is written."""
    file = request.files.get("berkas")
    content = file.read() if file is not None else b""
    if file is None or not content:
        return _form_page("Pilih dulu berkasnya."), 400
    # A path that an old browser sends along is nobody's business.
    filename = PurePath((file.filename or "berkas").replace("\\", "/")).name[:120]
    return _check(content, filename, bool(request.form.get("sebagian")))


@blueprint.post("/periksa/<id>/sebagian")
def check_again(id: str) -> ResponseReturnValue:
    """Look through the same file once more, as one with some of the people."""
    found: Unggahan | None = _find(id, _CHECK).result
    if found is None:
        return redirect(url_for(".checked", id=id), 303)
    return _check(found.content, found.filename, True)


def _check(content: bytes, filename: str, is_partial: bool) -> ResponseReturnValue:
    node, by = services(), author()

    def work(job: Job) -> Unggahan:
        return _import(node, content, filename, is_partial, by, job, only_check=True)

    job = jobs().start(_CHECK, work, joins=False)
    return redirect(url_for(".checked", id=job.id), 303)


@blueprint.get("/periksa/<id>")
def checked(id: str) -> ResponseReturnValue:
    """Show how far the check is, then everything that it has found."""
    job = _find(id, _CHECK)
    if job.is_running:
        return render_template("impor/berjalan.html", job=job, judul="Memeriksa berkas")
    if job.problem:
        return _form_page(job.problem), 400
    return _result_page(job, "impor/hasil_periksa.html")


@blueprint.post("/periksa/<id>/terapkan")
def apply(id: str) -> ResponseReturnValue:
    """Write what was checked, behind the page: everything or nothing."""
    job = _find(id, _CHECK)
    found: Unggahan | None = job.result
    if found is None:
        return redirect(url_for(".checked", id=id), 303)
    node, by, user = services(), author(), require_user()
    content, filename, is_partial = found.content, found.filename, found.is_partial

    def work(job: Job) -> Unggahan:
        done = _import(node, content, filename, is_partial, by, job, only_check=False)
        with node.database.write() as conn:
            record_access(
                conn, node.clock, user.name, "impor", "penduduk", f"{done.answer['perubahan']} perubahan"
            )
        return done

    return redirect(url_for(".applied", id=jobs().start(_APPLY, work).id), 303)


@blueprint.get("/hasil/<id>")
def applied(id: str) -> ResponseReturnValue:
    """Show how far the writing is, then what became of the file."""
    job = _find(id, _APPLY)
    if job.is_running:
        return render_template("impor/berjalan.html", job=job, judul="Memasukkan data")
    if job.problem:
        return _form_page(f"Tidak ada yang dimasukkan. {job.problem}"), 400
    return _result_page(job, "impor/hasil.html")


@blueprint.post("/tolak/<id>")
def export(id: str) -> ResponseReturnValue:
    """Lead to the workbook of rows that need a hand; audited with the count."""
    job = jobs().find(id, _CHECK) or _find(id, _APPLY)
    found: Unggahan | None = job.result
    if found is None or found.rejects is None:
        abort(404)
    rows = sum(found.answer["jumlah"].get(name, 0) for name in ("ditolak", "dikosongkan"))
    made = cetak.Berkas("xlsx", "perlu-diperbaiki.xlsx", found.rejects)
    return cetak.lead_to(made, "ekspor", "baris yang perlu diperbaiki", f"xlsx, {rows} baris")


@blueprint.get("/riwayat")
def history() -> ResponseReturnValue:
    """List the imports of this computer: when, by whom, what they brought."""
    with services().database.read() as conn:
        batches = list_batches(conn)
        names = name_petugas(conn, {batch.petugas for batch in batches})
    return render_template("impor/riwayat.html", batches=batches, names=names)


@blueprint.get("/riwayat/<int:no>")
def batch(no: int) -> ResponseReturnValue:
    """Show one import and, as long as nobody has built on it, the form that takes it back."""
    return _batch_page(no, "", "")


@blueprint.post("/riwayat/<int:no>/batalkan")
def undo(no: int) -> ResponseReturnValue:
    """Take a whole import back, behind the page: everything or nothing."""
    node, by, user = services(), author(), require_user()
    alasan = request.form.get("alasan", "")
    if not alasan.strip():
        return _batch_page(no, alasan, "Tuliskan dulu alasannya, misalnya: salah berkas."), 400

    def work(job: Job) -> int:
        changes = undo_batch(node, no, alasan, by, job.report)
        with node.database.write() as conn:
            record_access(conn, node.clock, user.name, "impor_dibatalkan", "penduduk", f"{changes} perubahan")
        return changes

    try:
        job = jobs().start(_UNDO, work, joins=False)
    except UserError as error:
        return _batch_page(no, alasan, error.pesan), 400
    return redirect(url_for(".undone", no=no, id=job.id), 303)


@blueprint.get("/riwayat/<int:no>/batalkan/<id>")
def undone(no: int, id: str) -> ResponseReturnValue:
    """Show how far the undoing is, then what became of it."""
    job = jobs().find(id, _UNDO)
    if job is None:
        return redirect(url_for(".batch", no=no), 303)
    if job.is_running:
        return render_template("impor/berjalan.html", job=job, judul="Membatalkan impor")
    if job.problem:
        return _batch_page(no, "", job.problem), 400
    flash("Impor sudah dibatalkan. Data kembali seperti sebelum impor itu.", "baik")
    return redirect(url_for(".batch", no=no), 303)


def _batch_page(no: int, alasan: str, problem: str) -> str:
    node = services()
    with node.database.read() as conn:
        found = find_batch(conn, no)
        if found is None:
            abort(404)
        obstacle = find_obstacle(node, conn, found)
        names = name_petugas(conn, {found.petugas, found.undone_by})
    return render_template(
        "impor/batch.html", batch=found, names=names, obstacle=obstacle, alasan=alasan, problem=problem,
        counts=[(label, found.counts.get(name, 0)) for name, label in COUNTS.items()],
    )


def _form_page(problem: str) -> str:
    return render_template("impor/index.html", problem=problem, sebagian=bool(request.form.get("sebagian")))


def _import(
    node: NodeServices, content: bytes, filename: str, is_partial: bool, by: str, job: Job, *, only_check: bool
) -> Unggahan:
    answer = import_file(
        node, content, filename, by, job.report, only_check=only_check, is_partial=is_partial
    )
    rejects = answer.pop("berkas_tolak", None)
    return Unggahan(content if only_check else b"", filename, is_partial, answer, rejects)


def _find(id: str, name: str) -> Job:
    job = jobs().find(id, name)
    if job is None:
        flash("Pemeriksaan tadi sudah ditutup. Silakan unggah berkasnya lagi.", "salah")
        abort(redirect(url_for(".index"), 303))
    return job


def _result_page(job: Job, template: str) -> str:
    found: Unggahan = job.result
    problems = found.answer["masalah"]
    page, pages = read_page(len(problems), _ROWS_SHOWN)
    index = people_index()
    absent, uneventful = (
        sorted(filter(None, map(index.get, found.answer[name])), key=lambda person: person.nama)
        for name in ("tidak_ada_lagi", "tanpa_peristiwa")
    )
    return render_template(
        template,
        id=job.id,
        filename=found.filename,
        answer=found.answer,
        has_rejects=found.rejects is not None,
        counts=[(label, found.answer["jumlah"].get(name, 0)) for name, label in COUNTS.items()],
        problems=[_mask(item) for item in problems[(page - 1) * _ROWS_SHOWN : page * _ROWS_SHOWN]],
        problem_count=len(problems),
        page=page,
        pages=pages,
        absent=absent[:_ROWS_SHOWN],
        absent_count=len(absent),
        uneventful=uneventful[:_ROWS_SHOWN],
        uneventful_count=len(uneventful),
        rows_shown=_ROWS_SHOWN,
    )


def _mask(item: Mapping[str, Any]) -> dict[str, Any]:
    """Hide numbers of persons: row and column are enough to find the cell in the file."""
    column = BY_NAME[item["kolom"]].label if item["kolom"] in BY_NAME else item["kolom"]
    value, text = (_NUMBER.sub(lambda m: mask_nik(m[0]), str(item[name])) for name in ("nilai", "pesan"))
    return {**item, "kolom": column, "nilai": value, "pesan": text}

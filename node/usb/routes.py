"""The road without internet: `/sinkronisasi/usb/`: write a file for the kecamatan, read its answer.

A stick where one can be reached, else download and upload with the browser. What takes long runs behind the page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import keep, services
from node.beranda.jobs import Job, jobs
from node.beranda.state import read_sync_state
from node.commands import refresh_parity
from node.roles import ADMIN
from node.services import NodeServices, refuse_practice
from node.sinkron.blobs import read_backlog
from node.sinkron.words import six_words
from node.usb.enrol import write_request
from node.usb.folder import Reading, read_path
from node.usb.ledger import read_ledger
from node.usb.send import Sent, write_bundle
from node.usb.tidy import is_admitted
from node.usb.words import describe_file, describe_pictures, describe_state
from shared.errors import EnvironmentProblem, UserError
from shared.store.outbox import WHERE, Outbox, open_outbox
from shared.sync.address import OFFICE_ROAD
from shared.sync.enrolment import parse_code
from shared.web.audit import record_access
from shared.web.services import require_user
from shared.web.sticks import FILE_BYTES_MAX, find_choice, list_choices

blueprint = Blueprint("usb", __name__, url_prefix="/sinkronisasi/usb")
UPLOADS = {"usb.upload": FILE_BYTES_MAX}
"""How much may come with one upload, in bytes."""
_JOB = "usb"
_DOWNLOAD = "unduh"


@dataclass(frozen=True)
class _Place:
    """Where a file goes: a stick, or the folder from which the browser fetches it."""

    folder: Path
    is_stick: bool

    @property
    def where(self) -> str:
        return "Stik" if self.is_stick else WHERE


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Show where things stand on this road, and what to do next."""
    return _page()


def _page(problem: str = "", typed: str = "", *, ask_office: bool = False) -> str:
    node = services()
    with node.database.read() as conn:
        state = read_sync_state(conn, node)
        ledger = read_ledger(conn)
    pictures = read_backlog(node)
    enrolled, admitted = state.is_enrolled, is_admitted(node)
    sentence, advice = describe_state(
        ledger, state.waiting, enrolled=enrolled, admitted=admitted, pictures=pictures.to_send + pictures.to_fetch
    )
    return render_template(
        "usb/index.html", sentence=sentence, advice=advice, problem=problem, typed=typed, enrolled=enrolled,
        files=list(reversed(ledger.files)), describe_file=describe_file, parity=ledger.parity,
        pictures=pictures, takes_pictures=ledger.takes_pictures,
        sticks=list_choices(), waiting_files=[] if node.is_latihan else _outbox().list_files(),
        job=jobs().find_running(_JOB), is_latihan=node.is_latihan, ask_office=ask_office,
    )


@blueprint.post("/kirim")
def send() -> ResponseReturnValue:
    """Write what the kecamatan lacks, behind the page."""
    node, user = services(), require_user()
    refuse_practice(node)

    def work(job: Job) -> Sent:
        refresh_parity(node)
        sent = write_bundle(node, place.folder, job.report, where=place.where)
        with node.database.write() as conn:
            record_access(conn, node.clock, user.name, "usb_kirim", "", f"kiriman {sent.file.number}")
        return sent

    try:
        place = _find_place()
        return _start(work)
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _page(error.pesan), 400


@blueprint.post("/terima")
def receive() -> ResponseReturnValue:
    """Read the answers on a stick, behind the page."""
    node, may_enrol = services(), _may_enrol()
    refuse_practice(node)
    try:
        folder = find_choice(request.form.get("stik", ""))
        return _start(lambda job: _read(node, folder, job, may_enrol))
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _page(error.pesan), 400


@blueprint.post("/unggah")
def upload() -> ResponseReturnValue:
    """Read an answer that came with the browser."""
    node, may_enrol = services(), _may_enrol()
    refuse_practice(node)
    file = request.files.get("berkas")
    if file is None or not file.filename:
        return _page("Pilih dulu berkas jawabannya."), 400
    path = _outbox().save(file.stream, node.random(8).hex())

    def work(job: Job) -> Reading:
        try:
            return _read(node, path, job, may_enrol)
        finally:
            path.unlink(missing_ok=True)

    try:
        return _start(work)
    except UserError as error:
        path.unlink(missing_ok=True)
        return _page(error.pesan), 400


@blueprint.post("/daftar")
def register() -> ResponseReturnValue:
    """Write the request for admission to a stick or for the browser."""
    node, user = services(), require_user()
    refuse_practice(node)
    typed = request.form.get("kode", "")[:2000]
    try:
        code = parse_code(typed)
        place = _find_place()
        is_office = request.form.get("jaringan_kantor") == "ya"
        path = write_request(node, code, place.folder, where=place.where, is_office=is_office)
    except UserError as error:
        status = 503 if isinstance(error, EnvironmentProblem) else 400
        return _page(error.pesan, typed, ask_office=error.kode == OFFICE_ROAD), status
    with node.database.write() as conn:
        record_access(conn, node.clock, user.name, "usb_daftar", "")
    flash(_say_written(path, place.is_stick), "baik")
    return redirect(url_for(".index"), 303)


@blueprint.get("/hasil/<id>")
def result(id: str) -> ResponseReturnValue:
    """Show how far the work is, then what became of it."""
    job = jobs().find(id, _JOB)
    if job is None:
        return redirect(url_for(".index"), 303)
    if job.is_running:
        return render_template("usb/berjalan.html", job=job)
    if job.problem:
        return _page(job.problem), 400
    done: Sent | Reading = job.result
    _tell(done)
    shows_words = isinstance(done, Reading) and done.words
    return redirect(url_for("sinkron.index" if shows_words else ".index"), 303)


@blueprint.get("/unduh/<filename>")
def download(filename: str) -> ResponseReturnValue:
    """Give a file that waits to be fetched."""
    path = _outbox().find(filename)
    if path is None:
        abort(404)
    return send_file(path, "application/octet-stream", as_attachment=True, download_name=path.name)


def _start(work: Callable[[Job], Any]) -> ResponseReturnValue:
    return redirect(url_for(".result", id=jobs().start(_JOB, work, joins=False).id), 303)


def _read(node: NodeServices, path: Path, job: Job, may_enrol: bool) -> Reading:
    found = read_path(node, path, job.report, may_enrol=may_enrol)
    refresh_parity(node)
    return found


def _tell(done: Sent | Reading) -> None:
    """Say what became of the work, on the page that comes next."""
    if isinstance(done, Sent):
        flash(_say_written(done.path, done.path.parent != _outbox().path), "baik")
        if pictures := describe_pictures(done.file.pictures, done.file.pictures_left):
            flash(pictures, "baik")
        return
    if done.words:
        six_words().words = done.words
    for sentence in done.sentences():
        flash(sentence, "salah" if sentence in done.problems else "baik")


def _say_written(path: Path, is_stick: bool) -> str:
    if is_stick:
        return (
            f"Berkas {path.name} sudah ditulis di stik dan diperiksa dengan membacanya kembali. Lepas stiknya dengan"
            " aman, lalu bawa ke kecamatan."
        )
    return f"Berkas {path.name} sudah siap. Unduh di bawah, lalu bawa ke kecamatan."


def _find_place() -> _Place:
    token = request.form.get("stik", "")
    return _Place(_outbox().path, False) if token == _DOWNLOAD else _Place(find_choice(token), True)


def _outbox() -> Outbox:
    return keep("usb", lambda node: open_outbox(node.folder))


def _may_enrol() -> bool:
    return require_user().role == ADMIN.name

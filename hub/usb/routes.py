"""Files from villages without internet: ``/usb``: a stick in this machine, or upload and download.

Forms (POST with csrf_token, answer 303): ``/usb/terima`` (``usb.receive``): ``stik``.
``/usb/unggah`` (``usb.upload``): ``berkas``. Both lead to ``/usb/hasil/<id>``, where the work is watched and its
outcome shown. ``/usb/unduh/<filename>`` gives an answer that could not be written beside its question.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from flask import Blueprint, abort, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from hub.beranda.shell import name_place, services
from hub.usb.folder import Outcome, take_path, take_upload
from shared.errors import EnvironmentProblem, UserError
from shared.store.outbox import Outbox, open_outbox
from shared.web.audit import record_access
from shared.web.jobs import Job, Jobs
from shared.web.kept import keep
from shared.web.services import require_user
from shared.web.sticks import FILE_BYTES_MAX, find_choice, list_choices

blueprint = Blueprint("usb", __name__, url_prefix="/usb")
UPLOADS = {"usb.upload": FILE_BYTES_MAX}
"""How much may come with one upload, in bytes."""
_JOB = "usb"

Work = Callable[[Job], list[Outcome]]


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Show the ways in, and the answers that wait to be fetched."""
    return _page()


def _page(problem: str = "") -> str:
    return render_template(
        "usb/index.html", problem=problem, sticks=list_choices(), waiting_files=_outbox().list_files(),
        job=_jobs().find_running(_JOB), upload_mb=UPLOADS["usb.upload"] // 1_000_000,
    )


@blueprint.post("/terima")
def receive() -> ResponseReturnValue:
    """Take what waits on a stick, behind the page."""
    hub, outbox = services(), _outbox()
    try:
        folder = find_choice(request.form.get("stik", ""))
        return _start(lambda job: take_path(hub, folder, outbox, job.report))
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _page(error.pesan), 400


@blueprint.post("/unggah")
def upload() -> ResponseReturnValue:
    """Take a file that came with the browser."""
    hub, outbox = services(), _outbox()
    file = request.files.get("berkas")
    if file is None or not file.filename:
        return _page("Pilih dulu berkas dari desa."), 400
    # A path that an old browser sends along is nobody's business.
    name = PurePath(file.filename.replace("\\", "/")).name[:120]
    path = outbox.save(file.stream, hub.random(8).hex())

    def work(job: Job) -> list[Outcome]:
        try:
            return [take_upload(hub, path, name, outbox, job.report)]
        finally:
            path.unlink(missing_ok=True)

    try:
        return _start(work)
    except UserError as error:
        path.unlink(missing_ok=True)
        return _page(error.pesan), 400


@blueprint.get("/hasil/<id>")
def result(id: str) -> ResponseReturnValue:
    """Show how far the work is, then what became of each file."""
    job = _jobs().find(id, _JOB)
    if job is None:
        flash("Hasil tadi sudah ditutup. Membaca ulang berkas yang sama tidak mengubah apa pun.", "salah")
        return redirect(url_for(".index"), 303)
    if job.is_running:
        return render_template("usb/berjalan.html", job=job)
    if job.problem:
        return _page(job.problem), 400
    return render_template("usb/hasil.html", outcomes=job.result, name_place=name_place)


@blueprint.get("/unduh/<filename>")
def download(filename: str) -> ResponseReturnValue:
    """Give an answer that waits to be fetched."""
    path = _outbox().find(filename)
    if path is None:
        abort(404)
    return send_file(path, "application/octet-stream", as_attachment=True, download_name=path.name)


def _start(work: Work) -> ResponseReturnValue:
    hub, user = services(), require_user()

    def noted(job: Job) -> list[Outcome]:
        outcomes = work(job)
        with hub.database.write() as conn:
            for found in outcomes:
                desa = found.taken.desa if found.taken else ""
                record_access(conn, hub.clock, user.name, "usb_terima", desa)
        return outcomes

    return redirect(url_for(".result", id=_jobs().start(_JOB, noted, joins=False).id), 303)


def _jobs() -> Jobs:
    random = services().random
    return keep("jobs", lambda: Jobs(random))


def _outbox() -> Outbox:
    folder = services().folder
    return keep("usb", lambda: open_outbox(folder))

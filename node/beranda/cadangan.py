"""Backups of this computer: how it stands with them, in a sentence, and the button that makes one: `/cadangan`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import services
from node.beranda.jobs import Job, jobs
from node.services import NodeServices
from shared.clock import format_time
from shared.errors import DamageError, UserError
from shared.explain import explain_error
from shared.store.backup import KEEP_DEFAULT, Backup, BackupState, back_up
from shared.web.audit import record_access
from shared.web.forms import write_number
from shared.web.services import require_user

blueprint = Blueprint("cadangan", __name__)
_JOB = "cadangan"
_DAY_S = 24 * 3600
_OLD_DAYS = 7
_ANSWER_S_MAX = 8.0


@dataclass(frozen=True)
class Words:
    """How it stands with backups, for people: ``is_urgent`` when somebody should do something; where the last is."""

    sentence: str
    is_urgent: bool
    folder: str


def backup_folder(node: NodeServices) -> Path:
    """Tell where the backups of this computer go: never into the data folder itself."""
    folder = node.folder.path.absolute()
    return (node.cadangan or folder.with_name(f"{folder.name}-cadangan")).absolute()


def make_backup(node: NodeServices) -> Backup:
    """Write a backup, read it once more, keep the newest; raises what shared.store.backup raises."""
    return back_up(node, "desa", node.wilayah, backup_folder(node), KEEP_DEFAULT, makes_folder=True)


def say_backup(state: BackupState, now_s: int) -> Words:
    """Say in one or two sentences when the last backup was made, and what to do where that is not well."""
    sentence, is_urgent = _say(state, now_s)
    return Words(sentence, is_urgent, str(Path(state.path).parent) if state.path else "")


def _say(state: BackupState, now_s: int) -> tuple[str, bool]:
    last = "" if state.last_s is None else format_time(state.last_s)
    if state.failed_s is not None:
        good = f"Cadangan baik yang terakhir {last}." if last else "Belum ada cadangan yang baik."
        return f"Cadangan yang dicoba {format_time(state.failed_s)} gagal. {state.problem} {good}", True
    if state.last_s is None:
        return "Belum pernah ada cadangan. Bila komputer ini rusak, yang belum terkirim ikut hilang.", True
    days = (now_s - state.last_s) // _DAY_S
    if days < -1:
        clock = "padahal jam komputer belum sampai di situ. Cocokkan jam komputer, lalu buat cadangan."
        return f"Cadangan terakhir bertanggal {last}, {clock}", True
    if days > _OLD_DAYS:
        return f"Cadangan terakhir {last}, sudah {write_number(days)} hari yang lalu.", True
    return f"Cadangan terakhir {last}, sudah diperiksa dan utuh.", False


def is_backing_up() -> bool:
    """Tell whether a backup that somebody asked for is being made."""
    return jobs().find_running(_JOB) is not None


@blueprint.post("/cadangan")
def create() -> ResponseReturnValue:
    """Make a backup now; whoever asked is told the outcome, or that it takes longer."""
    node, user = services(), require_user()
    if node.is_latihan:
        raise UserError("Tempat latihan tidak dicadangkan: isinya karangan.", "latihan")

    def work(job: Job) -> Backup:
        try:
            made = make_backup(node)
        except DamageError as error:
            raise UserError(explain_error(error), "cadangan_rusak") from error
        with node.database.write() as conn:
            record_access(conn, node.clock, user.name, "cadangan_dibuat", "cadangan")
        return made

    job = jobs().start(_JOB, work)
    if not job.finished.wait(_ANSWER_S_MAX):
        flash("Cadangan sedang dibuat. Anda boleh terus bekerja; hasilnya tampil di Beranda.", "baik")
    elif job.problem:
        flash(f"Cadangan tidak jadi dibuat. {job.problem}", "salah")
    else:
        flash(f"Cadangan sudah dibuat, diperiksa, dan utuh: {job.result.path}", "baik")
    return redirect(url_for("beranda.index"), 303)

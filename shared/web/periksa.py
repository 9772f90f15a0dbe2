"""*Pemeriksaan*: read everything again and say in words what is wrong; the page of the command ``verify``.

``GET`` (``periksa.index``): the last check of this run, or how far the present one is. ``POST`` (``periksa.start``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

from flask import Blueprint, current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from shared.errors import UserError
from shared.store.backup.make import backup_folder, list_backups
from shared.store.side import Side
from shared.web.audit import record_access
from shared.web.jobs import Job, Jobs
from shared.web.kept import keep
from shared.web.services import require_user

_JOB = "pemeriksaan"
_ANSWER_S_MAX = 8.0
SHOWN_MAX = 50


@dataclass
class Checked:
    """The last check: when it ended (seconds), and its problems, one sentence each."""

    time_s: int = 0
    problems: tuple[str, ...] = ()
    failed: str = ""


def make_periksa(url_prefix: str, check: Callable[[Side], list[str]], help_text: str) -> Blueprint:
    """Make the blueprint; ``check`` gives the problems of this side, ``help_text`` says what to do with them."""
    blueprint = Blueprint("periksa", __name__, url_prefix=url_prefix)

    @blueprint.get("")
    def index() -> str:
        """Show what the last check has found."""
        last = _last()
        return render_template(
            "periksa.html", job=_jobs().find_running(_JOB), last=last, shown=last.problems[:SHOWN_MAX],
            more=len(last.problems) - SHOWN_MAX, bantuan=help_text,
            perintah=_name_commands(_side()) if last.problems else None,
        )

    @blueprint.post("")
    def start() -> ResponseReturnValue:
        """Check now; whoever asked waits a moment, or is told that it takes longer."""
        side, last, name = _side(), _last(), require_user().name

        def work(job: Job) -> None:
            last.failed = ""
            try:
                last.problems = tuple(check(side))
                last.time_s = side.clock.now_s()
            except BaseException:
                last.failed = "Pemeriksaan berhenti sebelum selesai. Coba lagi; bila terulang, hubungi admin."
                raise
            with side.database.write() as conn:
                record_access(conn, side.clock, name, "diperiksa", "")

        try:
            _jobs().start(_JOB, work).finished.wait(_ANSWER_S_MAX)
        except UserError:
            pass  # somebody else has just asked for it; the page tells how it goes
        return redirect(url_for("periksa.index"), 303)

    return blueprint


class _Commands(NamedTuple):
    """What mends this installation, as it is typed; ``pulihkan`` is empty where ``cadangan`` holds no backup."""

    rebuild: str
    pulihkan: str
    cadangan: Path


def _name_commands(side: Side) -> _Commands:
    """Write the commands for this data folder and its newest backup: a server cannot be put in its own place."""
    begin = f'sipande-{"hub" if side.sisi == "hub" else "node"} --data "{side.folder.path.absolute()}"'
    folder = backup_folder(side)
    try:
        found = list_backups(folder, side.sisi, side.wilayah)
    except OSError:
        found = []
    return _Commands(f"{begin} rebuild", f'{begin} pulihkan "{found[0]}"' if found else "", folder)


def _side() -> Side:
    return cast(Side, current_app.extensions["services"])


def _last() -> Checked:
    return keep("pemeriksaan", Checked)


def _jobs() -> Jobs:
    random = _side().random
    return keep("jobs_pemeriksaan", lambda: Jobs(random))

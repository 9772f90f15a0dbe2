"""Backups of an installation, on both sides: `/cadangan`: how it stands, make one, the code on paper, the rehearsal.

Forms (POST with csrf_token, answer 303): ``/cadangan``; ``/cadangan/stik`` with ``stik``; ``/cadangan/uji`` with
``kode``; ``/cadangan/kode``, which leads to the page that shows a new code once, and there ``kode`` as copied from the
paper. A code counts only when it was typed back: one that is on no paper would lock everybody out. What lies under
``/cadangan/pulihkan`` is in shared.web.kembalikan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, cast

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.clock import WIB, Clock, Randomness, format_time
from shared.errors import DamageError, EnvironmentProblem, UserError
from shared.explain import explain_error
from shared.store.backup.kode import make_code, read_code
from shared.store.backup.make import (
    ENDING, KEEP_DEFAULT, Backup, back_up, backup_folder, list_backups, make_daily_backup,
)
from shared.store.backup.rehearse import Rehearsal, find_newest, rehearse
from shared.store.backup.restore import Kind
from shared.store.backup.state import BackupState, adopt_code, read_backup_state
from shared.store.side import Side
from shared.web.audit import record_access
from shared.web.forms import write_number
from shared.web.jobs import Job, Jobs
from shared.web.kembalikan import SideWords, add_replacing, find_news, find_replacement
from shared.web.kept import Notes, keep
from shared.web.services import require_user
from shared.web.sticks import find_choice, list_choices

_JOB = "cadangan"
_DAY_S = 24 * 3600
_OLD_DAYS = 7
_TRY_AGAIN_DAYS = 180
_ANSWER_S_MAX = 8.0
_NO_CODE = "Buat dulu kode cadangan. Tanpa kode, siapa pun yang menemukan stiknya dapat membaca isinya."
_CODES_MAX, _CODE_SHOWN_S = 8, 1800.0
_MB = 1_000_000


@dataclass(frozen=True)
class Words:
    """How it stands with backups, for people: ``is_urgent`` when somebody should do something; where the last is.

    ``code`` says what is to be done about the code on paper; empty where nothing is.
    """

    sentence: str
    is_urgent: bool
    folder: str
    code: str = ""


def say_backup(state: BackupState, now_s: int) -> Words:
    """Say in one or two sentences when the last backup was made, and what to do where that is not well."""
    sentence, is_urgent = _say(state, now_s)
    return Words(sentence, is_urgent, str(Path(state.path).parent) if state.path else "", _say_code(state, now_s))


def _say(state: BackupState, now_s: int) -> tuple[str, bool]:
    last = "" if state.last_s is None else format_time(state.last_s)
    if state.failed_s is not None:
        good = f"Cadangan baik yang terakhir {last}." if last else "Belum ada cadangan yang baik."
        return f"Cadangan yang dicoba {format_time(state.failed_s)} gagal. {state.problem} {good}", True
    if state.last_s is None and state.is_restored:
        return "Sejak data dikembalikan dari cadangan belum dibuat cadangan yang baru.", True
    if state.last_s is None:
        return "Belum pernah ada cadangan. Bila komputer ini rusak, yang belum terkirim ikut hilang.", True
    days = (now_s - state.last_s) // _DAY_S
    if days < -1:
        clock = "padahal jam komputer belum sampai di situ. Cocokkan jam komputer, lalu buat cadangan."
        return f"Cadangan terakhir bertanggal {last}, {clock}", True
    if days > _OLD_DAYS:
        return f"Cadangan terakhir {last}, sudah {write_number(days)} hari yang lalu.", True
    return f"Cadangan terakhir {last}, sudah diperiksa dan utuh.", False


def _say_code(state: BackupState, now_s: int) -> str:
    if state.code_s is None:
        return (
            "Cadangan belum tersegel: siapa pun yang memegang berkasnya dapat membaca NIK dan nama penduduk. Buat kode"
            " cadangan, lalu simpan kertasnya."
        )
    if state.tried_s is None:
        return "Kode di kertas belum pernah diuji. Ujilah sekali, supaya pasti terbaca saat diperlukan."
    if now_s - state.tried_s > _TRY_AGAIN_DAYS * _DAY_S:
        return f"Kode di kertas terakhir diuji {format_time(state.tried_s)}. Ujilah lagi."
    return ""


def is_backing_up() -> bool:
    """Tell whether work on backups that somebody asked for is under way."""
    return _jobs().find_running(_JOB) is not None


def make_cadangan(
    advice: str, make_kind: Callable[[Clock, Randomness], Kind], words: SideWords,
    refuse: Callable[[], None] = lambda: None,
) -> Blueprint:
    """Make the blueprint.

    ``advice`` says what to do when the computer is gone, ``words`` how data come back on this one; ``refuse`` raises
    where nothing is backed up.
    """
    blueprint = Blueprint("cadangan", __name__, url_prefix="/cadangan")
    add_replacing(blueprint, words, refuse)
    texts = _Texts(advice, words.command)

    @blueprint.get("")
    def index() -> ResponseReturnValue:
        """Show how it stands, what lies in the folder, and what can be done."""
        refuse()
        return _page("", texts)

    @blueprint.post("")
    def create() -> ResponseReturnValue:
        """Make a backup now; whoever asked is told the outcome, or that it takes longer."""
        refuse()
        return _run(make_daily_backup, "cadangan_dibuat", _tell_backup)

    @blueprint.post("/stik")
    def carry() -> ResponseReturnValue:
        """Write a backup with its attachments to a stick, to be kept elsewhere."""
        refuse()
        side = _side()
        with side.database.read() as conn:
            if read_backup_state(conn).code_s is None:
                return _page(_NO_CODE, texts), 400
        try:
            folder = find_choice(request.form.get("stik", ""))
        except EnvironmentProblem:
            raise
        except UserError as error:
            return _page(error.pesan, texts), 400
        stamp = f"{datetime.fromtimestamp(side.clock.now_s(), WIB):%Y%m%d-%H%M%S}"
        target = folder / f"sipande-{side.sisi}-{side.wilayah}-{stamp}{ENDING}"
        return _run(lambda side: back_up(side, target, 0, counts=False), "cadangan_dibuat", _tell_backup)

    @blueprint.post("/uji")
    def try_code() -> ResponseReturnValue:
        """Open the newest backup with the code as typed, and compare everything in it."""
        refuse()
        typed, kind = request.form.get("kode", "")[:200], make_kind(_side().clock, _side().random)
        return _run(lambda side: rehearse(side, find_newest(side), typed, kind), "uji_pulih", _tell_rehearsal)

    @blueprint.post("/kode")
    def make_new_code() -> ResponseReturnValue:
        """Make a code; it counts for nothing until it was copied."""
        refuse()
        return redirect(url_for(".show_code", token=_codes().put(make_code(_side().random))), 303)

    @blueprint.get("/kode/<token>")
    def show_code(token: str) -> ResponseReturnValue:
        """Show a code that was just made, to be printed or copied."""
        code = _codes().get(token)
        return redirect(url_for(".index"), 303) if code is None else _code_page(token, code, "")

    @blueprint.post("/kode/<token>")
    def take_code(token: str) -> ResponseReturnValue:
        """Seal to the code from now on, once it was typed back from the paper; and make the first sealed backup."""
        refuse()
        code = _codes().get(token)
        if code is None:
            flash("Kode tadi sudah ditutup dan tidak berlaku. Buat kode baru.", "salah")
            return redirect(url_for(".index"), 303)
        public = read_code(code).public
        try:
            if read_code(request.form.get("kode", "")[:200]).public != public:
                raise UserError("Yang diketik bukan kode di halaman ini. Ketik dari kertas yang baru saja ditulis.")
        except UserError as error:
            return _code_page(token, code, error.pesan), 400
        _codes().take(token)
        side = _side()
        with side.database.write() as conn:
            adopt_code(conn, public, side.clock.now_s())
            record_access(conn, side.clock, require_user().name, "kode_cadangan", "cadangan")
        flash("Kode cadangan berlaku mulai sekarang. Simpan kertasnya di tempat terkunci.", "baik")
        return _run(make_daily_backup, "cadangan_dibuat", _tell_backup)

    return blueprint


class _Texts(NamedTuple):
    """What a side says when the computer is gone, and the command that brings data back."""

    advice: str
    command: str


def _page(problem: str, texts: _Texts) -> str:
    side = _side()
    with side.database.read() as conn:
        state = read_backup_state(conn)
    folder = backup_folder(side)
    try:
        files = [
            (path.name, path.stat().st_size, not path.name.endswith(f"-tanpa-kode{ENDING}"))
            for path in list_backups(folder, side.sisi, side.wilayah)[:KEEP_DEFAULT]
        ]
    except OSError:
        files = []
    return render_template(
        "cadangan/index.html", backup=say_backup(state, side.clock.now_s()), state=state, files=files, folder=folder,
        problem=problem, is_backing_up=is_backing_up(), last=_last().sentences, sticks=list_choices(),
        restore=texts.advice, command=texts.command, kept=KEEP_DEFAULT, news=find_news(side),
        can_replace=find_replacement() is not None,
    )


def _code_page(token: str, code: str, problem: str) -> str:
    return render_template(
        "cadangan/kode.html", token=token, kode=code, problem=problem, now_s=_side().clock.now_s(),
        wilayah=_side().wilayah,
    )


def _run(work: Callable[[Side], Any], action: str, tell: Callable[[Any], list[tuple[str, str]]]) -> ResponseReturnValue:
    """Do the work behind the page; wait a while for its outcome, which the page shows later otherwise."""
    side, user, last = _side(), require_user(), _last()

    def noted(job: Job) -> None:
        try:
            done = work(side)
        except DamageError as error:
            raise UserError(explain_error(error), "cadangan_rusak") from error
        with side.database.write() as conn:
            record_access(conn, side.clock, user.name, action, "cadangan")
        last.sentences = tell(done)

    last.sentences = []
    job = _jobs().start(_JOB, noted)
    if not job.finished.wait(_ANSWER_S_MAX):
        flash("Masih dikerjakan. Anda boleh terus bekerja; hasilnya tampil di halaman Cadangan.", "baik")
    elif job.problem:
        flash(f"Belum berhasil. {job.problem}", "salah")
    else:
        for sentence, mood in last.sentences:
            flash(sentence, mood)
        last.sentences = []
    return redirect(url_for("cadangan.index"), 303)


def _tell_backup(made: Backup) -> list[tuple[str, str]]:
    return [(f"Cadangan sudah dibuat, diperiksa, dan utuh: {made.path}", "baik")]


def _tell_rehearsal(found: Rehearsal) -> list[tuple[str, str]]:
    return [(sentence, "salah" if sentence in found.problems else "baik") for sentence in found.sentences()]


class _Last:
    """What the last work came to, where nobody waited for it: sentences with their moods."""

    def __init__(self) -> None:
        self.sentences: list[tuple[str, str]] = []


def _last() -> _Last:
    return keep("cadangan_hasil", _Last)


def _codes() -> Notes[str]:
    side = _side()
    return keep("cadangan_kode", lambda: Notes[str](side, _CODES_MAX, _CODE_SHOWN_S))


def _jobs() -> Jobs:
    random = _side().random
    return keep("jobs", lambda: Jobs(random))


def _side() -> Side:
    return cast(Side, current_app.extensions["services"])

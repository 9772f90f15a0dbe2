"""Data come back out of a backup while the program runs: `/cadangan/pulihkan`, for who makes the codes.

``POST /cadangan/pulihkan/mulai`` asks for the proof, before a big file is sent. ``POST /cadangan/pulihkan``:
``berkas`` or ``unggahan``, ``kode``, ``mengerti``; ``kunci_baru`` where the backup is of another computer, and at a hub
``kunci_pemulihan``. All of it is checked before anything closes; the rest is :mod:`shared.web.replacement`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.codes import wilayah
from shared.errors import DamageError, EnvironmentProblem, UserError
from shared.explain import explain_error
from shared.store.backup.archive import Contents
from shared.store.backup.make import backup_folder
from shared.store.backup.restore import keeps_keys, peek
from shared.store.backup.sealing import BackupUnreadable, WrongCode
from shared.store.backup.state import TOLD_S, RestoredNote, read_restored
from shared.store.side import Side
from shared.web.backup_files import UPLOAD_BYTES_MAX, Found, Papers, find_file, list_files, read_papers, take_upload
from shared.web.replacement import EXTENSION, Order, Replacement
from shared.web.services import require_user, web

UPLOADS = {"cadangan.replace_data": UPLOAD_BYTES_MAX}
"""What an app takes in at most at the address to which a backup is sent."""


@dataclass(frozen=True)
class SideWords:
    """What differs between the sides when data come back.

    ``command`` does the same with the program closed. ``warn`` says what is not in a backup. ``new_keys`` is what a
    person has to confirm where the keys are not those of the backup; where it is empty the page asks for the recovery
    key instead, and ``check`` raises UserError for what was typed of it.
    """

    command: str
    warn: Callable[[], Sequence[str]]
    new_keys: str = ""
    check: Callable[[Papers, Contents], None] = lambda papers, contents: None

    @property
    def asks_recovery(self) -> bool:
        return not self.new_keys


class _OtherKeys(UserError):
    """The backup is of another computer, and nobody has said yet that this is meant."""


@dataclass(frozen=True)
class News:
    """What the page of backups says of the last time: it came about, or it did not and why."""

    restored: RestoredNote | None = None
    failure: str = ""


def find_replacement() -> Replacement | None:
    """Find what replaces the data of this app; None where none can: an app that no server runs."""
    return cast("Replacement | None", current_app.extensions.get(EXTENSION))


def find_news(side: Side) -> News:
    """Find what there is to say of the last time."""
    replacement, now_s = find_replacement(), side.clock.now_s()
    failure = None if replacement is None else replacement.failure
    if failure is not None and 0 <= now_s - failure.time_s < TOLD_S:
        return News(failure=failure.sentence)
    with side.database.read() as conn:
        return News(read_restored(conn, now_s))


def add_replacing(blueprint: Blueprint, words: SideWords, refuse: Callable[[], None]) -> None:
    """Add the pages to the blueprint of the backups; ``refuse`` raises where nothing is backed up."""

    @blueprint.post("/pulihkan/mulai")
    def ask_restore() -> ResponseReturnValue:
        """Lead to the form, with a proof that holds until a big file has come."""
        refuse()
        return redirect(url_for(".choose_backup"), 303)

    @blueprint.get("/pulihkan")
    def choose_backup() -> ResponseReturnValue:
        """Ask for the file and what stands on paper, and say what this means."""
        refuse()
        if find_replacement() is None or not web().sessions.is_proved(require_user()):
            return redirect(url_for(".index"), 303)
        return _show(words, "")

    @blueprint.post("/pulihkan")
    def replace_data() -> ResponseReturnValue:
        """Check all that was chosen and typed, then let the data be replaced behind the waiting page."""
        refuse()
        replacement = find_replacement()
        if replacement is None:
            raise UserError(f"Tutup Sipande di komputer ini, lalu jalankan perintah {words.command}", "tanpa_layanan")
        chosen = request.form.get("berkas", "")
        try:
            uploaded = take_upload(web().folder, web().random)
            if uploaded is not None:
                replacement.keep_upload(uploaded)
                chosen = uploaded.offer().token
            source, papers = find_file(_list_choices(replacement), chosen), read_papers()
            try:
                _check(words, papers, peek(source, papers.kode, _side().sisi))
            except BackupUnreadable as error:
                # Other words of the paper do not make it a backup of this place.
                if uploaded is not None and not isinstance(error, WrongCode):
                    replacement.keep_upload(None)
                raise
            replacement.begin(Order(source, papers, require_user().name))
        except EnvironmentProblem as error:
            return _show(words, error.pesan, chosen), 503
        except (UserError, DamageError) as error:
            return _show(words, explain_error(error), chosen, isinstance(error, _OtherKeys)), 400
        # While the data are replaced this address asks for patience; then it says what has become of it.
        return redirect(url_for(".index"), 303)


def _check(words: SideWords, papers: Papers, contents: Contents) -> None:
    """Refuse what would not come to a good end, or what nobody has confirmed."""
    side = _side()
    if contents.wilayah != side.wilayah:
        place = wilayah.nama(contents.wilayah) or contents.wilayah
        raise BackupUnreadable(
            f"Cadangan itu milik {place}, bukan milik {wilayah.nama(side.wilayah) or side.wilayah}. Pilih berkas yang"
            " lain.",
            "wilayah_lain",
        )
    if not keeps_keys(side.folder, contents):
        if words.new_keys and not request.form.get("kunci_baru"):
            raise _OtherKeys(f"{words.new_keys} Centang kotak di bawah bila memang itu maksudnya.", "kunci_lain")
        words.check(papers, contents)
    if not request.form.get("mengerti"):
        raise UserError("Centang dulu kotak \"Saya mengerti\" di bawah.", "belum_mengerti")


def _show(words: SideWords, problem: str, chosen: str = "", is_other: bool = False) -> str:
    replacement = find_replacement()
    assert replacement is not None
    return render_template(
        "cadangan/pulihkan.html", problem=problem, chosen=chosen, awalan=f"sipande-{_side().sisi}",
        # To correct one letter of 28 they must be seen; the recovery key is in no page.
        kode=request.form.get("kode", "")[:80], files=_list_choices(replacement), tujuan=url_for(".replace_data"),
        peringatan=words.warn(), minta_kunci=words.asks_recovery,
        kunci_baru=words.new_keys if is_other or request.form.get("kunci_baru") else "",
        mengerti=bool(request.form.get("mengerti")), kunci_baru_ya=bool(request.form.get("kunci_baru")),
    )


def _list_choices(replacement: Replacement) -> list[Found]:
    uploaded = replacement.uploaded
    sent = [] if uploaded is None else [uploaded.offer()]
    return sent + list_files(_side().sisi, backup_folder(_side()))


def _side() -> Side:
    return cast(Side, current_app.extensions["services"])

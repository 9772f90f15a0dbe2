"""The way to begin out of a backup, when this computer takes the place of one that is gone: `/mulai/pulihkan`.

Everything is opened and compared beside the data folder first; whatever is wrong leaves it empty.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from flask import Flask, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from shared.errors import DamageError, EnvironmentProblem, UserError
from shared.explain import explain_error
from shared.store.backup.make import ENDING
from shared.store.backup.pictures import open_private
from shared.store.backup.restore import UPLOAD, explaining
from shared.store.folder import DataFolder
from shared.store.stick import list_sticks
from shared.web.mulai import AtWork, FirstStart

UPLOAD_BYTES_MAX = 2_000_000_000
_SHOWN_MAX = 40
_TYPED_MAX = 300


class Papers(NamedTuple):
    """What was typed from paper: the code of backups, and the recovery key where the page of a side asks for it."""

    kode: str
    kunci_pemulihan: str


Restore = Callable[[Path, Papers, Callable[[Flask], None]], tuple[list[str], str]]
"""(file, papers, take over) → sentences for the operator, and a code for the first account where there is none."""


class _Found(NamedTuple):
    """A backup that lies on this computer: what the form sends, what the person reads."""

    token: str
    label: str
    path: Path


def add_restore(
    app: Flask, start: FirstStart, folder: DataFolder, sisi: str, beside: Path, restore: Restore
) -> None:
    """Add the pages to the app of a first start; ``restore`` also lets the app of what was restored take over.

    ``sisi`` is whose backups are offered, from sticks and from ``beside``, the folder of backups of this computer.
    """
    app.config["BIG_UPLOADS"] = {"restore_from": UPLOAD_BYTES_MAX}

    def show(problem: str, chosen: str = "") -> str:
        return render_template(
            "mulai/pulihkan.html", problem=problem, chosen=chosen, awalan=f"sipande-{sisi}",
            files=_list_files(sisi, beside), has_keys=start.has_keys,
        )

    @app.get("/mulai/pulihkan")
    def choose_backup() -> ResponseReturnValue:
        """Ask for the file and what stands on paper."""
        return show("") if start.is_proven() else redirect(url_for("mulai"), 303)

    @app.post("/mulai/pulihkan")
    def restore_from() -> ResponseReturnValue:
        """Restore the file that was chosen or uploaded."""
        if not start.is_proven():
            return redirect(url_for("mulai"), 303)
        uploaded: Path | None = None
        chosen = request.form.get("berkas", "")
        papers = Papers(*(request.form.get(name, "")[:_TYPED_MAX] for name in Papers._fields))
        try:
            uploaded = _take_upload(folder, start)
            source = uploaded or next((item.path for item in _list_files(sisi, beside) if item.token == chosen), None)
            if source is None:
                raise UserError("Pilih dulu berkas cadangannya.")
            if folder.database.exists():
                raise UserError("Komputer ini sudah berisi data. Jalankan ulang Sipande di komputer ini, lalu masuk.")
            with start.working() as take_over:
                sentences, first_code = restore(source, papers, take_over)
        except AtWork:
            raise
        except EnvironmentProblem as error:
            return show(error.pesan, chosen), 503
        except (UserError, DamageError) as error:
            return show(explain_error(error), chosen), 400
        finally:
            if uploaded is not None:
                uploaded.unlink(missing_ok=True)
        session.clear()
        if first_code:
            # Who pushed the button twice does not see the page below.
            start.say(f"Di cadangan ini belum ada akun. Buka /mulai dan masukkan kode: {first_code}")
        return render_template("mulai/pulih.html", sentences=sentences, first_code=first_code)


def _list_files(sisi: str, beside: Path) -> list[_Found]:
    """List the backups on sticks and on this computer, the newest first."""
    found = [
        _Found(_token(path), _write(f"{path.name} ({where})"), path)
        for where, folders in _list_places(beside) for folder in folders
        for path in _list_backups(folder, f"sipande-{sisi}-*{ENDING}")
    ]
    return sorted(found, key=lambda item: item.path.name, reverse=True)[:_SHOWN_MAX]


def _list_places(beside: Path) -> list[tuple[str, list[Path]]]:
    """Name the places to look in; of a stick its own folder and those in it."""
    places = [("folder cadangan komputer ini", [beside])]
    for stick in list_sticks():
        try:
            folders = [stick.path, *(path for path in stick.path.iterdir() if path.is_dir())]
        except OSError:
            continue
        places.append((f"stik {stick.path.name or stick.path}", folders))
    return places


def _list_backups(folder: Path, pattern: str) -> Sequence[Path]:
    try:
        return list(folder.glob(pattern))
    except OSError:
        return ()


def _write(name: str) -> str:
    """Write a name of the disk, which may be in any encoding."""
    return os.fsencode(name).decode("utf-8", "replace")


def _token(path: Path) -> str:
    return sha256(os.fsencode(path)).hexdigest()[:16]


def _take_upload(folder: DataFolder, start: FirstStart) -> Path | None:
    """Keep what was uploaded; it was chosen on purpose, while a stick is chosen by the form itself."""
    file = request.files.get("unggahan")
    if file is None or not file.filename:
        return None
    path = folder.path / f"{UPLOAD}{start.random(6).hex()}"
    with explaining(), open_private(path) as copy:
        file.save(copy, 1 << 20)
    return path

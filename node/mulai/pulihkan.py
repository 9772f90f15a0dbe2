"""The other way to begin: this computer takes the place of one that is gone, out of a backup. `/mulai/pulihkan`."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.clock import Randomness
from shared.errors import DamageError, EnvironmentProblem, UserError
from shared.explain import explain_error
from shared.store.backup.make import ENDING
from shared.store.backup.pictures import open_private
from shared.store.backup.restore import UPLOAD, explaining
from shared.store.folder import DataFolder
from shared.store.stick import list_sticks

UPLOAD_BYTES_MAX = 2_000_000_000
_PREFIX = "sipande-desa-"
_SHOWN_MAX = 40
Restore = Callable[[Path, str], tuple[list[str], str]]
"""(file, code as typed) → sentences for the operator, and a code for the first account where there is none."""


def add_restore(
    app: Flask, folder: DataFolder, may_go_on: Callable[[], bool], restore: Restore, random: Randomness
) -> None:
    """Add the pages to the app of the first start; ``restore`` also gives the restored node the requests."""
    app.config["BIG_UPLOADS"] = {"restore_from": UPLOAD_BYTES_MAX}

    @app.get("/mulai/pulihkan")
    def choose_backup() -> ResponseReturnValue:
        """Ask for the file and the code on paper."""
        return _show("") if may_go_on() else redirect(url_for("mulai"), 303)

    @app.post("/mulai/pulihkan")
    def restore_from() -> ResponseReturnValue:
        """Restore the file that was chosen or uploaded."""
        if not may_go_on():
            return redirect(url_for("mulai"), 303)
        uploaded: Path | None = None
        try:
            uploaded = _take_upload(folder, random)
            source = uploaded or _find(request.form.get("berkas", ""))
            if source is None:
                raise UserError("Pilih dulu berkas cadangannya.")
            sentences, first_code = restore(source, request.form.get("kode", "")[:200])
        except EnvironmentProblem as error:
            return _show(error.pesan), 503
        except (UserError, DamageError) as error:
            return _show(explain_error(error)), 400
        finally:
            if uploaded is not None:
                uploaded.unlink(missing_ok=True)
        return render_template("mulai/pulih.html", sentences=sentences, first_code=first_code)


def _show(problem: str) -> str:
    return render_template("mulai/pulihkan.html", problem=problem, files=_list_files())


def _list_files() -> list[tuple[str, str]]:
    """List the backups on the sticks that are plugged in: what the form sends, what the person reads."""
    found = [(path.name, path) for path in _walk()]
    newest = sorted(found, reverse=True)[:_SHOWN_MAX]
    return [(_token(path), f"{name} (stik {path.parent.name})") for name, path in newest]


def _walk() -> list[Path]:
    found = []
    for stick in list_sticks():
        try:
            folders = [stick.path, *(path for path in stick.path.iterdir() if path.is_dir())]
            found += [path for folder in folders for path in folder.glob(f"{_PREFIX}*{ENDING}")]
        except OSError:
            continue
    return found


def _find(token: str) -> Path | None:
    return next((path for path in _walk() if token and _token(path) == token), None)


def _token(path: Path) -> str:
    return sha256(os.fsencode(path)).hexdigest()[:16]


def _take_upload(folder: DataFolder, random: Randomness) -> Path | None:
    """Keep what was uploaded; it was chosen on purpose, while a stick is chosen by the form itself."""
    file = request.files.get("unggahan")
    if file is None or not file.filename:
        return None
    path = folder.path / f"{UPLOAD}{random(6).hex()}"
    with explaining(), open_private(path) as copy:
        file.save(copy, 1 << 20)
    return path

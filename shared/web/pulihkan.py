"""The way to begin out of a backup, when this computer takes the place of one that is gone: `/mulai/pulihkan`.

Everything is opened and compared beside the data folder first; whatever is wrong leaves it empty.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from shared.errors import DamageError, EnvironmentProblem, UserError
from shared.explain import explain_error
from shared.store.folder import DataFolder
from shared.web.backup_files import (
    UPLOAD_BYTES_MAX, Papers, Uploaded, find_file, list_files, read_papers, take_upload,
)
from shared.web.mulai import AtWork, FirstStart

Restore = Callable[[Path, Papers, Callable[[Flask], None]], tuple[list[str], str]]
"""(file, papers, take over) → sentences for the operator, and a code for the first account where there is none."""


def add_restore(
    app: Flask, start: FirstStart, folder: DataFolder, sisi: str, beside: Path, restore: Restore
) -> None:
    """Add the pages to the app of a first start; ``restore`` also lets the app of what was restored take over.

    ``sisi`` is whose backups are offered, from sticks and from ``beside``, the folder of backups of this computer.
    """
    app.config["BIG_UPLOADS"] = {"restore_from": UPLOAD_BYTES_MAX}

    def show(problem: str, chosen: str = "") -> str:
        # What stands on paper is typed again: nobody who finds this window open should read it.
        return render_template(
            "mulai/pulihkan.html", problem=problem, chosen=chosen, awalan=f"sipande-{sisi}", kode="",
            files=list_files(sisi, beside), has_keys=start.has_keys, tujuan=url_for("restore_from"),
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
        uploaded: Uploaded | None = None
        chosen = request.form.get("berkas", "")
        try:
            uploaded = take_upload(folder, start.random)
            source = uploaded.path if uploaded else find_file(list_files(sisi, beside), chosen)
            if folder.database.exists():
                raise UserError("Komputer ini sudah berisi data. Jalankan ulang Sipande di komputer ini, lalu masuk.")
            with start.working() as take_over:
                sentences, first_code = restore(source, read_papers(), take_over)
        except AtWork:
            raise
        except EnvironmentProblem as error:
            return show(error.pesan, chosen), 503
        except (UserError, DamageError) as error:
            return show(explain_error(error), chosen), 400
        finally:
            if uploaded is not None:
                uploaded.path.unlink(missing_ok=True)
        session.clear()
        if first_code:
            # Who pushed the button twice does not see the page below.
            start.say(f"Di cadangan ini belum ada akun. Buka /mulai dan masukkan kode: {first_code}")
        return render_template("mulai/pulih.html", sentences=sentences, first_code=first_code)

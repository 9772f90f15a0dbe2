"""The little app of the first start: code from the console, desa, logo, this computer and its first account.

It has no database; when all is answered the node is made and its app takes over on the same address.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from node.logo.image import Logo
from node.logo.routes import describe, make_answer, read_upload
from node.mulai.make import Answers
from shared.codes import wilayah as codes
from shared.codes.find import describe_place, find_desa
from shared.errors import EnvironmentProblem, UserError
from shared.web.akun_pertama import FIELDS, log_in, read_account, read_typed
from shared.web.mulai import AtWork, FirstStart, make_first_app
from shared.web.passwords import LENGTH_MIN

RESULTS_MAX = 20
_ASKING = ("search", "answer")
Build = Callable[[Answers], tuple[Flask, int]]


class _Chosen:
    """What was chosen so far and is too much for a cookie."""

    logo: Logo | None = None


def make_setup_app(start: FirstStart, build: Build) -> Flask:
    """Make the app; ``build`` makes node and app of the answers, and gives the number of the first account.

    Where the folder has lost its data and not its keys the first question is how they come back; a new desa is asked
    for only by who has said that there is no backup. The caller adds the pages of the restore, and opens all of them.
    """
    chosen = _Chosen()

    def next_step() -> str:
        if not start.is_proven():
            return "mulai"
        if start.has_keys and not session.get("tanpa_cadangan"):
            return "lost"
        return "answer" if session.get("desa") else "search"

    app = make_first_app(start, next_step, "" if start.has_keys else "Langkah 1 dari 4")
    app.jinja_env.globals.update(logo_aplikasi=lambda: describe(chosen.logo, "logo"))

    @app.get("/mulai/data-hilang")
    def lost() -> ResponseReturnValue:
        """Say that the data are gone, and offer both ways to get them back."""
        if not start.is_proven() or not start.has_keys:
            return redirect(url_for(next_step()), 303)
        return render_template("mulai/hilang.html", problem="")

    @app.post("/mulai/data-hilang")
    def begin_anew() -> ResponseReturnValue:
        """Go on as a new computer, for who says that there is no backup."""
        if not start.is_proven() or not start.has_keys:
            return redirect(url_for(next_step()), 303)
        if not request.form.get("mengerti"):
            return render_template("mulai/hilang.html", problem="Centang dulu kotaknya."), 400
        session["tanpa_cadangan"] = True
        return redirect(url_for(next_step()), 303)

    @app.get("/mulai/desa")
    def search() -> ResponseReturnValue:
        """Look for the desa by name or code."""
        if next_step() not in _ASKING:
            return redirect(url_for(next_step()), 303)
        text = " ".join(request.args.get("cari", "").split())[:100]
        found = find_desa(text, RESULTS_MAX) if text else []
        places = [(item.kode, item.nama, describe_place(item.kode)) for item in found]
        return render_template(
            "mulai/desa.html", text=text, places=places, is_full=len(found) == RESULTS_MAX, has_keys=start.has_keys,
        )

    @app.post("/mulai/desa")
    def choose() -> ResponseReturnValue:
        """Keep the desa that was chosen."""
        if next_step() in _ASKING and codes.desa(request.form.get("desa", "")) is not None:
            session["desa"] = request.form["desa"]
            return redirect(url_for("choose_logo"), 303)
        return redirect(url_for(next_step()), 303)

    @app.get("/mulai/logo")
    def choose_logo() -> ResponseReturnValue:
        """Ask for the logo, which may be passed over."""
        if next_step() != "answer":
            return redirect(url_for(next_step()), 303)
        return show_logo("")

    @app.post("/mulai/logo")
    def take_logo() -> ResponseReturnValue:
        """Keep a logo until the node is made; a bad file leaves the former one."""
        if next_step() != "answer":
            return redirect(url_for(next_step()), 303)
        try:
            chosen.logo = read_upload(request.files.get("logo"))
        except UserError as error:
            return show_logo(error.pesan), 400
        return redirect(url_for("choose_logo"), 303)

    @app.get("/mulai/logo/gambar")
    def logo() -> ResponseReturnValue:
        """Give the picture that was chosen; the headers of this app let nobody keep it."""
        if chosen.logo is None:
            raise NotFound
        return make_answer(chosen.logo, 0)

    @app.get("/mulai/komputer")
    def answer() -> ResponseReturnValue:
        """Ask for this computer and the first account."""
        if next_step() != "answer":
            return redirect(url_for(next_step()), 303)
        return show_answers({}, ""), 200

    @app.post("/mulai/komputer")
    def finish() -> ResponseReturnValue:
        """Make the node, hand over to its app, and log the first person in there."""
        if next_step() != "answer":
            return redirect(url_for(next_step()), 303)
        typed = read_typed("komputer", *FIELDS)
        try:
            account = read_account(typed)
            with start.working() as take_over:
                node_app, no = build(Answers(session["desa"], typed["komputer"], account, chosen.logo))
                take_over(node_app)
        except AtWork:
            raise
        except UserError as error:
            return show_answers(typed, error.pesan), 503 if isinstance(error, EnvironmentProblem) else 400
        return log_in(node_app, no)

    def show_logo(problem: str) -> str:
        return render_template("mulai/logo.html", problem=problem, desa=codes.nama(session["desa"]))

    def show_answers(typed: dict[str, str], problem: str) -> str:
        kode = session["desa"]
        return render_template(
            "mulai/komputer.html", typed=typed, problem=problem, password_min=LENGTH_MIN,
            desa=codes.nama(kode) or kode, place=describe_place(kode),
        )

    return app

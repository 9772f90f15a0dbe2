"""The little app of the first start: code from the console, desa, logo, this computer and its first account.

It has no database; when all is answered the node is made and its app takes over on the same address.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from node.beranda.kop import describe_place
from node.logo.image import Logo
from node.logo.routes import describe, make_answer, read_upload
from node.mulai.make import Answers
from node.mulai.pulihkan import Restore, add_restore
from node.mulai.search import find_desa
from shared.clock import Randomness
from shared.codes import wilayah as codes
from shared.errors import EnvironmentProblem, UserError
from shared.store.folder import DataFolder
from shared.web.factory import make_bare_app
from shared.web.guards import UMUM, set_policy
from shared.web.masuk import open_session
from shared.web.onetime import ATTEMPTS_MAX, is_same_code, make_code
from shared.web.passwords import LENGTH_MIN
from shared.web.queries import get_account
from shared.web.services import Web

RESULTS_MAX = 20
FIELDS = ("komputer", "nama", "jabatan", "nama_pengguna")
Build = Callable[[Answers], tuple[Flask, int]]
TakeOver = Callable[[Flask], None]


class SetupCode:
    """The code that only who sits at this computer can read; five wrong ones void it."""

    def __init__(self, random: Randomness, say: Callable[[str], None]) -> None:
        self._random = random
        self._say = say
        self._lock = threading.Lock()
        self._wrong = 0
        self.code = make_code(random)

    def check(self, typed: str) -> str | None:
        """Say in Indonesian what is wrong with a typed code; None when it is right."""
        with self._lock:
            if is_same_code(self.code, typed):
                self._wrong = 0
                return None
            self._wrong += 1
            if self._wrong < ATTEMPTS_MAX:
                return "Kode tidak cocok. Periksa lagi huruf dan angkanya di layar komputer."
            self._wrong, self.code = 0, make_code(self._random)
            self._say(f"Kode lama ditutup karena salah lima kali. Kode yang baru: {self.code}")
            return "Kode sudah lima kali salah dan ditutup. Kode yang baru tampil di layar komputer."


@contextmanager
def _one(building: threading.Lock) -> Iterator[None]:
    if not building.acquire(blocking=False):
        raise UserError("Komputer ini sedang disiapkan. Tunggu sebentar, lalu muat ulang halaman ini.")
    try:
        yield
    finally:
        building.release()


class _Chosen:
    """What was chosen so far and is too much for a cookie."""

    logo: Logo | None = None


def make_setup_app(
    code: SetupCode, build: Build, take_over: TakeOver, random: Randomness, folder: DataFolder, restore: Restore
) -> Flask:
    """Make the app; ``build`` makes node and app of the answers, ``take_over`` gives that app the requests.

    ``restore`` makes the node of a backup instead, and gives its app the requests.
    """
    app = make_bare_app("node", title="Sipande Desa", random=random)
    building = threading.Lock()
    chosen = _Chosen()
    # Nobody has an account yet, so no page of the office is offered.
    app.jinja_env.globals.update(logo_aplikasi=lambda: describe(chosen.logo, "logo"), boleh=lambda endpoint: False)

    def next_step() -> str:
        if session.get("kode") != code.code:
            return "mulai"
        return "answer" if session.get("desa") else "search"

    @app.get("/mulai")
    def mulai() -> ResponseReturnValue:
        """Ask for the code."""
        if next_step() != "mulai":
            return redirect(url_for(next_step()), 303)
        return render_template("mulai/kode.html", problem="")

    @app.post("/mulai")
    def prove() -> ResponseReturnValue:
        """Check the code."""
        problem = code.check(request.form.get("kode", ""))
        if problem:
            return render_template("mulai/kode.html", problem=problem), 400
        # The cookie is signed; a new code voids it.
        session["kode"] = code.code
        return redirect(url_for("search"), 303)

    @app.get("/mulai/desa")
    def search() -> ResponseReturnValue:
        """Look for the desa by name or code."""
        if session.get("kode") != code.code:
            return redirect(url_for("mulai"), 303)
        text = " ".join(request.args.get("cari", "").split())[:100]
        found = find_desa(text, RESULTS_MAX) if text else []
        places = [(item.kode, item.nama, describe_place(item.kode)) for item in found]
        return render_template("mulai/desa.html", text=text, places=places, is_full=len(found) == RESULTS_MAX)

    @app.post("/mulai/desa")
    def choose() -> ResponseReturnValue:
        """Keep the desa that was chosen."""
        if session.get("kode") == code.code and codes.desa(request.form.get("desa", "")) is not None:
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
        typed = {name: " ".join(request.form.get(name, "").split()) for name in FIELDS}
        password = request.form.get("kata_sandi", "")
        if not building.acquire(blocking=False):
            return redirect("/", 303)  # a second push of the button
        try:
            if password != request.form.get("kata_sandi_ulang", ""):
                raise UserError("Kedua kata sandi tidak sama. Ketik lagi keduanya.")
            node_app, account = build(
                Answers(desa=session["desa"], kata_sandi=password, logo=chosen.logo, **typed)
            )
        except EnvironmentProblem:
            building.release()
            raise
        except UserError as error:
            building.release()
            return show_answers(typed, error.pesan), 400
        except BaseException:
            building.release()
            raise
        session.clear()
        take_over(node_app)
        return log_in(node_app, account)

    def restore_alone(source: Path, typed: str) -> tuple[list[str], str]:
        with _one(building):
            found = restore(source, typed)
            session.clear()
            return found

    add_restore(app, folder, lambda: session.get("kode") == code.code, restore_alone, random)

    def show_logo(problem: str) -> str:
        return render_template("mulai/logo.html", problem=problem, desa=codes.nama(session["desa"]))

    def show_answers(typed: dict[str, str], problem: str) -> str:
        kode = session["desa"]
        return render_template(
            "mulai/komputer.html", typed=typed, problem=problem, password_min=LENGTH_MIN,
            desa=codes.nama(kode) or kode, place=describe_place(kode),
        )

    def lead_back(error: Exception) -> ResponseReturnValue:
        return redirect(url_for("mulai"), 303)

    app.register_error_handler(NotFound, lead_back)
    for rule in app.url_map.iter_rules():
        set_policy(app, rule.endpoint, UMUM)
    return app


def make_waiting_app(random: Randomness) -> Flask:
    """Make the app that asks for a moment's patience while another is made."""
    app = make_bare_app("node", title="Sipande Desa", random=random)

    def wait(error: Exception) -> ResponseReturnValue:
        page = render_template(
            "galat.html", judul="Sebentar", saran="Data sedang disiapkan. Muat ulang halaman ini sebentar lagi."
        )
        return page, 503, {"Retry-After": "3"}

    app.register_error_handler(NotFound, wait)
    return app


def log_in(app: Flask, account: int) -> ResponseReturnValue:
    """Answer the present request as the app of the node would answer a login."""
    shell: Web = app.extensions["sipande"]
    with app.request_context(request.environ):
        with shell.database.read() as conn:
            row = get_account(conn, account)
        if row is None:
            return redirect("/masuk", 303)
        return app.process_response(open_session(row, shell.home))

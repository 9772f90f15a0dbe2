"""The first start of either side, on a data folder that holds nothing yet: what comes before there are accounts.

A code on the console proves that who opens the first pages sits at this computer. While something is made or
restored another app asks for patience; then the app of the side takes over on the same address, and the first pages
answer no more. Every app here has no database: what was typed is kept in memory until all is answered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from shared.clock import Randomness
from shared.errors import UserError
from shared.store.backup.placing import heal
from shared.store.backup.restore import clean_up
from shared.store.folder import DataFolder
from shared.store.side import has_no_data, open_folder
from shared.web.factory import make_bare_app
from shared.web.failures import give_back_typed
from shared.web.guards import RESUME_BYTES_MAX, UMUM, is_loopback, set_policy
from shared.web.onetime import ATTEMPTS_MAX, is_same_code, make_code
from shared.web.serve import Switch

Say = Callable[[str], None]


class SetupCode:
    """The code that only who sits at this computer can read; five wrong ones void it."""

    def __init__(self, random: Randomness, say: Say) -> None:
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


class AtWork(UserError):
    """What was asked for is being done already, or is done."""

    def __init__(self) -> None:
        super().__init__("Komputer ini sedang disiapkan. Tunggu sebentar, lalu muat ulang halaman ini.", "disiapkan")


class FirstStart:
    """The first start of one server: its code, its one piece of work, and which app gets the requests meanwhile."""

    def __init__(self, side: str, title: str, random: Randomness, say: Say, has_keys: bool = False) -> None:
        """``side`` is the package whose templates the pages come from, ``title`` what stands above them.

        With ``has_keys`` the folder has lost its data and not its keys.
        """
        self.side, self.title, self.random, self.has_keys = side, title, random, has_keys
        self.code = SetupCode(random, say)
        self.say = say
        self._working = threading.Lock()
        self._switch: Switch | None = None

    def serve_with(self, switch: Switch) -> None:
        """Name the switch that leads requests to the app of the first start."""
        self._switch = switch

    def is_proven(self) -> bool:
        """Tell whether the present browser has typed the code; a new code voids what proved the former."""
        return bool(session.get("kode") == self.code.code)

    @contextmanager
    def working(self) -> Iterator[Callable[[Flask], None]]:
        """Do the one piece of work while another app asks for patience; give what lets an app take over.

        Where the work fails the first pages are back. Raises AtWork for a second push of the button.
        """
        if not self._working.acquire(blocking=False):
            raise AtWork
        assert self._switch is not None
        first = self._switch.app
        self._switch.change(make_waiting_app(self.side, self.title, self.random))
        try:
            yield self._switch.change
        except BaseException:
            self._switch.change(first)
            self._working.release()
            raise
        # Never released: what is made once is made, also for a request that still waits in here.


def take_folder(folder: DataFolder) -> None:
    """Make this process the one user of a data folder, which may be new, or have lost its data.

    Raises UserError where it holds half of what it should, EnvironmentProblem where another process has it.
    """
    heal(folder)
    if has_no_data(folder):
        folder.make()
    else:
        open_folder(folder.path)
    folder.claim()
    clean_up(folder)


def announce(say: Say, name: str, address: str, start: FirstStart | None, first_code: str | None) -> None:
    """Say on the console where to go, and with which code."""
    say(f"Sipande {name} berjalan di {address}")
    if start is not None:
        state = "Data hilang, kuncinya masih ada" if start.has_keys else "Belum ada data"
        say(f"{state}. Buka {address}/mulai dan masukkan kode: {start.code.code}")
    elif first_code is not None:
        say(f"Belum ada akun. Buka {address}/mulai dan masukkan kode: {first_code}")


def make_first_app(start: FirstStart, next_step: Callable[[], str], step: str) -> Flask:
    """Make the app that asks for the code; the side adds its pages and then calls :func:`open_pages`.

    ``next_step`` names the endpoint that follows the code, ``step`` says which step the code is.
    """
    app = make_bare_app(start.side, title=start.title, random=start.random)
    # Nobody has an account yet, so no page of the office is offered.
    app.jinja_env.globals.update(boleh=lambda endpoint: False, sambungan_terbuka=_is_plain)

    @app.get("/mulai")
    def mulai() -> ResponseReturnValue:
        """Ask for the code."""
        if start.is_proven():
            return redirect(url_for(next_step()), 303)
        return show("")

    @app.post("/mulai")
    def prove() -> ResponseReturnValue:
        """Check the code."""
        problem = start.code.check(request.form.get("kode", "")[:200])
        if problem:
            return show(problem), 400
        # The cookie is signed; a new code voids it.
        session["kode"] = start.code.code
        return redirect(url_for(next_step()), 303)

    def show(problem: str) -> str:
        return render_template("mulai/kode.html", problem=problem, langkah=step, hilang=start.has_keys)

    return app


def open_pages(app: Flask) -> None:
    """Let everybody ask for the pages of a first start, and lead whoever asks for another one to the first."""
    app.register_error_handler(NotFound, lambda error: redirect(url_for("mulai"), 303))
    # Whichever app answers next knows where to go from its front page.
    app.register_error_handler(AtWork, lambda error: redirect("/", 303))
    for rule in app.url_map.iter_rules():
        set_policy(app, rule.endpoint, UMUM)


def _is_plain() -> bool:
    """Tell whether what is typed or shown travels over a network in clear."""
    return not request.is_secure and not is_loopback(request.remote_addr)


def make_waiting_app(
    side: str, title: str, random: Randomness, words: Callable[[], str] = lambda: _PATIENCE, *, gives_back: bool = False
) -> Flask:
    """Make the app that asks for a moment's patience while another is made; its page asks again by itself.

    ``words`` say what is being done. With ``gives_back`` a form that somebody sends meanwhile comes back with the
    page, to be sent again; what asks for the protocol hears that it should come later.
    """
    app = make_bare_app(side, title=title, random=random)
    app.jinja_env.globals.update(boleh=lambda endpoint: False)

    def wait(error: Exception) -> ResponseReturnValue:
        typed: dict[str, Any] = {}
        if request.method not in ("GET", "HEAD"):
            is_form = request.mimetype in _FORMS
            if gives_back and request.mimetype == _FORMS[0] and (request.content_length or 0) <= RESUME_BYTES_MAX:
                typed = give_back_typed()
            if not typed and (is_form or not gives_back):
                return redirect("/", 303)
        # The token is that of the app that was there before; one of this app would be void in the next.
        page = render_template(
            "mulai/tunggu.html", kalimat=words(), token=request.form.get("csrf_token", "") if typed else "", **typed
        )
        return page, 503, {"Retry-After": _RETRY_S}

    app.register_error_handler(NotFound, wait)
    return app


_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_PATIENCE = "Data sedang disiapkan."
_RETRY_S = "3"

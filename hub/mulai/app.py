"""The little app of the first start of a hub: the code from the console, then one of three ways.

A new hub, and one in the place of another that is gone without a backup, ask for kecamatan, sheet and first account;
the way out of a backup is in shared.web.pulihkan. Recovery keys are in no URL, no cookie, no log and on no disk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from flask import Flask, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from hub.mulai.make import Plan
from hub.pemulihan.keys import read_sheet
from hub.roles import ADMIN
from hub.services import FreshKeys
from shared.clock import Clock, Randomness
from shared.codes import wilayah as codes
from shared.codes.find import describe_place, find_kecamatan
from shared.errors import EnvironmentProblem, UserError
from shared.web.akun_pertama import FIELDS, FirstAccount, log_in, read_account, read_typed
from shared.web.mulai import AtWork, FirstStart, make_first_app

RESULTS_MAX = 20
TAIL = 8
"""How many letters of a recovery key are typed back: who can, has the sheet."""
_STEPS = {False: 5, True: 6}
_TYPED_MAX = 300
Build = Callable[[Plan, FirstAccount, bool], tuple[Flask, int]]


class _Plans:
    """The one plan that whoever has typed the code works on; an older one in another tab counts no more."""

    def __init__(self, random: Randomness) -> None:
        self._random = random
        self._lock = threading.Lock()
        self._present: tuple[str, Plan] | None = None

    def begin(self, kecamatan: str, is_successor: bool) -> None:
        """Begin anew, with keys that nobody has seen."""
        with self._lock:
            session["rencana"] = self._random(8).hex()
            self._present = session["rencana"], Plan(kecamatan, is_successor, FreshKeys.generate(self._random))

    def find(self) -> Plan | None:
        """Find the plan of the present browser."""
        with self._lock:
            present = self._present
        return present[1] if present is not None and session.get("rencana") == present[0] else None

    def forget(self) -> None:
        with self._lock:
            self._present = None


def make_setup_app(start: FirstStart, build: Build, clock: Clock, random: Randomness) -> Flask:
    """Make the app; ``build`` makes hub and app, and gives the number of the first account.

    Where the folder has lost its data and not its keys only a restore is offered. The caller adds the pages of the
    restore, and opens all of them.
    """
    plans, has_keys = _Plans(random), start.has_keys

    def next_step() -> str:
        """Name the page that comes next; every page leads there when it is not its turn."""
        plan = plans.find()
        if not start.is_proven():
            return "mulai"
        if has_keys:
            return "choose_backup"
        if plan is None:
            return "ways"
        if not plan.is_read:
            return "ask_sheet"
        return "account" if plan.is_printed else "show_sheet"

    app = make_first_app(start, next_step, "Langkah 1")
    app.jinja_env.filters["kelompok"] = group_key

    def lead() -> ResponseReturnValue:
        return redirect(url_for(next_step()), 303)

    @app.get("/mulai/cara")
    def ways() -> ResponseReturnValue:
        """Show the three ways."""
        if not start.is_proven() or has_keys:
            return lead()
        return render_template("mulai/cara.html")

    @app.get("/mulai/<any(baru, ganti):cara>/kecamatan")
    def search(cara: str) -> ResponseReturnValue:
        """Look for the kecamatan by name or code."""
        if not start.is_proven() or has_keys:
            return lead()
        text = " ".join(request.args.get("cari", "").split())[:100]
        found = find_kecamatan(text, RESULTS_MAX) if text else []
        places = [(item.kode, item.nama, describe_place(item.kode)) for item in found]
        return render_template(
            "mulai/kecamatan.html", cara=cara, text=text, places=places, is_full=len(found) == RESULTS_MAX,
            langkah=_say_step(3, cara == "ganti"),
        )

    @app.post("/mulai/<any(baru, ganti):cara>/kecamatan")
    def choose(cara: str) -> ResponseReturnValue:
        """Begin with the kecamatan that was chosen."""
        place = codes.get(request.form.get("kecamatan", "")[:20])
        if start.is_proven() and not has_keys and place is not None and place.tingkat == 3:
            plans.begin(place.kode, cara == "ganti")
        return lead()

    @app.get("/mulai/lembar-lama")
    def ask_sheet() -> ResponseReturnValue:
        """Ask for what stands on the sheet of the hub that is gone."""
        return show_form({}, "") if next_step() == "ask_sheet" else lead()

    @app.post("/mulai/lembar-lama")
    def take_sheet() -> ResponseReturnValue:
        """Read the sheet as typed; the recovery key stays in memory until the hub is made."""
        plan = plans.find()
        if next_step() != "ask_sheet" or plan is None:
            return lead()
        typed = {name: request.form.get(name, "")[:_TYPED_MAX] for name in ("kunci_lama", "kata_periksa")}
        try:
            plan.sheet = read_sheet(
                request.form.get("kunci_pemulihan", "")[:_TYPED_MAX], typed["kunci_lama"], typed["kata_periksa"]
            )
        except UserError as error:
            return show_form(typed, error.pesan), 400
        return lead()

    @app.get("/mulai/lembar")
    def show_sheet() -> ResponseReturnValue:
        """Show the sheet until somebody says that it is on paper, and never again."""
        plan = plans.find()
        return show_keys(plan, False, "") if next_step() == "show_sheet" and plan is not None else lead()

    @app.post("/mulai/lembar")
    def confirm_sheet() -> ResponseReturnValue:
        """Go on when the sheet is on paper: the end of the recovery key is typed from there."""
        plan = plans.find()
        if next_step() != "show_sheet" or plan is None:
            return lead()
        is_ticked, secret = bool(request.form.get("dicetak")), plan.write_sheet().kunci_pemulihan
        typed = "".join(request.form.get("ekor", "")[:40].split()).lower()
        if not is_ticked:
            return show_keys(plan, False, "Cetak dulu lembarnya, lalu centang kotaknya."), 400
        if secret and typed != secret[-TAIL:]:
            problem = f"Itu bukan {TAIL} huruf dan angka terakhir kunci pemulihan. Baca dari kertas yang dicetak."
            return show_keys(plan, True, problem), 400
        plan.is_printed = True
        return lead()

    @app.get("/mulai/akun")
    def account() -> ResponseReturnValue:
        """Ask for the first account, and what a new hub is for."""
        plan = plans.find()
        return show_account(plan, {}, "") if next_step() == "account" and plan is not None else lead()

    @app.post("/mulai/akun")
    def finish() -> ResponseReturnValue:
        """Make the hub, hand over to its app, and log the first person in there."""
        plan = plans.find()
        if next_step() != "account" or plan is None:
            return lead()
        typed = read_typed("guna", *FIELDS)
        try:
            person = read_account(typed)
            with start.working() as take_over:
                hub_app, no = build(plan, person, typed["guna"] == "percobaan")
                take_over(hub_app)
        except AtWork:
            raise
        except UserError as error:
            return show_account(plan, typed, error.pesan), 503 if isinstance(error, EnvironmentProblem) else 400
        plans.forget()
        return log_in(hub_app, no)

    def show_form(typed: dict[str, str], problem: str) -> str:
        return render_template(
            "mulai/lembar_lama.html", typed=typed, problem=problem, langkah=_say_step(4, True), **describe(plans.find())
        )

    def show_keys(plan: Plan, is_ticked: bool, problem: str) -> str:
        return render_template(
            "mulai/lembar.html", sheet=plan.write_sheet(), is_ticked=is_ticked, problem=problem, ekor=TAIL,
            now_s=clock.now_s(), langkah=_say_step(5 if plan.is_successor else 4, plan.is_successor), **describe(plan),
        )

    def show_account(plan: Plan, typed: dict[str, str], problem: str) -> str:
        return render_template(
            "mulai/akun.html", typed=typed, problem=problem, password_min=ADMIN.password_min,
            langkah=_say_step(_STEPS[plan.is_successor], plan.is_successor), **describe(plan),
        )

    return app


def group_key(key: str) -> str:
    """Write a key in groups of four, as it is read from a screen and typed from paper."""
    return " ".join(key[at:at + 4] for at in range(0, len(key), 4))


def describe(plan: Plan | None) -> dict[str, object]:
    """Name the kecamatan of a plan for the pages."""
    kode = "" if plan is None else plan.kecamatan
    return {
        "nama": codes.nama(kode) or kode, "kode": kode, "tempat": describe_place(kode),
        "ganti": plan is not None and plan.is_successor,
    }


def _say_step(number: int, is_successor: bool) -> str:
    return f"Langkah {number} dari {_STEPS[is_successor]}"

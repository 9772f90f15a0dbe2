"""*Periksa surat*: the public page that says what the QR or the code of a letter proves; the same on node and hub.

``GET /periksa-surat?s=TEXT`` is what a phone opens; ``POST`` takes what was typed or pasted. Without the signed text or
the 128-bit code there is no answer, and nothing is looked up by number, name or date. What stands in the address names
nobody: a masked name and what is printed on the paper in the asker's hand.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from math import ceil
from typing import cast

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue

from shared.clock import Clock, format_time
from shared.errors import UserError
from shared.store.side import Side
from shared.surat.checking import COMPARE, PROVEN, check_letter, describe_facts, write_cancelled, write_known
from shared.surat.periksa import Answer
from shared.surat.tanda import PARAMETER, PATH, TEXT_MAX
from shared.web.kept import keep

MISSES_MAX = 30
"""Of one address within WINDOW_S; an office with many phones has one address, and reads most QR at the first try."""
WINDOW_S = 600
_ADDRESSES_MAX = 2000


class Misses:
    """Counts per address what could not be proven. Only against load: nobody guesses 128 bits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, address: str) -> int:
        """Tell how long this address has to wait; 0 when it may ask."""
        with self._lock:
            since, count = self._counts.get(address, (0.0, 0))
        left = since + WINDOW_S - self._clock.monotonic_s()
        return ceil(left) if count >= MISSES_MAX and left > 0 else 0

    def note(self, address: str) -> None:
        """Count one miss; the oldest address makes room for a new one."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            since, count = self._counts.pop(address, (now_s, 0))
            self._counts[address] = (since, count + 1) if now_s < since + WINDOW_S else (now_s, 1)
            while len(self._counts) > _ADDRESSES_MAX:
                self._counts.popitem(last=False)


def make_periksa_surat() -> Blueprint:
    """Make the blueprint; its guard is UMUM on both sides."""
    blueprint = Blueprint("periksa_surat", __name__, url_prefix=PATH)

    @blueprint.get("")
    def index() -> ResponseReturnValue:
        """Show the form, or the answer to what a phone has scanned."""
        typed = request.args.get(PARAMETER, "")
        return _answer(typed) if typed else _page()

    @blueprint.post("")
    def check() -> ResponseReturnValue:
        """Answer what was typed or pasted."""
        return _answer(request.form.get("teks", ""))

    return blueprint


def _answer(typed: str) -> ResponseReturnValue:
    side = cast(Side, current_app.extensions["services"])
    misses, address = keep("periksa_surat", lambda: Misses(side.clock)), request.remote_addr or ""
    if wait_s := misses.wait_s(address):
        minutes = -(-wait_s // 60)
        return _page(typed, problem=f"Terlalu banyak percobaan dari sini. Tunggu {minutes} menit, lalu coba lagi."), 429
    try:
        with side.database.read() as conn:
            answer = check_letter(conn, typed, side)
    except UserError as error:
        misses.note(address)
        return _page(typed, problem=error.pesan), 400
    if answer.finding not in PROVEN:
        misses.note(address)
    return _page(answer=answer, clock=side.clock)


def _page(typed: str = "", *, problem: str = "", answer: Answer | None = None, clock: Clock | None = None) -> str:
    rows = describe_facts(answer.facts) if answer is not None and answer.facts is not None else []
    return render_template(
        "periksa_surat.html", typed=typed[:TEXT_MAX], problem=problem, answer=answer, rows=rows,
        batal=write_cancelled(answer) if answer else "", compare=COMPARE, text_max=TEXT_MAX,
        per=write_known(answer, clock) if answer and clock else "", time=format_time(clock.now_s()) if clock else "",
    )

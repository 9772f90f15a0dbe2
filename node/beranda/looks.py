"""Whose data stood on the screen of whom: rows of the access audit that reading leaves behind.

Somebody who works on one resident opens the page ten times: of a session, a record and an hour one row is kept. The
lists of residents and of families are the desk itself, searched all day: their row says how many stand in the whole
list, and never what was searched for. Reading waits WAIT_S for
it at the most and never fails: while something large is written, or the disk is full, rows are kept in memory and
written with the next look, or before the audit is read; those of a program that ends meanwhile are lost.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from typing import NamedTuple

from node.beranda.desk import keep, services
from node.services import NodeServices
from shared.errors import EnvironmentProblem
from shared.web.audit import record_access
from shared.web.forms import write_number
from shared.web.services import require_user

ONCE_S = 3600
WAIT_S = 0.2
WAITING_MAX = 2000
LOOKED_AT = ("penduduk", "keluarga")
"""Kinds whose records stand on a page of their own."""

LONG_NUMBER = re.compile(r"[0-9]{10,}")
_log = logging.getLogger(__name__)


class _Row(NamedTuple):
    time_s: int
    account: str
    action: str
    subject: str
    detail: str


class _Looks:
    def __init__(self, node: NodeServices) -> None:
        self.until: dict[tuple[int, str], float] = {}
        self.waiting: deque[_Row] = deque(maxlen=WAITING_MAX)


def note_look(record: str) -> None:
    """Note that a page or form with the data of a resident or family was opened; "" is nobody.

    An event, a letter, a case and a recipient are looks at whom they are about.
    """
    if record:
        _note("data_dilihat", record, "", "")


def note_list(what: str, which: str, count: int, unit: str = "orang") -> None:
    """Note that a list of names was opened: ``what`` in a word, ``which`` part of it, and how many it names."""
    if not count:
        return
    which = LONG_NUMBER.sub("…", which)
    counted = f"{write_number(count)} {unit}"
    _note("daftar_dibuka", what, which, f"{which}; {counted}" if which else counted)


def write_waiting() -> None:
    """Write what waits, before somebody reads the audit."""
    looks = keep("looks", _Looks)
    if looks.waiting:
        _write(services(), looks)


def _note(action: str, subject: str, which: str, detail: str) -> None:
    node, user, looks = services(), require_user(), keep("looks", _Looks)
    now_s, key = node.clock.monotonic_s(), (user.session, f"{subject} {which}")
    if now_s < looks.until.get(key, 0.0) and not looks.waiting:
        return
    if not now_s < looks.until.get(key, 0.0):
        for old in [old for old, end_s in list(looks.until.items()) if end_s < now_s]:
            looks.until.pop(old, None)
        looks.until[key] = now_s + ONCE_S
        looks.waiting.append(_Row(node.clock.now_s(), user.name, action, subject, detail))
    _write(node, looks)


def _write(node: NodeServices, looks: _Looks) -> None:
    """Write what waits, unless that has to wait longer or the disk does not take it."""
    taken: list[_Row] = []
    try:
        with node.database.write_within(WAIT_S) as conn:
            while conn is not None and looks.waiting:
                taken.append(looks.waiting.popleft())
                row = taken[-1]
                record_access(conn, node.clock, row.account, row.action, row.subject, row.detail, time_s=row.time_s)
    except BaseException as error:
        looks.waiting.extendleft(reversed(taken))
        if not isinstance(error, EnvironmentProblem):
            raise
        _log.warning("%d rows of the access audit wait: %s", len(looks.waiting), error.kode)

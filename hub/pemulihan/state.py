"""Whether this hub is recovering, which keys were its own before, and what is still unproven."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from hub.services import HubServices
from shared.changelog.keychain import find_former, is_key, read_successor
from shared.merge.scope import Role
from shared.store.changes import list_logs
from shared.store.evidence import note_event
from shared.store.migrations import read_setting, write_setting
from shared.sync.messages import SUCCESSORS_MAX

SINCE = "pemulihan_sejak"
LAST_SINCE = "pemulihan_terakhir"
FORMER_KEYS = "kunci_lama"
_LEARNED = "kunci_dikenal"


class Recovery(NamedTuple):
    """Since when the hub is recovering, how many computers have called since then, and how many have not."""

    since_s: int
    heard: int
    silent: int


def begin_recovery(conn: sqlite3.Connection, now_s: int) -> None:
    """Enter *pemulihan*: something that this hub once signed was missing here."""
    if read_setting(conn, SINCE) is None:
        write_setting(conn, SINCE, str(now_s))
        write_setting(conn, LAST_SINCE, str(now_s))
        note_event(conn, now_s, "pulih", "", f"sejak {now_s}")


def end_recovery(conn: sqlite3.Connection) -> None:
    """Leave *pemulihan*; a person has seen who is still missing."""
    conn.execute("DELETE FROM setting WHERE name = ?", (SINCE,))


def read_recovery(conn: sqlite3.Connection) -> Recovery | None:
    """Tell how far the recovery is; None when there is none."""
    since = read_setting(conn, SINCE)
    if since is None:
        return None
    heard, total = conn.execute(
        "SELECT count(c.kunci), count(*) FROM simpul s LEFT JOIN contact c ON c.kunci = s.kunci AND c.last_s >= ?"
        " WHERE s.status <> 'dicabut'",
        (int(since),),
    ).fetchone()
    return Recovery(int(since), heard, total - heard)


def list_unheard(conn: sqlite3.Connection) -> set[str]:
    """Give the desa of which a recovering hub may lack something: a computer has not handed over all since it began."""
    since = read_setting(conn, SINCE)
    return set() if since is None else list_silent(conn, int(since))


def list_silent(conn: sqlite3.Connection, since_s: int) -> set[str]:
    """Give the desa of which a computer has not handed over, since a moment, all that it announced."""
    rows = conn.execute(
        "SELECT DISTINCT s.wilayah FROM simpul s WHERE s.status <> 'dicabut' AND NOT EXISTS"
        " (SELECT 1 FROM contact c WHERE c.kunci = s.kunci AND c.last_s >= ? AND c.queue = 0)",
        (since_s,),
    )
    return {row[0] for row in rows}


def read_last_recovery(conn: sqlite3.Connection) -> int | None:
    """Tell when the last recovery began, ended or not; None when there was none."""
    since = read_setting(conn, LAST_SINCE) or read_setting(conn, SINCE)
    return None if since is None else int(since)


def check_restored(services: HubServices) -> bool:
    """Enter *pemulihan* when the database is behind what was once signed; called when a hub is opened."""
    with services.database.read() as conn:
        behind = any(
            log.own and not log.closed and services.was_restored(log)
            for log in list_logs(conn) if log.peran is not Role.DESA
        )
    if behind:
        with services.database.write() as conn:
            begin_recovery(conn, services.clock.now_s())
    return behind


def is_hub_key(conn: sqlite3.Connection, services: HubServices, kunci: bytes) -> bool:
    """Tell whether a key is, or was, this hub's: told at recovery, named in its own channel, or proven by nodes."""
    return kunci in list_hub_keys(conn, services) or kunci.hex() in _read_learned(conn)["kunci"]


def list_hub_keys(conn: sqlite3.Connection, services: HubServices) -> list[bytes]:
    """List the keys that are, or were, this hub's."""
    named = [row[0] for row in conn.execute("SELECT kunci FROM kunci_hub ORDER BY id") if is_key(row[0] or "")]
    return [*services.keys.publics(), *map(bytes.fromhex, (*list_former_keys(conn), *named))]


def list_former_keys(conn: sqlite3.Connection) -> list[str]:
    """List the keys that were this hub's, in hex: told here, or named in its own channel as the one before another."""
    told: list[str] = json.loads(read_setting(conn, FORMER_KEYS) or "[]")
    steps = map(read_successor, list_successors(conn))
    return sorted({*told, *(step.lama for step in steps if step is not None)})


def add_former_key(conn: sqlite3.Connection, kunci: str) -> None:
    """Remember a key that was this hub's."""
    write_setting(conn, FORMER_KEYS, json.dumps(sorted({*list_former_keys(conn), kunci})))


def list_successors(conn: sqlite3.Connection) -> list[str]:
    """Give the signed notes that lead from older keys of this hub to the one of today, oldest first."""
    rows = conn.execute("SELECT surat FROM kunci_hub WHERE surat IS NOT NULL ORDER BY id")
    return list(dict.fromkeys(row[0] for row in rows))


def name_successors(conn: sqlite3.Connection) -> list[str]:
    """Give the successors that are answered to a hello: those of the own channels, and those that nodes have shown."""
    return list(dict.fromkeys([*list_successors(conn), *_read_learned(conn)["surat"]]))[-SUCCESSORS_MAX:]


def learn_successors(services: HubServices, notes: Sequence[str]) -> None:
    """Learn from a node which keys this hub had before, of which the sheet in the envelope does not know.

    Their channels may then come back. Whether this hub was followed itself is not asked here (succeeded.py), and
    what is learnt here says nothing about that.
    """
    with services.database.read() as conn:
        learned = _read_learned(conn)
        known = {*learned["kunci"], *(key.hex() for key in list_hub_keys(conn, services))}
        told = set(name_successors(conn))
    own = services.keys.signing.public.hex()
    fresh = [note for note in notes if note not in told]
    keys, proven = find_former(fresh, services.wilayah, own, services.pemulihan, known - {own}) if fresh else ([], [])
    if proven:
        with services.database.write() as conn:
            content = {"kunci": [*learned["kunci"], *keys], "surat": [*learned["surat"], *proven][-SUCCESSORS_MAX:]}
            write_setting(conn, _LEARNED, json.dumps(content))


def _read_learned(conn: sqlite3.Connection) -> dict[str, list[str]]:
    learned: dict[str, list[str]] = json.loads(read_setting(conn, _LEARNED) or '{"kunci": [], "surat": []}')
    return learned

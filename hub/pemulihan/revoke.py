"""A key is taken back with a cut-off; what lies behind the cut-off may be adopted, one change at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hub.change import write_common
from hub.pemulihan.rotation import draft_records, list_line
from hub.services import HubServices
from shared.changelog.change import Header, decode_bodies, decode_headers
from shared.errors import UserError
from shared.store.changes import SEQ_BITS, SEQ_MASK, list_logs
from shared.store.drafts import Draft, draft_create
from shared.store.verdicts import list_key_records, read_ends


class LogChoice(NamedTuple):
    """One log of a computer, under its key of today or one before, and where it may be cut off.

    ``size`` changes of it count today; ``receipts`` of no more are (size, hub time in seconds), newest first.
    """

    log: str
    size: int
    receipts: list[tuple[int, int]]
    kunci: str


class Quarantined(NamedTuple):
    """One change without effect because its key was taken back."""

    ref: str
    desa: str
    kind: str
    record: str
    time_s: int
    values: Mapping[str, object]
    pos: int


def count_waiting(conn: sqlite3.Connection) -> list[tuple[str, int]]:
    """Count by desa the changes whose parents are not here: on the way, or of a history that has moved."""
    return conn.execute(
        "SELECT desa, count(*) FROM held WHERE alasan = 'menunggu_induk' GROUP BY desa ORDER BY desa"
    ).fetchall()


def list_choices(conn: sqlite3.Connection, simpul: str) -> list[LogChoice]:
    """List the logs of a computer under all keys that it has had: a thief may have changed them since."""
    found, logs = [], list_logs(conn)
    for kunci in list_line(conn, simpul):
        ends = read_ends(conn, kunci)
        for log in logs:
            if log.kunci.hex() == kunci:
                size = log.size if ends is None else min(log.size, ends.get(log.id, 0))
                receipts = conn.execute(
                    "SELECT size, time_s FROM receipt WHERE log = ? AND size <= ? ORDER BY size DESC LIMIT 200",
                    (log.no, size),
                ).fetchall()
                found.append(LogChoice(log.id, size, [(size, time_s) for size, time_s in receipts], kunci))
    return found


def is_revoked(conn: sqlite3.Connection, simpul: str) -> bool:
    """Tell whether no key of a computer may speak."""
    return all(read_ends(conn, kunci) is not None for kunci in list_line(conn, simpul))


def revoke(services: HubServices, simpul: str, sebab: str, cutoffs: Mapping[str, int], author: str) -> None:
    """Take back all keys that a computer has had, or cut its logs off earlier than before.

    ``cutoffs`` gives the size at which a log ends; others end at what counts now. A key that was taken back before,
    or replaced, is named again only where a log of it ends earlier. Raises UserError when there is no such node,
    there is nothing to take back, a reason is missing, or a cut-off is beyond what counts.
    """
    if not sebab.strip():
        raise UserError("Isi sebabnya, misalnya: komputer dicuri tanggal 3.", "sebab_kosong")
    with services.database.write() as conn:
        line, choices = list_line(conn, simpul), list_choices(conn, simpul)
        if not line:
            raise UserError("Tidak ada komputer dengan nomor itu.", "simpul_tidak_ada")
        drafts: list[Draft] = []
        for kunci in line:
            own = [choice for choice in choices if choice.kunci == kunci]
            drafts += _cut_off(conn, services, kunci, sebab.strip(), own, cutoffs)
        if not drafts:
            raise UserError("Kunci komputer ini sudah dicabut.", "sudah_dicabut")
        write_common(services, drafts, author=author)


def _cut_off(
    conn: sqlite3.Connection, services: HubServices, kunci: str, sebab: str, choices: Sequence[LogChoice],
    cutoffs: Mapping[str, int],
) -> list[Draft]:
    """Draft what is said of one key: in all its records where its logs end earlier, else where it is in force."""
    ends = {choice.log: cutoffs.get(choice.log, choice.size) for choice in choices}
    if not all(0 <= ends[choice.log] <= choice.size for choice in choices):
        raise UserError("Batas itu di luar catatan yang ada. Pilih salah satu tanda terima.", "batas_salah")
    # What was said of it before may reach beyond what is held here: a hub that was put back lacks the rest.
    is_earlier = any(ends.get(log, 0) < size for log, size in (read_ends(conn, kunci) or {}).items())
    ids = [one.id for one in list_key_records(conn, kunci) if is_earlier or one.status != "dicabut"]
    changed = {"status": "dicabut", "sebab": sebab, "batas": [f"{log}:{size}" for log, size in ends.items()]}
    return draft_records(conn, services, ids, changed)


def lift(services: HubServices, simpul: str, sebab: str, author: str) -> None:
    """Let a suspended key write again; what is in quarantine takes effect. UserError when it is not suspended."""
    with services.database.write() as conn:
        row = conn.execute("SELECT coalesce(kunci, '') FROM simpul WHERE id = ?", (simpul,)).fetchone()
        records = [] if row is None else list_key_records(conn, row[0])
        if not records or records[0].status != "ditangguhkan":
            raise UserError("Komputer ini tidak sedang ditangguhkan.", "tidak_ditangguhkan")
        ids = [one.id for one in records if one.status == "ditangguhkan"]
        changed = {"status": "aktif", "sebab": sebab.strip() or None, "batas": None}
        write_common(services, draft_records(conn, services, ids, changed), author=author)
        conn.execute("DELETE FROM restored WHERE kunci = ?", (row[0],))


def count_quarantined(conn: sqlite3.Connection, desa: str = "") -> int:
    """Count the changes in quarantine, of all desa or of one."""
    return int(conn.execute(
        "SELECT count(*) FROM held WHERE alasan = 'dicabut' AND (? = '' OR desa = ?)", (desa, desa)
    ).fetchone()[0])


def list_quarantined(conn: sqlite3.Connection, desa: str = "", limit: int = 200, skip: int = 0) -> list[Quarantined]:
    """List the changes in quarantine, in the order in which they were written."""
    rows = conn.execute(
        # CROSS: little is held, and the planner would rather walk all changes in order.
        "SELECT c.pos, c.header, c.body, c.leaf, h.desa FROM held h CROSS JOIN change c ON c.pos = h.pos"
        " WHERE h.alasan = 'dicabut' AND (? = '' OR h.desa = ?) ORDER BY h.pos LIMIT ? OFFSET ?",
        (desa, desa, limit, skip),
    ).fetchall()
    headers, bodies = decode_headers([row[1] for row in rows]), decode_bodies([row[2] for row in rows])
    return [
        Quarantined(header.ref(row[3]), row[4], header.kind, header.record, header.time_s, values or {}, row[0])
        for row, header, values in zip(rows, headers, bodies, strict=True)
    ]


def adopt(services: HubServices, ref: str, alasan: str, author: str) -> None:
    """Let one quarantined change take effect after all. UserError when it is in no quarantine or lacks a reason."""
    if not alasan.strip():
        raise UserError("Isi alasannya, misalnya: sudah dicocokkan dengan berkas di desa.", "alasan_kosong")
    with services.database.write() as conn:
        header = _find_held(conn, ref)
        if header is None:
            raise UserError("Perubahan itu tidak ada di karantina, atau sudah diambil.", "bukan_karantina")
        values = {"perubahan": [ref], "alasan": alasan.strip(), "petugas": [author]}
        write_common(services, [draft_create(services.catalogue["adopsi"], services.new_id(), values)], author=author)


def _find_held(conn: sqlite3.Connection, ref: str) -> Header | None:
    log, _, rest = ref.partition(":")
    seq, _, _ = rest.partition(":")
    row = conn.execute("SELECT no FROM log WHERE id = ?", (log,)).fetchone()
    if row is None or not (seq.isascii() and seq.isdigit()) or int(seq) > SEQ_MASK:
        return None
    found = conn.execute(
        "SELECT c.header, c.leaf FROM held h JOIN change c ON c.pos = h.pos WHERE h.pos = ? AND h.alasan = 'dicabut'",
        (row[0] << SEQ_BITS | int(seq),),
    ).fetchone()
    if found is None:
        return None
    header = decode_headers([found[0]])[0]
    return header if header.ref(found[1]) == ref else None

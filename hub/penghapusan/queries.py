"""SQL of erasure at the hub: proposals, the changes that still have their body, what else names a person."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from hashlib import sha256
from typing import NamedTuple

from hub.penghapusan.rules import Target, load_targets
from shared.changelog.change import Header, decode_headers
from shared.records.kind import Kind
from shared.store.changes import SEQ_BITS
from shared.store.erasure import KEPT_KINDS, carries_erased, list_carried, read_named

WAITING, DONE, REFUSED, WITHDRAWN = "menunggu", "berlaku", "ditolak", "ditarik"


class Proposal(NamedTuple):
    """What an officer asks for; ``ended_by`` and ``ended_s`` say who closed it, and when."""

    id: str
    targets: tuple[Target, ...]
    alasan: str
    petugas: str
    time_s: int
    status: str
    ended_by: str
    ended_s: int | None
    note: str


_COLUMNS = "id, targets, alasan, petugas, time_s, status, ended_by, ended_s, note"


def add_proposal(conn: sqlite3.Connection, id: str, targets: str, alasan: str, petugas: str, time_s: int) -> None:
    """Keep a proposal that waits for its second officer."""
    conn.execute(
        "INSERT INTO erasure_proposal (id, targets, alasan, petugas, time_s, status) VALUES (?, ?, ?, ?, ?, ?)",
        (id, targets, alasan, petugas, time_s, WAITING),
    )


def find_proposal(conn: sqlite3.Connection, id: str) -> Proposal | None:
    """Find one proposal."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM erasure_proposal WHERE id = ?", (id,)).fetchone()
    return None if row is None else _read(row)


def list_proposals(conn: sqlite3.Connection, *, waiting: bool, limit: int = 100) -> list[Proposal]:
    """List the proposals that wait, oldest first, or those that are closed, newest first."""
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM erasure_proposal WHERE (status = ?) = ? ORDER BY -ended_s, time_s, id LIMIT ?",
        (WAITING, int(waiting), limit),
    )
    return [_read(row) for row in rows]


def end_proposal(conn: sqlite3.Connection, id: str, status: str, petugas: str, time_s: int, note: str = "") -> None:
    """Close a proposal."""
    conn.execute(
        "UPDATE erasure_proposal SET status = ?, ended_by = ?, ended_s = ?, note = ? WHERE id = ?",
        (status, petugas, time_s, note, id),
    )


def _read(row: tuple[str, str, str, str, int, str, str, int | None, str]) -> Proposal:
    id, targets, *rest = row
    return Proposal(id, load_targets(targets), *rest)  # type: ignore[arg-type]


class Content(NamedTuple):
    """One change that has its body here; ``is_branch``: in a second history that no log has issued again."""

    ref: str
    header: Header
    body: bytes
    is_branch: bool

    @property
    def digest(self) -> str:
        return sha256(self.body).hexdigest()


_BY_COLUMN = f"""SELECT c.header, c.body, c.leaf FROM change c JOIN log l ON l.no = c.pos >> {SEQ_BITS}
    WHERE l.wilayah = ? AND c.body IS NOT NULL AND c.record = ? ORDER BY c.pos"""
_BY_HEADER = f"""SELECT c.header, c.body, c.leaf FROM log l CROSS JOIN change c
    ON c.pos >= l.no << {SEQ_BITS} AND c.pos < (l.no + 1) << {SEQ_BITS}
    WHERE l.wilayah = ? AND c.body IS NOT NULL AND instr(c.header, CAST(? AS BLOB)) > 0 ORDER BY c.pos"""


def list_contents(conn: sqlite3.Connection, desa: str, record: str, *, is_sure: bool = False) -> list[Content]:
    """List every change of a record that still has its body, in the logs and in second histories, oldest first.

    ``is_sure``: read the signed headers of the whole desa, so that a damaged column or index hides nothing.
    """
    rows = (
        conn.execute(_BY_HEADER, (desa, record)) if is_sure else conn.execute(_BY_COLUMN, (desa, record))
    ).fetchall()
    found = [
        Content(header.ref(leaf), header, body, False)
        for header, (_, body, leaf) in zip(decode_headers([row[0] for row in rows]), rows, strict=True)
        if header.record == record and header.kind not in KEPT_KINDS
    ]
    rows = conn.execute(
        "SELECT c.header, c.body, c.leaf FROM branch_change c JOIN branch b ON b.no = c.branch"
        " JOIN log l ON l.id = b.log WHERE l.wilayah = ? AND c.body IS NOT NULL AND instr(c.header, ?) > 0"
        " ORDER BY b.no, c.seq",
        (desa, record.encode()),
    ).fetchall()
    found += [
        Content(header.ref(leaf), header, body, True)
        for header, (_, body, leaf) in zip(decode_headers([row[0] for row in rows]), rows, strict=True)
        if header.record == record and header.kind not in KEPT_KINDS
    ]
    return sorted(found, key=lambda one: one.header.time_s)


def list_carriers(conn: sqlite3.Connection, desa: str, bodies: Collection[bytes]) -> list[Content]:
    """List the handed back pieces (*cabang*) of a desa that belong to a history which carries one of these bodies.

    All pieces of such a history go together: what nobody has issued again is then handed back anew, without them.
    """
    rows = conn.execute(
        f"SELECT c.header, c.body, c.leaf FROM change c JOIN log l ON l.no = c.pos >> {SEQ_BITS}"
        " WHERE c.record IN (SELECT id FROM cabang WHERE desa = ?) AND c.kind = 'cabang' AND l.wilayah = ?"
        " AND c.body IS NOT NULL ORDER BY c.pos",
        (desa, desa),
    ).fetchall()
    headers = decode_headers([row[0] for row in rows])
    wanted = frozenset(bodies)
    own = [(h, body, leaf, _name_branch(body)) for h, (_, body, leaf) in zip(headers, rows, strict=True)]
    hit = {name for _, body, _, name in own if carries_erased(body, wanted)}
    return [Content(h.ref(leaf), h, body, False) for h, body, leaf, name in own if name in hit]


def _name_branch(body: bytes) -> str:
    return str(json.loads(body[16:]).get("cabang", ""))


class Related(NamedTuple):
    """A record that names a person: what it is, and what an officer should know before it goes."""

    desa: str
    kind: str
    record: str
    label: str
    note: str


def list_related(conn: sqlite3.Connection, desa: str, record: str) -> list[Related]:
    """List what names a person beside the own record: aid, links, cases, the family card."""
    found = [
        Related(desa, "penerima_bantuan", id, f"Penerima bantuan: {nama or 'program'}", periode or "")
        for id, nama, periode in conn.execute(
            "SELECT b.id, p.nama, b.periode FROM penerima_bantuan b LEFT JOIN program_bantuan p ON p.id = b.program"
            " WHERE b.desa = ? AND b.penduduk = ? ORDER BY b.id",
            (desa, record),
        )
    ]
    found += [
        Related(own, "tautan", id, "Tautan orang yang sama", "Alasan tautan ikut terhapus.")
        for own, id in conn.execute(
            "SELECT desa, id FROM tautan WHERE id IN (SELECT id FROM tautan WHERE penduduk = ? OR pasangan = ?)"
            " ORDER BY desa, id",
            (record, record),
        )
    ]
    found += [
        Related(desa, "kasus", id, f"Kasus verval {kode}", "Jawaban, pindaian, dan usulan di kasus ini.")
        for id, kode in conn.execute(
            "SELECT k.id, coalesce(k.kode, '') FROM kasus k WHERE k.desa = ? AND EXISTS"
            " (SELECT 1 FROM json_each(coalesce(k.rekaman, '[]')) WHERE value = ?) ORDER BY k.kode, k.id",
            (desa, record),
        )
    ]
    for id, count in conn.execute(
        "SELECT k.id, (SELECT count(*) FROM penduduk o WHERE o.keluarga = k.id AND o.desa = k.desa AND o.id <> p.id)"
        " FROM penduduk p JOIN keluarga k ON k.id = p.keluarga AND k.desa = p.desa WHERE p.id = ? AND p.desa = ?",
        (record, desa),
    ):
        note = f"Masih dipakai {count} anggota lain: jangan dipilih." if count else "Tidak ada anggota lain."
        found.append(Related(desa, "keluarga", id, "Kartu keluarga", note))
    return found


class Naming(NamedTuple):
    """A record some change of which names a person; without ``is_own`` it only has the number of the person in it."""

    kind: str
    record: str
    is_own: bool


def list_naming(conn: sqlite3.Connection, desa: str, record: str, kinds: Collection[str]) -> list[Naming]:
    """List the records of some kinds that name a resident of a desa, by id or NIK, in whatever they ever said.

    Read from the changes: what a record said before, or one that was deleted since, is stored as well.
    """
    row = conn.execute("SELECT nik FROM penduduk WHERE id = ? AND desa = ?", (record, desa)).fetchone()
    nik = str(row[0] or "") if row else ""
    rows = conn.execute(
        "SELECT c.kind, c.record, max(instr(c.body, ?) > 0) FROM log l CROSS JOIN change c"
        f" ON c.pos >= l.no << {SEQ_BITS} AND c.pos < (l.no + 1) << {SEQ_BITS}"
        " WHERE l.wilayah = ? AND c.kind IN (SELECT value FROM json_each(?)) AND c.body IS NOT NULL"
        " AND (instr(c.body, ?) > 0 OR instr(c.body, ?) > 0) GROUP BY c.kind, c.record ORDER BY c.kind, c.record",
        (record.encode(), desa, json.dumps(sorted(kinds)), record.encode(), (nik or record).encode()),
    )
    return [Naming(kind, id, bool(is_own)) for kind, id, is_own in rows]


def read_title(conn: sqlite3.Connection, kind: Kind, desa: str, record: str) -> str | None:
    """Read what names a record to people; None where it says nothing, or the desa has deleted it."""
    row = conn.execute(f"SELECT {kind.title} FROM {kind.name} WHERE id = ? AND desa = ?", (record, desa)).fetchone()
    return None if row is None or row[0] is None else str(row[0])


def count_parents(conn: sqlite3.Connection, desa: str, record: str) -> int:
    """Count other residents of the desa in whose record the NIK of a person stands as that of father or mother."""
    row = conn.execute(
        "SELECT count(*) FROM penduduk o JOIN penduduk p ON p.id = ? AND p.desa = ? AND p.nik IS NOT NULL"
        " WHERE o.desa = p.desa AND o.id <> p.id AND (o.ayah_nik = p.nik OR o.ibu_nik = p.nik)",
        (record, desa),
    ).fetchone()
    return int(row[0])


class Late(NamedTuple):
    """Contents that came after the whole of a record was erased."""

    desa: str
    kind: str
    record: str
    changes: int


def list_late(conn: sqlite3.Connection) -> list[Late]:
    """List what has come of records that were erased as a whole, and what handed back pieces carry of erased ones.

    What an officer has left as it is does not come again, until there is more of it.
    """
    rows = conn.execute(
        # CROSS: few records are erased, and the planner would rather walk all changes.
        f"""SELECT e.desa, c.kind, c.record, count(*) FROM (
            SELECT DISTINCT p.desa AS desa, r.value AS record
            FROM penghapusan p, json_each(coalesce(p.rekaman, '[]')) r WHERE p.seluruh = 1) e
        CROSS JOIN change c ON c.record = e.record CROSS JOIN log l ON l.no = c.pos >> {SEQ_BITS}
        WHERE l.wilayah = e.desa AND c.body IS NOT NULL AND c.kind NOT IN (SELECT value FROM json_each(?))
        GROUP BY e.desa, c.kind, c.record ORDER BY e.desa, c.kind, c.record""",
        (json.dumps(sorted(KEPT_KINDS)),),
    )
    found = [Late(*row) for row in rows]
    bodies = read_named(conn).bodies
    pieces = conn.execute(
        f"SELECT l.wilayah, c.record, c.body FROM change c JOIN log l ON l.no = c.pos >> {SEQ_BITS}"
        " WHERE c.record IN (SELECT id FROM cabang) AND c.kind = 'cabang' AND c.body IS NOT NULL ORDER BY c.pos"
    )
    found += [Late(desa, "cabang", record, 1) for desa, record, body in pieces if carries_erased(body, bodies)]
    left = dict(conn.execute("SELECT desa || ' ' || record, count FROM erasure_left"))
    return [late for late in found if late.changes > left.get(f"{late.desa} {late.record}", 0)]


def leave_late(conn: sqlite3.Connection, late: Late, petugas: str, time_s: int) -> None:
    """Note that an officer leaves what came later as it is."""
    conn.execute(
        "INSERT OR REPLACE INTO erasure_left (desa, record, count, petugas, time_s) VALUES (?, ?, ?, ?, ?)",
        (late.desa, late.record, late.changes, petugas, time_s),
    )


class Verdict(NamedTuple):
    """One verdict in force, as its row says."""

    id: str
    desa: str
    alasan: str
    petugas: tuple[str, ...]
    rekaman: tuple[str, ...]
    changes: int
    is_whole: bool
    time_s: int


def list_grounds(conn: sqlite3.Connection, late: Late) -> list[Verdict]:
    """List the verdicts of its desa that mean what came later, the newest first.

    Those on the whole of the record; of a handed back piece those that name a body which it carries.
    """
    if late.kind != "cabang":
        return [one for one in list_done(conn, -1, late.record) if one.is_whole and one.desa == late.desa]
    rows = conn.execute("SELECT body FROM change WHERE record = ? AND body IS NOT NULL", (late.record,))
    carried = {digest.hex() for (body,) in rows for digest in list_carried(body)}
    named = dict(conn.execute("SELECT id, coalesce(isi, '[]') FROM penghapusan WHERE desa = ?", (late.desa,)))
    return [
        one for one in list_done(conn, -1)
        if one.desa == late.desa and not carried.isdisjoint(json.loads(named.get(one.id, "[]")))
    ]


def list_done(conn: sqlite3.Connection, limit: int = 100, record: str | None = None) -> list[Verdict]:
    """List the verdicts in force, the newest first; with ``record`` only those on it. A limit of -1 is none."""
    rows = conn.execute(
        "SELECT p.id, p.desa, coalesce(p.alasan, ''), coalesce(p.petugas, '[]'), coalesce(p.rekaman, '[]'),"
        " json_array_length(coalesce(p.perubahan, '[]')), coalesce(p.seluruh, 0),"
        " min(json_extract(c.header, '$[10]'))"
        " FROM penghapusan p JOIN change c ON c.record = p.id"
        " WHERE ? IS NULL OR EXISTS (SELECT 1 FROM json_each(coalesce(p.rekaman, '[]')) WHERE value = ?)"
        " GROUP BY p.id, p.desa ORDER BY p.id DESC LIMIT ?",
        (record, record, limit),
    )
    return [
        Verdict(id, desa, alasan, tuple(json.loads(by)), tuple(json.loads(records)), count, bool(whole), time_s)
        for id, desa, alasan, by, records, count, whole, time_s in rows
    ]

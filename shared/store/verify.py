"""Checks every stored byte against what was signed, and the projections against the logs.

Each finding is one Indonesian sentence that names table, log and place; nothing is repaired here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from hashlib import sha256

from shared.changelog.change import Header, decode_bodies, decode_headers
from shared.changelog.checkpoint import SignatureType, Verifier, open_checkpoint, open_receipt_of
from shared.changelog.genesis import read_genesis
from shared.changelog.tree import HASH_BYTES, TILE_LEAVES, CompactRange, leaf_hash
from shared.errors import DamageError, ProtocolError, SipandeError
from shared.merge.scope import Role
from shared.records.catalogue import Catalogue
from shared.store.changes import SEQ_BITS, Log, find_log, hasher_of, read_changes
from shared.store.connection import Database
from shared.store.erasure import find_erased_bytes
from shared.store.tables import FIXED
from shared.store.telling import listing, reading_any_text
from shared.store.verify_branches import body_digest, verify_branches, verify_events

BATCH = 2000


def verify_logs(
    conn: sqlite3.Connection, cosigners: Sequence[Verifier], own_keys: Collection[bytes] = ()
) -> list[str]:
    """Re-hash every log from its stored bytes; compare columns, tiles, roots, checkpoints and receipts.

    ``cosigners`` are the hub's verifiers for receipts, one for each key that it has had; empty where no hub is
    known yet. ``own_keys`` are the public keys of this installation, under which all that it writes is signed.
    """
    with reading_any_text(conn):
        return _verify(conn, cosigners, own_keys)


def _verify(
    conn: sqlite3.Connection, cosigners: Sequence[Verifier], own_keys: Collection[bytes]
) -> list[str]:
    logs, problems = _read_logs(conn, own_keys)
    known = {row[0] for row in conn.execute("SELECT no FROM log")}
    strays = conn.execute("SELECT pos FROM change ORDER BY pos").fetchall()
    if any(pos >> SEQ_BITS not in known for (pos,) in strays):
        problems.append("Tabel change: ada perubahan yang bukan milik log mana pun.")
    for log in logs:
        problems += listing(
            f"Tabel log, log nomor {log.no}: ada kolom yang rusak; catatan itu tidak dapat diperiksa seluruhnya.",
            _verify_log, conn, log, cosigners,
        )
    for (no,) in conn.execute("SELECT DISTINCT log FROM receipt"):
        if no not in known:
            problems.append("Tabel receipt: ada tanda terima untuk log yang tidak ada.")
    problems += listing(
        "Tabel branch: ada kolom yang rusak; riwayat kedua tidak dapat diperiksa.", verify_branches, conn
    )
    problems += verify_events(conn)
    problems += listing(
        "Tabel penghapusan: ada putusan yang tidak dapat dibaca. Susun ulang tabel dengan perintah rebuild.",
        find_erased_bytes, conn,
    )
    sizes = {log.no: log.size for log in logs}
    unread = known - sizes.keys()
    for (pos,) in conn.execute("SELECT pos FROM tile").fetchall():
        no, number = pos >> SEQ_BITS, pos & (1 << SEQ_BITS) - 1
        if no not in unread and number >= sizes.get(no, 0) // TILE_LEAVES:
            problems.append(f"Tabel tile, log nomor {no}, petak {number}: petak di luar log.")
    return problems


def _read_logs(conn: sqlite3.Connection, own_keys: Collection[bytes]) -> tuple[list[Log], list[str]]:
    """Read the rows of ``log`` one by one, so that a broken one does not hide what else is broken."""
    logs: list[Log] = []
    problems: list[str] = []
    roles = {role.value for role in Role}
    rows = conn.execute("SELECT no, id, peran, kunci, own, closed, closed_again FROM log ORDER BY no").fetchall()
    for no, id, peran, kunci, own, closed, again in rows:
        if not 0 < no < 1 << 63 - SEQ_BITS:
            problems.append(f"Tabel log, log nomor {no}: kolom no rusak; log tidak dapat diperiksa.")
            continue
        if own not in (0, 1) or (own_keys and bool(own) != (kunci in own_keys)):
            problems.append(f"Tabel log, log nomor {no}: kolom own rusak.")
        if closed not in (0, 1) or closed != again:
            problems.append(f"Tabel log, log nomor {no}: kolom closed rusak.")
        try:
            log = find_log(conn, id)
        except (DamageError, ProtocolError, ValueError, AssertionError):
            column = "size atau tree" if peran in roles else "peran"
            problems.append(f"Tabel log, log nomor {no}: kolom {column} rusak; log tidak dapat diperiksa.")
        else:
            if log is None:
                problems.append(f"Tabel log, log nomor {no}: kolom id rusak; log tidak dapat diperiksa.")
            logs += [] if log is None else [log]
    return logs, problems


def _verify_log(conn: sqlite3.Connection, log: Log, cosigners: Sequence[Verifier]) -> list[str]:
    problems: list[str] = []
    place = f"log nomor {log.no}"
    tree = CompactRange()
    expected_tiles: dict[int, bytes] = {}
    count = 0
    for rows in _batches(conn, log):
        count += len(rows)
        problems += _verify_rows(log, rows, place)
        leaves = [leaf_hash(row[3], body_digest(row[4], row[5])) for row in rows]
        expected_tiles.update((tile.number, tile.hash) for tile in tree.extend(leaves))
    if count != log.size:
        problems.append(f"Tabel log, {place}: tercatat {log.size} perubahan, tersimpan {count}.")
    elif tree.root() != log.root():
        problems.append(f"Tabel log, {place}: akar pohon (tree) tidak cocok dengan perubahan yang tersimpan.")
    stored_tiles = dict(conn.execute(
        "SELECT pos & ?, hash FROM tile WHERE pos >= ? AND pos < ?",
        ((1 << SEQ_BITS) - 1, log.base, log.base + (1 << SEQ_BITS)),
    ).fetchall())
    for number in sorted(expected_tiles.keys() | stored_tiles.keys()):
        if expected_tiles.get(number) != stored_tiles.get(number):
            problems.append(f"Tabel tile, {place}, petak {number}: hash tidak cocok.")
    problems += _verify_genesis(conn, log, place)
    problems += _verify_notes(conn, log, cosigners, place)
    return problems


Row = tuple[int, str, str, bytes, bytes | None, bytes | None, bytes]


def _batches(conn: sqlite3.Connection, log: Log) -> Iterator[list[Row]]:
    cursor = conn.execute(
        "SELECT pos, kind, record, header, body, digest, leaf FROM change WHERE pos >= ? AND pos < ? ORDER BY pos",
        (log.base, log.base + (1 << SEQ_BITS)),
    )
    while rows := cursor.fetchmany(BATCH):
        yield rows


def _verify_rows(log: Log, rows: list[Row], place: str) -> Iterator[str]:
    headers = _decode_each([row[3] for row in rows])
    for (pos, kind, record, header_bytes, body, digest, leaf), header in zip(rows, headers, strict=True):
        at = f"Tabel change, {place}, urutan {pos & (1 << SEQ_BITS) - 1}"
        if header is None:
            yield f"{at}: kolom header rusak."
            continue
        if header.log != log.id or header.seq != pos & (1 << SEQ_BITS) - 1:
            yield f"{at}: kolom pos tidak cocok dengan header."
        if header.kind != kind:
            yield f"{at}: kolom kind tidak cocok dengan header."
        if header.record != record:
            yield f"{at}: kolom record tidak cocok dengan header."
        if body is not None and digest is not None:
            yield f"{at}: kolom digest terisi padahal isi masih ada."
        if body is None and (digest is None or len(digest) != 32):
            yield f"{at}: kolom digest rusak."
            continue
        if leaf_hash(header_bytes, body_digest(body, digest)) != leaf:
            yield f"{at}: kolom header, body, digest atau leaf rusak; hash tidak cocok."
        elif body is not None:
            try:
                decode_bodies([body])
            except ProtocolError:
                yield f"{at}: kolom body tidak dapat dibaca."


def _decode_each(parts: list[bytes]) -> list[Header | None]:
    try:
        return list(decode_headers(parts))
    except ProtocolError:
        return [_decode_one(part) for part in parts]


def _decode_one(part: bytes) -> Header | None:
    try:
        return decode_headers([part])[0]
    except ProtocolError:
        return None


def _verify_genesis(conn: sqlite3.Connection, log: Log, place: str) -> list[str]:
    first = read_changes(conn, log, 0, 1)
    if not first:
        return []
    try:
        genesis = read_genesis(first[0])
    except ProtocolError:
        return [f"Tabel change, {place}: perubahan pertama bukan pembuka log."]
    pairs = (
        ("id", genesis.id, log.id), ("origin", genesis.origin, log.origin), ("wilayah", genesis.wilayah, log.wilayah),
        ("peran", genesis.peran, log.peran), ("kunci", genesis.kunci, log.kunci),
    )
    return [f"Tabel log, {place}: kolom {name} tidak cocok dengan pembuka log." for name, a, b in pairs if a != b]


def _verify_notes(conn: sqlite3.Connection, log: Log, cosigners: Sequence[Verifier], place: str) -> list[str]:
    problems: list[str] = []
    if any(len(part) != HASH_BYTES for part in log.proof):
        return [f"Tabel log, {place}: kolom proof rusak."]
    try:
        hasher = hasher_of(conn, log)
    except SipandeError:
        return [f"Tabel log, {place}: kolom checkpoint, size atau proof rusak."]
    if log.proof and log.checkpoint is None:
        problems.append(f"Tabel log, {place}: kolom proof terisi padahal checkpoint tidak ada.")
    if log.checkpoint is not None:
        try:
            checkpoint = open_checkpoint(log.checkpoint, Verifier(log.origin, log.kunci))
            if hasher(0, checkpoint.size) != checkpoint.root:
                problems.append(f"Tabel log, {place}: checkpoint atau proof bukan untuk perubahan yang tersimpan.")
        except SipandeError:
            problems.append(f"Tabel log, {place}: kolom checkpoint rusak atau tanda tangannya salah.")
    for size, time_s, note in conn.execute("SELECT size, time_s, note FROM receipt WHERE log = ?", (log.no,)):
        at = f"Tabel receipt, {place}, ukuran {size}"
        if not cosigners:
            continue
        try:
            checkpoint, signed_s = open_receipt_of(note, cosigners)
            if (checkpoint.origin, checkpoint.size, signed_s) != (log.origin, size, time_s):
                problems.append(f"{at}: kolom size atau time_s tidak cocok dengan tanda terima.")
            elif size > log.size or hasher(0, size) != checkpoint.root:
                problems.append(f"{at}: tanda terima bukan untuk perubahan yang tersimpan.")
        except SipandeError:
            problems.append(f"{at}: kolom note rusak atau tanda tangannya salah.")
    return problems


def hub_cosigners(wilayah: str, *publics: bytes) -> tuple[Verifier, ...]:
    """Name the verifiers of a hub's receipts, one for each of its keys."""
    return tuple(Verifier(f"sipande/{wilayah}/hub", public, SignatureType.COSIGNATURE_V1) for public in publics)


def digest_projections(conn: sqlite3.Connection, tables: tuple[str, ...]) -> dict[str, str]:
    """Digest every projection table, rows sorted; equal digests mean identical rows."""
    digests = {}
    for table in tables:
        rows = sorted(repr(row) for row in conn.execute(f"SELECT * FROM {table}"))
        digests[table] = sha256("\n".join(rows).encode()).hexdigest()
    return digests


def projection_tables(catalogue: Catalogue) -> tuple[str, ...]:
    """Name the projection tables of the shared core."""
    return (*FIXED, *(kind.name for kind in catalogue))


class _Undo(Exception):
    """Leaves the transaction of a trial rebuild."""


def compare_with_rebuild(database: Database, tables: tuple[str, ...], rebuild: Callable[[], object]) -> list[str]:
    """Rebuild inside a transaction that is rolled back; name the tables whose rows differ from before."""
    differing: list[str] = []
    try:
        with database.write() as conn:
            with reading_any_text(conn):
                before = digest_projections(conn, tables)
            rebuild()
            after = digest_projections(conn, tables)
            differing = [table for table in tables if before[table] != after[table]]
            raise _Undo
    except _Undo:
        pass
    return differing

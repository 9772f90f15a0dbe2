"""What changed since a cursor, which remembers how long every log was and under which law rows were made.

A record is handed over again when one of its changes lies behind the cursor; its row cannot differ
otherwise, because rows are a fold of their own changes under the verdicts. Where the verdicts, the kinds or
the masking differ from the cursor's, everything is handed over.
"""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from hub.ekspor import queries
from hub.ekspor.mask import make_shaper, sign_rules
from hub.ekspor.queries import Stretch
from hub.kabupaten.manifest import is_cursor
from shared.changelog.tree import consistency_proof
from shared.errors import UserError
from shared.records.catalogue import Catalogue
from shared.records.kind import Kind
from shared.store.changes import SEQ_BITS, SEQ_MASK, Log, hasher_of, list_logs
from shared.store.migrations import read_setting
from shared.store.verdicts import load_verdicts

EXPORTED = ("desa", "dusun", "keluarga", "penduduk", "program_bantuan", "penerima_bantuan", "tautan")
_VERSION = 1
_LOG_CHARACTERS = 12
"""Of a log's id stand in the cursor; it has to fit into the first line of a request with a hundred logs."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode


@dataclass(frozen=True)
class Cursor:
    """``basis`` digests verdicts, kinds and masking; ``sizes`` maps the beginning of a log id to a size."""

    basis: str
    sizes: Mapping[str, int]

    def encode(self) -> str:
        """Write the cursor as the opaque text that readers keep."""
        text = _encode({"d": self.basis, "l": dict(self.sizes), "v": _VERSION})
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@dataclass(frozen=True)
class Delta:
    """What is to be handed over; ``stretches`` are empty where all of it is (``is_full``)."""

    cursor_from: str
    cursor_to: str
    is_full: bool
    stretches: tuple[Stretch, ...]
    logs: tuple[Log, ...]
    proofs: Mapping[str, tuple[bytes, ...]]
    """By origin: that a log at the cursor's size is the beginning of the log now (RFC 6962)."""


def parse_cursor(text: str) -> Cursor:
    """Read a cursor; UserError when it is none that a hub could have made."""
    refused = UserError(
        "Penanda (sejak) tidak dapat dibaca. Tarik ulang dari awal tanpa penanda.", "penanda_salah"
    )
    if not is_cursor(text):
        raise refused
    try:
        members = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise refused from None
    if not isinstance(members, dict) or set(members) != {"d", "l", "v"} or members["v"] != _VERSION:
        raise refused
    basis, sizes = members["d"], members["l"]
    if not isinstance(basis, str) or not isinstance(sizes, dict):
        raise refused
    if any(type(size) is not int or not 0 <= size <= SEQ_MASK for size in sizes.values()):
        raise refused
    return Cursor(basis, sizes)


def plan_delta(conn: sqlite3.Connection, catalogue: Catalogue, sejak: str, *, identified: bool) -> Delta:
    """Compare a cursor (empty: none) with the logs as they stand; UserError when it cannot be read."""
    before = parse_cursor(sejak) if sejak else Cursor("", {})
    logs = tuple(list_logs(conn))
    now = Cursor(
        compute_basis(conn, catalogue, identified=identified),
        {log.id[:_LOG_CHARACTERS]: log.size for log in logs},
    )
    known = all(size <= now.sizes.get(id, -1) for id, size in before.sizes.items())
    is_full = before.basis != now.basis or not known
    stretches = () if is_full else tuple(_find_stretches(logs, before.sizes))
    return Delta(sejak, now.encode(), is_full, stretches, logs, _prove_growth(conn, logs, before.sizes))


def _find_stretches(logs: tuple[Log, ...], sizes: Mapping[str, int]) -> Iterator[Stretch]:
    for log in logs:
        start = sizes.get(log.id[:_LOG_CHARACTERS], 0)
        if start < log.size:
            yield Stretch(log.base + start, log.base + log.size, log.wilayah)


def _prove_growth(
    conn: sqlite3.Connection, logs: tuple[Log, ...], sizes: Mapping[str, int]
) -> dict[str, tuple[bytes, ...]]:
    proofs: dict[str, tuple[bytes, ...]] = {}
    for log in logs:
        size = sizes.get(log.id[:_LOG_CHARACTERS], 0)
        if 0 < size < log.size:
            proofs[log.origin] = tuple(consistency_proof(size, log.size, hasher_of(conn, log)))
    return proofs


def compute_basis(conn: sqlite3.Connection, catalogue: Catalogue, *, identified: bool) -> str:
    """Digest what rows depend on beside their own changes: verdicts in force, kinds, what is hidden how."""
    verdicts = load_verdicts(conn)
    ids = queries.list_log_ids(conn)

    def name(pos: int) -> str:
        return f"{ids[pos >> SEQ_BITS]}:{pos & SEQ_MASK}"

    text = _encode(
        {
            "cutoffs": {ids[no]: seq for no, seq in verdicts.cutoffs.items()},
            "adopted": sorted(map(name, verdicts.adopted)),
            "erased": sorted(map(name, verdicts.erased)),
            "bodies": sorted(digest.hex() for digest in verdicts.erased_bodies),
            "kinds": read_setting(conn, "catalogue") or "",
            "hidden": "" if identified else sign_rules(catalogue, EXPORTED),
        }
    )
    return sha256(text.encode()).hexdigest()[:32]


def each_line(
    conn: sqlite3.Connection, catalogue: Catalogue, delta: Delta, counts: Counter[tuple[str, str]], *, identified: bool
) -> Iterator[bytes]:
    """Write the lines of a delta, newline included, by kind (catalogue order), desa, id; count them by (desa, kind)."""
    for kind in catalogue:
        if kind.name in EXPORTED:
            read = _each_full if delta.is_full else _each_changed
            for desa, id, member in read(conn, kind, delta, identified):
                counts[desa, kind.name] += 1
                yield _encode({"kind": kind.name, "desa": desa, "id": id, **member}).encode() + b"\n"


_Line = tuple[str, str, dict[str, object]]


def _each_full(conn: sqlite3.Connection, kind: Kind, delta: Delta, identified: bool) -> Iterator[_Line]:
    shaper = make_shaper(kind, identified=identified)
    for row in queries.each_row(conn, kind):
        yield row[1], row[0], {"data": shaper.shape(row)}


def _each_changed(conn: sqlite3.Connection, kind: Kind, delta: Delta, identified: bool) -> Iterator[_Line]:
    shaper = make_shaper(kind, identified=identified)
    if not delta.stretches:
        return
    for desa, id, *row in queries.each_touched(conn, kind, delta.stretches):
        yield desa, id, {"hapus": True} if row[0] is None else {"data": shaper.shape(row)}

"""I5, judged from the bytes and the hub's own words alone, not by the code that the product judges with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from sqlite3 import Connection

from shared.changelog.change import Op, decode_headers
from shared.records.catalogue import Catalogue
from shared.records.fields import Writer
from shared.store.changes import SEQ_BITS, SEQ_MASK
from shared.store.verdicts import VERDICT_KINDS


def find_effects(conn: Connection, catalogue: Catalogue) -> Iterator[str]:
    """Name what has effect although its key is revoked, or although a village may not write it."""
    held = {row[0] for row in conn.execute("SELECT pos FROM held")}
    cutoffs, adopted = _read_cutoffs(conn), read_adopted(conn)
    rows = conn.execute(
        "SELECT c.pos, c.header, c.leaf, l.id, l.kunci, l.peran FROM change c JOIN log l ON l.no = c.pos >> ?"
        " WHERE c.kind <> 'log'",
        (SEQ_BITS,),
    ).fetchall()
    for (pos, _, leaf, log, kunci, peran), header in zip(rows, decode_headers([r[1] for r in rows]), strict=True):
        if pos in held:
            continue
        kind = catalogue.kinds.get(header.kind)
        is_foreign = peran == "desa" and (
            header.op == Op.DECIDE or (kind is not None and kind.writer is Writer.HUB and header.op != Op.UPDATE)
        )
        if is_foreign:
            yield f"a village has written a {header.kind} as if it were the hub"
        cutoff = cutoffs.get(kunci.hex(), {}).get(log, 0) if kunci.hex() in cutoffs else SEQ_MASK
        if pos & SEQ_MASK >= cutoff and header.kind not in VERDICT_KINDS and header.ref(leaf) not in adopted:
            yield "a change beyond the cut-off of its key has effect"


def _read_cutoffs(conn: Connection) -> dict[str, dict[str, int]]:
    """Read per key where each of its logs ends; a log that is not named ends at 0."""
    found: dict[str, dict[str, int]] = {}
    for kunci, batas in conn.execute("SELECT kunci, batas FROM simpul WHERE status IN ('dicabut', 'ditangguhkan')"):
        logs = found.setdefault(kunci, {})
        for item in json.loads(batas or "[]"):
            log, _, size = item.rpartition(":")
            logs[log] = min(logs.get(log, SEQ_MASK), int(size))
    return found


def list_suspended(conn: Connection) -> list[tuple[str, str]]:
    """List one record (id, key) of each key that is suspended and not revoked: all its records are lifted at once."""
    return conn.execute(
        "SELECT min(id) AS first, kunci FROM simpul GROUP BY kunci"
        " HAVING max(status = 'ditangguhkan') AND NOT max(status = 'dicabut') ORDER BY first"
    ).fetchall()


def read_adopted(conn: Connection) -> set[str]:
    """Read the references of what officers have let out of quarantine."""
    return {ref for (text,) in conn.execute("SELECT perubahan FROM adopsi") for ref in json.loads(text or "[]")}

"""What became of second histories and of bodies, judged from the bytes that each side keeps.

Nobody may lose what stands behind a fork: whoever has the key issues it again, under the names of its new places.
A body may be gone for one reason only, that officers have erased it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from sqlite3 import Connection

from shared.changelog.change import SALT_BYTES, Sealed, decode_headers
from shared.changelog.genesis import read_genesis
from shared.changelog.tree import leaf_hash
from shared.merge.scope import GENESIS_KIND
from shared.store.branch import Branch, list_branches, read_branch
from shared.store.changes import SEQ_BITS, SEQ_MASK, list_logs, read_changes
from shared.store.erasure import count_erased
from simulation.world import World

SAME = ("kind", "kind_version", "record", "op", "groups", "author", "time_s")
"""Of a header, what issuing again leaves as it was."""


def find_misissued(conn: Connection) -> Iterator[str]:
    """Name what was issued again otherwise than section 6.5 says; asked where the branch itself is kept."""
    branches = {branch.ref: branch for branch in list_branches(conn)}
    if not branches:
        return
    for log in list_logs(conn):
        first = read_changes(conn, log, 0, 1)
        branch = branches.get(read_genesis(first[0]).cabang) if first else None
        if branch is not None:
            olds = [change for change in read_branch(conn, branch) if _kind_of(change) != GENESIS_KIND]
            yield from _compare(log.no, olds, read_changes(conn, log, 1, 1 + len(olds)))


def _kind_of(change: Sealed) -> str:
    return decode_headers([change.header])[0].kind


def _compare(log: int, olds: list[Sealed], news: list[Sealed]) -> Iterator[str]:
    places: dict[str, str] = {}
    for old, new in zip(olds, news, strict=False):
        before, after = decode_headers([old.header, new.header])
        if any(getattr(before, name) != getattr(after, name) for name in SAME) or _salt(old) != _salt(new):
            return  # the branch has grown since: what came later is asked for by find_lost
        where = f"change {after.seq} of log {log}, issued again,"
        if sorted({places.get(parent, parent) for parent in before.parents}) != list(after.parents):
            yield f"{where} does not name the new places of what it builds on"
        if old.body is not None and new.body is not None and _translate(old.body, places) != _translate(new.body, {}):
            yield f"{where} says something else"
        places[before.ref(leaf_hash(old.header, old.digest()))] = after.ref(leaf_hash(new.header, new.digest()))


def _salt(change: Sealed) -> bytes:
    return b"" if change.body is None else change.body[:SALT_BYTES]


def _translate(body: bytes, places: dict[str, str]) -> object:
    """Read what a body says, with other references in it; as JSON text, for a reference stands nowhere by chance."""
    text = body[SALT_BYTES:].decode()
    for old, new in places.items():
        text = text.replace(json.dumps(old), json.dumps(new))
    return json.loads(text)


def find_lost(world: World) -> Iterator[str]:
    """Name the branches of which something stands in no log, although a computer that is left has the key."""
    with world.hub.services.database.read() as conn:
        salts = {row[0] for row in conn.execute(f"SELECT substr(body, 1, {SALT_BYTES}) FROM change WHERE body NOTNULL")}
    for machine in world.machines:
        with machine.services.database.read() as conn:
            keys = {log.id: log.kunci for log in list_logs(conn)}
            for branch in list_branches(conn):
                if branch.log in keys and _is_held(world, keys[branch.log]):
                    lost = _count_lost(conn, branch, salts)
                    if lost:
                        yield f"{machine.name}: {lost} changes of a branch were never issued again"


def _is_held(world: World, kunci: bytes) -> bool:
    return any(machine.services.keys.find_signing(kunci) is not None for machine in world.machines)


def _count_lost(conn: Connection, branch: Branch, salts: set[bytes]) -> int:
    changes = [change for change in read_branch(conn, branch) if change.body is not None]
    return sum(_salt(change) not in salts and _kind_of(change) != GENESIS_KIND for change in changes)


def note_erased(world: World) -> None:
    """Remember every body that the hub has ever erased: a hub that is put back may forget the verdict."""
    with world.hub.services.database.read() as conn:
        for (digests,) in conn.execute("SELECT isi FROM penghapusan"):
            world.erased.update(bytes.fromhex(digest) for digest in json.loads(digests or "[]"))


def find_stripped(conn: Connection, world: World) -> Iterator[str]:
    """Name the changes whose body is gone although nobody has erased it, and say where the verdict is not here."""
    for pos, digest in conn.execute("SELECT pos, digest FROM change WHERE body IS NULL"):
        if digest not in world.erased:
            yield f"change {pos & SEQ_MASK} of log {pos >> SEQ_BITS} has lost its body, and nobody has erased it"
    if unexplained := count_erased(conn).unexplained:
        yield f"{unexplained} bodies are gone without the verdict that erased them"

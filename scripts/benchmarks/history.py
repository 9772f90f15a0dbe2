"""Years of a village at two computers and its kecamatan, for whoever must get all of it back."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from benchmarks.drain import queue_offline_work
from benchmarks.villages import CHUNK, DESA
from hub.change import write_common, write_to_desa
from node.change import write_drafts
from node.commands import system_author
from node.services import NodeServices
from shared.store.blobs import store_of
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state
from tests.support.federation import Federation, make_officer
from tests.support.slow_link import VirtualClock

PHOTO_BYTES = 40_000


@dataclass(frozen=True)
class Past:
    """How much there is: ``penduduk`` residents with photos of some, and how often each was written on."""

    penduduk: int = 5_000
    changes: int = 40_000
    photos: int = 200


def make_past(folder: Path, past: Past) -> Federation:
    """Make a kecamatan whose village has a past: most of it written at one PC, some at a second, some at the hub."""
    federation = Federation(folder, clock=VirtualClock())
    first, second = federation.add_node("kantor"), federation.add_node("pelayanan")
    queue_offline_work(first, int(past.changes * 0.8), past.penduduk)
    _take_photos(first, past.photos)
    federation.sync_all()
    _edit_again(second, int(past.changes * 0.2))
    _inject(federation, max(1, past.changes // 100))
    while any(not is_same(federation, node) for node in (first, second)):
        federation.clock.now += 60
    return federation


def is_same(federation: Federation, node: NodeServices) -> bool:
    """Sync a node; tell whether there was nothing left to say, and the tables are equal."""
    report = federation.sync(node)
    return not report.sent and not report.received and report.parity == "sama"


def _take_photos(node: NodeServices, count: int) -> None:
    dice, kind = random.Random("foto"), node.catalogue["penduduk"]
    with node.database.write() as conn:
        ids = [row[0] for row in conn.execute("SELECT id FROM penduduk ORDER BY id LIMIT ?", (count,))]
        for id in ids:
            digest = store_of(node).add(node.wilayah, b"\xff\xd8\xff" + dice.randbytes(PHOTO_BYTES))
            state = load_state(conn, node.catalogue, kind, DESA, id)
            draft = draft_update(kind, state, id, {"foto": digest})
            write_drafts(node, [draft] if draft else [], author=system_author(node))


def _edit_again(node: NodeServices, count: int) -> None:
    kind = node.catalogue["penduduk"]
    with node.database.write() as conn:
        ids = [row[0] for row in conn.execute("SELECT id FROM penduduk ORDER BY id DESC LIMIT ?", (count,))]
        drafts = [
            draft_update(kind, load_state(conn, node.catalogue, kind, DESA, id), id, {"pekerjaan": 5 + at % 70})
            for at, id in enumerate(ids)
        ]
        for start in range(0, len(drafts), CHUNK):
            part = [draft for draft in drafts[start : start + CHUNK] if draft]
            write_drafts(node, part, author=system_author(node))


def _inject(federation: Federation, count: int) -> None:
    """Let the kecamatan publish programmes and fill what the village has left empty."""
    hub = federation.hub
    officer, kind = make_officer(hub, "SRI"), hub.catalogue["penduduk"]
    programs = [draft_create(hub.catalogue["program_bantuan"], hub.new_id(), {"nama": f"BLT {n}"}) for n in range(20)]
    write_common(hub, programs, author=officer)
    with hub.database.write() as conn:
        ids = [row[0] for row in conn.execute("SELECT id FROM penduduk ORDER BY id LIMIT ?", (count,))]
        drafts = [
            draft_update(kind, load_state(conn, hub.catalogue, kind, DESA, id), id, {"suku": "Jawa"}) for id in ids
        ]
        write_to_desa(hub, DESA, [draft for draft in drafts if draft], author=officer)

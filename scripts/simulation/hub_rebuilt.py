"""The long run of a hub that burned: a new one under the recovery key gets all back from the nodes.

What no node had is lost; the kabupaten, who cosigned it, can prove how much that is.
"""

from __future__ import annotations

import shutil
from ast import literal_eval
from collections import Counter
from collections.abc import Mapping

from benchmarks.villages import draft_village
from hub.commands import make_hub
from hub.ekspor.manifest import export_vkey
from hub.ekspor.tokens import make_reader
from hub.kabupaten.lake import Lake
from hub.kabupaten.transport import Reply
from hub.kabupaten.witness import WitnessBook, open_witness, verifier_of, witness_hub
from hub.pemulihan.keys import read_sheet, take_the_place
from hub.verval.cases import GONE, PASSING
from node.change import write_drafts
from shared.records.catalogue import CATALOGUE
from shared.store.attachments import list_named
from shared.store.blobs import store_of
from shared.store.changes import list_logs
from shared.store.drafts import draft_update
from shared.store.records import load_state
from simulation.actions import publish_program
from simulation.claims import require
from simulation.hub_restored import check_told
from simulation.invariants import view_desa
from simulation.machines import NodeMachine, watch
from simulation.office_rig import DAY_S, Rig, play_rig
from simulation.ports import make_dice
from simulation.world import DESA, World
from tests.support.export_hub import make_app
from tests.support.federation import HUB, make_sync_app

PENDUDUK, PHOTOS, STEPS = 120, 3, 80
ADDRESS = "https://hub.uji"
NEW_ROWS = ("kunci_hub", "petugas")
"""The new hub adds its key and its own officer; of all else there is what there was, but for passing cases."""

KASUS_COLUMNS = ("id", "desa", *CATALOGUE["kasus"].fields, "konflik")

Shown = dict[str, dict[str, set[str]]]


def play(seed: int) -> Counter[str]:
    """Play one seed of the long run ``hub-rebuilt``; RoundFailed when anything is missing that a node had."""
    return play_rig(seed, 1, play_chapter)


def play_chapter(rig: Rig) -> None:
    """Three villages with a past; the hub burns with words that only the kabupaten has seen; then all go on."""
    fill(rig)
    for _ in range(STEPS // 10):
        rig.work(10)
        rig.contact(rig.dice.choice(rig.world.nodes))
    rig.heal()
    sync_photos(rig)
    before, sheet = show(rig.world), print_sheet(rig)
    only_here = rig.dice.randrange(1, 5)
    for _ in range(only_here):
        publish_program(rig.world)
    book = witness(rig)
    burn_and_rebuild(rig, sheet)
    rig.heal()
    check_same(before, show(rig.world))
    require(count_missing(rig, book) == only_here, "the kabupaten cannot prove what is missing")
    sync_photos(rig)
    rig.must_tell = True
    check_told(rig)
    rig.work(STEPS // 4)
    rig.heal()
    rig.counts.update(rebuilds=1, residents=PENDUDUK * len(DESA), proven_missing=only_here)


def fill(rig: Rig) -> None:
    """Give each desa a computer, families and photos."""
    for at, desa in enumerate(DESA):
        node = next((node for node in rig.world.nodes if node.desa == desa), None)
        node = node or rig.add_node(desa, f"kantor{at}")
        write_drafts(node.services, draft_village(node.services, desa, PENDUDUK, rig.seed + at), author=node.author)
        take_photos(rig, node)
        rig.sync(node)
    rig.by_stick.clear()
    rig.note_promises()


def take_photos(rig: Rig, node: NodeMachine) -> None:
    """Put photos to a few residents."""
    side, kind = node.services, node.services.catalogue["penduduk"]
    with side.database.write() as conn:
        rows = conn.execute("SELECT id FROM penduduk WHERE desa = ? ORDER BY id LIMIT ?", (node.desa, PHOTOS))
        for (id,) in rows.fetchall():
            digest = store_of(side).add(node.desa, b"\xff\xd8\xff" + rig.dice.randbytes(20_000))
            draft = draft_update(kind, load_state(conn, side.catalogue, kind, node.desa, id), id, {"foto": digest})
            write_drafts(side, [draft] if draft else [], author=node.author)


def sync_photos(rig: Rig) -> None:
    """Let a day pass, after which every node asks for photos; check that the hub has all that are named."""
    rig.world.time.passed_s += DAY_S + 1
    for node in rig.world.nodes:
        rig.sync(node)
    hub = rig.world.hub.services
    for desa in DESA:
        with hub.database.read() as conn:
            named = list_named(conn, hub.catalogue, desa)
        require(not store_of(hub).find_missing(desa, named), f"hub: photos of {desa} are missing")
        rig.counts["photos"] += len(named)


def print_sheet(rig: Rig) -> tuple[str, str]:
    """Give what the sheet in the envelope says."""
    hub = rig.world.hub
    return hub.recovery, hub.services.keys.signing.public.hex()


def burn_and_rebuild(rig: Rig, sheet: tuple[str, str]) -> None:
    """Lose the hub's disk with its keys, and let a new hub take its place."""
    hub = rig.world.hub
    hub.services.close()
    shutil.rmtree(hub.folder)
    hub.random = rig.fresh_random().randbytes
    hub.services, _ = make_hub(hub.folder, HUB, hub.clock, hub.random)
    take_the_place(hub.services, read_sheet(*sheet))
    watch(hub, hub.services)
    hub.client = make_sync_app(hub.services).test_client()
    rig.world.note_hub_key()
    rig.carried = []
    rig.counts["lost"] += rig.forget_lost()
    rig.tell("hub burned")


def show(world: World) -> Shown:
    """Say what the hub shows of each desa: table → rows."""
    with world.hub.services.database.read() as conn:
        return {desa: {name: set(map(repr, rows)) for name, rows in view_desa(conn, desa)} for desa in DESA}


def check_same(before: Shown, after: Shown) -> None:
    """Check that the new hub shows what the old one showed."""
    for desa, tables in before.items():
        for name, rows in tables.items():
            now = after[desa][name]
            if name == "kasus":
                rows, now = set(map(forget_gone, rows)), set(map(forget_gone, now))
            lost, new = rows - now, now - rows
            require(not lost, f"{desa}: {len(lost)} rows of {name} are not what they were")
            if name == "kasus":
                new = {row for row in new if not is_passing(row)}
            require(not new or name in NEW_ROWS, f"{desa}: {len(new)} rows of {name} are new")


def is_passing(row: str) -> bool:
    """Tell whether a case between desa stood while a third had not called, and was closed with no word of a person."""
    *_, others, status, reason, note = (values := literal_eval(row))[:11]
    return others is not None and (status, reason, note) == ("selesai", None, GONE) and not any(values[11:])


def forget_gone(row: str) -> str:
    """Leave out what was proposed in a case whose finding is gone.

    While a desa had not called its finding may have come back; then nothing of the first time counts (verval.cases).
    """
    values = dict(zip(KASUS_COLUMNS, literal_eval(row), strict=True))
    if (values["status"], values["alasan"], values["catatan"]) == ("selesai", None, GONE):
        values |= dict.fromkeys(PASSING)
    return repr(tuple(values.values()))


class Wire:
    """Carries the kabupaten's exchange to the hub."""

    def __init__(self, world: World) -> None:
        self.world = world

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        client = make_app(self.world.hub.services).test_client()
        answer = client.post(url.removeprefix(ADDRESS), headers=dict(headers), data=body, base_url=ADDRESS)
        return Reply(answer.status_code, answer.data)


def witness(rig: Rig) -> WitnessBook:
    """Let the kabupaten cosign what the hub has said so far."""
    lake, hub = Lake(rig.folder / "danau"), rig.world.hub.services
    with lake.held():
        entry = lake.add_hub(ADDRESS, export_vkey(hub), make_reader(hub, "bappeda"))
        signer = open_witness(lake, make_dice(rig.seed, "saksi").randbytes)
        witness_hub(lake, entry, signer, Wire(rig.world), rig.world.hub.clock)
        return WitnessBook.load(lake, entry, verifier_of(signer))


def count_missing(rig: Rig, book: WitnessBook) -> int:
    """Count the changes that the kabupaten has cosigned and the hub does not hold."""
    with rig.world.hub.services.database.read() as conn:
        held = {log.origin: log.size for log in list_logs(conn)}
    return sum(max(0, noted.checkpoint.size - held.get(origin, 0)) for origin, noted in book.logs.items())

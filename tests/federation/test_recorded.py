"""What programs before this one have left behind opens for ever: folders, sticks, backups, exports."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from hub.ingest.accept import Sender, accept_run
from hub.kabupaten.keys import follow_keys
from hub.kabupaten.lake import Lake
from hub.kabupaten.pull import pull_hub
from hub.services import HubServices, open_hub
from hub.simpul.enrol import confirm_candidate, open_slot
from hub.usb.folder import take_path
from node.beranda.kantor import read_office
from node.commands import finish_session, make_node, refresh_parity, run_verify
from node.pulihkan.restore import restore_node
from node.services import NodeServices, open_node
from node.sinkron.enrol import enrol
from node.sinkron.handover import InlineExecutor
from node.sinkron.session import Outcome, Report, Session
from node.usb.folder import read_path
from shared.changelog.run import split_runs
from shared.commands import check_side
from shared.records.catalogue import CATALOGUE
from shared.records.kantor import name_office
from shared.store.folder import DataFolder
from shared.store.outbox import Outbox
from shared.store.verify import compare_with_rebuild, projection_tables
from tests.hub_app.test_kabupaten import WsgiTransport as ExportTransport
from tests.hub_app.test_kabupaten import count_current
from tests.support import federation as fed
from tests.support.export_hub import make_app
from tests.support.federation import ADDRESS, DESA, TestClock, make_sync_app, seeded
from tests.support.office import create, live, update, value
from tests.support.recording import RECORDED, SUMS, figures_of, sums_of, unpack

BESIDE = ("branch", "branch_change", "attachment", "cosignature", "evidence", "receipt")
WRITTEN = {"0001": "5561fae69c29df5a", "0002": "7e9f1d592b39c463"}
"""The sums of each set as they were when it was recorded: a set that is written anew is another set."""
SETS = sorted(path for path in RECORDED.iterdir() if path.is_dir())


@dataclass
class Old:
    """One recorded set, laid out to be opened."""

    source: Path
    folder: Path
    told: dict[str, Any]
    clock: TestClock

    def node(self, name: str) -> NodeServices:
        path = self.folder / f"simpul-{name}"
        if not path.exists():
            unpack(self.source / f"simpul-{name}.tar.xz", path)
        return open_node(path, clock=self.clock, random=seeded(f"kini/{name}"))

    def hub(self) -> HubServices:
        path = unpack(self.source / "hub.tar.xz", self.folder / "hub")
        return open_hub(path, clock=self.clock, random=seeded("kini"))

    def file(self, name: str) -> Path:
        """Lay a file out under a name that people would find on a stick."""
        stick = self.folder / "stik"
        stick.mkdir(exist_ok=True)
        return Path(shutil.copy(self.source / name, stick / name))


@pytest.fixture(params=SETS, ids=[path.name for path in SETS])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Old:
    told = json.loads((request.param / "isi.json").read_text(encoding="utf-8"))
    return Old(request.param, tmp_path, told, TestClock(told["clock_s"]))


def agrees(side: NodeServices | HubServices, told: dict[str, Any]) -> None:
    """Compare what a side shows with what was recorded; digests where the kind is still the same."""
    now = figures_of(side, DESA)
    assert {kind: own[0] for kind, own in now["parity"].items()} == {k: own[0] for k, own in told["parity"].items()}
    for kind, (_, digest, shape) in told["parity"].items():
        assert side.catalogue[kind].shape != shape or now["parity"][kind][1] == digest, kind
    assert (now["logs"], now["conflicts"]) == (told["logs"], told["conflicts"])
    assert now["held"].keys() <= told["held"].keys()


def sync(node: NodeServices, hub: HubServices, clock: TestClock) -> Report:
    key = node.keys.signing
    transport = fed.WsgiTransport(make_sync_app(hub), key.seed(), key.public.hex(), clock)
    report = Session(node, transport, InlineExecutor()).run()
    finish_session(node, report)
    refresh_parity(node)
    return report


@pytest.mark.parametrize("folder", SETS, ids=[path.name for path in SETS])
def test_no_byte_of_a_recorded_set_has_changed(folder: Path) -> None:
    sums = (folder / SUMS).read_bytes()
    assert sums_of(folder).encode() == sums and sha256(sums).hexdigest()[:16] == WRITTEN[folder.name]
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_000_000


def test_every_kind_of_record_and_what_stands_beside_the_logs_is_in_some_set(tmp_path: Path) -> None:
    kinds: set[str] = set()
    beside: set[str] = set()
    for source in SETS:
        hub = unpack(source / "hub.tar.xz", tmp_path / source.name) / "data.sqlite"
        node = unpack(source / "simpul-a.tar.xz", tmp_path / f"{source.name}-a") / "data.sqlite"
        for path in (hub, node):
            with closing(sqlite3.connect(path)) as conn:
                kinds |= {row[0] for row in conn.execute("SELECT DISTINCT kind FROM change")}
                tables = {row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
                filled = (name for name in BESIDE if name in tables)
                beside |= {name for name in filled if conn.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()}
    assert {kind.name for kind in CATALOGUE} <= kinds
    assert beside == set(BESIDE)


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_recorded_node_opens_verifies_and_shows_what_it_showed(old: Old, name: str) -> None:
    node = old.node(name)
    agrees(node, old.told["figures"][name])
    assert compare_with_rebuild(node.database, projection_tables(node.catalogue), node.rebuild) == []
    assert run_verify(node, {}, lambda done: None)["masalah"] == []
    create(node, nama="SESUDAH DIBUKA")
    node.close()


def test_a_recorded_hub_opens_verifies_and_shows_what_it_showed(old: Old) -> None:
    hub = old.hub()
    agrees(hub, old.told["figures"]["hub"])
    assert check_side(hub)["masalah"] == []
    hub.close()


def test_recorded_sides_sync_with_each_other_and_with_a_computer_of_today(old: Old) -> None:
    hub, a, b = old.hub(), old.node("a"), old.node("b")
    new = make_node(old.folder / "baru", DESA, "baru", old.clock, seeded("kini/baru"))
    key = new.keys.signing
    transport = fed.WsgiTransport(make_sync_app(hub), key.seed(), key.public.hex(), old.clock)
    known, words = enrol(new, open_slot(hub, DESA, ADDRESS, "uji"), transport)
    confirm_candidate(hub, known.simpul, " ".join(words), "")
    siti = create(new, nama="DARI KOMPUTER BARU")
    update(a, str(value(a, "SELECT id FROM penduduk WHERE nama = 'SETELAH REKAMAN'")), telepon="1")
    reports = [sync(node, hub, old.clock) for _ in range(3) for node in (a, b, new)]
    assert {report.outcome for report in reports} == {Outcome.SELESAI}
    assert [sync(node, hub, old.clock).parity for node in (a, b, new)] == ["sama"] * 3
    assert live(a, siti, "nama") == live(b, siti, "nama") == "DARI KOMPUTER BARU"
    offices = []
    for side in (a, b, new):
        with side.database.read() as conn:
            offices.append(read_office(conn, DESA))
    assert offices[0] == offices[1] == offices[2], "one office"
    # Before offices had a name, each computer wrote one of its own; the oldest goes on.
    first = value(a, "SELECT min(id) FROM desa WHERE id <> ?", name_office(DESA))
    assert offices[0]["id"] == (first or name_office(DESA)), "as recorded"
    for side in (a, b, new, hub):
        side.close()


def test_a_recorded_stick_is_taken_and_its_answer_read(old: Old) -> None:
    hub, a = old.hub(), old.node("a")
    (outcome,) = take_path(hub, old.file("kirim.sipande"), Outbox(hub.folder))
    assert outcome.taken is not None and (outcome.taken.changes, outcome.taken.codes) == (old.told["new"], [])
    assert value(hub, "SELECT count(*) FROM penduduk WHERE nama = 'SETELAH REKAMAN'") == 1
    (answer,) = read_path(a, old.file("jawab.sipande")).done
    assert answer.confirmed == old.told["new"]  # type: ignore[union-attr]
    hub.close()
    a.close()


def test_recorded_runs_are_accepted(old: Old) -> None:
    hub, a = old.hub(), old.node("a")
    sender = Sender(value(a, "SELECT id FROM simpul WHERE kunci = ?", a.keys.signing.public.hex()), DESA,
                    a.keys.signing.public.hex())
    for header, sealed in split_runs((old.source / "kiriman.run").read_bytes()):
        assert accept_run(hub, sender, header, sealed).startswith(f"sipande/{DESA}/desa/{old.told['log']}".encode())
    assert value(hub, "SELECT size FROM log WHERE id = ?", old.told["log"]) == old.told["figures"]["a"]["logs"][
        old.told["log"]][0]
    hub.close()
    a.close()


def test_a_recorded_request_for_admission_shows_its_words(old: Old) -> None:
    hub = old.hub()
    (outcome,) = take_path(hub, old.file("daftar.sipande"), Outbox(hub.folder))
    assert outcome.taken is not None and outcome.taken.words == old.told["words"]
    hub.close()


def test_a_recorded_backup_is_a_node_again(old: Old) -> None:
    unpack(old.source / "simpul-a.tar.xz", old.folder / "simpul-a")
    place = DataFolder(old.folder / "simpul-a")
    done = restore_node(place, old.file("a.cadangan"), old.told["kode_cadangan"], old.clock, seeded("pulih"))
    assert done.keeps_keys and not done.problems
    hub, node = old.hub(), old.node("a")
    assert value(node, "SELECT count(*) FROM penduduk WHERE nama = 'SITI AMINAH'") == 1
    written = create(node, nama="SESUDAH DIPULIHKAN")
    assert [sync(node, hub, old.clock).outcome for _ in range(2)] == [Outcome.SELESAI] * 2
    assert live(hub, written, "nama") == "SESUDAH DIPULIHKAN"
    hub.close()
    node.close()


def test_a_recorded_export_is_read_and_pulled_on(old: Old) -> None:
    hub = old.hub()
    lake = Lake(unpack(old.source / "danau.tar.xz", old.folder / "danau"))
    lake.lock()
    (entry,) = lake.list_hubs()
    people = old.told["figures"]["hub"]["parity"]["penduduk"][0]
    assert count_current(lake, entry)["penduduk"][DESA] == people
    assert take_path(hub, old.file("kirim.sipande"), Outbox(hub.folder))[0].taken is not None
    transport = ExportTransport(make_app(hub))
    entry = follow_keys(lake, entry, transport, old.clock)
    pull_hub(lake, entry, transport, old.clock)
    assert count_current(lake, entry)["penduduk"][DESA] == people + 1
    lake.unlock()
    hub.close()

"""One kecamatan on disk, made once and copied for every trial: a hub, a village's two computers, sheets, a stick."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from node.change import write_drafts
from node.commands import add_petugas
from node.impor.service import import_file
from node.roles import ROLES
from node.services import NodeServices
from node.usb.send import write_bundle
from running.memory import make_folder
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state
from shared.web.factory import make_accounts
from shared.web.passwords import Cost
from tests.support.federation import Federation, TestClock, make_officer

CHEAP = Cost(memory_kib=32, rounds=1)
PASSWORD = "kuda lumping di sawah"
HEADER = "alamat,dusun,rw,rt,nama,no_kk,nik,sex,tempatlahir,tanggallahir,agama_id,kk_level,status_kawin"
AUTHOR = "01990000-0000-7000-8000-00000000000a"


@dataclass(frozen=True)
class Place:
    """A copy of the kecamatan that a trial may break."""

    folder: Path

    @property
    def node(self) -> Path:
        """The computer that writes: it has work that the hub lacks."""
        return self.folder / "simpul"

    @property
    def second(self) -> Path:
        """The other computer of the village: it lacks what the hub has."""
        return self.folder / "kedua"

    @property
    def hub(self) -> Path:
        return self.folder / "hub"

    @property
    def stick(self) -> Path:
        return self.folder / "stik"

    @property
    def backups(self) -> Path:
        return self.folder / "cadangan"

    @property
    def said(self) -> Path:
        """What the processes of a trial have told people; beside the folder, where no fault reaches."""
        return self.folder.with_name(f"{self.folder.name}.kata")

    @property
    def record(self) -> Path:
        """What they have done to the disk."""
        return self.folder.with_name(f"{self.folder.name}.rekam")


def write_sheet(start: int, rows: int) -> bytes:
    """Write a small sheet of invented people, two to a family."""
    lines = [HEADER]
    for at in range(start, start + rows):
        sex, day = at % 2 + 1, 1 + at // 2 % 28 + (40 if at % 2 else 0)
        born = f"19{60 + at % 30:02d}-03-{1 + at // 2 % 28:02d}"
        nik = f"330399{day:02d}03{60 + at % 30:02d}{at + 1:04d}"
        name = "".join(chr(ord("A") + int(digit)) for digit in f"{at:04d}")
        lines.append(
            f"JL. A,KALIWUNI,001,001,WARGA {name},33039903030{at // 2 + 1:05d},{nik},{sex},PURBALINGGA,{born},1,"
            f"{1 if at % 2 == 0 else 3},2"
        )
    return "\n".join(lines).encode()


def make_stage(folder: Path) -> Place:
    """Make the kecamatan from which all trials start."""
    place, clock = Place(folder), TestClock()
    folder.mkdir(parents=True)
    federation = Federation(folder, 0, clock)
    try:
        make_officer(federation.hub, "SRI")
        node, second = federation.add_node(place.node.name), federation.add_node(place.second.name)
        _add_clerk(node)
        import_file(node, write_sheet(0, 12), "warga.csv", AUTHOR)
        federation.sync_all()
        _disagree(node, second)
        federation.sync_all()
        _write_people(node, "KIRIMAN", 12)
        federation.sync(node)
        import_file(node, write_sheet(0, 16), "warga.csv", AUTHOR)
        _write_people(node, "BARU", 8)
        place.stick.mkdir()
        place.backups.mkdir()
        write_bundle(node, place.stick)
    finally:
        federation.close()
    return place


def _add_clerk(node: NodeServices) -> None:
    accounts = make_accounts(node.folder, node.database, node.clock, node.random, ROLES, None, CHEAP)
    prepared = accounts.prepare("siti", PASSWORD, "admin")
    with node.database.write() as conn:
        accounts.add(conn, "siti", prepared, "admin", add_petugas(node, "Siti Petugas", "Staf", "admin"), "uji")


def _write_people(node: NodeServices, name: str, count: int) -> None:
    kind = node.catalogue["penduduk"]
    drafts = [draft_create(kind, node.new_id(), {"nama": f"{name} {at}", "status_dasar": 1}) for at in range(count)]
    write_drafts(node, drafts, author=AUTHOR)


def _disagree(node: NodeServices, second: NodeServices) -> None:
    """Let both computers change one telephone number, unseen by the other."""
    kind = node.catalogue["penduduk"]
    for side, number in ((node, "0811"), (second, "0822")):
        with side.database.write() as conn:
            id = conn.execute("SELECT id FROM penduduk ORDER BY nama LIMIT 1").fetchone()[0]
            state = load_state(conn, side.catalogue, kind, side.wilayah, id)
            draft = draft_update(kind, state, id, {"telepon": number})
            assert draft is not None
            write_drafts(side, [draft], author=AUTHOR)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder in memory where the machine has such: what a kill or a fault leaves there is the same."""
    with make_folder() as name:
        yield Path(name)


def copy_stage(stage: Place, to: Path) -> Place:
    """Copy the kecamatan; the trial's own files beside it are removed."""
    place = Place(to)
    shutil.rmtree(to, ignore_errors=True)
    place.said.unlink(missing_ok=True)
    place.record.unlink(missing_ok=True)
    shutil.copytree(stage.folder, to)
    return place

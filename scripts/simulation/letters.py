"""The long run of letter numbers: computers of one desa issue letters offline, are restored, get other keys, while the
hub itself may be put back; no two papers ever carry one number, and every letter comes together at the hub.

A whole disk put back together with its key folder is left out: that is one computer twice, which only V9 can find.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hub.pemulihan.state import end_recovery, read_recovery
from hub.services import open_hub
from hub.verval.cases import list_findings
from node.change import write_drafts
from node.services import NodeServices, open_node
from node.sinkron.rotate import take_new_keys
from node.surat.numbers import Given, secure_number, take_number
from shared.clock import Randomness, today
from shared.store.drafts import draft_create
from simulation.run import RoundFailed
from tests.support.federation import DESA, Federation, make_sync_app, seeded

KEYS = "kunci"
DAY_S = 86_400
STEPS = 40
Paper = tuple[int, str, int]
"""Year, series and number as somebody carries them home."""


def issue_bare(node: NodeServices) -> Given:
    """Issue a letter that is nothing but its number, by the very steps of the product."""
    day = today(node.clock)
    with node.database.write() as conn:
        given = take_number(node, conn, day)
        write_drafts(node, [draft_create(node.catalogue["surat"], node.new_id(), {
            "nomor": f"{given.number.write()}/{given.tahun}", "urut": given.number.urut,
            "seri": given.number.seri or None, "tahun": given.tahun, "catatan_log": given.log, "jenis": "uji",
            "tanggal": day.isoformat(),
        })], author=node.new_id())
    secure_number(node, given)
    return given


@dataclass
class Desk:
    """One desa whose computers issue letters."""

    seed: int
    folder: Path
    dice: random.Random = field(init=False)
    federation: Federation = field(init=False)
    papers: list[Paper] = field(default_factory=list)
    copies: dict[str, list[Path]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.dice = random.Random(f"surat {self.seed}")
        self.federation = Federation(self.folder, self.seed)
        for name in ("a", "b", "c")[: self.dice.choice((2, 2, 3))]:
            self.federation.add_node(name)

    def step(self) -> None:
        """Do one thing that happens in an office."""
        dice, federation = self.dice, self.federation
        name = dice.choice(sorted(federation.nodes))
        what = dice.choices(
            ("issue", "sync", "copy", "restore", "keys", "copy hub", "restore hub", "settle", "days", "join"),
            (30, 14, 5, 5, 1, 3, 2, 2, 6, 1),
        )[0]
        self.counts[what] += 1
        if what == "issue":
            for _ in range(dice.choice((1, 1, 2, 9, 30))):
                given = issue_bare(federation.nodes[name])
                self.papers.append((given.tahun, given.number.seri, given.number.urut))
                self.counts["letters"] += 1
                self.counts["own series"] += bool(given.number.seri)
        elif what == "sync":
            federation.sync(federation.nodes[name])
        elif what == "copy":
            self.copy(name, federation.nodes[name])
        elif what == "restore" and self.copies.get(name):
            self.restore_node(name)
        elif what == "keys":
            take_new_keys(federation.nodes[name])
        elif what == "copy hub":
            self.copy("hub", federation.hub)
        elif what == "restore hub" and self.copies.get("hub"):
            self.restore_hub()
        elif what == "settle":
            with federation.hub.database.write() as conn:
                if read_recovery(conn) is not None:
                    end_recovery(conn)
        elif what == "days":
            federation.clock.now += dice.choice((1, 20, 70)) * DAY_S
        elif what == "join" and len(federation.nodes) < 4:
            federation.add_node(f"baru{self.counts['join']}")

    def copy(self, name: str, side: object) -> None:
        """Keep the database as it is; the key folder is in no backup."""
        side.database.checkpoint()  # type: ignore[attr-defined]
        kept = self.copies.setdefault(name, [])
        path = self.folder / f"{name}.salinan{len(kept)}"
        shutil.copytree(self.folder / name, path, ignore=shutil.ignore_patterns("*-shm", "*-wal", KEYS))
        kept.append(path)

    def restore_node(self, name: str) -> None:
        """Put a copy under a node whose key folder lives on."""
        self.federation.nodes[name].close()
        self._put_back(name)
        self.federation.nodes[name] = open_node(
            self.folder / name, clock=self.federation.clock, random=self._fresh()
        )

    def restore_hub(self) -> None:
        """Put a copy under the hub, whose key folder lives on."""
        self.federation.hub.close()
        self._put_back("hub")
        self.federation.hub = open_hub(self.folder / "hub", clock=self.federation.clock, random=self._fresh())
        self.federation.app = make_sync_app(self.federation.hub)

    def _put_back(self, name: str) -> None:
        copy, place = self.dice.choice(self.copies[name]), self.folder / name
        for item in place.iterdir():
            if item.name != KEYS:
                shutil.rmtree(item) if item.is_dir() else item.unlink()
        shutil.copytree(copy, place, dirs_exist_ok=True)

    def _fresh(self) -> Randomness:
        return seeded(f"{self.seed}/{self.dice.random()}")

    def check(self) -> None:
        """No paper twice; and once all have met, no number twice at the hub, and no finding that says so."""
        doubles = [paper for paper, count in Counter(self.papers).items() if count > 1]
        if doubles:
            raise RoundFailed(f"seed {self.seed}: numbers used twice: {doubles[:5]}")
        self.federation.sync_all(3)
        with self.federation.hub.database.read() as conn:
            found = list_findings(conn, kode="V9")
            numbers = conn.execute(
                "SELECT count(*), count(DISTINCT tahun || '/' || coalesce(seri, '') || '/' || urut) FROM surat"
                " WHERE desa = ?", (DESA,),
            ).fetchone()
        if found or numbers[0] != numbers[1]:
            raise RoundFailed(f"seed {self.seed}: {len(found)} findings V9, {numbers} letters and numbers at the hub")
        self.counts["came together"] += numbers[0]


def play(seed: int) -> Counter[str]:
    """Play one seed of the long run ``letters``; RoundFailed when a number was given twice."""
    with tempfile.TemporaryDirectory(prefix="surat-") as folder:
        desk = Desk(seed, Path(folder))
        try:
            for _ in range(STEPS):
                desk.step()
            desk.check()
        finally:
            desk.federation.close()
        return desk.counts

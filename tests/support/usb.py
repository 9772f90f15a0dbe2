"""A stick that travels between a village and the kecamatan, and what people do with it, in one line each."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hub.services import HubServices
from hub.simpul.enrol import confirm_candidate, open_slot
from hub.usb.folder import Outcome, take_path
from node.commands import make_node, refresh_parity
from node.services import NodeServices
from node.usb.enrol import write_request
from node.usb.folder import Reading, read_path
from node.usb.send import Sent, write_bundle
from shared.store.outbox import Outbox
from shared.store.stick import MORE_PLACES, list_sticks
from tests.support.federation import ADDRESS, DESA, Federation, seeded


@dataclass
class Road:
    """One stick of one federation."""

    federation: Federation
    stick: Path = field(init=False)

    def __post_init__(self) -> None:
        self.stick = self.federation.folder / "stik"
        self.stick.mkdir()

    @property
    def hub(self) -> HubServices:
        return self.federation.hub

    def names(self) -> list[str]:
        return sorted(path.name for path in self.stick.iterdir())

    def enrol(self, name: str, desa: str = DESA) -> NodeServices:
        """Make a node and enrol it without any connection: two files, six words, and a first bundle."""
        node = self.make(name, desa)
        code = open_slot(self.hub, desa, ADDRESS, "uji", by_file=True)
        write_request(node, code, self.stick)
        self.take()
        words = self.read(node).words
        hub = node.hub()
        assert hub is not None
        confirm_candidate(self.hub, hub.simpul, " ".join(words), "")
        return node

    def make(self, name: str, desa: str = DESA) -> NodeServices:
        """A node that is set up and not enrolled."""
        node = make_node(self.federation.folder / name, desa, name, self.federation.clock, seeded(f"usb/{name}"))
        self.federation.nodes[name] = node
        return node

    def send(self, node: NodeServices) -> Sent:
        refresh_parity(node)
        return write_bundle(node, self.stick)

    def take(self, path: Path | None = None) -> list[Outcome]:
        return take_path(self.hub, path or self.stick, Outbox(self.hub.folder))

    def read(self, node: NodeServices, path: Path | None = None) -> Reading:
        found = read_path(node, path or self.stick)
        refresh_parity(node)
        return found

    def trip(self, node: NodeServices) -> tuple[Outcome, Reading]:
        """To the kecamatan and back."""
        self.send(node)
        outcome = self.take()[-1]
        return outcome, self.read(node)

    def keep(self, name: str) -> Path:
        """Put a copy of a file aside, as on another stick."""
        aside = self.federation.folder / "laci"
        aside.mkdir(exist_ok=True)
        copy = aside / name
        copy.write_bytes((self.stick / name).read_bytes())
        return copy


def plug_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Plug in a stick that the pages see; those of the machine that the tests run on are not seen."""
    stick = folder / "STIK DESA"
    stick.mkdir()
    monkeypatch.setenv(MORE_PLACES, str(stick))
    monkeypatch.setattr("shared.web.sticks.list_sticks", lambda: list_sticks(roots=()))
    return stick


def dump(side: NodeServices | HubServices, *but: str) -> dict[str, list[str]]:
    """Read every table of a side, but for settings and tables that are named."""
    found: dict[str, list[str]] = {}
    with side.database.read() as conn:
        tables = [row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            if table not in but:
                rows = [tuple(row) for row in conn.execute(f'SELECT * FROM "{table}"')]
                found[table] = sorted(repr(row) for row in rows if not (table == "setting" and row[0] in but))
    return found

"""The machines of a kecamatan as the world sees them: folder, clock, program, crash point, and what was promised."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from flask.testing import FlaskClient

from hub.services import HubServices
from hub.verval.decide import Officer
from node.change import write_drafts
from node.commands import system_author
from node.services import NodeServices
from shared.records.catalogue import Catalogue
from shared.store.drafts import Draft
from simulation.crash import CrashingDatabase, CrashPoint
from simulation.ports import DeviceClock
from simulation.programs import OLD
from tests.support.editions import Edition


@dataclass
class Machine:
    """What a node and the hub have in common in the world's eyes."""

    name: str
    folder: Path
    clock: DeviceClock
    random: Callable[[int], bytes]
    point: CrashPoint
    services: NodeServices | HubServices
    edition: Edition = field(default=OLD, kw_only=True)
    """Its program, and what that knows."""
    full_rounds: int = field(default=0, kw_only=True)
    """For how many rounds its disk stays full."""
    promised: list[str] = field(default_factory=list, kw_only=True)
    """The changes whose author was told that they are saved."""
    checked: int = field(default=-1, kw_only=True)
    """The commit that was checked last, of the database as it was opened last; -1 for none."""
    sizes: dict[int, int] = field(default_factory=dict, kw_only=True)
    """The sizes of its logs, by number, when the tables were held against the law last."""

    @property
    def catalogue(self) -> Catalogue:
        """The kinds that its program knows."""
        return self.edition.catalogue


@dataclass
class NodeMachine(Machine):
    """One computer of a desa; ``written`` is of the action under way, whose author is told when it is over."""

    services: NodeServices
    desa: str
    written: list[str] = field(default_factory=list)

    @property
    def author(self) -> str:
        return system_author(self.services)

    def write(self, drafts: Iterable[Draft | None]) -> str:
        """Write drafts; the author is told when the action has come back (World.tell_authors)."""
        refs = write_drafts(self.services, [draft for draft in drafts if draft is not None], author=self.author)
        self.written += refs
        return f"{self.name} {len(refs)}"


@dataclass
class HubMachine(Machine):
    """The kecamatan's server with its officers."""

    services: HubServices
    client: FlaskClient
    recovery: str
    """The recovery key, as it is printed on the sheet in the sealed envelope."""
    officers: tuple[Officer, ...] = ()
    publics: list[bytes] = field(default_factory=list)
    """Every key it ever had."""
    told: dict[int, int] = field(default_factory=dict)
    """Up to which size its own channels are promised."""


def watch(machine: Machine, services: NodeServices | HubServices) -> None:
    """Put the crash point between a side and its database, and let it bear the name of its program."""
    services.database = CrashingDatabase(services.database, machine.point)
    services.program = machine.edition.program
    machine.checked = -1

"""The kabupaten in this process: its witness of the hub's channels, and its pull of the hub's rows.

The world knows what was cosigned, so it also knows when the witness must raise the alarm, and when it must not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import Flask

from hub.ekspor.manifest import export_vkey
from hub.ekspor.routes import blueprint as export_blueprint
from hub.ekspor.tokens import find_reader, make_reader, revoke_reader
from hub.kabupaten.current import count_current
from hub.kabupaten.lake import HubEntry, Lake
from hub.kabupaten.pull import pull_hub
from hub.kabupaten.transport import Answer, Reply
from hub.kabupaten.witness import WitnessAlarm, open_witness, witness_hub
from hub.saksi.routes import blueprint as witness_blueprint
from shared.clock import Randomness
from shared.errors import ProtocolError, TransportError, UserError
from shared.merge.scope import Role
from shared.store.changes import list_logs, root_at
from simulation.claims import Broken
from simulation.ports import make_dice
from simulation.world import World

ADDRESS = "https://hub.uji"
READER = "bappeda"

Book = dict[str, tuple[int, bytes]]
"""Origin → size and root."""


@dataclass
class Kabupaten:
    """One witness and reader; ``cosigned`` is the world's own book."""

    world: World
    lake: Lake
    cosigned: Book = field(default_factory=dict)
    unsure: list[Book] = field(default_factory=list)
    """What was offered in rounds that broke off: perhaps cosigned, perhaps not."""

    def visit(self) -> str:
        """Witness the hub, in front of the world's own book; tell how it went."""
        expected, heads = self._find_contradicted(self.cosigned), dict(self._heads())
        perhaps = any(self._find_contradicted(book) for book in self.unsure)
        self.unsure.append(heads)
        try:
            report = witness_hub(
                self.lake, self._entry(), open_witness(self.lake, self._chance()), self, self.world.hub.clock
            )
        except WitnessAlarm:
            self.unsure.pop()
            if not expected and not perhaps:
                raise Broken("the witness alarms although every channel continues") from None
            return "alarm"
        except (ProtocolError, TransportError) as refused:
            return f"refused {refused}"
        if expected:
            raise Broken(f"the witness is silent about {expected}")
        self.cosigned, self.unsure = heads, []
        return f"{report.logs} {report.grown} {report.stored}"

    def count(self) -> Mapping[str, Mapping[str, int]]:
        """Pull everything anew and count rows: kind → desa → count."""
        entry = self._entry()
        pull_hub(self.lake, entry, self, self.world.hub.clock)
        return count_current(self.lake, entry)

    def close(self) -> None:
        """Leave the folder to others."""
        self.lake.unlock()

    def _chance(self) -> Randomness:
        return make_dice(self.world.seed, "saksi").randbytes

    def _entry(self) -> HubEntry:
        """Give the hub as it is pinned; a hub that forgot this reader, or has another key, is registered again."""
        hub = self.world.hub.services
        if not self.lake.list_hubs() or not self._is_known():
            try:
                revoke_reader(hub, READER)
            except UserError:
                pass
            is_change = bool(self.lake.list_hubs())
            self.lake.add_hub(ADDRESS, export_vkey(hub), make_reader(hub, READER), is_change=is_change)
        return self.lake.list_hubs()[0]

    def _is_known(self) -> bool:
        hub, entry = self.world.hub.services, self.lake.list_hubs()[0]
        is_known = find_reader(hub, self.lake.read_token(entry.code)) is not None
        return is_known and entry.verifier.public == hub.keys.signing.public

    def _heads(self) -> Iterator[tuple[str, tuple[int, bytes]]]:
        with self.world.hub.services.database.read() as conn:
            for log in list_logs(conn):
                if log.peran is not Role.DESA:
                    yield log.origin, (log.size, log.root())

    def _find_contradicted(self, book: Book) -> list[str]:
        """Name the channels that the hub now has shorter or otherwise than they stand in a book."""
        found = []
        with self.world.hub.services.database.read() as conn:
            logs = {log.origin: log for log in list_logs(conn)}
            for origin, (size, root) in book.items():
                log = logs.get(origin)
                if log is None or log.size < size or root_at(conn, log, size) != root:
                    found.append(origin)
        return found

    def _app(self) -> Flask:
        app = Flask("ekspor")
        app.extensions["services"] = self.world.hub.services
        app.register_blueprint(export_blueprint)
        app.register_blueprint(witness_blueprint)
        return app

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        answer = self._app().test_client().post(
            url.removeprefix(ADDRESS), headers=dict(headers), data=body, base_url=ADDRESS
        )
        return Reply(answer.status_code, answer.data)

    @contextmanager
    def open(self, url: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        response = self._app().test_client().get(
            url.removeprefix(ADDRESS), headers=dict(headers), base_url=ADDRESS, buffered=True
        )
        encoding = response.headers.get("Content-Encoding", "")
        yield Answer(response.status_code, response.content_type, encoding, iter([response.data]))


def visit(world: World) -> str:
    """Let the kabupaten witness the hub."""
    return kabupaten_of(world).visit()


def kabupaten_of(world: World) -> Kabupaten:
    """Give the kabupaten of a world, made at its first visit."""
    if world.kabupaten is None:
        lake = Lake(world.folder / "kabupaten")
        lake.lock()
        world.kabupaten = Kabupaten(world, lake)
    found = world.kabupaten
    assert isinstance(found, Kabupaten)
    return found

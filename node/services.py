"""What every part of a node is handed: the open data folder, whose desa it is, and which hub it knows."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from node.logo.image import Logo
from node.logo.queries import read_stored_logo
from node.migrations import node_migrations
from shared.changelog.checkpoint import Verifier
from shared.clock import Clock, Randomness
from shared.errors import UserError
from shared.records.catalogue import CATALOGUE, Catalogue
from shared.store.folder import DataFolder
from shared.store.migrations import read_setting, write_setting
from shared.store.side import Side, make_keys, open_database, open_folder
from shared.store.verify import hub_cosigners

LAST_COMPLETE = "sinkron_lengkap"
"""Up to when all is here that the hub held; ``sinkron_terakhir`` also tells of sessions that were cut."""


@dataclass(frozen=True)
class KnownHub:
    """The hub as pinned at enrolment: keys in hex, the six words that two people compared."""

    address: str
    wilayah: str
    nama: str
    kunci: str
    segel: str
    pemulihan: str
    simpul: str
    status: str
    kunci_lama: tuple[str, ...] = ()
    """Keys of the hub before this one; what they have signed stays true."""
    is_office: bool = False
    """A person has said that this computer and the hub are in one office network: plain HTTP may do there."""

    def dump(self) -> str:
        return json.dumps(self.__dict__)

    def cosigners(self) -> tuple[Verifier, ...]:
        """Give the verifiers of receipts, of today's key first; one that was stored comes under its old key."""
        return hub_cosigners(self.wilayah, *map(bytes.fromhex, (self.kunci, *self.kunci_lama)))

    def has_key(self, kunci: str) -> bool:
        """Tell whether a key is, or was, the hub's."""
        return kunci == self.kunci or kunci in self.kunci_lama


class Ports(NamedTuple):
    """Where a server of this computer listens: in the clear, and by TLS where it does."""

    plain: int
    https: int | None = None


@dataclass
class NodeServices(Side):
    """One open node; ``nama`` is that of the computer."""

    sisi: ClassVar[str] = "desa"
    is_latihan: bool = False
    """A practice village of invented people: it never syncs."""
    desa_ports: Ports | None = None
    """In a practice village that was opened beside a real one: where that one listens."""
    logo: Logo | None = None
    """What the pages show; kept here so that no page asks the database for it."""
    next_sync_s: int | None = None
    """When the next session begins by itself (seconds); None where none is planned."""
    last_report: tuple[int, Any] | None = None
    """When the last session of this process ended, and its report."""

    def hub(self) -> KnownHub | None:
        """Tell which hub this node is enrolled with, if any."""
        with self.database.read() as conn:
            return read_hub(conn)

    def cosigners(self) -> tuple[Verifier, ...]:
        """Give the verifiers of the hub's receipts."""
        hub = self.hub()
        return () if hub is None else hub.cosigners()

    def find_known_s(self, conn: sqlite3.Connection, desa: str, kunci: str) -> int | None:
        """Tell up to when the changes of a computer of this desa are here: own ones now, others as of the last sync."""
        if bytes.fromhex(kunci) in self.keys.publics():
            return self.clock.now_s()
        if desa != self.wilayah:
            return None
        times = [int(read_setting(conn, LAST_COMPLETE) or 0)]
        if self.last_report is not None and self.last_report[1].outcome == "selesai":
            times.append(self.last_report[0])
        return max(times) or None


def note_complete(conn: sqlite3.Connection, time_s: int) -> None:
    """Remember up to when (seconds) all is here that the hub held; never back."""
    if time_s > int(read_setting(conn, LAST_COMPLETE) or 0):
        write_setting(conn, LAST_COMPLETE, str(time_s))


def read_hub(conn: sqlite3.Connection) -> KnownHub | None:
    """Read the pinned hub from the settings."""
    text = read_setting(conn, "hub")
    if text is None:
        return None
    members = json.loads(text)
    return KnownHub(**{**members, "kunci_lama": tuple(members.get("kunci_lama", ()))})


def write_hub(conn: sqlite3.Connection, hub: KnownHub) -> None:
    """Pin a hub, or note what has changed about it."""
    write_setting(conn, "hub", hub.dump())


def refuse_practice(services: NodeServices) -> None:
    """Keep a practice village off the line; UserError says why."""
    if services.is_latihan:
        raise UserError(
            "Ini tempat latihan: datanya karangan dan tidak pernah dikirim ke kecamatan. Untuk bekerja"
            " sungguhan, buka Sipande desa Anda.",
            "latihan",
        )


def init_node(
    path: Path, *, wilayah: str, nama: str, clock: Clock, random: Randomness, catalogue: Catalogue = CATALOGUE
) -> NodeServices:
    """Make a new node in an empty folder: keys, database, settings. UserError when it is not empty."""
    folder = DataFolder(path)
    keys = make_keys(folder, random)
    database = open_database(folder, catalogue, (node_migrations,))
    with database.write() as conn:
        write_setting(conn, "sisi", "simpul")
        write_setting(conn, "wilayah", wilayah)
        write_setting(conn, "nama", nama)
    return NodeServices(folder, database, keys, clock, random, catalogue, wilayah=wilayah, nama=nama)


def open_node(path: Path, *, clock: Clock, random: Randomness, catalogue: Catalogue = CATALOGUE) -> NodeServices:
    """Open an existing node; UserError or EnvironmentProblem says why when it cannot be."""
    folder, keys = open_folder(path)
    database = open_database(folder, catalogue, (node_migrations,), sisi="simpul")
    with database.read() as conn:
        wilayah, nama = read_setting(conn, "wilayah") or "", read_setting(conn, "nama") or ""
        is_latihan, logo = read_setting(conn, "latihan") is not None, read_stored_logo(conn)
    return NodeServices(
        folder, database, keys, clock, random, catalogue, wilayah=wilayah, nama=nama, is_latihan=is_latihan, logo=logo
    )

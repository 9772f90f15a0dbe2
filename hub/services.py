"""What every part of a hub is handed: the open data folder and which kecamatan it serves."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, NamedTuple

from hub.ingest.disk import DiskWatch
from hub.migrations import hub_migrations
from hub.simpul.queries import find_known_s
from hub.verval import findings
from hub.verval.queries import TABLES
from shared.changelog.checkpoint import Signer, Verifier
from shared.changelog.keys import KeySet, SealKey, SigningKey
from shared.clock import Clock, Randomness
from shared.records.catalogue import CATALOGUE, Catalogue
from shared.store.connection import Database
from shared.store.folder import DataFolder
from shared.store.migrations import read_setting, write_setting
from shared.store.records import rebuild
from shared.store.side import Side, generate_keys, make_keys, open_database, open_folder
from shared.store.verify import hub_cosigners


@dataclass
class HubServices(Side):
    """One open hub; ``pemulihan`` is the recovery key that was pinned at its start."""

    sisi: ClassVar[str] = "hub"
    own_tables: ClassVar[tuple[str, ...]] = TABLES
    pemulihan: str = ""
    disk: DiskWatch = field(default_factory=DiskWatch)

    def cosigners(self) -> tuple[Verifier, ...]:
        """Give the verifiers of the receipts that this hub has signed, under whichever of its keys."""
        # Not above: that module needs this one.
        from hub.pemulihan.state import list_former_keys

        with self.database.read() as conn:
            keys = (*self.keys.publics(), *map(bytes.fromhex, list_former_keys(conn)))
        return hub_cosigners(self.wilayah, *keys)

    def find_known_s(self, conn: sqlite3.Connection, desa: str, kunci: str) -> int | None:
        """Tell up to when what a computer of a desa has written is here: as of its last session."""
        return find_known_s(conn, desa, kunci)

    @property
    def cosigner(self) -> Signer:
        """The name and key under which this hub signs receipts."""
        return Signer(f"sipande/{self.wilayah}/hub", self.keys.signing)

    @property
    def seal_key(self) -> SealKey:
        assert self.keys.seal is not None
        return self.keys.seal

    def rebuild(self) -> int:
        """Drop every projection, findings included, and fold all logs again."""
        with self.database.write() as conn:
            return rebuild_hub(conn, self.catalogue)


def rebuild_hub(conn: sqlite3.Connection, catalogue: Catalogue) -> int:
    """Fold all logs again and judge once at the end; nothing half there is judged."""
    findings.drop_tables(conn)
    findings.make_tables(conn)
    judged = findings.DeferredFindings()
    count = rebuild(conn, catalogue, judged.observe)
    judged.settle(conn)
    return count


class FreshKeys(NamedTuple):
    """The keys of a hub that is about to be made, and its offline recovery key; so far they are stored nowhere."""

    keys: KeySet
    recovery: SigningKey

    @classmethod
    def generate(cls, random: Randomness) -> FreshKeys:
        return cls(generate_keys(random), SigningKey.generate(random))


def init_hub(
    path: Path, *, wilayah: str, nama: str, clock: Clock, random: Randomness, catalogue: Catalogue = CATALOGUE,
    fresh: FreshKeys | None = None,
) -> tuple[HubServices, SigningKey]:
    """Make a new hub in an empty folder; also give the offline recovery key, which is stored nowhere here.

    ``fresh`` are its keys where somebody has seen them already.
    """
    folder = DataFolder(path)
    keys, recovery = fresh or FreshKeys.generate(random)
    make_keys(folder, random, keys)
    database = open_database(folder, catalogue, (hub_migrations,))
    with database.write() as conn:
        findings.make_tables(conn)
        write_setting(conn, "sisi", "hub")
        write_setting(conn, "wilayah", wilayah)
        write_setting(conn, "nama", nama)
        write_setting(conn, "pemulihan", recovery.public.hex())
    return _services(folder, database, keys, clock, random, catalogue), recovery


def open_hub(path: Path, *, clock: Clock, random: Randomness, catalogue: Catalogue = CATALOGUE) -> HubServices:
    """Open an existing hub; UserError or EnvironmentProblem says why when it cannot be."""
    folder, keys = open_folder(path)
    database = open_database(folder, catalogue, (hub_migrations,), sisi="hub", fold_again=rebuild_hub)
    with database.write() as conn:
        findings.make_tables(conn)
    services = _services(folder, database, keys, clock, random, catalogue)
    # Not above: what it does is written by the hub's one writer, which needs this module.
    from hub.pemulihan.keys import settle_after_open

    settle_after_open(services)
    return services


def _services(
    folder: DataFolder, database: Database, keys: KeySet, clock: Clock, random: Randomness, catalogue: Catalogue
) -> HubServices:
    with database.read() as conn:
        settings = {name: read_setting(conn, name) or "" for name in ("wilayah", "nama", "pemulihan")}
    return HubServices(
        folder, database, keys, clock, random, catalogue, wilayah=settings["wilayah"], nama=settings["nama"],
        pemulihan=settings["pemulihan"],
    )

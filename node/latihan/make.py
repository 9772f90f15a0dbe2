"""Makes the practice village, and makes it anew: the people come back as invented, the accounts stay."""

from __future__ import annotations

import shutil
from pathlib import Path

from node.change import write_drafts
from node.commands import add_petugas, make_node, system_author
from node.latihan.people import DUSUN, invent_families
from node.services import NodeServices
from shared.clock import Clock, Randomness, today
from shared.store.drafts import Draft, draft_create
from shared.store.folder import DataFolder
from shared.store.migrations import write_setting
from shared.web.queries import (
    AccountRow, add_account, find_account, list_accounts, set_active, set_password, set_role,
)

WILAYAH = "33.03.04.2006"
NAMA = "Latihan"


def practice_folder(path: Path) -> Path:
    """Name the folder of the practice village that belongs to a data folder: inside, where a service may write."""
    return path / "latihan"


def make_practice(path: Path, clock: Clock, random: Randomness) -> NodeServices:
    """Make a practice village in an empty folder."""
    services = make_node(path, WILAYAH, NAMA, clock, random)
    services.is_latihan = True
    author = system_author(services)
    with services.database.write() as conn:
        write_setting(conn, "latihan", "ya")
        write_drafts(services, _draft_people(services), author=author)
    return services


def _draft_people(services: NodeServices) -> list[Draft]:
    kinds = services.catalogue
    dusun = [services.new_id() for _ in DUSUN]
    drafts = [
        draft_create(kinds["dusun"], id, {"nama": nama}) for id, nama in zip(dusun, DUSUN, strict=True)
    ]
    for family in invent_families(today(services.clock)):
        id = services.new_id()
        place = {"dusun": dusun[family.dusun]}
        drafts.append(draft_create(kinds["keluarga"], id, {**family.values, **place}))
        for person in family.members:
            values = {**person.values, **place, "keluarga": id}
            drafts.append(draft_create(kinds["penduduk"], services.new_id(), values))
    return drafts


def remake_practice(services: NodeServices) -> NodeServices:
    """Throw away what was practised and begin anew with the same accounts; the given services are closed.

    Raises ValueError for anything but a practice village: nothing else is ever thrown away.
    """
    if not services.is_latihan:
        raise ValueError("only a practice village is made anew")
    people = list_people(services)
    folder, clock, random = services.folder, services.clock, services.random
    services.close()
    empty_folder(folder)
    fresh = make_practice(folder.path, clock, random)
    take_people(fresh, people)
    return fresh


def empty_folder(folder: DataFolder) -> None:
    """Remove the database, keys and pictures of a village, so that another can be made in its place."""
    shutil.rmtree(folder.path / "lampiran", ignore_errors=True)
    for name in ("", "-wal", "-shm"):
        folder.database.with_name(folder.database.name + name).unlink(missing_ok=True)
    for path in folder.keys.glob("*"):
        # The secret of the web shell names the cookies; it may stay.
        if not path.name.startswith("web."):
            path.unlink()


def list_people(services: NodeServices) -> list[tuple[AccountRow, str]]:
    """Read the accounts of a node, each with the name of its owner."""
    with services.database.read() as conn:
        names: dict[str, str] = dict(conn.execute("SELECT id, coalesce(nama, '') FROM petugas").fetchall())
        return [(row, names.get(row.petugas) or row.name) for row in list_accounts(conn)]


def take_people(services: NodeServices, people: list[tuple[AccountRow, str]]) -> None:
    """Let people log in to a practice village as they do where they come from: same names, passwords, roles."""
    if not services.is_latihan:
        raise ValueError("only a practice village takes the accounts of another")
    with services.database.write() as conn:
        for account, nama in people:
            found = find_account(conn, account.name)
            no = None if found is None else found.no
            if no is None:
                petugas = add_petugas(services, nama, "", account.role)
                no = add_account(conn, account.name, account.password, account.role, petugas, services.clock.now_s())
            assert no is not None
            set_password(conn, no, account.password)
            set_role(conn, no, account.role)
            set_active(conn, no, bool(account.active))

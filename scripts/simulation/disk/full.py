"""A real disk that fills up: a small tmpfs of the victim's own, on which people work until nothing fits any more."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections import Counter
from collections.abc import Callable
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

from hub.usb.folder import take_path
from node.change import write_drafts
from node.impor.service import import_file
from node.sinkron.report import Report
from node.sinkron.rotate import take_new_keys
from node.usb.send import write_bundle
from shared.commands import run_cadangan
from shared.errors import EnvironmentProblem, SipandeError
from shared.explain import explain_error
from shared.store.blobs import store_of
from shared.store.drafts import draft_create
from shared.store.outbox import Outbox
from simulation.disk.desk import Clerk, Desk, PageRefused, SessionEnded
from simulation.disk.shim import Shim
from simulation.disk.stage import AUTHOR, Place, copy_stage, make_stage, scratch, write_sheet
from simulation.disk.verdict import judge
from simulation.disk.victims import victims
from simulation.disk.work import read_said

FILLS = 4
REFUSALS = 3
"""How often something must be refused before room is made again."""
ACTS_MAX = 400
_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_REMOUNT, _PRIVATE, _RECURSIVE = 32, 1 << 18, 16384


class Clumsy(AssertionError):
    """What a full disk must not do; the message says where it fell."""


def play(seed: int) -> Counter[str]:
    """Fill some disks of drawn sizes."""
    with scratch() as folder:
        stage = make_stage(folder / "awal")
        done: Counter[str] = Counter()
        for at in range(FILLS):
            done += fill_one(stage, folder / "uji", f"tmpfs/{seed}/{at}")
        return done


def fill_one(stage: Place, trial: Path, seed: str) -> Counter[str]:
    """Let people work on a disk of a drawn size until it is full; check what is left once it was given more room."""
    place = copy_stage(stage, trial)
    job = {"work": "fill", "place": str(place.folder), "seed": seed}
    try:
        victims().run(job)
        # The mount went with the process; what was on it stands beside.
        place.folder.rmdir()
        _beside(place.folder).rename(place.folder)
        said = read_said(place)
        promises = judge(Desk(place, f"{seed}/hakim"), said)
    except Exception as error:
        raise Clumsy(f"{seed}: {error}") from error
    acts = next(line["acts"] for line in said if "acts" in line)
    return Counter({"fills": 1, "acts": acts, "refused": REFUSALS, "promises": promises})


@cache
def why_no_mounts() -> str:
    """Say why no disk of our own can be mounted here; empty where it can."""
    with scratch() as folder:
        place = Place(folder / "coba")
        place.folder.mkdir()
        victims().run({"work": "try_mount", "place": str(place.folder), "seed": ""})
        return str(read_said(place)[0]["why"])


def try_mount(shim: Shim, folder: Path, job: dict[str, Any], link: Connection) -> None:
    """Try in a victim whether it may mount."""
    try:
        _mount(folder, 1 << 20)
        why = ""
    except OSError as error:
        why = f"mounting is not permitted here: {error}"
    Desk(Place(folder), "").tell(why=why)


def fill(shim: Shim, folder: Path, job: dict[str, Any], link: Connection) -> None:
    """Work in a victim until things are refused, make room, and do the last one again; leave everything behind."""
    dice = Random(job["seed"])
    before = _beside(folder)
    shutil.rmtree(before, ignore_errors=True)
    folder.rename(before)
    folder.mkdir()
    used = sum(path.stat().st_size for path in before.rglob("*"))
    # Room for what three open databases need beside them, and a little work.
    _mount(folder, used + dice.randrange(400_000, 1_500_000))
    shutil.copytree(before, folder, dirs_exist_ok=True)
    desk = Desk(Place(folder), job["seed"])
    clerk, acts = Clerk(desk.node), 0
    assert desk.hub and desk.second
    refused: list[Callable[[], None]] = []
    while len(refused) < REFUSALS:
        acts += 1
        if acts > ACTS_MAX:
            raise RuntimeError("the disk does not fill up")
        act = _choose(desk, clerk, dice, acts)
        if not _try(desk, act):
            refused.append(act)
            # Reading goes on.
            assert clerk.get("/penduduk/").status_code == 200
    _grow(folder)
    refused[-1]()
    desk.close()
    _carry_out(folder, before)
    desk.tell(acts=acts)


def _choose(desk: Desk, clerk: Clerk, dice: Random, at: int) -> Callable[[], None]:
    """Draw what somebody does next."""
    node = desk.node

    def write() -> None:
        kind = node.catalogue["penduduk"]
        names = [f"PENUH {at} {n}" for n in range(size)]
        drafts = [draft_create(kind, node.new_id(), {"nama": name, "status_dasar": 1}) for name in names]
        desk.tell(saved=write_drafts(node, drafts, author=AUTHOR), at=node.folder.path.name)

    def type_in() -> None:
        clerk.get("/penduduk/tambah")
        name = f"SUPARTI {''.join(chr(65 + int(digit)) for digit in str(at))}"
        answer = clerk.post("/penduduk/tambah", nama=name, status_dasar="1", tetap="1")
        if answer.status_code in (503, 507) and name not in answer.text:
            raise Clumsy("what was typed is gone")
        if answer.status_code not in (303, 409):
            raise PageRefused(answer.status_code, answer.text)

    def attach() -> None:
        desk.tell(attachment=store_of(node).add(node.wilayah, dice.randbytes(size * 700)))

    def back_up() -> None:
        run_cadangan(node, {"tujuan": str(desk.place.backups), "simpan": 50}, lambda report: None)
        desk.clock.now += 60

    def take() -> None:
        for outcome in take_path(desk.hub, write_bundle(node, desk.place.stick).path, Outbox(desk.hub.folder)):
            if outcome.taken is None:
                raise EnvironmentProblem(" ".join(outcome.sentences), "usb")

    size = dice.choice((1, 5, 40, 150))
    acts: tuple[Callable[[], None], ...] = (
        write, write, type_in, attach, back_up, take,
        lambda: desk.tell(imported=import_file(node, write_sheet(0, 20 + size), "w.csv", AUTHOR)["batch"]),
        lambda: _end_well(desk), lambda: take_new_keys(node),
    )
    return dice.choice(acts)


def _end_well(desk: Desk) -> None:
    """Sync; what has come before the disk was full stays, whatever else the session could not note down."""
    try:
        desk.sync(desk.node)
    except EnvironmentProblem as error:
        raise SessionEnded(Report(code="disk_full", detail=error.pesan)) from error


def _try(desk: Desk, act: Callable[[], None]) -> bool:
    """Tell whether something was done; what is refused must say so in a sentence, and be gone as a whole."""
    before = _count(desk)
    try:
        act()
    except SessionEnded as ended:
        assert ended.report.code in ("", "disk_full"), (ended.report.code, ended.report.detail)
        return False
    except PageRefused as page:
        assert page.status in (503, 507) and "isk" in page.html, page.status
    except SipandeError as error:
        assert isinstance(error, EnvironmentProblem) or type(error).__name__ == "KeyFileError", repr(error)
        assert explain_error(error).strip()
    else:
        return True
    assert _count(desk) == before, "refused, and something of it is there"
    return False


def _count(desk: Desk) -> int:
    with desk.node.database.read() as conn:
        return int(conn.execute("SELECT count(*) FROM change").fetchone()[0])


def _mount(folder: Path, size: int) -> None:
    """Mount a tmpfs that only this process sees; it goes with it. OSError where that is not permitted."""
    library = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    flags = _NEW_MOUNTS if uid == 0 else _NEW_MOUNTS | _NEW_USER
    _call(library.unshare, flags)
    if uid:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1", encoding="ascii")
    _call(library.mount, b"none", b"/", None, _RECURSIVE | _PRIVATE, None)
    _call(library.mount, b"sipande", os.fsencode(folder), b"tmpfs", 0, f"size={size}".encode())


def _grow(folder: Path) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    _call(library.mount, b"sipande", os.fsencode(folder), b"tmpfs", _REMOUNT, b"size=64m")


def _call(function: Any, *args: object) -> None:
    if function(*args):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _beside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.semula")


def _carry_out(folder: Path, to: Path) -> None:
    """Leave what is on the mounted disk where others see it; under the mount stands an empty folder of that name."""
    shutil.rmtree(to)
    shutil.copytree(folder, to)

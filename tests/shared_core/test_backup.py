"""Backups: whole or not at all, without keys, beside a working program; and what a restore comes to."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from node.commands import COMMANDS, make_node
from node.services import NodeServices, open_node
from shared.clock import WIB, SystemClock, system_random
from shared.errors import EnvironmentProblem, UserError
from shared.store import backup
from shared.store.backup import BackupState, back_up, is_backup_due, read_backup_state

DESA = "33.03.04.2006"


class _Ticking(SystemClock):
    """Each reading is a second later, so that every backup has a name of its own."""

    def __init__(self) -> None:
        self.time_s = 1_790_000_000

    def now_s(self) -> int:
        self.time_s += 1
        return self.time_s


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeServices]:
    made = make_node(tmp_path / "desa", DESA, "PC uji", _Ticking(), system_random)
    yield made
    made.close()


def _count(path: Path) -> int:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as conn:
        return int(conn.execute("SELECT count(*) FROM change").fetchone()[0])


def test_a_backup_holds_what_was_committed_and_is_for_its_owner_alone(node: NodeServices, tmp_path: Path) -> None:
    target = tmp_path / "salinan.sqlite"
    with node.database.read():
        made = back_up(node, "desa", DESA, target, 0)
    assert made.path == target and made.size == target.stat().st_size
    assert _count(target) == _count(node.folder.database) > 0
    assert os.name != "posix" or target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".baru"] == []


def test_a_backup_holds_no_key(node: NodeServices, tmp_path: Path) -> None:
    target = back_up(node, "desa", DESA, tmp_path / "salinan.sqlite", 0).path
    content = target.read_bytes()
    assert node.keys.signing.seed() not in content
    assert node.keys.signing.seed().hex().encode() not in content
    assert node.keys.signing.public.hex().encode() in content or node.keys.signing.public in content


def test_a_folder_keeps_the_newest_backups_and_nothing_half_written(node: NodeServices, tmp_path: Path) -> None:
    folder = tmp_path / "cadangan"
    folder.mkdir()
    (folder / "catatan.txt").write_text("milik orang lain")
    (folder / f"sipande-desa-{DESA}-20200101-000000.sqlite.baru").write_bytes(b"x")
    (folder / "sipande-desa-33.03.04.2007-20200101-000000.sqlite").write_bytes(b"x")
    made = [back_up(node, "desa", DESA, folder, 3) for _ in range(5)]
    kept = sorted(path.name for path in folder.iterdir())
    assert kept == sorted(
        [path.path.name for path in made[-3:]]
        + ["catatan.txt", "sipande-desa-33.03.04.2007-20200101-000000.sqlite"]
    )
    assert sum(item.removed for item in made) == 2


def test_a_backup_replaces_a_backup_but_no_other_file(node: NodeServices, tmp_path: Path) -> None:
    target = tmp_path / "salinan.sqlite"
    back_up(node, "desa", DESA, target, 0)
    back_up(node, "desa", DESA, target, 0)
    letter = tmp_path / "surat.docx"
    letter.write_bytes(b"PK\3\4")
    for wrong in (letter, node.folder.path / "salinan.sqlite", node.folder.keys / "salinan.sqlite"):
        with pytest.raises(UserError):
            back_up(node, "desa", DESA, wrong, 0)
    assert letter.read_bytes() == b"PK\3\4"
    with pytest.raises(EnvironmentProblem):
        back_up(node, "desa", DESA, tmp_path / "tidak" / "ada.sqlite", 0)


def test_a_failed_check_leaves_the_former_backup(
    node: NodeServices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "salinan.sqlite"
    back_up(node, "desa", DESA, target, 0)
    before = target.read_bytes()

    def fail(temporary: Path) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr(backup, "_check_copy", fail)
    with pytest.raises(EnvironmentProblem):
        back_up(node, "desa", DESA, target, 0)
    assert target.read_bytes() == before
    assert not list(tmp_path.glob("*.baru"))


def test_the_command_tells_the_file_and_the_status_tells_the_time(node: NodeServices, tmp_path: Path) -> None:
    assert COMMANDS["status"](node, {}, lambda report: None)["cadangan_terakhir"] is None
    target = tmp_path / "a.sqlite"
    answer = COMMANDS["cadangan"](node, {"tujuan": str(target), "simpan": 14}, lambda report: None)
    assert answer == {"berkas": str(target), "byte": target.stat().st_size, "dihapus": 0}
    assert COMMANDS["status"](node, {}, lambda report: None)["cadangan_terakhir"].endswith("WIB")


def test_a_failure_is_remembered_until_a_backup_is_good_again(node: NodeServices, tmp_path: Path) -> None:
    def read() -> BackupState:
        with node.database.read() as conn:
            return read_backup_state(conn)

    assert read() == BackupState(None, "", None, "")
    blocked = tmp_path / "berkas"
    blocked.write_text("bukan folder")
    with pytest.raises(EnvironmentProblem):
        back_up(node, "desa", DESA, blocked / "cadangan", 3, makes_folder=True)
    state = read()
    assert state.failed_s is not None and "tidak dapat ditulis" in state.problem and state.last_s is None
    with pytest.raises(UserError):
        back_up(node, "desa", DESA, node.folder.path / "salinan.sqlite", 3)
    assert read() == state, "a wrong target that somebody typed is no failure of the backups"
    made = back_up(node, "desa", DESA, tmp_path / "jauh" / "cadangan", 3, makes_folder=True)
    assert made.path.parent == tmp_path / "jauh" / "cadangan"
    assert os.name != "posix" or made.path.parent.stat().st_mode & 0o777 == 0o700
    good = read()
    assert (good.path, good.failed_s, good.problem) == (str(made.path), None, "") and good.last_s is not None


NOON_S = int(datetime(2026, 11, 20, 12, tzinfo=WIB).timestamp())
HOUR_S = 3600


@pytest.mark.parametrize(("last_h", "now_h", "is_due"), [
    (None, 5, True),
    (-20, -1, False),  # yesterday after noon, and it is morning
    (-25, -1, True),  # the noon of yesterday was missed
    (-2, 0.4, False),  # the timer still has a few minutes
    (-2, 0.6, True),
    (0.2, 0.6, False),  # the timer was there
    (0.2, 23, False),
    (0.2, 24.6, True),
    (900, 5, True),  # made under a clock that was ahead
])
def test_a_backup_is_due_once_a_day_and_only_when_no_timer_made_it(
    last_h: float | None, now_h: float, is_due: bool
) -> None:
    last_s = None if last_h is None else NOON_S + int(last_h * HOUR_S)
    assert is_backup_due(last_s, NOON_S + int(now_h * HOUR_S)) is is_due


def test_a_backup_put_back_by_hand_opens_and_verifies(tmp_path: Path) -> None:
    folder = tmp_path / "desa"
    node = make_node(folder, DESA, "PC uji", _Ticking(), system_random)
    back_up(node, "desa", DESA, tmp_path / "salinan.sqlite", 0)
    node.close()
    for name in ("data.sqlite", "data.sqlite-wal", "data.sqlite-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "salinan.sqlite", folder / "data.sqlite")
    again = open_node(folder, clock=_Ticking(), random=system_random)
    try:
        assert COMMANDS["verify"](again, {}, lambda report: None) == {"baik": True, "masalah": []}
    finally:
        again.close()

"""Data that take the place of others: what a disk refuses on the way is undone, and what was put aside comes back."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from node.pulihkan.restore import restore_node
from shared.changelog.keys import KeySet, SealKey, SigningKey, save_keys
from shared.errors import EnvironmentProblem, UserError
from shared.store.backup import placing
from shared.store.folder import DataFolder
from shared.store.side import KEY_FILE
from tests.federation.test_cadangan import CODE, Killed, back_up_side, die_at
from tests.support.federation import Federation, seeded
from tests.support.office import create


@pytest.mark.parametrize("has_keys", [True, False], ids=["own-keys", "new-keys"])
def test_a_disk_that_refuses_once_while_data_are_moved_leaves_everything_as_it_was(
    federation: Federation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_keys: bool
) -> None:
    """Also at the steps behind the one from which a power cut would end with the new data."""
    node = federation.add_node("a")
    create(node, nama="SITI")
    source = back_up_side(node, tmp_path / "a.cadangan")
    create(node, nama="BUDI")
    federation.nodes.pop("a").close()
    folder = DataFolder(node.folder.path)
    if not has_keys:
        save_keys(folder.keys / KEY_FILE, other_keys(), replace=True)
    before = {path.name: path.read_bytes() for path in folder.keys.iterdir()}
    assert folder.lock(), "as a server has it, so that nothing else finishes what was begun"
    for step in range(40):
        with monkeypatch.context() as patch:
            refused = _refuse_at(patch, step)
            try:
                restore_node(folder, source, CODE, federation.clock, seeded("x"))
            except UserError as error:
                assert "disk" in error.pesan or "tidak dapat ditulis" in error.pesan
        if not refused:
            break
        assert not [path for path in folder.path.iterdir() if path.name.startswith(("pulih", "sebelum"))], step
        assert {path.name: path.read_bytes() for path in folder.keys.iterdir()} == before, step
        with closing(sqlite3.connect(folder.database)) as conn:
            assert ("BUDI",) in conn.execute("SELECT nama FROM penduduk").fetchall(), step
    assert step >= 4
    (aside,) = folder.path.glob("sebelum-pulih-*")
    assert (aside / "kunci").exists() is not has_keys
    check_put_back(folder, aside, monkeypatch, before, has_keys)
    folder.unlock()


def check_put_back(
    folder: DataFolder, aside: Path, monkeypatch: pytest.MonkeyPatch, before: dict[str, bytes], has_keys: bool
) -> None:
    """Put data back, with the power gone or a disk that refuses at each step; ``before`` are the keys of the data."""
    template = folder.path.with_name("sebelum")
    shutil.copytree(folder.path, template)
    for hurt in (die_at, _refuse_at):
        for step in range(40):
            shutil.rmtree(folder.path)
            shutil.copytree(template, folder.path)
            folder.unlock()
            assert folder.lock()
            is_hurt = False
            with monkeypatch.context() as patch:
                hurt(patch, step)
                try:
                    placing.put_back(folder, aside, "batal-pulih")
                except (Killed, OSError, EnvironmentProblem):
                    is_hurt = True
            if hurt is die_at:
                folder.unlock()
                placing.heal(folder)
                assert folder.lock()
            else:
                placing.put_back(folder, aside, "batal-pulih")
            is_back = not aside.exists()
            assert is_back or hurt is die_at
            with closing(sqlite3.connect(folder.database)) as conn:
                assert (("BUDI",) in conn.execute("SELECT nama FROM penduduk").fetchall()) is is_back, step
            keys = {path.name: path.read_bytes() for path in folder.keys.iterdir()}
            assert (keys == before) is (is_back or has_keys)
            other = folder.path / "batal-pulih" if is_back else aside
            with closing(sqlite3.connect(other / "data.sqlite")) as conn:
                assert (("BUDI",) in conn.execute("SELECT nama FROM penduduk").fetchall()) is not is_back
            if not is_hurt:
                break
        assert step >= 3


def other_keys() -> KeySet:
    return KeySet(SigningKey.generate(seeded("lain")), SealKey.generate(seeded("lain")))


def _refuse_at(patch: pytest.MonkeyPatch, step: int) -> list[bool]:
    """Let one move of a file fail; the list that is given holds something once it has."""
    replace, moves, refused = placing.os.replace, list[Path](), list[bool]()

    def counted(source: Path, target: Path) -> None:
        moves.append(source)
        if len(moves) == step + 1:
            refused.append(True)
            raise OSError(5, "broken")
        replace(source, target)

    patch.setattr(placing.os, "replace", counted)
    return refused

"""What a failing disk makes of a transaction and of a small file: a sentence, and what stood there before."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from shared.errors import DamageError, EnvironmentProblem
from shared.store import connection
from shared.store.anchor import AnchorFile
from shared.store.connection import Database, write_durably


def test_a_checkpoint_that_fails_does_not_call_a_commit_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(tmp_path / "data.sqlite")
    monkeypatch.setattr(connection, "CHECKPOINT_PAGES", 0)
    asked = []

    def fail(self: Database) -> None:
        asked.append(self)
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(Database, "checkpoint", fail)
        with database.write() as conn:
            conn.execute("CREATE TABLE saved (no INTEGER) STRICT")
    assert asked
    with database.read() as conn:
        assert conn.execute("SELECT count(*) FROM saved").fetchone() == (0,)
    database.close()


@pytest.mark.parametrize(("number", "kode"), [(errno.ENOSPC, "disk_penuh"), (errno.EIO, "disk_rusak")])
@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_a_small_file_that_the_disk_refuses_leaves_the_old_one_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, kode: str
) -> None:
    path = tmp_path / "puncak.json"
    write_durably(path, b"old")

    def fail(*args: object) -> None:
        raise OSError(number, "refused")

    with monkeypatch.context() as broken:
        broken.setattr(os, call, fail)
        with pytest.raises(EnvironmentProblem) as caught:
            write_durably(path, b"new")
    assert caught.value.kode == kode
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"puncak.json": b"old"}
    write_durably(path, b"new")
    assert path.read_bytes() == b"new"


def test_an_anchor_that_the_disk_does_not_give_is_a_sentence_and_never_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    AnchorFile(tmp_path).raise_to("log", 7, "root")

    def fail(self: Path) -> bytes:
        raise OSError(errno.EIO, "refused")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "read_bytes", fail)
        with pytest.raises(EnvironmentProblem):
            AnchorFile(tmp_path).load()
    assert AnchorFile(tmp_path).load().is_ahead_of("log", 6)
    (tmp_path / "puncak.json").write_bytes(b"")
    with pytest.raises(DamageError):
        AnchorFile(tmp_path).load()


@pytest.mark.parametrize(("number", "kode"), [(errno.EDQUOT, "disk_penuh"), (errno.EIO, "disk_rusak")])
def test_what_the_system_refuses_inside_a_transaction_is_a_sentence(tmp_path: Path, number: int, kode: str) -> None:
    database = Database(tmp_path / "data.sqlite")
    with pytest.raises(EnvironmentProblem) as caught, database.write():
        raise OSError(number, "refused")
    assert caught.value.kode == kode
    database.close()


@pytest.mark.parametrize(("free", "kode"), [(4096, "disk_penuh"), (1 << 30, "disk_rusak")])
def test_a_database_that_cannot_be_opened_on_a_full_disk_is_told_as_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, kode: str
) -> None:
    def fail(self: Database) -> sqlite3.Connection:
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(Database, "_connect", fail)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    with pytest.raises(EnvironmentProblem) as caught:
        Database(tmp_path / "sipande.sqlite")
    assert caught.value.kode == kode

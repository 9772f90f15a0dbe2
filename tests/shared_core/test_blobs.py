"""Files of attachments: whole or not there, resumable at any byte, never believed without their hash."""

from __future__ import annotations

import errno
import os
import random
import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from shared.errors import EnvironmentProblem, ProtocolError
from shared.records.catalogue import CATALOGUE
from shared.records.fields import Lampiran
from shared.store import attachments
from shared.store.blobs import BlobStore, Grace
from shared.store.folder import DataFolder
from tests.support.replica import Replica

DESA, LAIN = "33.03.99.2001", "33.03.99.2002"
DATA = random.Random(3).randbytes(150_000)
DIGEST = sha256(DATA).hexdigest()
QUOTA = 1 << 20
GRACE = Grace(90 * 86400, 7)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[BlobStore]:
    folder = DataFolder(tmp_path / "data")
    folder.make()
    with Replica(folder.database) as replica:
        yield BlobStore(folder, replica.database)


def put(store: BlobStore, offset: int, end: int, data: bytes = DATA, digest: str = DIGEST, quota: int = QUOTA) -> int:
    return store.put(DESA, digest, len(data), offset, data[offset:end], quota=quota)


def files(store: BlobStore) -> list[Path]:
    return sorted(path for path in (store.folder.path / "lampiran").rglob("*") if path.is_file())


def row(store: BlobStore) -> tuple[int, int] | None:
    with store.database.read() as conn:
        held = attachments.find_held(conn, DESA, DIGEST)
    return None if held is None else (held.held, held.whole)


def test_an_attachment_is_kept_under_its_hash_for_its_owner_alone(store: BlobStore) -> None:
    assert store.add(DESA, DATA) == DIGEST == store.add(DESA, DATA)
    (path,) = files(store)
    assert path.relative_to(store.folder.path).as_posix() == f"lampiran/{DESA}/{DIGEST[:2]}/{DIGEST}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert store.read(DESA, DIGEST) == DATA and row(store) == (len(DATA), 1)


def test_what_one_desa_has_another_has_not(store: BlobStore) -> None:
    store.add(DESA, DATA)
    assert store.read(LAIN, DIGEST) is None and store.count_held(LAIN, DIGEST) == 0
    assert store.find_missing(LAIN, [DIGEST]) == [DIGEST] and store.find_missing(DESA, [DIGEST]) == []


def test_no_name_but_a_hash_leads_to_a_file(store: BlobStore) -> None:
    for name in ("../../kunci/kunci.json", "", "x" * 64, DIGEST.upper(), DIGEST + "\n", "."):
        assert store.read(DESA, name) is None
        with pytest.raises(ValueError):
            store.put(DESA, name, 1, 0, b"x", quota=QUOTA)
    for desa in ("..", "", "33.03.99", "33.03.99.2001/.."):
        with pytest.raises(ValueError):
            store.add(desa, DATA)


def test_pieces_of_any_size_make_the_whole(store: BlobStore) -> None:
    at = 0
    for size in (1, 4096, 65_536, 3, 70_000):
        at = put(store, at, at + size)
    assert store.read(DESA, DIGEST) is None and row(store) == (at, 0)
    assert put(store, at, len(DATA)) == len(DATA)
    assert store.read(DESA, DIGEST) == DATA and row(store) == (len(DATA), 1)
    assert [path.name for path in files(store)] == [DIGEST]


def test_a_piece_that_does_not_continue_says_where_to_go_on(store: BlobStore) -> None:
    assert put(store, 100, 200) == 0
    assert put(store, 0, 100) == 100
    assert put(store, 0, 100) == 100 and put(store, 50, 150) == 100 and put(store, 101, 150) == 100
    assert put(store, 100, len(DATA)) == len(DATA)
    assert put(store, 0, 100) == len(DATA)


def test_bytes_that_a_crash_left_beyond_the_row_do_not_count(store: BlobStore) -> None:
    """A piece was half on disk, or whole, when the power went: the row says what was promised."""
    put(store, 0, 1000)
    (part,) = files(store)
    part.write_bytes(DATA[:1000] + b"\0" * 500)
    assert store.count_held(DESA, DIGEST) == 1000
    assert put(store, 1000, len(DATA)) == len(DATA) and store.read(DESA, DIGEST) == DATA


def test_a_row_whose_bytes_are_gone_counts_for_nothing(store: BlobStore) -> None:
    put(store, 0, 1000)
    files(store)[0].unlink()
    assert store.count_held(DESA, DIGEST) == 0
    put(store, 0, len(DATA))
    files(store)[0].unlink()
    assert store.read(DESA, DIGEST) is None and store.find_missing(DESA, [DIGEST]) == [DIGEST]
    assert store.count_held(DESA, DIGEST) == 0 and put(store, 0, len(DATA)) == len(DATA)


def test_a_crash_between_rename_and_row_loses_nothing(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, 0, 1000)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(attachments, "write_held", die)
        with pytest.raises(KeyboardInterrupt):
            put(store, 1000, len(DATA))
    assert row(store) == (1000, 0) and files(store)[0].name == DIGEST
    assert put(store, 1000, len(DATA)) == len(DATA) and row(store) == (len(DATA), 1)


def test_bytes_that_are_not_what_their_name_says_are_refused_and_forgotten(store: BlobStore) -> None:
    other = DATA[:-1] + b"x"
    put(store, 0, 100_000, other)
    with pytest.raises(ProtocolError) as caught:
        put(store, 100_000, len(DATA), other)
    assert caught.value.code == "bad_proof"
    assert files(store) == [] and row(store) is None
    assert put(store, 0, len(DATA)) == len(DATA)


def test_a_piece_beyond_its_size_is_malformed(store: BlobStore) -> None:
    for size, offset, piece in ((10, 0, b"x" * 11), (10, 0, b"")):
        with pytest.raises(ProtocolError) as caught:
            store.put(DESA, DIGEST, size, offset, piece, quota=QUOTA)
        assert caught.value.code == "malformed"
    assert files(store) == []


def test_another_size_begins_anew(store: BlobStore) -> None:
    store.put(DESA, DIGEST, 10, 0, b"lima1", quota=QUOTA)
    assert store.put(DESA, DIGEST, len(DATA), 5, DATA[5:9], quota=QUOTA) == 0
    assert put(store, 0, len(DATA)) == len(DATA)


def test_a_desa_is_held_to_its_quota_and_others_are_not_touched(store: BlobStore) -> None:
    second = DATA[::-1]
    put(store, 0, 1000, quota=200_000)
    with pytest.raises(ProtocolError) as caught:
        put(store, 0, 1000, second, sha256(second).hexdigest(), quota=200_000)
    assert caught.value.code == "quota_full"
    # What is under way counts in full, so it can be ended.
    assert put(store, 1000, len(DATA), quota=200_000) == len(DATA)
    assert store.put(LAIN, DIGEST, len(DATA), 0, DATA, quota=200_000) == len(DATA)


def test_a_damaged_file_is_never_shown_and_then_missing(store: BlobStore) -> None:
    store.add(DESA, DATA)
    (path,) = files(store)
    data = bytearray(path.read_bytes())
    data[7] ^= 1
    path.write_bytes(data)
    assert [held.hash for held in store.find_damaged()] == [DIGEST]
    assert store.read(DESA, DIGEST) is None
    assert files(store) == [] and row(store) is None and store.find_damaged() == []
    assert store.add(DESA, DATA) == DIGEST and store.read(DESA, DIGEST) == DATA


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_is_a_sentence_and_nothing_half_is_left(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    put(store, 0, 1000)
    with monkeypatch.context() as patch:
        patch.setattr(f"shared.store.blobs.os.{call}", full)
        with pytest.raises(EnvironmentProblem) as caught:
            put(store, 1000, len(DATA))
        assert caught.value.kode == "disk_penuh"
        with pytest.raises(EnvironmentProblem):
            store.add(DESA, b"lain")
    assert row(store) == (1000, 0)
    assert put(store, 1000, len(DATA)) == len(DATA) and store.read(DESA, DIGEST) == DATA


def test_a_folder_that_cannot_be_written_is_a_sentence(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("shared.store.blobs.os.open", refuse)
    with pytest.raises(EnvironmentProblem) as caught:
        store.add(DESA, DATA)
    assert "Folder lampiran" in caught.value.pesan


def test_a_sweep_adopts_what_a_crash_left_and_removes_rubbish(store: BlobStore) -> None:
    store.add(DESA, DATA)
    with store.database.write() as conn:
        attachments.forget_held(conn, DESA, DIGEST)
    folder = files(store)[0].parent
    (folder / (DIGEST + ".part")).write_bytes(b"sisa")
    rubbish = folder / ("0" * 64)
    rubbish.write_bytes(b"bukan isinya")
    swept = store.sweep(CATALOGUE, 1000, GRACE)
    assert swept.removed == 0 and swept.waiting == 1
    assert row(store) == (len(DATA), 1) and not rubbish.exists()


def test_what_nothing_names_goes_after_days_and_sweeps_whatever_the_clock_says(store: BlobStore) -> None:
    day, start = 86400, 1_790_000_000
    store.add(DESA, DATA)
    assert store.sweep(CATALOGUE, start, GRACE).waiting == 1
    # A clock that jumps ten years ahead ends no grace by itself, and one that falls back none at all.
    assert store.sweep(CATALOGUE, start + 3650 * day, GRACE).removed == 0
    for at in range(8):
        assert store.sweep(CATALOGUE, start - at * day, GRACE).removed == 0
    assert store.sweep(CATALOGUE, start + 89 * day, GRACE).removed == 0
    swept = store.sweep(CATALOGUE, start + 90 * day, GRACE)
    assert (swept.removed, swept.bytes) == (1, len(DATA)) and files(store) == [] and row(store) is None


def test_every_kind_with_an_attachment_has_an_index_for_it(store: BlobStore) -> None:
    with store.database.read() as conn:
        names = {name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
        for kind in CATALOGUE:
            for field, spec in kind.fields.items():
                if isinstance(spec, Lampiran):
                    assert f"{kind.name}_{field}" in names
                    plan = conn.execute(
                        f"EXPLAIN QUERY PLAN SELECT 1 FROM {kind.name} WHERE desa = ? AND {field} = ?", (DESA, DIGEST)
                    ).fetchall()
                    assert any("INDEX" in str(step) for step in plan)


def test_only_a_hash_has_the_shape_of_an_attachment() -> None:
    field = CATALOGUE["penduduk"].fields["foto"]
    assert field.has_shape(DIGEST) and field.compile()(DIGEST)
    for value in (DIGEST.upper(), DIGEST[:-1], DIGEST + "0", DIGEST + "\n", "../" + DIGEST[3:], 1, None, b"x" * 64, ""):
        assert not field.has_shape(value) and not field.compile()(value)


def test_the_order_is_bytes_then_name_then_row(store: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    fsync, replace, write_held = os.fsync, os.replace, attachments.write_held
    monkeypatch.setattr("shared.store.blobs.os.fsync", lambda fd: seen.append("fsync") or fsync(fd))  # type: ignore
    monkeypatch.setattr(
        "shared.store.blobs.os.replace", lambda a, b: seen.append("rename") or replace(a, b)  # type: ignore
    )
    monkeypatch.setattr(attachments, "write_held", lambda *a: seen.append("row") or write_held(*a))  # type: ignore
    store.add(DESA, DATA)
    assert [step for step in seen if step != "fsync"] == ["rename", "row"] and seen[-1] == "row"
    assert seen.index("fsync") < seen.index("rename") and "fsync" in seen[seen.index("rename"):]

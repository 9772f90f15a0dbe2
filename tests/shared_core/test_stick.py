"""Sticks: which are seen, how a file gets there whole, and the sentence for everything that goes wrong."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from shared.errors import EnvironmentProblem, UserError
from shared.store.folder import DataFolder
from shared.store.outbox import Outbox
from shared.store.stick import MORE_PLACES, list_sticks, open_new, reading, write_file

MOUNTS = """\
25 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
60 25 8:17 / {0}/budi/STIK\\040DESA rw,nosuid shared:9 - vfat /dev/sdb1 rw
61 25 0:50 / {0}/kantor rw - nfs4 server:/kantor rw
62 25 0:51 / {0}/budi/gvfs rw - fuse.gvfsd-fuse gvfsd rw
63 25 8:33 / {0}/hilang rw - exfat /dev/sdc1 rw
64 25 8:49 / /srv/data rw - ext4 /dev/sdd1 rw
"""


def test_mounted_sticks_are_seen_and_nothing_that_hangs_when_it_is_away(tmp_path: Path) -> None:
    mounts, place = tmp_path / "mountinfo", tmp_path / "media" / "budi" / "STIK DESA"
    place.mkdir(parents=True)
    more = tmp_path / "lain"
    more.mkdir()
    mounts.write_text(MOUNTS.format(tmp_path / "media"))
    found = list_sticks(mounts, (f"{tmp_path}/media/",), {MORE_PLACES: f"{more}{os.pathsep}{tmp_path}/tidak-ada"})
    assert [(stick.path, stick.is_writable) for stick in found] == [(more, True), (place, True)]
    assert all(stick.free_bytes > 0 for stick in found)
    assert list_sticks(tmp_path / "tidak-ada", ("/media/",), {}) == []


def test_a_file_is_there_whole_readable_by_others_and_nothing_beside_it(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        size = write_file(tmp_path / "a.sipande", iter([b"satu", b"", b"dua" * 100_000]))
    finally:
        os.umask(before)
    path = tmp_path / "a.sipande"
    assert path.read_bytes() == b"satu" + b"dua" * 100_000 and size == path.stat().st_size
    assert path.stat().st_mode & 0o777 == 0o644, "the computer that reads it is another one"
    assert os.listdir(tmp_path) == ["a.sipande"]


def test_nothing_is_written_over_unless_it_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "a.sipande"
    path.write_bytes(b"lama")
    with pytest.raises(FileExistsError):
        write_file(path, [b"baru"])
    assert path.read_bytes() == b"lama" and os.listdir(tmp_path) == ["a.sipande"]
    write_file(path, [b"baru"], replace=True)
    assert path.read_bytes() == b"baru"
    os.symlink("/etc/hostname", tmp_path / "b.sipande")
    with pytest.raises(FileExistsError):
        write_file(tmp_path / "b.sipande", [b"baru"])
    write_file(tmp_path / "b.sipande", [b"baru"], replace=True)
    assert not (tmp_path / "b.sipande").is_symlink(), "a link is replaced and never followed"


def test_what_the_parts_raise_goes_through_and_leaves_nothing(tmp_path: Path) -> None:
    def parts() -> Iterator[bytes]:
        yield b"separuh"
        raise OSError(errno.EIO, "the disk of the computer, not the stick")

    with pytest.raises(OSError) as error:
        write_file(tmp_path / "a.sipande", parts())
    assert error.value.errno == errno.EIO and os.listdir(tmp_path) == []


@pytest.mark.parametrize("at", ["open", "write", "sync", "close"])
def test_a_stick_that_is_gone_is_told_wherever_it_goes(tmp_path: Path, at: str) -> None:
    class Gone:
        def __init__(self, file: BinaryIO) -> None:
            self._file = file

        def write(self, data: bytes) -> int:
            if at == "write":
                raise OSError(errno.ENODEV, "gone")
            return self._file.write(data)

        def flush(self) -> None:
            if at == "sync":
                raise OSError(errno.EIO, "gone")
            self._file.flush()

        def fileno(self) -> int:
            return self._file.fileno()

        def close(self) -> None:
            self._file.close()
            if at == "close":
                raise OSError(errno.EIO, "gone")

    def make(path: Path) -> Any:
        if at == "open":
            raise OSError(errno.ENOENT, "gone")
        return Gone(open_new(path))

    with pytest.raises(EnvironmentProblem, match="tercabut atau rusak.*tidak berubah"):
        write_file(tmp_path / "a.sipande", [b"isi"], new_file=make)
    assert os.listdir(tmp_path) == []


def test_the_place_is_called_what_people_call_it(tmp_path: Path) -> None:
    def full(path: Path) -> Any:
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(EnvironmentProblem, match="^Disk komputer penuh"):
        write_file(tmp_path / "a", [b""], where="Disk komputer", new_file=full)


def test_only_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipa")
    for name in ("pipa", "tidak-ada", "."):
        with pytest.raises(UserError, match="Berkas itu tidak ada"), reading(tmp_path / name):
            raise AssertionError
    (tmp_path / "a").write_bytes(b"isi")
    with reading(tmp_path / "a") as file:
        assert file.read() == b"isi"


def test_the_outbox_keeps_a_few_and_shows_nothing_half_or_outside(tmp_path: Path) -> None:
    outbox = Outbox(DataFolder(tmp_path))
    for at in range(25):
        path = outbox.path / f"{at:02d}.sipande"
        path.write_bytes(b"x")
        os.utime(path, (at, at))
    with open(tmp_path / "unggahan", "wb") as file:
        file.write(b"isi")
    with open(tmp_path / "unggahan", "rb") as file:
        saved = outbox.save(file, "ab")
    assert saved.read_bytes() == b"isi"
    (outbox.path / ".x.baru").write_bytes(b"separuh")
    assert [path.name for path in outbox.list_files()][:2] == ["24.sipande", "23.sipande"]
    assert len(outbox.list_files()) == 20 and not (outbox.path / "00.sipande").exists()
    for name in ("../unggahan", "masuk-ab", ".x.baru", "", "00.sipande"):
        assert outbox.find(name) is None
    Outbox(DataFolder(tmp_path)).clear()
    assert not saved.exists() and len(os.listdir(outbox.path)) == 20

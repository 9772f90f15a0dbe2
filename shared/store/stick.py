"""Files on a stick: found, written whole or not at all and read back, and what goes wrong in plain words.

A stick is pulled out, full, locked or worn out; whoever is told that a file is on it must find it there.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

from shared.errors import EnvironmentProblem, SipandeError, UserError
from shared.store.connection import sync_folder

ROOTS = ("/media/", "/run/media/", "/mnt/")
MORE_PLACES = "SIPANDE_USB"
"""The variable of the environment that names more folders, for offices that mount their sticks elsewhere."""

_MOUNTS = Path("/proc/self/mountinfo")
# What hangs when the other side is away, and what is no disk.
_NO_DISKS = re.compile(r"(nfs.*|cifs|smb.*|9p|autofs|proc|sysfs|devpts|cgroup.*|fuse\.(sshfs|rclone|gvfsd-fuse))")
_DRIVE_REMOVABLE = 2
_PIECE_BYTES = 1 << 20
_ROOM_KEPT = 1 << 20
"""What a file system needs beside the bytes of a file."""

NewFile = Callable[[Path], BinaryIO]


class Stick(NamedTuple):
    """A folder where files can be carried from, as a person may choose it."""

    path: Path
    free_bytes: int
    is_writable: bool


def list_sticks(
    mounts: Path = _MOUNTS, roots: tuple[str, ...] = ROOTS, environment: Mapping[str, str] = os.environ
) -> list[Stick]:
    """List the sticks that are plugged in; what cannot be looked into is left out."""
    named = [Path(text) for text in environment.get(MORE_PLACES, "").split(os.pathsep) if text]
    places = [*named, *(_list_drives() if os.name == "nt" else _list_mounts(mounts, roots))]
    found = []
    for path in dict.fromkeys(places):
        try:
            free_bytes = shutil.disk_usage(path).free
            os.listdir(path)
        except OSError:
            continue
        found.append(Stick(path, free_bytes, os.access(path, os.W_OK)))
    return found


def _list_mounts(mounts: Path, roots: tuple[str, ...]) -> list[Path]:
    """Read the mounted disks under some folders; the kernel is asked, not the disks, which may be away."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        parts, _, source = line.partition(" - ")
        place = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), parts.split()[4])
        kind = source.split(" ", 1)[0]
        if f"{place}/".startswith(roots) and not _NO_DISKS.fullmatch(kind):
            found.append(Path(place))
    return found


def _list_drives() -> list[Path]:  # pragma: no cover - tried on Linux only
    """List the removable drives of Windows."""
    system = getattr(ctypes, "windll").kernel32
    present = int(system.GetLogicalDrives())
    drives = [f"{chr(ord('A') + bit)}:\\" for bit in range(26) if present >> bit & 1]
    return [Path(drive) for drive in drives if system.GetDriveTypeW(drive) == _DRIVE_REMOVABLE]


def count_room(folder: Path) -> int:
    """Count the bytes that may be written into a folder besides what must be; 0 where that cannot be told."""
    try:
        return max(0, shutil.disk_usage(folder).free - _ROOM_KEPT)
    except OSError:
        return 0


def open_new(path: Path) -> BinaryIO:
    """Make a file that was not there, for everybody to read: what is in it is sealed, and carried to others."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags, 0o644)
    with suppress(OSError, AttributeError):  # a stick of Windows knows no such rights, and Windows no such call
        os.fchmod(handle, 0o644)
    return os.fdopen(handle, "wb")


def write_file(
    target: Path, parts: Iterable[bytes], *, replace: bool = False, where: str = "Stik", new_file: NewFile = open_new,
    check: Callable[[Path], object] = lambda written: None,
) -> int:
    """Write a file so that it is on the disk, read it back, and only then give it its name; return its size.

    ``where`` is what people call the place; ``check`` looks at the file before it gets its name. Raises
    EnvironmentProblem when it does not succeed, and then nothing stands under that name that was not there before;
    FileExistsError when something is there and ``replace`` is not set. What ``parts`` and ``check`` raise goes through.
    """
    temporary = target.with_name(f".{target.name}.baru")
    digest, size = sha256(), 0
    try:
        with explain_stick(where):
            temporary.unlink(missing_ok=True)
            file = new_file(temporary)
        try:
            for part in parts:
                with explain_stick(where):
                    file.write(part)
                digest.update(part)
                size += len(part)
            with explain_stick(where):
                file.flush()
                os.fsync(file.fileno())
                _forget_pages(file.fileno())
        finally:
            with explain_stick(where):
                file.close()
        with explain_stick(where):
            if _read_back(temporary) != digest.digest():
                raise _worn_out(where)
        check(temporary)
        if not replace and os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "file exists")
        with explain_stick(where):
            os.replace(temporary, target)
            with suppress(OSError):  # some file systems of sticks cannot sync a folder
                sync_folder(target.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    return size


def _forget_pages(handle: int) -> None:
    """Let the system forget what it holds of a file, so that reading it back asks the disk."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)


def _read_back(path: Path) -> bytes:
    digest = sha256()
    with open(path, "rb", buffering=0) as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.digest()


@contextmanager
def reading(path: Path, where: str = "Stik") -> Iterator[BinaryIO]:
    """Open a file to be read; EnvironmentProblem when that is not possible, UserError when it is no file."""
    with explain_stick(where):
        try:
            # Before it is opened: a pipe would wait for a writer for ever.
            is_file = stat.S_ISREG(os.stat(path).st_mode)
        except FileNotFoundError:
            is_file = False
        if not is_file:
            raise UserError(
                "Berkas itu tidak ada. Periksa namanya, dan pastikan stiknya masih terpasang.", "berkas_tidak_ada"
            )
        file = open(path, "rb")
    with file:
        yield file


def list_names(folder: Path, where: str = "Stik") -> list[str]:
    """List the names in a folder; EnvironmentProblem when it cannot be read."""
    with explain_stick(where):
        return os.listdir(folder)


def read_beginnings(folder: Path, picks: Callable[[str], bool], size: int) -> dict[str, bytes]:
    """Read the first bytes of the files in a folder whose names are picked; none of what cannot be read.

    Raises EnvironmentProblem when the folder itself cannot be read.
    """
    found = {}
    for name in filter(picks, list_names(folder)):
        found[name] = b""
        with suppress(SipandeError, OSError), reading(folder / name) as file:
            found[name] = file.read(size)
    return found


@contextmanager
def explain_stick(where: str = "Stik") -> Iterator[None]:
    """Turn what a disk refuses into a sentence that says what to do; nothing was lost."""
    try:
        yield
    except OSError as error:
        raise EnvironmentProblem(_explain(error.errno or 0, where), "stik_gagal") from error


def _explain(number: int, where: str) -> str:
    if number in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"{where} penuh, jadi berkasnya belum jadi. Hapus berkas yang tidak perlu di sana, atau pakai stik lain,"
            " lalu ulangi. Data di komputer ini tidak berubah."
        )
    if number == errno.EFBIG:
        return f"Berkasnya terlalu besar untuk {where.lower()} ini. Pakai stik lain; tidak ada yang hilang."
    if number == errno.EROFS:
        return f"{where} ini terkunci: hanya dapat dibaca. Geser kuncinya atau pakai stik lain, lalu ulangi."
    if number in (errno.EACCES, errno.EPERM):
        return (
            f"{where} ini tidak boleh dibuka atau ditulisi oleh program. Pakai tombol unduh dan unggah di peramban,"
            " atau stik lain."
        )
    return (
        f"{where} tercabut atau rusak sebelum selesai. Pasang lagi atau pakai stik lain, lalu ulangi."
        " Data di komputer ini tidak berubah."
    )


def _worn_out(where: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"{where} ini tidak menyimpan dengan benar: isinya berbeda saat dibaca kembali. Pakai stik lain, lalu ulangi."
        " Data di komputer ini tidak berubah.",
        "stik_rusak",
    )

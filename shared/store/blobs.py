"""The bytes of attachments: files under the data folder, named by what they hash to, one folder a desa.

::

    lampiran/33.03.04.2006/3f/3f0c…       whole: written aside, fsynced, renamed
    lampiran/33.03.04.2006/3f/3f0c….part  under way: bytes up to ``held`` of the table count

Two desa that hold the same bytes hold them twice: a desa proves possession by handing the bytes over, not by
naming a hash. Everything is done under the write lock of the database, file before row: a row never promises
bytes that a power cut can take back. What is read is hashed again; a damaged file is forgotten, so that the
other side is asked for it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from sqlite3 import Connection
from typing import Any, NamedTuple

from shared.errors import EnvironmentProblem, ProtocolError
from shared.records.catalogue import Catalogue
from shared.store import attachments
from shared.store.attachments import Held
from shared.store.connection import Database, sync_folder
from shared.store.folder import DataFolder
from shared.store.side import Side
from shared.sync.limits import limit

_DIGEST = re.compile(r"[0-9a-f]{64}")
_DESA = re.compile(r"[0-9]{2}(\.[0-9]{2}){2}\.[0-9]{4}")
_PART = ".part"


class Swept(NamedTuple):
    """What a sweep did: files removed and their bytes, and unnamed ones that wait for their grace to end."""

    removed: int
    bytes: int
    waiting: int


@dataclass(frozen=True)
class Grace:
    """How long an attachment stays that nothing names: by the clock, and in sweeps, for clocks jump."""

    seconds: int
    sweeps: int


@dataclass(frozen=True)
class BlobStore:
    """The attachments of one side; cheap to make."""

    folder: DataFolder
    database: Database

    def add(self, desa: str, data: bytes) -> str:
        """Keep the bytes of a new attachment; return their hash. They are on disk when this returns."""
        digest = sha256(data).hexdigest()
        with _explained(), self.database.write() as conn:
            path = self._path(desa, digest)
            if not self._is_whole(path, digest):
                part = self._part(path)
                self._make_folder(path.parent)
                self._write(part, 0, data)
                self._finish(part, path)
            attachments.write_held(conn, desa, digest, len(data), len(data), True)
        return digest

    def put(self, desa: str, digest: str, size: int, offset: int, piece: bytes, *, quota: int) -> int:
        """Take a piece of an attachment; return how many bytes are held now, on disk.

        A piece that does not begin there is left alone: the return value says where to go on. Raises
        ProtocolError: ``malformed`` for a piece that does not fit its size, ``quota_full`` beyond ``quota``
        bytes for this desa, ``bad_proof`` when the bytes are whole and not what the hash says; these are then
        forgotten.
        """
        with _explained(), self.database.write() as conn:
            held = self._find(conn, desa, digest)
            if held is not None and held.whole:
                return held.size
            start = held.held if held is not None and held.size == size else 0
            if offset != start:
                return start
            if not piece or offset + len(piece) > size:
                raise ProtocolError("malformed", "piece of an attachment")
            others = attachments.count_bytes(conn, desa) - (held.size if held is not None else 0)
            if others + size > quota:
                raise ProtocolError("quota_full")
            path = self._path(desa, digest)
            part = self._part(path)
            self._make_folder(path.parent)
            self._write(part, offset, piece)
            end = offset + len(piece)
            is_right = end < size or sha256(part.read_bytes()).hexdigest() == digest
            if is_right:
                if end == size:
                    self._finish(part, path)
                attachments.write_held(conn, desa, digest, size, end, end == size)
            else:
                part.unlink()
                attachments.forget_held(conn, desa, digest)
        if not is_right:
            raise ProtocolError("bad_proof", "bytes are not what their name says")
        return end

    def read(self, desa: str, digest: str) -> bytes | None:
        """Read a whole attachment; None when it is not here or was damaged, which is then known."""
        if not _DIGEST.fullmatch(digest):
            return None
        path = self._path(desa, digest)
        with _explained():
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                return None
        if sha256(data).hexdigest() == digest:
            return data
        with _explained(), self.database.write() as conn:
            path.unlink(missing_ok=True)
            attachments.forget_held(conn, desa, digest)
        return None

    def count_held(self, desa: str, digest: str) -> int:
        """Count the bytes that are here of one attachment, where the next piece has to begin."""
        with self.database.write() as conn:
            held = self._find(conn, desa, digest)
        return held.held if held is not None else 0

    def find_missing(self, desa: str, digests: Iterable[str]) -> list[str]:
        """Name those that are not whole here, by the files themselves."""
        return sorted(digest for digest in digests if not self._path(desa, digest).exists())

    def find_damaged(self) -> list[Held]:
        """Hash every file again; list what the table calls whole and is not what its name says."""
        with self.database.read() as conn:
            held = [row for row in attachments.list_held(conn) if row.whole]
        return [row for row in held if not self._is_whole(self._path(row.desa, row.hash), row.hash)]

    def sweep(self, catalogue: Catalogue, now_s: int, grace: Grace) -> Swept:
        """Remove what nothing has named for longer than the grace; what was erased has none (store.erasure)."""
        removed = freed = waiting = 0
        with _explained(), self.database.write() as conn:
            self._adopt_strays(conn)
            rows = attachments.list_held(conn)
            for desa in sorted({row.desa for row in rows}):
                kept = attachments.list_kept(conn, catalogue, desa)
                for row in rows:
                    if row.desa != desa:
                        continue
                    if row.hash in kept:
                        attachments.write_unnamed(conn, row, None, 0)
                        continue
                    since_s = now_s if row.unnamed_s is None else row.unnamed_s
                    sweeps = row.unnamed_sweeps + 1
                    is_over = now_s - since_s >= grace.seconds and sweeps > grace.sweeps
                    if is_over:
                        self._remove(conn, row)
                        removed, freed = removed + 1, freed + row.held
                    else:
                        attachments.write_unnamed(conn, row, since_s, sweeps)
                        waiting += 1
        return Swept(removed, freed, waiting)

    def _find(self, conn: Connection, desa: str, digest: str) -> Held | None:
        """Find what is really here: a file without row is adopted, a row without file counts for nothing."""
        path = self._path(desa, digest)
        held = attachments.find_held(conn, desa, digest)
        if held is not None and held.whole and path.exists():
            return held
        if self._is_whole(path, digest):
            size = path.stat().st_size
            attachments.write_held(conn, desa, digest, size, size, True)
            return attachments.find_held(conn, desa, digest)
        if held is None:
            return None
        part = self._part(path)
        is_there = not held.whole and part.exists() and part.stat().st_size >= held.held
        return held if is_there else held._replace(held=0, whole=0)

    def _adopt_strays(self, conn: Connection) -> None:
        """Give files that a crash left without row their row, and remove what is no attachment."""
        root = self._root
        for folder in sorted(root.glob("*/[0-9a-f][0-9a-f]")):
            desa = folder.parent.name
            for path in sorted(folder.iterdir()):
                digest = path.name.removesuffix(_PART)
                if not _DIGEST.fullmatch(digest) or not _DESA.fullmatch(desa):
                    continue
                if attachments.find_held(conn, desa, digest) is None:
                    if path.name == digest and self._is_whole(path, digest):
                        size = path.stat().st_size
                        attachments.write_held(conn, desa, digest, size, size, True)
                    else:
                        path.unlink()

    def _remove(self, conn: Connection, row: Held) -> None:
        path = self._path(row.desa, row.hash)
        path.unlink(missing_ok=True)
        self._part(path).unlink(missing_ok=True)
        attachments.forget_held(conn, row.desa, row.hash)

    @property
    def _root(self) -> Path:
        return self.folder.path / "lampiran"

    def _path(self, desa: str, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest) or not _DESA.fullmatch(desa):
            raise ValueError("not the name of an attachment")
        return self._root / desa / digest[:2] / digest

    @staticmethod
    def _part(path: Path) -> Path:
        return path.with_name(path.name + _PART)

    @staticmethod
    def _is_whole(path: Path, digest: str) -> bool:
        try:
            return sha256(path.read_bytes()).hexdigest() == digest
        except FileNotFoundError:
            return False

    def _make_folder(self, folder: Path) -> None:
        for path in (self._root, folder.parent, folder):
            if not path.is_dir():
                path.mkdir(mode=0o700)
                sync_folder(path.parent)

    @staticmethod
    def _write(part: Path, offset: int, piece: bytes) -> None:
        """Write a piece behind what counts already; what a crash left beyond it is cut off."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        with open(os.open(part, flags, 0o600), "r+b") as file:
            file.truncate(offset)
            file.seek(offset)
            file.write(piece)
            file.flush()
            os.fsync(file.fileno())

    @staticmethod
    def _finish(part: Path, path: Path) -> None:
        os.replace(part, path)
        sync_folder(path.parent)


def store_of(side: Side) -> BlobStore:
    """Give the attachments of one side."""
    return BlobStore(side.folder, side.database)


def sweep_side(side: Side) -> Swept:
    """Sweep the attachments of one side, with the grace of the protocol; the daily job and the command."""
    grace = Grace(limit("blob_grace_days") * 86_400, limit("blob_grace_sweeps"))
    return store_of(side).sweep(side.catalogue, side.clock.now_s(), grace)


def sweep_by_command(side: Side) -> dict[str, Any]:
    """Carry out the command ``bersihkan-lampiran`` of either side."""
    swept = sweep_side(side)
    return {"dibuang": swept.removed, "byte": swept.bytes, "menunggu": swept.waiting}


def describe_damage(side: Side) -> list[str]:
    """Say in one Indonesian sentence per attachment what ``verify`` found; the next session mends it."""
    return [
        f"Lampiran {held.hash[:8]}… desa {held.desa}: berkasnya hilang atau rusak. Sinkronkan; isinya diambil lagi"
        " dari seberang."
        for held in store_of(side).find_damaged()
    ]


@contextmanager
def _explained() -> Iterator[None]:
    """Say in a sentence what the machine refuses; a full disk is told by the database's own sentence."""
    try:
        yield
    except OSError as error:
        raise EnvironmentProblem(
            "Folder lampiran tidak dapat dibaca atau ditulis. Periksa hak akses folder data dan kesehatan disk,"
            " lalu ulangi. Data yang sudah tersimpan tidak berubah.",
            "disk_rusak",
        ) from error

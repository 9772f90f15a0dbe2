"""Attachments beside the backups: each sealed once into a file of its own, however many backups name it.

::

    lampiran/3f/3f0c…          one attachment; its name says nothing to whoever has no database
    lampiran/daftar/<backup>   the names that one backup needs, one a line, so that unneeded ones can go

A photo is written once and not again every day. Files are compared by their hash when they are written and when they
are opened, not in between.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from shared.changelog.keys import SealKey
from shared.store.backup.archive import Picture
from shared.store.backup.sealing import Head, damaged, make_head, open_pieces, read_head, seal_parts
from shared.store.blobs import BlobStore
from shared.store.side import Side
from shared.store.stick import write_file

_NAME = re.compile(r"[0-9a-f]{40}")


class SealedPictures:
    """The folder of sealed attachments beside the backups of one folder."""

    def __init__(self, backups: Path) -> None:
        self._root = backups / "lampiran"

    def keep(self, side: Side, store: BlobStore, pictures: Iterable[Picture], public: bytes | None, where: str) -> int:
        """Seal those that are not there yet; return how many were. Raises what write_file raises."""
        count = 0
        for picture in pictures:
            path = self._path(_name_of(picture.desa, picture.hash, public))
            if path.exists():
                continue
            data = store.read(picture.desa, picture.hash)
            if data is None:
                continue  # damaged since it was listed, which is now known; the other side is asked for it
            head, key = make_head("lampiran", side.sisi, side.wilayah, side.clock.now_s(), public, side.random)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            parts = seal_parts(head, key, [data])
            write_file(path, parts, where=where, new_file=open_private, check=partial(_check, key, picture.hash))
            count += 1
        return count

    def note(self, backup: str, pictures: Sequence[Picture], public: bytes | None) -> None:
        """Note which files a backup needs; where there never was one, no folder is made."""
        if not pictures and not self._root.exists():
            return
        folder = self._root / "daftar"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        names = sorted(_name_of(picture.desa, picture.hash, public) for picture in pictures)
        write_file(folder / backup, ["".join(f"{name}\n" for name in names).encode()], replace=True,
                   new_file=open_private)

    def sweep(self, backups: Iterable[str]) -> int:
        """Remove what none of the backups needs; nothing at all while it is not known what one of them needs."""
        wanted: set[str] = set()
        kept = set(backups)
        try:
            for backup in kept:
                wanted.update((self._root / "daftar" / backup).read_text("ascii").split())
        except OSError:
            return 0
        for path in (self._root / "daftar").glob("*"):
            if path.name not in kept:
                path.unlink(missing_ok=True)
        count = 0
        for path in self._root.glob("[0-9a-f][0-9a-f]/*"):
            if path.name not in wanted and (_NAME.fullmatch(path.name) or path.name.endswith(".baru")):
                path.unlink(missing_ok=True)
                count += 1
        return count

    def read(self, picture: Picture, code: SealKey | None) -> bytes | None:
        """Open one attachment; None when it is not there. Raises BackupUnreadable when it is not what it was."""
        public = None if code is None else code.public
        for name in (_name_of(picture.desa, picture.hash, public), _name_of(picture.desa, picture.hash, None)):
            path = self._path(name)
            if path.exists():
                return _open(path, lambda head: head.open_key(code), picture.hash)
        return None

    def _path(self, name: str) -> Path:
        return self._root / name[:2] / name


def _name_of(desa: str, digest: str, public: bytes | None) -> str:
    return sha256(b"\n".join((b"sipande-cadangan/1 lampiran", public or b"", desa.encode(), digest.encode()))
                  ).hexdigest()[:40]


def _check(key: bytes, digest: str, path: Path) -> None:
    _open(path, lambda head: key, digest)


def _open(path: Path, open_key: Callable[[Head], bytes], digest: str) -> bytes:
    with open(path, "rb") as file:
        head = read_head(file)
        data = b"".join(open_pieces(file, head, open_key(head)))
    if head.isi != "lampiran" or sha256(data).hexdigest() != digest:
        raise damaged()
    return data


def open_private(path: Path) -> BinaryIO:
    """Make a file that was not there, for its owner alone."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o600), "wb")

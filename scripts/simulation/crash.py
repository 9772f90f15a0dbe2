"""Power cuts and full disks of one side.

It dies just before or after a drawn commit, or a drawn renaming of a file, and lives on with what was on disk then; or
SQLite itself finds no room for one more page, at whichever statement needs it.

Whatever the product keeps beside its databases (keys, anchors, attachments, files on sticks, backups) it writes aside
and renames: ``os.replace`` is the step at which such a file comes into being, and it is one of the machine's, not of
any one module. :func:`watching_files` stands there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from shared.store.connection import Database


PAGES_MAX = 1 << 30
ASIDE = ".baru"
"""How the name of a file ends that is written in one go, to be renamed."""


class Crash(BaseException):
    """The machine of one side stopped. Not an Exception: no handler of the product may live through it."""

    def __init__(self, side: str) -> None:
        super().__init__(side)
        self.side = side


@dataclass
class CrashPoint:
    """When a side dies: after ``countdown`` more transactions, before or after the commit; None for never."""

    side: str
    folder: Path
    countdown: int | None = None
    after_commit: bool = False
    room: int | None = None
    """Pages that the disk has room for beyond those of the database when it became full; None for no end."""
    pages_max: int | None = None
    renames: int | None = None
    """After so many more renamings of files it dies; None for never."""
    after_rename: bool = False
    written: float = 1.0
    """Where it dies before one: how much of the file that was written aside has come to the disk."""
    sticks: tuple[Path, ...] = ()
    """The sticks that are plugged in."""
    died: tuple[Path, ...] = ()
    """The folders of which the instant of the crash is kept."""

    def arm(self, countdown: int, after_commit: bool) -> None:
        self.countdown, self.after_commit = countdown, after_commit

    def arm_files(self, countdown: int, after_rename: bool, written: float = 1.0) -> None:
        """Let it die at the renaming of a file."""
        self.renames, self.after_rename, self.written = countdown, after_rename, written

    def disarm(self) -> None:
        self.countdown = self.renames = None

    @contextmanager
    def plug(self, stick: Path) -> Iterator[None]:
        """Let a stick be in this machine: what stands on it stays as it was at the instant of a crash, too."""
        self.sticks = (*self.sticks, stick)
        try:
            yield
        finally:
            self.sticks = self.sticks[:-1]

    def fill(self, room: int) -> None:
        """Let the disk be full but for a few pages."""
        self.room, self.pages_max = room, None

    def free(self) -> None:
        """Let there be room again."""
        self.room = self.pages_max = None

    @contextmanager
    def with_room(self) -> Iterator[None]:
        """Let a check use the disk as if it were not full; it is none of the things that happen to the machine."""
        limits, self.room, self.pages_max = (self.room, self.pages_max), None, None
        try:
            yield
        finally:
            self.room, self.pages_max = limits

    def limit_pages(self, conn: Connection) -> None:
        """Tell SQLite how large its file may become; it raises SQLITE_FULL by itself."""
        if self.room is not None and self.pages_max is None:
            self.pages_max = int(conn.execute("PRAGMA page_count").fetchone()[0]) + self.room
        conn.execute(f"PRAGMA max_page_count={self.pages_max or PAGES_MAX}")

    def is_due(self) -> bool:
        """Count one transaction; tell whether it is the one."""
        if self.countdown is None:
            return False
        self.countdown -= 1
        return self.countdown < 0

    def die(self) -> None:
        """Keep the disk as it is at this instant, the open transaction's pages included, and stop."""
        self.disarm()
        self.died = (self.folder, *self.sticks)
        for folder in self.died:
            shutil.copytree(folder, _image_of(folder), ignore=shutil.ignore_patterns("*-shm"))
        raise Crash(self.side)

    def restore_disk(self) -> None:
        """Put the disk of the instant of the crash in place of what closing the files has made of it."""
        for folder in self.died:
            shutil.rmtree(folder)
            _image_of(folder).rename(folder)

    def owns(self, path: Path) -> bool:
        """Tell whether a file stands on the disk of this machine, or on a stick in it."""
        return any(folder in path.parents for folder in (self.folder, *self.sticks))

    def rename(self, rename: Callable[[], None], source: Path) -> None:
        """Rename a file; die before or after it where that is due."""
        self.renames = None if self.renames is None else self.renames - 1
        is_due = self.renames is not None and self.renames < 0
        if is_due and not self.after_rename:
            if source.suffix == ASIDE:  # others have come to the disk piece by piece, each with its commit
                os.truncate(source, int(self.written * source.stat().st_size))
            self.die()
        rename()
        if is_due:
            self.die()


def _image_of(folder: Path) -> Path:
    """Say where a folder as it was at the instant of a crash is kept."""
    return folder.with_name(f"{folder.name}.mati")


@contextmanager
def watching_files(list_points: Callable[[], Iterable[CrashPoint]]) -> Iterator[None]:
    """Let machines die where files of theirs are renamed, as their crash points say."""
    real = os.replace

    def replace(source: Any, target: Any, **more: Any) -> None:
        armed = (point for point in list_points() if point.renames is not None)
        point = next((point for point in armed if point.owns(Path(target))), None)
        if point is None:
            real(source, target, **more)
        else:
            point.rename(lambda: real(source, target, **more), Path(source))

    setattr(os, "replace", replace)
    try:
        yield
    finally:
        setattr(os, "replace", real)


class CrashingDatabase(Database):
    """An open database that dies where its crash point says; nested blocks are one transaction."""

    def __init__(self, inner: Database, point: CrashPoint) -> None:
        self.__dict__.update(inner.__dict__)
        self.point = point
        self.is_limited = False

    @contextmanager
    def write(self) -> Iterator[Connection]:
        is_outermost = self._depth == 0
        dies = is_outermost and self.point.is_due()
        with super().write() as conn:
            if is_outermost and (self.is_limited or self.point.room is not None):
                self.is_limited = self.point.room is not None
                self.point.limit_pages(conn)
            yield conn
            if dies and not self.point.after_commit:
                self.point.die()
        if dies:
            self.point.die()

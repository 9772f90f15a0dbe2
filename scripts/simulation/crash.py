"""Power cuts and full disks of one side.

It dies just before or after a drawn commit and lives on with what was on disk then; or SQLite itself finds no
room for one more page, at whichever statement needs it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection

from shared.store.connection import Database


PAGES_MAX = 1 << 30


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

    @property
    def image(self) -> Path:
        """Where the disk at the instant of the crash is kept."""
        return self.folder.with_name(f"{self.folder.name}.mati")

    def arm(self, countdown: int, after_commit: bool) -> None:
        self.countdown, self.after_commit = countdown, after_commit

    def disarm(self) -> None:
        self.countdown = None

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
        self.countdown = None
        shutil.copytree(self.folder, self.image, ignore=shutil.ignore_patterns("*-shm"))
        raise Crash(self.side)

    def restore_disk(self) -> None:
        """Put the disk of the instant of the crash in place of what closing the files has made of it."""
        shutil.rmtree(self.folder)
        self.image.rename(self.folder)


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

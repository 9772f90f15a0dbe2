"""One SQLite file, one writer at a time, many readers.

All writing goes through :meth:`Database.write`: BEGIN IMMEDIATE under a process-wide lock, FULL sync,
and WAL checkpoints only under the same lock. SQLite before 3.51.3 can lose committed pages when two
connections write and checkpoint at one instant; here that instant cannot come (docs/adr/0003).
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.errors import DamageError, EnvironmentProblem

CHECKPOINT_PAGES = 4000
BUSY_TIMEOUT_S = 30.0


class Database:
    """The open file of one side. Readers see committed data only; a writer sees its own transaction."""

    def __init__(self, path: Path, *, cache_kib: int = 8192) -> None:
        self.path = path
        self._cache_kib = cache_kib
        self._lock = threading.RLock()
        self._readers = threading.local()
        self._open_readers: list[sqlite3.Connection] = []
        with _explained(path):
            self._writer = self._connect()
        self._depth = 0
        self._is_closed = False
        self.generation = 0
        """Rises with every commit; caches compare it."""

    def _connect(self) -> sqlite3.Connection:
        conn = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("PRAGMA synchronous=FULL")
        conn.execute("PRAGMA wal_autocheckpoint=0")
        conn.execute("PRAGMA foreign_keys=ON")
        # What is deleted is overwritten, so that little is left to clean after an erasure (see compact).
        conn.execute("PRAGMA secure_delete=ON")
        conn.execute("PRAGMA temp_store=MEMORY")
        conn.execute(f"PRAGMA cache_size=-{int(self._cache_kib)}")
        return conn

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run a block as one transaction; nested blocks join the outer one.

        Raises EnvironmentProblem when the disk is full or cannot be written; then nothing was changed.
        """
        with self._lock:
            if self._depth:
                self._depth += 1
                try:
                    yield self._writer
                finally:
                    self._depth -= 1
                return
            with _explained(self.path):
                self._writer.execute("BEGIN IMMEDIATE")
                self._depth = 1
                try:
                    yield self._writer
                    self._writer.execute("COMMIT")
                    self.generation += 1
                except BaseException:
                    if self._writer.in_transaction:
                        self._writer.execute("ROLLBACK")
                    raise
                finally:
                    self._depth = 0
            self._checkpoint_when_long()

    @contextmanager
    def write_within(self, wait_s: float) -> Iterator[sqlite3.Connection | None]:
        """Run a block as :meth:`write` does, with None where another writer is not done in ``wait_s`` seconds."""
        if not self._lock.acquire(timeout=wait_s):
            yield None
            return
        try:
            with self.write() as conn:
                yield conn
        finally:
            self._lock.release()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give one consistent snapshot for a block of queries."""
        conn: sqlite3.Connection | None = getattr(self._readers, "conn", None)
        with _explained(self.path):
            if conn is None:
                conn = self._open_reader()
            if conn.in_transaction:
                yield conn
                return
            conn.execute("BEGIN")
            try:
                yield conn
            finally:
                conn.execute("ROLLBACK")

    def _open_reader(self) -> sqlite3.Connection:
        if self._is_closed:
            # By now another file may stand at this path.
            raise sqlite3.ProgrammingError("Cannot operate on a closed database.")
        conn = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=ro",
            uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False,
        )
        conn.execute("PRAGMA query_only=ON")
        conn.execute("PRAGMA cache_size=-2048")
        self._readers.conn = conn
        with self._lock:
            self._open_readers.append(conn)
        return conn

    def _checkpoint_when_long(self) -> None:
        wal = self.path.with_name(self.path.name + "-wal")
        # The commit stands, and whoever hears that it failed would type everything again: a disk that does not
        # take the checkpoint now is asked again behind the next commit.
        with suppress(OSError, sqlite3.Error):
            if wal.stat().st_size // 4096 > CHECKPOINT_PAGES:
                self.checkpoint()

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file, under the write lock."""
        with self._lock:
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def compact(self) -> bool:
        """Write the file anew without its free pages, and empty the write-ahead log; tell whether both are done.

        What was dropped may stand in free pages and in old frames of the log until then: secure_delete does not
        reach copies that SQLite made when it moved cells between pages. False while a reader holds old frames.
        """
        with self._lock, _explained(self.path):
            # In memory the copy would be as large as the file.
            self._writer.execute("PRAGMA temp_store=FILE")
            try:
                self._writer.execute("VACUUM")
            finally:
                self._writer.execute("PRAGMA temp_store=MEMORY")
            busy, _, _ = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy

    def close(self) -> None:
        """Close every connection; the write-ahead log is folded in first where possible."""
        with self._lock:
            self._is_closed = True
            for conn in self._open_readers:
                conn.close()
            self._open_readers.clear()
            try:
                self.checkpoint()
            except sqlite3.Error:
                pass  # the log stays and is read at the next start
            self._writer.close()


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn a full or broken disk into a sentence that helps, and a damaged file into DamageError."""
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        text = str(error).lower()
        if "not a database" in text or "malformed" in text:
            raise DamageError("database file is damaged") from error
        if "full" in text or getattr(error, "errno", None) in _NO_ROOM:
            raise _full() from error
        if any(sign in text for sign in _UNWRITABLE) or getattr(error, "errno", None) in _BROKEN:
            # Where there is no room for the index of the write-ahead log, SQLite names no cause.
            raise (_full() if _has_no_room(path) else _broken()) from error
        raise


def _has_no_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _ROOM_MIN
    except OSError:
        return False


_ROOM_MIN = 64 * 1024
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_BROKEN = (errno.EIO, errno.EROFS)
_UNWRITABLE = ("readonly", "disk i/o", "unable to open")


def _full() -> EnvironmentProblem:
    return EnvironmentProblem(
        "Disk komputer penuh, jadi belum ada yang disimpan. Hapus berkas yang tidak perlu"
        " (misalnya unduhan lama), lalu ulangi. Isian Anda tidak hilang dari layar.",
        "disk_penuh",
    )


def _broken() -> EnvironmentProblem:
    return EnvironmentProblem(
        "Berkas data tidak dapat ditulis. Periksa hak akses folder data dan kesehatan disk,"
        " lalu jalankan lagi. Data yang sudah tersimpan tidak berubah.",
        "disk_rusak",
    )


def write_durably(path: Path, content: bytes) -> None:
    """Put a file, private to its owner, in the place of another; it is on disk, whole, when this returns.

    Raises EnvironmentProblem when the disk does not take it.
    """
    try:
        write_private(path, content)
    except OSError as error:
        raise (_full() if error.errno in _NO_ROOM else _broken()) from error


def read_small(path: Path) -> bytes | None:
    """Read a file that write_durably has put there; None when there is none.

    Raises EnvironmentProblem when the disk does not give it.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _broken() from error


def sync_folder(path: Path) -> None:
    """Make a rename in this folder survive a power cut (POSIX; a no-op elsewhere)."""
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone can read, whole or not at all, and durable on return; OSError when it fails."""
    temporary = path.with_suffix(".baru")
    try:
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise

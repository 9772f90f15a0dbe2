"""Makes one backup: a moment of the database, sealed, read back from the disk and restored on trial before it counts.

The keys are not in the database, so no backup holds them; the anchor beside them is what proves a restore
(sync_protocol.md 6.3).
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any

from shared.clock import WIB
from shared.errors import DamageError, EnvironmentProblem, UserError
from shared.explain import explain_error
from shared.store.attachments import list_held, list_kept
from shared.store.backup.archive import Contents, Picture, pack
from shared.store.backup.pictures import SealedPictures, open_private
from shared.store.backup.sealing import BackupUnreadable, make_head, seal_parts
from shared.store.backup.snapshot import count_rows, measure_logs, open_copy, take_snapshot
from shared.store.backup.state import note_failure, note_success, read_code_key
from shared.store.backup.trial import find_problems, scratch_folder, unpack
from shared.store.blobs import BlobStore, store_of
from shared.store.folder import DataFolder
from shared.store.side import Side
from shared.store.stick import write_file

KEEP_DEFAULT = 14
ENDING = ".cadangan"
_WITHOUT_CODE = "-tanpa-kode"
_WHERE = "Folder cadangan"
_MAGICS = (b"sipande-cadangan/", b"SQLite format 3\0")
_one_at_a_time = threading.Lock()


class DoubtfulBackup(DamageError):
    """What was copied is not what was once signed; the copy is kept beside the good ones."""

    def __init__(self, path: Path) -> None:
        super().__init__("signed data differ")
        self.pesan = (
            "Sebagian data di komputer ini tidak cocok lagi dengan tanda tangannya (disknya mungkin rusak; perintah"
            f" verify menyebut di mana). Salinannya disimpan tersendiri sebagai {path.name}; cadangan lama yang baik"
            " tidak dibuang. Hubungi pengelola program."
        )


@dataclass(frozen=True)
class Backup:
    """One good backup; ``removed`` counts the older ones that made room for it."""

    path: Path
    size: int
    removed: int
    is_sealed: bool = True
    pictures: int = 0

    def dump(self) -> dict[str, Any]:
        return {
            "berkas": str(self.path), "byte": self.size, "dihapus": self.removed, "tersegel": self.is_sealed,
            "gambar": self.pictures,
        }


def backup_folder(side: Side) -> Path:
    """Tell where the backups of this computer go: never into the data folder itself."""
    return place_backups(side.folder, side.cadangan)


def place_backups(folder: DataFolder, named: Path | None) -> Path:
    """Tell where the backups of a data folder go, open or not; ``named`` is the place that somebody chose."""
    path = folder.path.absolute()
    return (named or path.with_name(f"{path.name}-cadangan")).absolute()


def make_daily_backup(side: Side) -> Backup:
    """Make a backup in the folder of this computer, where the newest stay; raises what :func:`back_up` raises."""
    return back_up(side, backup_folder(side), KEEP_DEFAULT, makes_folder=True)


def back_up(
    side: Side, target: Path, keep: int, *, makes_folder: bool = False, counts: bool = True
) -> Backup:
    """Write a backup to a file, or into a folder under a name of its own, where the newest ``keep`` stay.

    A file holds the attachments too; in a folder they stand beside it, each once. With ``makes_folder`` the target
    is a folder that is made where it is missing; one that does not count (on a stick, which is carried away) leaves
    the state as it was. Raises UserError for a target that must not be overwritten,
    EnvironmentProblem when it cannot be written, DamageError when the copy does not read well; then what stood
    there before still stands, and the failure is noted.
    """
    with _one_at_a_time:
        try:
            if makes_folder:
                _make_folder(target)
            made = _back_up(side, target, keep)
        except (EnvironmentProblem, DamageError) as error:
            if counts:
                note_failure(side, explain_error(error))
            raise
        if counts:
            note_success(side, str(made.path.absolute()), side.clock.now_s())
        return made


def back_up_by_command(side: Side, args: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out the command ``cadangan`` of either side."""
    return back_up(side, Path(str(args["tujuan"])), int(args["simpan"])).dump()


def _back_up(side: Side, target: Path, keep: int) -> Backup:
    now_s = side.clock.now_s()
    prefix = f"sipande-{side.sisi}-{side.wilayah}-"
    with side.database.read() as conn:
        public = read_code_key(conn)
    into_folder = target.is_dir()
    if into_folder:
        stamp = f"{datetime.fromtimestamp(now_s, WIB):%Y%m%d-%H%M%S}"
        target = target / f"{prefix}{stamp}{'' if public else _WITHOUT_CODE}{ENDING}"
    _check_target(side, target)
    beside = SealedPictures(target.parent) if into_folder else None
    try:
        size, pictures = _write(side, target, public, now_s, beside)
        removed = 0
        if beside is not None:
            beside.note(target.name, pictures, public)
            removed = _remove_old(target.parent, prefix, keep, beside)
    except EnvironmentProblem as error:
        raise _unwritable() if error.kode == "stik_gagal" else error from error
    except OSError as error:
        raise _unwritable() from error
    except sqlite3.DatabaseError as error:
        # A disk that fails under the copy shows as anything, also as damage, and in no class of its own.
        if type(error) not in (sqlite3.OperationalError, sqlite3.DatabaseError):
            raise
        raise _unwritable() from error
    return Backup(target, size, removed, public is not None, len(pictures))


def _write(
    side: Side, target: Path, public: bytes | None, now_s: int, beside: SealedPictures | None
) -> tuple[int, tuple[Picture, ...]]:
    store = store_of(side)
    with scratch_folder(side.folder) as scratch:
        snapshot = scratch / "salinan.sqlite"
        take_snapshot(side, snapshot)
        contents = _describe(side, snapshot, now_s, is_inside=beside is None)
        if beside is not None:
            beside.keep(side, store, contents.gambar, public, _WHERE)
        head, key = make_head("data", side.sisi, side.wilayah, now_s, public, side.random)

        def prove(written: Path) -> None:
            snapshot.unlink()  # room for what comes back
            _prove(side, written, key, scratch, target)

        parts = seal_parts(head, key, pack(contents, snapshot, lambda picture: _read(store, picture)))
        size = write_file(target, parts, replace=True, where=_WHERE, new_file=open_private, check=prove)
    return size, contents.gambar


def _prove(side: Side, written: Path, key: bytes, scratch: Path, target: Path) -> None:
    """Restore the file on trial; one whose data were damaged before is put aside under a name of its own."""
    folder = scratch / "pulih"
    folder.mkdir(mode=0o700)
    try:
        found = unpack(written, lambda head: key, folder)
    except BackupUnreadable as error:
        raise EnvironmentProblem(
            "Cadangan yang baru ditulis tidak dapat dibaca kembali, jadi tidak dihitung; yang lama tetap ada. Disk"
            " folder cadangan mungkin rusak: pakai disk lain.",
            "cadangan_tak_terbaca",
        ) from error
    if find_problems(found, side.cosigners(), side.keys.publics()):
        doubtful = target.with_name(f"sipande-{side.sisi}-{side.wilayah}-meragukan{ENDING}")
        os.replace(written, doubtful)
        raise DoubtfulBackup(doubtful)


def _describe(side: Side, snapshot: Path, now_s: int, *, is_inside: bool) -> Contents:
    with closing(open_copy(snapshot)) as conn:
        held = [row for row in list_held(conn) if row.whole]
        kept = {desa: list_kept(conn, side.catalogue, desa) for desa in {row.desa for row in held}}
        missing = {desa: set(store_of(side).find_missing(desa, digests)) for desa, digests in kept.items()}
        pictures = tuple(
            Picture(row.desa, row.hash, row.size, is_inside) for row in held
            if row.hash in kept[row.desa] and row.hash not in missing[row.desa]
        )
        counts, logs = count_rows(conn), measure_logs(conn)
    with open(snapshot, "rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return Contents(
        side.sisi, side.wilayah, side.nama, now_s, tuple(key.hex() for key in side.keys.publics()),
        snapshot.stat().st_size, digest, counts, logs, pictures,
    )


def _read(store: BlobStore, picture: Picture) -> bytes:
    data = store.read(picture.desa, picture.hash)
    if data is None:
        raise DamageError("attachment changed while it was copied")
    return data


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable() from error


def _check_target(side: Side, target: Path) -> None:
    if target.parent.resolve() in (side.folder.path.resolve(), side.folder.keys.resolve()):
        raise UserError(
            "Cadangan tidak boleh di dalam folder data itu sendiri. Pilih folder lain, sebaiknya di disk lain.",
            "cadangan_di_data",
        )
    try:
        with open(target, "rb") as file:
            is_backup = file.read(32).startswith(_MAGICS)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritable() from error
    if not is_backup:
        raise UserError(
            "Berkas tujuan sudah ada dan bukan cadangan Sipande. Pilih nama lain.", "cadangan_menimpa"
        )


def list_backups(folder: Path, sisi: str, wilayah: str) -> list[Path]:
    """List the backups of one side in a folder, the newest first."""
    pattern = _pattern(f"sipande-{sisi}-{wilayah}-")
    names = [name for name in os.listdir(folder) if pattern.fullmatch(name)] if folder.is_dir() else []
    return [folder / name for name in sorted(names, key=_stamp, reverse=True)]


def _pattern(prefix: str) -> re.Pattern[str]:
    # The second ending is that of backups before there was a seal.
    return re.compile(re.escape(prefix) + rf"\d{{8}}-\d{{6}}(({_WITHOUT_CODE})?{re.escape(ENDING)}|\.sqlite)")


def _stamp(name: str) -> str:
    found = re.search(r"-(\d{8}-\d{6})", name)
    return found[1] if found else ""


def _remove_old(folder: Path, prefix: str, keep: int, beside: SealedPictures) -> int:
    """Remove all but the newest backups, and what a power cut left half-written."""
    pattern = _pattern(prefix)
    half = re.compile(rf"\.?{pattern.pattern}\.baru")
    names = os.listdir(folder)
    whole = sorted((name for name in names if pattern.fullmatch(name)), key=_stamp)
    old = whole[:-keep] if keep > 0 else []
    for name in (*old, *(name for name in names if half.fullmatch(name))):
        (folder / name).unlink(missing_ok=True)
    beside.sweep(name for name in whole if name not in old and name.endswith(ENDING))
    return len(old)


def _unwritable() -> EnvironmentProblem:
    return EnvironmentProblem(
        "Cadangan tidak dapat ditulis di tempat itu. Periksa apakah foldernya ada, boleh ditulisi, dan masih"
        " cukup ruang di disknya; lalu ulangi. Data tidak berubah.",
        "cadangan_gagal",
    )

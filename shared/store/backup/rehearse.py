"""The rehearsal (*uji pulih*): the paper opens the newest backup, and what comes out is the village, whole.

The trial of each day is made with the key of the file that was just written. This one is made with the code, as on
the day when the computer is gone; it also folds all logs again and opens every attachment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from shared.changelog.keys import SealKey
from shared.clock import format_time
from shared.errors import UserError
from shared.store.backup.archive import Picture
from shared.store.backup.make import backup_folder, list_backups
from shared.store.backup.pictures import SealedPictures
from shared.store.backup.restore import Kind, explaining, read_code_for
from shared.store.backup.sealing import BackupUnreadable
from shared.store.backup.state import note_trial, read_code_key
from shared.store.backup.trial import find_problems, scratch_folder, unpack
from shared.store.folder import DataFolder
from shared.store.side import Side
from shared.store.verify import compare_with_rebuild, projection_tables


def _write(number: int) -> str:
    return f"{number:,}".replace(",", ".")


@dataclass(frozen=True)
class Rehearsal:
    """What was found; ``problems`` are Indonesian sentences."""

    path: Path
    waktu_s: int
    penduduk: int
    perubahan: int
    gambar: int
    gambar_hilang: int
    problems: tuple[str, ...]

    def sentences(self) -> list[str]:
        """Say what was found."""
        found = [
            f"Cadangan {format_time(self.waktu_s)} terbuka: {_write(self.penduduk)} penduduk,"
            f" {_write(self.perubahan)} perubahan, {_write(self.gambar)} gambar."
        ]
        if self.gambar_hilang:
            found.append(f"{_write(self.gambar_hilang)} gambar tidak ada di folder cadangan.")
        return found + list(self.problems or ("Semuanya utuh dan dapat dipulihkan.",))


def find_newest(side: Side) -> Path:
    """Find the newest backup in the folder of this computer; UserError when there is none."""
    with explaining():
        found = list_backups(backup_folder(side), side.sisi, side.wilayah)
    if not found:
        raise UserError("Belum ada cadangan di folder cadangan. Buat dulu satu.", "belum_ada_cadangan")
    return found[0]


def rehearse(side: Side, source: Path, typed: str, kind: Kind) -> Rehearsal:
    """Restore a backup on trial with the code as typed, and compare everything in it; nothing here changes.

    Raises UserError when the file cannot be opened.
    """
    with explaining(), scratch_folder(side.folder) as scratch:
        code = read_code_for(source, typed, side.sisi)
        found = unpack(source, lambda head: head.open_key(code), scratch)
        if found.contents.wilayah != side.wilayah:
            raise UserError("Cadangan itu milik wilayah lain.", "wilayah_lain")
        problems = find_problems(found, side.cosigners())
        held = missing = 0
        for picture in found.contents.gambar:
            is_here = (picture.desa, picture.hash) in found.pictures or _is_beside(picture, source, code)
            held, missing = held + is_here, missing + (not is_here)
        if not problems:
            problems = _compare(side, DataFolder(scratch), kind)
    with side.database.read() as conn:
        public = read_code_key(conn)
    if code is not None and code.public == public and not problems:
        note_trial(side)
    contents = found.contents
    return Rehearsal(
        source, contents.waktu_s, contents.jumlah.get("penduduk", 0), sum(contents.catatan.values()), held, missing,
        tuple(problems),
    )


def _is_beside(picture: Picture, source: Path, code: SealKey | None) -> bool:
    try:
        return SealedPictures(source.parent).read(picture, code) is not None
    except BackupUnreadable:
        return False


def _compare(side: Side, scratch: DataFolder, kind: Kind) -> list[str]:
    """Fold the logs of the restored database again and compare every table."""
    database = kind.open(scratch)
    try:
        trial = replace(side, folder=scratch, database=database)
        tables = (*projection_tables(side.catalogue), *side.own_tables)
        return [
            f"Tabel {table}: isinya berbeda dengan hasil susun ulang dari log."
            for table in compare_with_rebuild(database, tables, trial.rebuild)
        ]
    finally:
        database.close()

"""A backup becomes a data folder again: on this computer or on another, beside what is there and never over it.

Private keys are in no backup. Where the key folder of the same computer is still there, the computer goes on under
its key, and the anchor tells it to open a new log (sync_protocol.md 6.3). Where it is not, the computer gets new
keys: it is a new writer, to whom the old logs are those of somebody else. They are signed to their end, so it can
hand them over.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shared.changelog.keys import KeySet, SealKey, SigningKey, load_keys, save_keys
from shared.clock import WIB, Clock, Randomness, format_time
from shared.errors import EnvironmentProblem, UserError
from shared.explain import explain_system
from shared.store.backup.archive import Contents, Picture, Unpacker
from shared.store.backup.kode import read_code
from shared.store.backup.pictures import SealedPictures, open_private
from shared.store.backup.placing import ATTACHMENTS, begin_draft, drop_draft, put_in_place
from shared.store.backup.sealing import BackupUnreadable, open_pieces, read_head
from shared.store.backup.state import forget_backups
from shared.store.backup.trial import Unpacked, clear_scratch, find_problems, unpack
from shared.store.connection import Database
from shared.store.folder import DataFolder
from shared.store.migrations import read_setting
from shared.store.side import KEY_FILE


UPLOAD = "unggahan-"
"""How the name of a file begins that came with the browser and is read only once."""


@dataclass(frozen=True)
class Kind:
    """What differs between the sides: ``open`` opens and migrates a database, ``renew`` does what new keys ask for.

    ``renew`` gets the draft, complete with its new keys, before it takes its place; it may refuse with UserError.
    """

    sisi: str
    open: Callable[[DataFolder], Database]
    renew: Callable[[DataFolder, Contents], None]


@dataclass(frozen=True)
class Restored:
    """What a restore came to. ``aside`` is where the data went that were here before."""

    wilayah: str
    waktu_s: int
    keeps_keys: bool
    was_enrolled: bool
    aside: Path | None
    pictures: int
    missing: int
    problems: tuple[str, ...] = ()

    def sentences(self) -> list[str]:
        """Say what was done and what is to be done now, for the operator."""
        found = [f"Data dari {format_time(self.waktu_s)} sudah dipulihkan."]
        if self.aside is not None:
            found.append(f"Data yang tadinya ada di sini tidak dihapus; disimpan di folder {self.aside.name}.")
        if self.missing:
            found.append(
                f"{self.missing} gambar tidak ada di cadangan ini; yang pernah terkirim diambil lagi dari seberang."
            )
        return found + list(self.problems)


def restore(
    folder: DataFolder, source: Path, typed: str, kind: Kind, clock: Clock, random: Randomness
) -> Restored:
    """Put a backup in the place of what a folder holds; the caller has locked it and nothing has it open.

    ``typed`` is the kode cadangan. Raises UserError for a wrong code or file, and where the backup is newer than this
    program or of the other side; EnvironmentProblem where the disk refuses. Then everything is as before.
    """
    folder.make()
    draft = begin_draft(folder)
    try:
        with explaining():
            code = read_code_for(source, typed, kind.sisi)
            found = unpack(source, lambda head: head.open_key(code), draft.path)
            problems = find_problems(found)
            keys = _find_keys(folder, found.contents)
            chosen = keys or KeySet(SigningKey.generate(random), SealKey.generate(random))
            database = kind.open(draft)
            try:
                was_enrolled = _adapt(database, chosen, keeps_keys=keys is not None)
            finally:
                database.close()
            pictures, missing = _place_pictures(draft, found, source.parent, code)
            if keys is None:
                draft.keys.mkdir(mode=0o700)
                save_keys(draft.keys / KEY_FILE, chosen)
                kind.renew(draft, found.contents)
            for name in ("-wal", "-shm"):
                draft.database.with_name(draft.database.name + name).unlink(missing_ok=True)
            stamp = datetime.fromtimestamp(clock.now_s(), WIB)
            aside = put_in_place(folder, draft, f"sebelum-pulih-{stamp:%Y%m%d-%H%M%S}-{random(2).hex()}")
    except BaseException:
        drop_draft(folder)
        raise
    return Restored(
        found.contents.wilayah, found.contents.waktu_s, keys is not None, was_enrolled, aside, pictures, missing,
        (_DOUBTFUL,) if problems else (),
    )


_DOUBTFUL = (
    "Sebagian isinya tidak cocok dengan tanda tangannya; begitu pula saat dicadangkan. Jalankan perintah verify, lalu"
    " hubungi pengelola program."
)


def read_code_for(source: Path, typed: str, sisi: str) -> SealKey | None:
    """Read the code that was typed for a file of one side; None where it needs none. UserError says what is wrong."""
    if not source.is_file():
        raise UserError("Berkas cadangan itu tidak ada. Periksa namanya, dan pastikan stiknya masih terpasang.",
                        "berkas_tidak_ada")
    with open(source, "rb") as file:
        head = read_head(file)
    if head.isi != "data":
        raise BackupUnreadable(
            "Berkas itu hanya berisi satu gambar. Pilih berkas cadangan di folder di atasnya.", "bukan_cadangan"
        )
    if head.sisi != sisi:
        owner = "hub kecamatan" if head.sisi == "hub" else "komputer desa"
        raise BackupUnreadable(f"Cadangan ini milik {owner}, jadi tidak dapat dipulihkan di sini.", "sisi_lain")
    return read_code(typed) if head.is_sealed and typed.strip() else None


def peek(source: Path, typed: str, sisi: str) -> Contents:
    """Open a backup of one side as far as its table of contents, which proves the code; nothing is written.

    Raises what :func:`restore` raises of a wrong code or file.
    """
    with explaining():
        code = read_code_for(source, typed, sisi)
        with open(source, "rb") as file:
            head = read_head(file)
            return Unpacker(open_pieces(file, head, head.open_key(code))).read_contents()


def keeps_keys(folder: DataFolder, contents: Contents) -> bool:
    """Tell whether the keys in a folder are those of the computer that made a backup."""
    return _find_keys(folder, contents) is not None


def needs_code(source: Path) -> bool:
    """Tell whether a file opens with a code only; what is no backup is told when it is read."""
    try:
        with open(source, "rb") as file:
            return read_head(file).is_sealed
    except (BackupUnreadable, FileNotFoundError, IsADirectoryError):
        return False


def _find_keys(folder: DataFolder, contents: Contents) -> KeySet | None:
    """Find the keys of this folder where they are those of the computer that made the backup."""
    path = folder.keys / KEY_FILE
    if not path.exists():
        return None
    keys = load_keys(path)
    own = {key.hex() for key in keys.publics()}
    return keys if own & set(contents.kunci) else None


def _adapt(database: Database, keys: KeySet, *, keeps_keys: bool) -> bool:
    """Make the database that of the computer whose keys these are; tell whether it was enrolled."""
    with database.write() as conn:
        was_enrolled = read_setting(conn, "hub") is not None
        for no, kunci in conn.execute("SELECT no, kunci FROM log WHERE own = 1").fetchall():
            if keys.find_signing(kunci) is None:
                conn.execute("UPDATE log SET own = 0 WHERE no = ?", (no,))
        if not keeps_keys:
            # Another key has to be admitted anew; under the old name it would be a stranger.
            conn.execute("DELETE FROM setting WHERE name IN ('hub', 'sinkron_terakhir', 'sinkron_lengkap')")
        # Who was logged in then is not logged in now, and codes that were used up since would count again.
        conn.execute("DELETE FROM session")
        conn.execute("DELETE FROM one_time_code")
        forget_backups(conn)
    return was_enrolled


def _place_pictures(draft: DataFolder, found: Unpacked, beside: Path, code: SealKey | None) -> tuple[int, int]:
    """Put the attachments where they belong; return how many are there, and how many the backup does not have."""
    placed = missing = 0
    for picture in found.contents.gambar:
        target = draft.path / ATTACHMENTS / picture.desa / picture.hash[:2] / picture.hash
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = found.pictures.get((picture.desa, picture.hash))
        if path is not None:
            os.replace(path, target)
        elif not _open_beside(picture, beside, code, target):
            missing += 1
            continue
        placed += 1
    return placed, missing


def _open_beside(picture: Picture, beside: Path, code: SealKey | None, target: Path) -> bool:
    try:
        data = SealedPictures(beside).read(picture, code)
    except BackupUnreadable:
        data = None  # the other side has it; one damaged picture is no reason to stay without a village
    if data is None:
        return False
    with open_private(target) as file:
        file.write(data)
    return True


def clean_up(folder: DataFolder) -> None:
    """Remove what a process that was killed has left half; only by whoever has the folder locked."""
    clear_scratch(folder)
    drop_draft(folder)
    for path in folder.path.glob(f"{UPLOAD}*"):
        path.unlink(missing_ok=True)


@contextmanager
def explaining() -> Iterator[None]:
    """Say in a sentence what the disk refuses."""
    try:
        yield
    except OSError as error:
        raise EnvironmentProblem(explain_system(error), "pulih_gagal") from error

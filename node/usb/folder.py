"""A file from the hub, or all those in a folder that are for this computer, read one after the other."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from node.services import NodeServices
from node.usb.enrol import Enrolled
from node.usb.receive import Answered, read_file
from node.usb.tidy import is_admitted
from shared.errors import UserError
from shared.store.stick import read_beginnings, reading
from shared.sync.bundle import Title
from shared.sync.filenames import BEGINNING_BYTES, may_be_ours, pick_names

Progress = Callable[[int, int], None]
_NOT_OURS = ("usb_wrong_receiver", "usb_wrong_desa", "usb_unknown_key")


@dataclass
class Reading:
    """What was read, the older first, and what could not be read and why (Indonesian)."""

    done: list[Answered | Enrolled] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """Say what came of it; answers that were read before and bring nothing are not worth a word."""
        told = [
            item.sentence() for item in self.done[:-1]
            if isinstance(item, Enrolled) or item.confirmed or item.received or item.pictures or item.is_cut
        ]
        return [*told, *(item.sentence() for item in self.done[-1:]), *self.problems]

    @property
    def words(self) -> tuple[str, ...]:
        """The six words to compare by phone, where an answer to enrolment was among it."""
        return next((item.words for item in reversed(self.done) if isinstance(item, Enrolled)), ())


def read_path(
    services: NodeServices, path: Path, progress: Progress = lambda done, total: None, *, may_enrol: bool = True
) -> Reading:
    """Read a file, or the answers in a folder; what is for others there is passed over.

    Raises UserError when nothing there is for this computer.
    """
    if not path.is_dir():
        return Reading([_read_one(services, path, progress, may_enrol)])
    titles = (Title.DOWN,) if is_admitted(services) else (Title.ENROLLED, Title.DOWN)
    names = pick_names(read_beginnings(path, may_be_ours, BEGINNING_BYTES), *titles)
    if not names:
        raise UserError(
            "Tidak ada jawaban kecamatan di sini. Berkasnya bernama sipande-jawab atau sipande-terdaftar; bila stik ini"
            " belum dari kecamatan, bawa dulu ke sana.",
            "usb_kosong",
        )
    found, refused = Reading(), []
    for name in names:
        try:
            found.done.append(_read_one(services, path / name, progress, may_enrol))
        except UserError as error:
            refused.append(error)
            if error.kode not in _NOT_OURS:
                found.problems.append(f"{name}: {error.pesan}")
    if not found.done:
        raise next((error for error in refused if error.kode not in _NOT_OURS), refused[0])
    if is_admitted(services):
        # The words were compared long ago; the answer to enrolment lies on the stick beside what followed.
        found.done = [item for item in found.done if not isinstance(item, Enrolled)] or found.done
    return found


def _read_one(services: NodeServices, path: Path, progress: Progress, may_enrol: bool) -> Answered | Enrolled:
    with reading(path) as file:
        total = os.fstat(file.fileno()).st_size
        return read_file(services, file, lambda done: progress(done, total), may_enrol=may_enrol)

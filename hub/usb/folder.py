"""A file, or all unanswered files of a folder, taken one after the other, with the answers beside them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hub.services import HubServices
from hub.usb.receive import Taken, take_file
from shared.clock import today
from shared.errors import EnvironmentProblem, UserError
from shared.store.outbox import WHERE, Outbox
from shared.store.stick import count_room, read_beginnings, reading, write_file
from shared.sync.bundle import Title
from shared.sync.filenames import BEGINNING_BYTES, may_be_ours, name_answer, name_file, pick_names

Progress = Callable[[int, int], None]
_ANSWERS = {Title.UP: Title.DOWN, Title.ENROL: Title.ENROLLED}


@dataclass
class Outcome:
    """What became of one file: sentences (Indonesian), where its answer stands, and whether it was taken."""

    name: str
    taken: Taken | None
    sentences: list[str]
    answer: Path | None = None
    is_beside: bool = False
    """The answer stands on the same stick; else it waits to be fetched with the browser."""
    words: list[str] = field(default_factory=list)


def take_path(
    services: HubServices, path: Path, outbox: Outbox, progress: Progress = lambda done, total: None
) -> list[Outcome]:
    """Take a file, or the files of a folder that have no answer yet; answer each of them beside it.

    What is wrong with one file is told in its outcome, and the others go on. Raises UserError when there is
    nothing to take.
    """
    if path.is_dir():
        return list(_take_folder(services, path, outbox, progress))
    return [_take_one(services, path, outbox, progress, beside=True)]


def take_upload(
    services: HubServices, path: Path, name: str, outbox: Outbox, progress: Progress = lambda done, total: None
) -> Outcome:
    """Take a file that came with the browser; its answer waits to be fetched the same way."""
    outcome = _take_one(services, path, outbox, progress, beside=False)
    outcome.name = name
    return outcome


def _take_folder(services: HubServices, folder: Path, outbox: Outbox, progress: Progress) -> Iterator[Outcome]:
    beginnings = read_beginnings(folder, may_be_ours, BEGINNING_BYTES)
    names, present = pick_names(beginnings, Title.ENROL, Title.UP), beginnings.keys()
    waiting = [
        name for name in names
        if name_answer(Title.ENROL, name) not in present and name_answer(Title.UP, name) not in present
    ]
    if not names:
        raise UserError(
            "Tidak ada kiriman dari desa di sini. Berkasnya bernama sipande-kirim atau sipande-daftar; periksa apakah"
            " stiknya benar.",
            "usb_kosong",
        )
    if not waiting:
        raise UserError(
            "Semua kiriman di sini sudah dijawab. Bawa stiknya kembali ke desa; untuk membaca ulang, unggah berkasnya.",
            "usb_sudah_dijawab",
        )
    for name in waiting:
        yield _take_one(services, folder / name, outbox, progress, beside=True)


def _take_one(services: HubServices, path: Path, outbox: Outbox, progress: Progress, *, beside: bool) -> Outcome:
    try:
        with reading(path) as file:
            total = os.fstat(file.fileno()).st_size
            taken = take_file(services, file, lambda done: progress(done, total))
    except UserError as error:
        return Outcome(path.name, None, [error.pesan])
    services.disk.note_stored()
    outcome = Outcome(path.name, taken, taken.sentences(), words=taken.words.split())
    if beside:
        name = name_answer(taken.title, path.name) or _name(services, taken)
        try:
            write_file(path.parent / name, taken.answer(lambda: count_room(path.parent)), replace=True)
            outcome.answer, outcome.is_beside = path.parent / name, True
            return outcome
        except EnvironmentProblem as error:
            outcome.sentences.append(f"Jawabannya tidak dapat ditulis di stik. {error.pesan}")
    outcome.answer = outbox.path / _name(services, taken)
    write_file(outcome.answer, taken.answer(lambda: count_room(outbox.path)), replace=True, where=WHERE)
    return outcome


def _name(services: HubServices, taken: Taken) -> str:
    """Name an answer by what is in the file; two computers of one name are told apart by their keys."""
    computer = f"{taken.computer[:18]} {taken.key[:4]}"
    return name_file(_ANSWERS[taken.title], taken.desa, computer, today(services.clock), taken.number)

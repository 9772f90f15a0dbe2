"""Enrolment without internet: a request in a file, the hub's answer in another, six words by phone as ever."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from node.services import KnownHub, NodeServices, read_hub
from node.sinkron.enrol import Admission, ask_admission, list_words, pin_hub
from node.usb.ledger import Request, read_ledger, write_ledger
from node.usb.words import refuse_file
from shared.clock import today
from shared.errors import UserError
from shared.store.stick import list_names, write_file
from shared.sync.bundle import Letter, Title, write_letter
from shared.sync.enrolment import EnrolmentCode
from shared.sync.filenames import name_file


@dataclass(frozen=True)
class Enrolled:
    """The hub as pinned by a file, and the six words to compare by phone."""

    hub: KnownHub
    words: tuple[str, ...]

    def sentence(self) -> str:
        """Say what to do next."""
        return (
            f"Komputer ini sudah dikenal {self.hub.nama}. Cocokkan enam kata lewat telepon; sesudah kecamatan setuju,"
            " tulis kiriman pertama."
        )


def write_request(
    services: NodeServices, code: EnrolmentCode, folder: Path, *, where: str = "Stik", is_office: bool = False
) -> Path:
    """Write the request for admission with a code into a folder; return the file.

    Raises UserError in a practice village, EnvironmentProblem when the file cannot be written.
    """
    asked = ask_admission(services, code, is_office=is_office)
    day, number = today(services.clock), 1
    taken = set(list_names(folder, where))
    while (name := name_file(Title.ENROL, services.wilayah, services.nama, day, number)) in taken:
        number += 1
    path = folder / name
    write_file(path, [write_letter(Title.ENROL, asked.request, services.keys.signing)], where=where)
    with services.database.write() as conn:
        ledger = read_ledger(conn)
        ledger.add_request(Request(
            asked.nonce, asked.address, asked.fingerprint.hex(), asked.proof_key.hex(), name, services.clock.now_s(),
            is_office=is_office,
        ))
        write_ledger(conn, ledger)
    return path


def read_enrolled(services: NodeServices, letter: Letter, may_enrol: bool) -> Enrolled:
    """Pin the hub that answered; the same file may be read again. UserError when it is not what we asked for."""
    message = letter.message
    if message["receiver"] != services.keys.signing.public.hex():
        raise refuse_file("wrong_receiver")
    if not may_enrol:
        raise UserError("Jawaban pendaftaran hanya dapat dibaca oleh admin. Mintalah admin membacanya.", "bukan_admin")
    with services.database.write() as conn:
        ledger = read_ledger(conn)
        request = next((item for item in ledger.requests if item.nonce == message["echo"]), None)
        if request is None:
            raise UserError(
                "Jawaban ini bukan untuk permintaan pendaftaran yang ditulis komputer ini. Tulis permintaan baru"
                " dengan kode dari kecamatan.",
                "usb_tidak_diminta",
            )
        asked = Admission(
            {}, request.nonce, request.address, bytes.fromhex(request.fingerprint), bytes.fromhex(request.proof_key),
            request.is_office,
        )
        known = read_hub(conn)
        if known is not None and request.answered and known.has_key(letter.key):
            # Read before: since then the hub may have told more about itself than this file knows.
            return Enrolled(known, list_words(services, asked, letter.key))
        enrolled = Enrolled(*pin_hub(services, asked, letter.key, message))
        request.answered = True
        write_ledger(conn, ledger)
    return enrolled

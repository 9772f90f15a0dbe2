"""Clears a stick of what this computer has written there and what has been read here; everything else stays."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from node.services import NodeServices
from node.usb.ledger import Ledger, read_ledger
from shared.errors import SipandeError
from shared.store.stick import read_beginnings, reading
from shared.sync.bundle import Letter, Title, open_file
from shared.sync.filenames import BEGINNING_BYTES, may_be_ours, pick_names


def is_admitted(services: NodeServices) -> bool:
    """Tell whether the hub's word that it has admitted this computer is here."""
    keys = services.keys.publics() if services.keys.previous is not None else [services.keys.signing.public]
    with services.database.read() as conn:
        known = {row[0] for row in conn.execute("SELECT kunci FROM simpul WHERE wilayah = ?", (services.wilayah,))}
    return any(key.hex() in known for key in keys)


def tidy_stick(services: NodeServices, folder: Path) -> None:
    """Remove our own files that were answered, and the answers that were read to their end; never raises."""
    # The file is written and noted by now: what is left lying does no harm, and nobody may hear that it failed.
    with suppress(SipandeError):
        with services.database.read() as conn:
            ledger = read_ledger(conn)
        admitted = is_admitted(services)
        for name in pick_names(read_beginnings(folder, may_be_ours, BEGINNING_BYTES), *Title):
            # The title leads here, the signed note decides: the file may be another computer's.
            with suppress(SipandeError, OSError):
                with reading(folder / name) as file:
                    letter = open_file(file)[0]
                if _is_done(services, ledger, letter, admitted):
                    (folder / name).unlink()


def _is_done(services: NodeServices, ledger: Ledger, letter: Letter, admitted: bool) -> bool:
    own, message = {key.hex() for key in services.keys.publics()}, letter.message
    if letter.title in (Title.ENROL, Title.ENROLLED):
        return admitted and message["receiver" if letter.title is Title.ENROLLED else "kunci"] in own
    if message["receiver" if letter.title is Title.DOWN else "sender"] not in own:
        return False
    file = ledger.find(message["echo" if letter.title is Title.DOWN else "nonce"])
    return file is not None and bool(file.answered_s) and not file.is_cut and not file.codes

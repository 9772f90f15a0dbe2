"""What the node does with a file from the hub: the receipts and runs of an answer, or the answer to enrolment."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from node.services import KnownHub, NodeServices, note_complete, read_hub, refuse_practice, write_hub
from node.sinkron.clean import clean_erased
from node.sinkron.hubkey import follow_hub, keep_successors
from node.sinkron.program import note_hub_program
from node.sinkron.receipts import keep_receipt
from node.sinkron.receive import receive_run
from node.sinkron.returned import issue_returned
from node.usb.enrol import Enrolled, read_enrolled
from node.usb.ledger import Ledger, Written, read_ledger, receipt_sizes, write_ledger
from node.usb.pictures import note_lacking
from node.usb.words import count_changes, explain_pictures, explain_refusals, refuse_file
from shared.clock import format_time
from shared.errors import ProtocolError, TransportError
from shared.merge.scope import Role
from shared.store.carried import unload
from shared.store.changes import Log, list_logs, root_at
from shared.store.migrations import write_setting
from shared.store.runs import encode_root
from shared.store.stick import explain_stick
from shared.sync.bundle import Letter, Runs, Title, open_file
from shared.web.forms import write_number

Progress = Callable[[int], None]


@dataclass
class Answered:
    """What an answer has brought. ``number`` is that of the file that it answers, ``known`` whether we remember it."""

    number: int
    hub_time_s: int
    confirmed: int = 0
    """Changes of ours that have a receipt now and had none before."""
    received: int = 0
    pictures: int = 0
    """Photos and scans that are whole here since."""
    picture_codes: list[str] = field(default_factory=list)
    """Why some of them were not taken here, and ``hub_`` before why not at the hub."""
    codes: list[str] = field(default_factory=list)
    is_older: bool = False
    is_cut: bool = False
    refused_here: int = 0
    """Logs of which something in the file did not verify."""

    def sentence(self) -> str:
        """Say what became of the file, and what to do next."""
        said = [
            f"Jawaban untuk kiriman nomor {self.number} ({format_time(self.hub_time_s)}, jam kecamatan) sudah dibaca:"
            f" {count_changes(self.confirmed)} diterima kecamatan, {count_changes(self.received)} datang dari sana."
        ]
        if self.pictures:
            said.append(f"{write_number(self.pictures)} foto atau pindaian ikut datang.")
        if self.is_older:
            said.append("Jawaban ini lebih lama daripada yang sudah dibaca; tidak ada yang hilang karenanya.")
        if self.is_cut:
            said.append("Berkasnya terpotong atau rusak; yang utuh sudah diambil. Salin ulang, lalu baca lagi.")
        elif self.refused_here:
            said.append("Sebagian isinya tidak cocok dengan segelnya dan tidak diambil; tulis kiriman baru untuk"
                        " memintanya lagi.")
        if self.codes:
            said.append(explain_refusals(self.codes))
        said += explain_pictures(self.picture_codes)
        return " ".join(part for part in said if part)


def read_file(
    services: NodeServices, file: BinaryIO, progress: Progress = lambda done: None, *, may_enrol: bool = True
) -> Answered | Enrolled:
    """Read a file from the hub; reading it again changes nothing.

    ``may_enrol`` is whether the person at the keyboard may enrol this computer. Raises UserError with a
    sentence when the file is not for this computer, and then nothing is stored.
    """
    refuse_practice(services)
    try:
        with explain_stick():
            letter, runs = open_file(file)
    except ProtocolError as error:
        raise refuse_file(error.code) from None
    if letter.title is Title.ENROLLED:
        return read_enrolled(services, letter, may_enrol)
    if letter.title is not Title.DOWN:
        raise refuse_file("up" if letter.title is Title.UP else "enrol")
    return _read_answer(services, _check_letter(services, letter), letter.message, runs, progress)


def _check_letter(services: NodeServices, letter: Letter) -> KnownHub:
    """Check from whom and for whom an answer is; UserError, or the hub as it is pinned now."""
    hub, message = services.hub(), letter.message
    if hub is None:
        raise refuse_file("not_enrolled")
    if not hub.has_key(letter.key):
        try:
            hub = follow_hub(services, hub, message["rantai"], letter.key)
        except TransportError:
            raise refuse_file("unknown_key") from None
    if message["wilayah"] != services.wilayah:
        raise refuse_file("wrong_desa")
    if not is_own_key(services, message["receiver"]):
        raise refuse_file("wrong_receiver")
    try:
        services.program.check_agreed(message["version"])
    except ProtocolError as error:
        raise refuse_file(error.code) from None
    keep_successors(services, message["rantai"])
    return hub


def is_own_key(services: NodeServices, kunci: str) -> bool:
    """Tell whether a key is, or was, that of this node: one that was replaced still stands on sticks."""
    return kunci in {key.hex() for key in services.keys.publics()}


def _read_answer(
    services: NodeServices, hub: KnownHub, message: dict[str, Any], runs: Runs, progress: Progress
) -> Answered:
    done = Answered(message["number"], message["time"])
    if message["code"]:
        done.codes.append(message["code"])
    refused = {entry["log"]: entry["code"] for entry in message["refused"]}
    done.codes += [code for code in refused.values() if code not in done.codes]
    before = _confirmed(services)
    yielding = {id for id, code in refused.items() if code == "fork"} | _find_forked(services, message)
    failed: set[str] = set()
    for header, sealed in runs:
        progress(runs.bytes_read)
        if header.log in failed:
            continue
        try:
            done.received += receive_run(services, hub, header, sealed, yielding)
        except ProtocolError:
            failed.add(header.log)
    done.refused_here = len(failed)
    pictures = unload(services, services.wilayah, runs.chunks(), lambda: progress(runs.bytes_read))
    done.pictures = pictures.whole
    done.picture_codes = pictures.codes_for_people() + [f"hub_{message['lacks_code']}"] * bool(message["lacks_code"])
    for note in message["receipts"]:
        try:
            keep_receipt(services, hub, note.encode())
        except TransportError:
            continue  # it moves nothing; the next answer brings a better one
    done.confirmed = _confirmed(services) - before
    done.is_cut = not (runs.is_whole or pictures.is_stopped) or (not failed and _lacks(services, message))
    if message["rotated"] and message["rotated"] == services.keys.signing.public.hex():
        services.replace_keys(replace(services.keys, is_told=True))
        hub = replace(hub, simpul=message["simpul"])
    if not done.is_cut and not failed:
        issue_returned(services)
    _note_answer(services, hub, message, done, yielding - failed)
    clean_erased(services)
    return done


def _find_forked(services: NodeServices, message: dict[str, Any]) -> set[str]:
    """List our own logs of which the hub holds another history; ours gives way, and is issued again."""
    heads = {head["id"]: head for head in message["logs"]}
    with services.database.read() as conn:
        return {
            log.id for log in list_logs(conn)
            if log.own and log.id in heads and (log.id in message["differs"] or _differs(conn, log, heads[log.id]))
        }


def _differs(conn: sqlite3.Connection, log: Log, head: dict[str, Any]) -> bool:
    size = int(head["size"])
    return 0 < size <= log.size and encode_root(root_at(conn, log, size)) != str(head["root"])


def _confirmed(services: NodeServices) -> int:
    """Count the changes of our own logs that have a receipt."""
    with services.database.read() as conn:
        sizes = receipt_sizes(conn)
        return sum(sizes.get(log.no, 0) for log in list_logs(conn) if log.own)


def _lacks(services: NodeServices, message: dict[str, Any]) -> bool:
    """Tell whether less is here than the runs of the file bring; it was cut between two of them."""
    with services.database.read() as conn:
        held = {log.id: log.size for log in list_logs(conn)}
    return any(held.get(entry["id"], 0) < entry["size"] for entry in message["reaches"])


def _note_answer(
    services: NodeServices, hub: KnownHub, message: dict[str, Any], done: Answered, given_way: Collection[str]
) -> None:
    """Remember what the newest answer says of the hub; an older one changes nothing of that."""
    now_s = services.clock.now_s()
    with services.database.write() as conn:
        ledger = read_ledger(conn)
        file = ledger.find(message["echo"])
        done.is_older = message["number"] < ledger.answered
        is_news = done.confirmed or done.received or done.pictures or (file is not None and not file.answered_s)
        if file is not None:
            file.answered_s, file.codes, file.is_cut = message["time"], done.codes, done.is_cut
        if file is not None and not done.is_older:
            ledger.answered = file.number
            ledger.parity, ledger.parity_differs = message["parity"], message["parity_differs"]
            ledger.parity_versions = message["parity_versions"]
            _note_behind(conn, ledger, file, message)
            _note_forked(conn, ledger, message, given_way)
            note_lacking(services, conn, ledger, message)
            hub = replace(hub, segel=message["segel"])
            if not message["code"]:
                ledger.branches = message["branches"]
                ledger.requests = []  # whoever is answered is enrolled
        if hub != read_hub(conn):
            write_hub(conn, hub)
        write_ledger(conn, ledger)
        if is_news and not message["code"]:
            write_setting(conn, "sinkron_terakhir", f"{now_s} selesai {done.sentence()}")
        sizes = {log.id: log.size for log in list_logs(conn)}
        if not message["code"] and all(sizes.get(head["id"], 0) >= head["size"] for head in message["logs"]):
            note_complete(conn, min(message["time"], now_s))
    if not done.is_older:
        note_hub_program(services, message)


def _note_behind(conn: sqlite3.Connection, ledger: Ledger, file: Written, message: dict[str, Any]) -> None:
    """Note the logs of which the hub holds less than it ought to: it was restored from a copy."""
    heads = {head["id"]: head["size"] for head in message["logs"]}
    sizes = receipt_sizes(conn)
    logs = list_logs(conn)
    receipts = {log.id: sizes.get(log.no, 0) for log in logs}
    # A refusal as a whole speaks of the common channels alone; one that it does not name was lost with a hub.
    told = {log.id for log in logs if log.peran is Role.UMUM or not message["code"]}
    ledger.behind = {
        id: [heads.get(id, 0), receipts.get(id, 0)] for id, size in file.ought.items()
        if heads.get(id, 0) < size and id in told
    }


def _note_forked(
    conn: sqlite3.Connection, ledger: Ledger, message: dict[str, Any], given_way: Collection[str]
) -> None:
    """Note the logs of others of which the hub has another history: the next file brings ours, and then ours gives way.

    So the hub gets what nobody but this computer may have, before this computer takes the hub's.
    """
    sizes, heads = receipt_sizes(conn), {head["id"]: head for head in message["logs"]}
    for log in list_logs(conn):
        if log.own or log.id not in heads or log.id in given_way:
            continue
        # What the hub found different is said of the log as it was when our file was written.
        is_longer = heads[log.id]["size"] > log.size
        if log.id in message["differs"] if is_longer else _differs(conn, log, heads[log.id]):
            ledger.behind[log.id] = [0, sizes.get(log.no, 0)]

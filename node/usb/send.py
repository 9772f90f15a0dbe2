"""Everything that the hub may lack, written to a file for it: whole or not at all, and never over another file."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from node.services import KnownHub, NodeServices, refuse_practice
from node.sinkron.branches import find_lines, list_kept
from node.sinkron.hello import say_hello
from node.sinkron.hubkey import list_untold
from node.usb.ledger import Ledger, Written, read_ledger, receipt_sizes, size_at_hub, write_ledger
from node.usb.pictures import choose_pictures
from node.usb.tidy import tidy_stick
from shared.clock import today
from shared.errors import EnvironmentProblem, UserError
from shared.store.carried import Load, Room, list_lacking
from shared.store.changes import Log, list_logs, provable_size, signed_size
from shared.store.lines import Line
from shared.store.runs import RunSizer, build_fitting_run, encode_root, sign_size, write_head
from shared.store.stick import NewFile, count_room, explain_stick, list_names, open_new, write_file
from shared.sync.bundle import Title, write_letter
from shared.sync.enrolment import rotation_text
from shared.sync.filenames import name_file
from shared.sync.limits import limit

Progress = Callable[[int, int], None]
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Part:
    """Changes ``start`` to ``end`` of one log; ``note`` is the author's where we cannot sign it ourselves.

    ``line`` is for a second history of it.
    """

    log: Log
    start: int
    end: int
    note: bytes | None
    line: Line | None = None


@dataclass(frozen=True)
class Sent:
    """A file that was written: where, and what it holds."""

    path: Path
    file: Written


def write_bundle(
    services: NodeServices,
    folder: Path,
    progress: Progress = lambda done, total: None,
    *,
    where: str = "Stik",
    new_file: NewFile = open_new,
    room: Callable[[Path], int] = count_room,
) -> Sent:
    """Write the next file for the hub into a folder and note it in the ledger.

    Raises UserError when this node is not enrolled, EnvironmentProblem when the file cannot be written; then the
    folder holds no file of that name, and nothing is noted.
    """
    refuse_practice(services)
    hub = services.hub()
    if hub is None:
        raise UserError(
            "Komputer ini belum terdaftar di kecamatan. Daftarkan dulu, dengan internet atau lewat USB.",
            "belum_terdaftar",
        )
    with _one_at_a_time:
        with services.database.read() as conn:
            ledger = read_ledger(conn)
        number, path = _choose_name(services, ledger, folder, Title.UP, where)
        nonce = _make_nonce(services)
        heads, parts, ought = _plan(services, ledger)
        changes = sum(part.end - part.start for part in parts)
        pictures = Load(services, services.wilayah, bytes.fromhex(hub.segel), choose_pictures(services, ledger))
        pieces = chain(
            _build(services, hub, number, nonce, heads, parts, lambda done: progress(done, changes)),
            _build_pictures(pictures, ledger, lambda: room(folder)),
        )
        size = write_file(path, pieces, where=where, new_file=new_file)
        written = Written(
            number, nonce, path.name, services.clock.now_s(), changes, size, ought, pictures=pictures.packed,
            pictures_left=len(pictures.offsets) - pictures.packed,
        )
        try:
            with services.database.write() as conn:
                ledger = read_ledger(conn)
                ledger.add(written)
                write_ledger(conn, ledger)
        except BaseException:
            # An answer to a file that nobody has noted would be an answer to nobody.
            with suppress(OSError):
                path.unlink()
            raise
    tidy_stick(services, folder)
    return Sent(path, written)


def _build_pictures(pictures: Load, ledger: Ledger, room: Room) -> Iterator[bytes]:
    """Give the attachments, once the runs are written: at most half of what is free then, for the answer's sake."""
    if ledger.takes_pictures:
        yield from pictures.pieces(room() // 2)


def _make_nonce(services: NodeServices) -> str:
    return base64.urlsafe_b64encode(services.random(16)).decode().rstrip("=")


def _choose_name(
    services: NodeServices, ledger: Ledger, folder: Path, title: Title, where: str
) -> tuple[int, Path]:
    """Find a number and name that nothing in the folder has; clear away what a killed program has left half."""
    day, number = today(services.clock), ledger.next_number()
    with explain_stick(where):
        if not folder.is_dir():
            raise EnvironmentProblem(
                "Folder itu tidak ada. Periksa apakah stiknya sudah terpasang, lalu pilih lagi.", "stik_gagal"
            )
    taken = {name.lower() for name in list_names(folder, where)}
    while (name := name_file(title, services.wilayah, services.nama, day, number)).lower() in taken:
        number += 1
    begin = "." + name[: name.rindex(f"-{day:%Y%m%d}-")]
    for left in taken:
        if left.startswith(begin) and left.endswith(".baru"):
            with suppress(OSError):
                (folder / left).unlink()
    return number, folder / name


def _plan(services: NodeServices, ledger: Ledger) -> tuple[list[dict[str, Any]], list[Part], dict[str, int]]:
    """Say what is held here, what of it goes into the file, and what the hub ought to have already.

    Trust and verdicts come first, then our own, then the others', then the second histories that the hub has lost.
    """
    heads, parts, ought = [], [], {}
    with services.database.read() as conn:
        receipts = receipt_sizes(conn)
        former = [key.public for key in services.keys.former]
        # Of our own, first what an old key has signed: the hub puts the new one in its place after that.
        for log in sorted(list_logs(conn), key=lambda log: (
            log.peran.turn, not log.own, log.kunci not in former, log.no
        )):
            heads.append(write_head(log.id, log.size, log.tree))
            ought[log.id] = size_at_hub(log, receipts.get(log.no, 0))
            start = ledger.start_of(log, receipts.get(log.no, 0))
            if log.own and services.keys.find_signing(log.kunci) is not None:
                note, end = None, log.size
            else:
                note, end = log.checkpoint, provable_size(log)
            if start < end:
                parts.append(Part(log, start, end, note))
        kept = list_kept(conn, services.wilayah)
    for line in find_lines(services, [head for head in kept if head in ledger.branches]):
        # From where it leaves the log: of what it has in common with others the hub may have lost that too.
        parts.append(Part(line.log, line.branches[0].start, line.size, line.note[0], line))
    return heads, parts, ought


def _build(
    services: NodeServices,
    hub: KnownHub,
    number: int,
    nonce: str,
    heads: list[dict[str, Any]],
    parts: list[Part],
    report: Callable[[int], None],
) -> Iterator[bytes]:
    """Give the bytes of a file, piece by piece."""
    key = services.keys.previous or services.keys.signing
    # A file cannot ask what the hub knows of its own keys.
    successors = list_untold(services, ())
    message = {
        **say_hello(services), "sender": key.public.hex(), "receiver": hub.kunci,
        "wilayah": services.wilayah, "nonce": nonce, "number": number, "logs": heads,
        "reaches": [{"id": part.log.id, "size": part.end} for part in parts if part.line is None],
        **_present_new_key(services), **({"rantai": successors} if successors else {}),
        "lacks": list_lacking(services, services.wilayah)[0],
    }
    yield write_letter(Title.UP, message, key)
    receiver, done = bytes.fromhex(hub.segel), 0
    for part in parts:
        if part.note is None:
            # On disk before the first signature of it leaves.
            services.anchor.raise_to(part.log.id, part.log.size, encode_root(part.log.root()))
        start, sizer = part.start, RunSizer()
        while start < part.end:
            wanted = min(part.end, start + sizer.count(limit("run_bytes_max")))
            run, end = _build_run(services, part, start, wanted, receiver)
            sizer.learn(end - start, len(run))
            yield run
            done, start = done + end - start, end
            report(done)


def _present_new_key(services: NodeServices) -> dict[str, Any]:
    """Ask that the key of today may follow the one that the hub knows, where it has not been told yet."""
    keys = services.keys
    if keys.previous is None or keys.seal is None:
        return {}
    kunci, segel = keys.signing.public.hex(), keys.seal.public.hex()
    text = rotation_text(services.wilayah, keys.previous.public.hex(), kunci, segel)
    return {"rotate": {"kunci": kunci, "segel": segel, "bukti": keys.signing.sign(text).hex()}}


def _build_run(services: NodeServices, part: Part, start: int, end: int, receiver: bytes) -> tuple[bytes, int]:
    def note_for(end: int) -> tuple[bytes, int]:
        if part.line is not None:
            return part.line.note
        if part.note is not None:
            return part.note, signed_size(part.log)
        return sign_size(conn, part.log, end, services.signer(part.log)), end

    with services.database.read() as conn:
        return build_fitting_run(
            conn, part.log, start, end, note_for=note_for, codec="zlib", receiver=receiver, line=part.line
        )

"""The file that goes home: receipts first, in the note, then the runs that the node lacks by its own claim."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from hub.downlink.answer import build_answer, find_differing, list_heads, readable_logs
from hub.ingest.accept import Sender
from hub.ingest.branches import list_missing
from hub.ingest.sender import describe_program
from hub.pemulihan.rotation import list_former
from hub.pemulihan.state import name_successors
from hub.services import HubServices
from shared.changelog.run import split_runs
from shared.merge.scope import Role
from shared.store.attachments import list_carried
from shared.store.carried import Load, Room, list_lacking, list_present, unbounded
from shared.store.changes import find_log, last_receipt, list_logs, reach_of
from shared.store.parity import Comparison
from shared.store.runs import write_head
from shared.sync.bundle import Title, write_letter
from shared.sync.limits import limit


def build_answer_file(
    services: HubServices,
    sender: Sender,
    asked: Mapping[str, Any],
    taken: Collection[str],
    refused: Mapping[str, tuple[int, str]],
    again: Mapping[str, int],
    parity: Comparison,
    trouble: str = "",
    room: Room = unbounded,
) -> Iterator[bytes]:
    """Give the bytes of the answer to a bundle, piece by piece; attachments last, as far as there is room.

    ``taken`` names the logs of which runs were stored, ``refused`` maps a log to the start and code of its first
    run that was not, ``again`` a log with two histories to the size from which the node needs ours; ``parity`` is
    the verdict on it, ``trouble`` the code of what kept attachments out.
    """
    heads = list_heads(services, sender.wilayah)
    held = {head["id"]: head["size"] for head in asked["logs"]}
    wanted = {head["id"]: again.get(head["id"], held.get(head["id"], 0)) for head in heads}
    with services.database.read() as conn:
        segel = conn.execute("SELECT segel FROM simpul WHERE kunci = ?", (sender.kunci,)).fetchone()[0]
        told = {head["id"]: head["size"] for head in heads}
        readable = readable_logs(conn, services, sender.wilayah)
        channels = {log.id for log in readable if log.peran is not Role.DESA}
        reaches: list[dict[str, Any]] = [
            {"id": log.id, "size": reach} for log in readable if (reach := reach_of(log)) > wanted.get(log.id, 0)
        ]
        more: dict[str, Any] = {
            "receipts": _list_receipts(conn, sender, asked["logs"], taken),
            "differs": find_differing(conn, told, asked["logs"]),
            "branches": list_missing(conn, {log.id: log for log in readable}, asked["branches"]),
        }
        carried = list_carried(conn, [
            (log.no, wanted.get(log.id, 0)) for entry in reaches if (log := find_log(conn, entry["id"])) is not None
        ])
    if asked["lacks"] is not None:
        # A program that does not say what it lacks would take what follows the runs for damage.
        more["lacks"], more["lacks_more"] = list_lacking(services, sender.wilayah)
        more["lacks_code"] = trouble
    if sender.kunci != asked["sender"]:
        more |= {"rotated": sender.kunci, "simpul": sender.simpul}
    yield _write(services, asked, heads, {
        **more, "reaches": reaches, **parity.message(), **describe_program(services, sender, asked),
        "refused": [{"log": id, "start": start, "code": code} for id, (start, code) in refused.items()],
    })
    # What the node is to issue again comes last: by then it holds where it may have done so already. The channels go
    # along each time: officers may erase while this is written, and the verdict comes before what it has stripped.
    last = {*again, *more["differs"]}
    at = {id: wanted.get(id, 0) for id in channels}
    for is_last in (False, True):
        at |= {
            id: wanted.get(id, 0) for id in (one["id"] for one in reaches)
            if id not in channels and (id in last) is is_last
        }
        yield from _build_runs(services, sender, segel, at)
    if asked["lacks"] is not None:
        offsets = _choose_attachments(services, sender.wilayah, asked["lacks"], carried)
        yield from Load(services, sender.wilayah, bytes.fromhex(segel), offsets).pieces(room())


def _choose_attachments(
    services: HubServices, desa: str, lacks: Collection[Mapping[str, Any]], carried: Collection[str]
) -> dict[str, int]:
    """Choose what the node said that it lacks, and what the runs of this answer name; small ones first."""
    asked = {entry["hash"]: int(entry["offset"]) for entry in lacks}
    return {
        held.hash: asked.get(held.hash, 0) for held in list_present(services, desa)
        if held.hash in asked or held.hash in carried
    }


def _build_runs(
    services: HubServices, sender: Sender, segel: str, at: dict[str, int]
) -> Iterator[bytes]:
    """Give what is behind ``at``, which is brought up to date."""
    while True:
        runs = build_answer(
            services, sender, bytes.fromhex(segel), at, bytes_max=limit("pull_bytes_max"), codec="zlib",
            with_channels=True,
        )
        if not runs:
            return
        yield runs
        for header, _ in split_runs(runs):
            at[header.log] = header.end


def build_refusal(services: HubServices, asked: Mapping[str, Any], code: str) -> Iterator[bytes]:
    """Give the bytes of an answer that takes nothing; it says what is held here of the common channel alone."""
    with services.database.read() as conn:
        heads = [
            write_head(log.id, log.size, log.tree)
            for log in list_logs(conn, services.wilayah) if log.peran is Role.UMUM
        ]
    yield _write(services, asked, heads, {"code": code})


def _write(
    services: HubServices, asked: Mapping[str, Any], heads: list[dict[str, Any]], more: dict[str, Any]
) -> bytes:
    with services.database.read() as conn:
        more["rantai"] = name_successors(conn)
    own = services.keys.signing
    message = {
        "version": services.program.agree(asked["version"], asked["version_min"]),
        "sender": own.public.hex(), "receiver": asked["sender"],
        "wilayah": asked["wilayah"], "nonce": base64.urlsafe_b64encode(services.random(16)).decode().rstrip("="),
        "echo": asked["nonce"], "number": asked["number"], "time": services.clock.now_s(), "logs": heads,
        "segel": services.seal_key.public.hex(),
        # That nothing is lacking is worth saying; all else that is empty says nothing.
        **{name: value for name, value in more.items() if value or name == "lacks"},
    }
    return write_letter(Title.DOWN, message, own)


def _list_receipts(
    conn: sqlite3.Connection, sender: Sender, asked: list[dict[str, Any]], taken: Collection[str]
) -> list[str]:
    """Give the highest receipt of every log of the sender, and of every other that it has brought something of."""
    keys = {sender.kunci, *(key.kunci for key in list_former(conn, sender.simpul))}
    found = []
    for head in asked:
        log = find_log(conn, head["id"])
        receipt = None if log is None else last_receipt(conn, log)
        if log is not None and receipt is not None and (log.id in taken or log.kunci.hex() in keys):
            found.append(receipt.note.decode())
    return found

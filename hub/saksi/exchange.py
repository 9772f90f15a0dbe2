"""One round with a witness: take what it cosigned, offer it the heads of this hub's channels.

A note that the hub itself signed and no longer holds is proof that this database was restored or changed;
it is kept as evidence and told to the operator, and the round goes on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from hub.pemulihan.state import list_hub_keys
from hub.saksi import queries
from hub.saksi.queries import Pinned, Witnessed
from hub.services import HubServices
from shared.changelog.checkpoint import (
    Checkpoint,
    NoteError,
    SignatureType,
    Verifier,
    is_signed,
    open_receipt,
    parse_vkey,
)
from shared.changelog.tree import consistency_proof
from shared.changelog.witness import Offer
from shared.errors import DamageError, ProtocolError, UserError
from shared.merge.scope import Role
from shared.store.changes import Log, find_log, hasher_of, list_logs, root_at, signed_size

CHANNELS = (Role.UMUM, Role.SALURAN)


class OtherKey(UserError):
    """Another key is pinned for this reader's witness."""

    def __init__(self) -> None:
        super().__init__(
            "Untuk token ini sudah tercatat kunci saksi yang lain. Bila kabupaten memang berganti kunci, admin"
            " kecamatan melupakan kunci lama di halaman Saksi kabupaten.",
            "kunci_saksi_lain",
        )


@dataclass(frozen=True)
class Exchanged:
    """What goes back to the witness: offers, and by origin what is stored of its cosignatures here."""

    offers: tuple[bytes, ...]
    witnessed: dict[str, int]


def read_witness_key(vkey: str) -> Verifier:
    """Read the verifier key of a witness; UserError when it is none for cosignatures."""
    try:
        verifier = parse_vkey(vkey.strip())
    except NoteError:
        verifier = None
    if verifier is None or verifier.type is not SignatureType.COSIGNATURE_V1:
        raise UserError(
            "Kunci saksi tidak dapat dibaca. Salin utuh vkey dari kabupaten (sipande-kabupaten saksi).", "kunci_salah"
        )
    return verifier


def exchange(services: HubServices, reader: str, vkey: str, notes: Iterable[str]) -> Exchanged:
    """Store what a reader's witness cosigned and offer it what there is now.

    Raises OtherKey, UserError for a key that is none, ProtocolError (bad_note, bad_proof) for a note that is not
    this witness's or speaks of bytes that this hub never signed; then nothing is stored.
    """
    verifier = read_witness_key(vkey)
    with services.database.write() as conn:
        _pin(services, conn, reader, vkey.strip())
        seen: dict[str, int] = {}
        for text in notes:
            checkpoint = _take(services, conn, verifier, vkey.strip(), text)
            seen[checkpoint.origin] = checkpoint.size
    with services.database.read() as conn:
        logs = [log for log in list_logs(conn) if log.peran in CHANNELS]
        offers = [_offer(services, conn, log, seen.get(log.origin, 0)) for log in logs]
        held = queries.list_cosignatures(conn, vkey.strip())
    witnessed = {log.origin: held[log.no].size for log in logs if log.no in held}
    return Exchanged(tuple(offer.encode() for offer in offers if offer is not None), witnessed)


def pin_key(services: HubServices, reader: str, vkey: str) -> None:
    """Pin the key that an operator was handed together with the wish for a token."""
    read_witness_key(vkey)
    with services.database.write() as conn:
        queries.forget_witness(conn, reader)
        queries.pin_witness(conn, Pinned(reader, vkey.strip(), services.clock.now_s(), 0))


def _pin(services: HubServices, conn: sqlite3.Connection, reader: str, vkey: str) -> None:
    known = queries.find_witness(conn, reader)
    if known is None:
        queries.pin_witness(conn, Pinned(reader, vkey, services.clock.now_s(), 1))
    elif known.vkey != vkey:
        raise OtherKey


def _take(
    services: HubServices, conn: sqlite3.Connection, verifier: Verifier, vkey: str, text: str
) -> Checkpoint:
    """Keep one cosigned note, or the evidence that it is against this hub."""
    note = text.encode("utf-8", "replace")
    checkpoint, time_s = open_receipt(note, verifier)
    log = find_log(conn, checkpoint.origin.rsplit("/", 1)[-1])
    if log is None or log.origin != checkpoint.origin or log.peran not in CHANNELS:
        log = None
    held = 0 if log is None else log.size
    if log is not None and checkpoint.size <= held and root_at(conn, log, checkpoint.size) == checkpoint.root:
        queries.keep_cosignature(conn, vkey, Witnessed(log.no, checkpoint.size, time_s, note))
        return checkpoint
    keys = list_hub_keys(conn, services) if log is None else [log.kunci]
    if not any(is_signed(note, Verifier(checkpoint.origin, key)) for key in keys):
        raise ProtocolError("bad_proof", "cosignature on what this hub never signed")
    code = "saksi_mundur" if checkpoint.size > held else "saksi_cabang"
    detail = f"saksi {checkpoint.size}, di sini {held}"
    queries.keep_evidence(conn, services.clock.now_s(), code, checkpoint.origin, detail, note)
    return checkpoint


def _offer(services: HubServices, conn: sqlite3.Connection, log: Log, seen: int) -> Offer | None:
    """Sign the present head, after the anchor is on disk; of a log whose key is not here hand on its last note.

    None where there is no note of what is held: a witness is offered nothing that this hub could not show.
    """
    if services.keys.find_signing(log.kunci) is not None:
        note, size = services.sign_head(log), log.size
    elif log.checkpoint is not None and not log.proof:
        note, size = log.checkpoint, signed_size(log)
    else:
        return None
    old = min(seen, size)
    return Offer(old, tuple(consistency_proof(old, size, hasher_of(conn, log))), note)


def verify_cosignatures(conn: sqlite3.Connection) -> list[str]:
    """Check every stored cosignature against the logs as they stand; one Indonesian sentence per problem."""
    problems = []
    logs = {log.no: log for log in list_logs(conn)}
    for vkey in queries.list_keys(conn):
        for no, found in queries.list_cosignatures(conn, vkey).items():
            log = logs.get(no)
            try:
                checkpoint, _ = open_receipt(found.note, parse_vkey(vkey))
                is_good = (
                    log is not None and checkpoint.origin == log.origin and checkpoint.size == found.size <= log.size
                    and root_at(conn, log, found.size) == checkpoint.root
                )
            except (ProtocolError, DamageError):
                is_good = False
            if not is_good:
                problems.append(f"Tabel cosignature, log nomor {no}: tanda saksi tidak cocok dengan log ini.")
    return problems

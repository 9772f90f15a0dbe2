"""Attachments in a file on a stick: which of them go in, and what is done with those that come (sync_protocol.md 8.10).

The pieces are those of a session, sealed to their receiver; here stands what a session asks and answers one by
one. Nothing is remembered of a transfer: the other side's word says what it lacks, the folder what is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.changelog.keys import name_seal_key, seal
from shared.errors import EnvironmentProblem, ProtocolError
from shared.store.attachments import Held, list_held, list_named
from shared.store.blobs import BlobStore, store_of
from shared.store.side import Side
from shared.sync.chunk import ChunkHeader, encode_chunk, open_chunk
from shared.sync.limits import limit

Room = Callable[[], int]
"""Asked when the runs are written: how many bytes may follow them."""

_CHUNK_COST = 512
"""More than header and seal add to a piece."""


def unbounded() -> int:
    """Say that there is room for whatever a file may carry."""
    return limit("blob_bundle_bytes_max")


@dataclass
class Load:
    """What of some attachments goes into a file: ``offsets`` says, the most wanted first, where each begins.

    ``packed`` counts, once the file is written, those of which all that was missing is in it.
    """

    side: Side
    desa: str
    receiver: bytes
    offsets: Mapping[str, int]
    packed: int = 0

    def pieces(self, room: int) -> Iterator[bytes]:
        """Give the chunks that fit into so many bytes; one that does not fit waits, and smaller ones go on."""
        store, left = store_of(self.side), min(room, limit("blob_bundle_bytes_max"))
        for digest, offset in self.offsets.items():
            if left <= _CHUNK_COST:
                return
            data = store.read(self.desa, digest)
            if data is None or offset >= len(data):
                continue
            chunks = list(self._cut(digest, data, offset)) if len(data) - offset < left else []
            size = sum(map(len, chunks))
            if not chunks or size > left:
                continue
            left -= size
            self.packed += 1
            yield from chunks

    def _cut(self, digest: str, data: bytes, offset: int) -> Iterator[bytes]:
        step = limit("blob_chunk_bytes_max")
        for at in range(offset, len(data), step):
            header = ChunkHeader(digest, at, len(data), name_seal_key(self.receiver).hex())
            yield encode_chunk(
                header, data[at : at + step], lambda plain, info: seal(self.receiver, plain, info), is_one_of_many=True
            )


@dataclass
class Unloaded:
    """What came of the chunks of a file: attachments that are whole since, and why others are not."""

    whole: int = 0
    codes: list[str] = field(default_factory=list)
    is_stopped: bool = False
    """This machine could take no more; what was not read may well be good."""

    def codes_for_people(self) -> list[str]:
        """Name what somebody should know of; what no record names any more is nobody's loss."""
        return [code for code in self.codes if code != "not_found"]

    def wire_code(self) -> str:
        """Give the code under which the other side is told; empty where nothing was kept out."""
        codes = self.codes_for_people()
        return ("disk_full" if self.is_stopped else codes[0]) if codes else ""

    def note(self, code: str) -> None:
        if code not in self.codes:
            self.codes.append(code)


def unload(side: Side, desa: str, chunks: Iterable[tuple[ChunkHeader, bytes]], report: Callable[[], None]) -> Unloaded:
    """Take the chunks that belong to attachments which live records of a desa name; raises nothing of their own.

    Each is judged as on the line (8.7), one by one: a bad one spoils no other.
    """
    done, store = Unloaded(), store_of(side)
    failed: set[str] = set()
    with side.database.read() as conn:
        named = list_named(conn, side.catalogue, desa)
    for header, sealed in chunks:
        report()
        if header.hash in failed:
            continue
        try:
            # What is not named costs no work either: it is not even opened.
            if header.hash not in named:
                raise ProtocolError("not_found", "no record of this desa names it")
            done.whole += _take(side, store, desa, header, sealed)
        except ProtocolError as error:
            if error.code == "gap":
                continue  # a piece before it is missing: what is said to be lacking brings it
            failed.add(header.hash)
            done.note(error.code)
        except EnvironmentProblem as error:
            done.note(error.kode)
            done.is_stopped = True
            return done
    return done


def _take(side: Side, store: BlobStore, desa: str, header: ChunkHeader, sealed: bytes) -> bool:
    """Take one piece, or the end of it where its beginning is here; tell whether it made its attachment whole."""
    held = store.count_held(desa, header.hash)
    if held >= header.size or held >= header.offset + len(sealed):
        return False
    key = side.keys.find_seal(bytes.fromhex(header.seal))
    if key is None:
        raise ProtocolError("bad_seal", "chunk is sealed to somebody else")
    piece = open_chunk(header, sealed, key.open)
    if header.offset < held < header.offset + len(piece):
        piece, offset = piece[held - header.offset :], held
    else:
        offset = header.offset
    quota = limit("blob_desa_bytes_max")
    reached = store.put(desa, header.hash, header.size, offset, piece, quota=quota)
    if reached < offset:
        raise ProtocolError("gap", f"held up to {reached}")
    return reached == header.size and held < header.size


def list_lacking(side: Side, desa: str) -> tuple[list[dict[str, Any]], bool]:
    """Name what a desa's records name and this side has not whole, with what it has; and whether there is more."""
    store, most = store_of(side), limit("blob_bundle_have_max")
    with side.database.read() as conn:
        named = list_named(conn, side.catalogue, desa)
    lacking = store.find_missing(desa, named)
    listed = [{"hash": digest, "offset": store.count_held(desa, digest)} for digest in lacking[:most]]
    return listed, len(lacking) > most


def list_present(side: Side, desa: str) -> list[Held]:
    """List what is whole here of the attachments that a desa's records name, the small ones first."""
    with side.database.read() as conn:
        named = list_named(conn, side.catalogue, desa)
        rows = [row for row in list_held(conn, desa) if row.whole and row.hash in named]
    missing = set(store_of(side).find_missing(desa, (row.hash for row in rows)))
    return sorted((row for row in rows if row.hash not in missing), key=lambda row: (row.size, row.hash))

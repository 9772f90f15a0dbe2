"""Attachments at the hub: what it lacks, pieces in, pieces out (sync_protocol.md 8.7).

A desa hands over and takes only what live records name in logs that it may read, so the changes come first by
construction: of what no record names yet, nothing is taken.
"""

from __future__ import annotations

from flask import Blueprint, Response

from hub.ingest.accept import Sender
from hub.ingest.routes import CONTENT_TYPE, find_sender, find_session, refuse, services, signed
from hub.services import HubServices
from shared.changelog.keys import name_seal_key, seal
from shared.errors import ProtocolError
from shared.store.attachments import is_named, list_named
from shared.store.blobs import BlobStore, store_of
from shared.sync import messages, signature
from shared.sync.chunk import ChunkHeader, encode_chunk, open_chunk, split_chunk
from shared.sync.limits import limit

blueprint = Blueprint("sync_blob", __name__, url_prefix="/sync/v1/blob")


def _begin(caller: signature.Signed) -> tuple[HubServices, Sender, BlobStore]:
    hub = services()
    find_session(caller)
    return hub, find_sender(caller.key), store_of(hub)


@blueprint.post("/have")
@signed
def have(body: bytes, caller: signature.Signed) -> Response:
    """Say what of some hashes can be had here, and what this hub lacks of the desa's attachments."""
    hub, sender, store = _begin(caller)
    asked = messages.decode(messages.BlobHaveRequest, body)
    count = limit("blob_have_max")
    with hub.database.read() as conn:
        named = list_named(conn, hub.catalogue, sender.wilayah)
    lacking = store.find_missing(sender.wilayah, named)
    here = named - set(lacking)
    had = [digest for digest in asked["hashes"] if digest in here]
    answer = {
        "blobs": [{"hash": digest, "size": store.count_held(sender.wilayah, digest)} for digest in had],
        "wanted": [
            {"hash": digest, "offset": store.count_held(sender.wilayah, digest)} for digest in lacking[:count]
        ],
        "more": len(lacking) > count,
    }
    return Response(messages.encode(answer), content_type="application/json")


@blueprint.post("/put")
@signed
def put(body: bytes, caller: signature.Signed) -> Response:
    """Take one piece; answer how far the attachment is now, on disk."""
    hub, sender, store = _begin(caller)
    header, sealed = split_chunk(body)
    key = hub.keys.find_seal(bytes.fromhex(header.seal))
    if key is None:
        raise ProtocolError("bad_seal", "chunk is not sealed to this hub")
    piece = open_chunk(header, sealed, key.open)
    _check_named(hub, sender, header.hash)
    held = store.put(
        sender.wilayah, header.hash, header.size, header.offset, piece, quota=limit("blob_desa_bytes_max")
    )
    hub.disk.note_stored()
    if held < header.offset:
        return refuse(ProtocolError("gap", f"held up to {held}"), size=held)
    answer = {"hash": header.hash, "offset": held}
    return Response(messages.encode(answer), content_type="application/json")


@blueprint.post("/get")
@signed
def get(body: bytes, caller: signature.Signed) -> Response:
    """Give one piece, sealed to the asking node."""
    hub, sender, store = _begin(caller)
    asked = messages.decode(messages.BlobGetRequest, body)
    _check_named(hub, sender, asked["hash"])
    data = store.read(sender.wilayah, asked["hash"])
    if data is None or asked["offset"] >= len(data):
        raise ProtocolError("not_found", "attachment")
    with hub.database.read() as conn:
        receiver = bytes.fromhex(conn.execute("SELECT segel FROM simpul WHERE kunci = ?", (caller.key,)).fetchone()[0])
    most = limit("blob_chunk_bytes_max")
    piece = data[asked["offset"] :][: max(1, min(asked["bytes_max"] or most, most))]
    header = ChunkHeader(asked["hash"], asked["offset"], len(data), name_seal_key(receiver).hex())
    chunk = encode_chunk(header, piece, lambda plain, info: seal(receiver, plain, info))
    return Response(chunk, content_type=CONTENT_TYPE)


def _check_named(hub: HubServices, sender: Sender, digest: str) -> None:
    with hub.database.read() as conn:
        if not is_named(conn, hub.catalogue, sender.wilayah, digest):
            # The same answer for what exists elsewhere and for what does not: it tells nothing.
            raise ProtocolError("not_found", "no record of this desa names it")

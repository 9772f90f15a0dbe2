"""``GET /ekspor/v1/perubahan``: token, then cursor, then signed manifest and lines, streamed from a file.

``GET /ekspor/v1/kunci``: the key of today and its successors, for a reader that has pinned an earlier one.

The answer is written to an unnamed file in the data folder first: the manifest stands before the lines and
knows their digest, and memory stays the same for ten people and for two hundred thousand.
"""

from __future__ import annotations

import json
import re
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Any
from urllib.parse import unquote

from flask import Blueprint, Response, current_app, request

from hub.akses.keep import keep_export
from hub.ekspor.delta import Delta, each_line, plan_delta
from hub.ekspor.manifest import export_signer, sign_manifest
from hub.ekspor.tokens import TOKEN_CHARACTERS_MAX, Reader, Refusals, find_reader
from hub.kabupaten.keys import write_card
from hub.kabupaten.manifest import Manifest, encode_hash
from hub.pemulihan.state import list_former_keys, name_successors
from hub.services import HubServices
from shared.changelog.checkpoint import Checkpoint
from shared.errors import EnvironmentProblem, UserError
from shared.web.audit import record_access

blueprint = Blueprint("ekspor", __name__, url_prefix="/ekspor/v1")
CONTENT_TYPE = "application/x-ndjson"
REASON_HEADER = "Sipande-Alasan"
"""Why identified data are asked for, percent-encoded UTF-8; a header, since addresses end up in logs."""
REASON_CHARACTERS_MIN, REASON_CHARACTERS_MAX = 5, 200
BLOCK_BYTES = 64 * 1024
_ARGUMENTS = frozenset({"sejak", "identitas"})
_BEARER = re.compile(rf"Bearer ([A-Za-z0-9_.~+/=-]{{1,{TOKEN_CHARACTERS_MAX}}})", re.IGNORECASE)
_LONG_NUMBER = re.compile(r"(?:[0-9][ .\-]?){10,}", re.ASCII)


class ExportRefused(UserError):
    """A request for an export that is not answered, with its HTTP status."""

    def __init__(self, status: int, kode: str, pesan: str, retry_s: int = 0) -> None:
        super().__init__(pesan, kode)
        self.status = status
        self.retry_s = retry_s


@dataclass(frozen=True)
class ExportRequest:
    """What a reader asks for; ``alasan`` is empty for a masked export."""

    reader: Reader
    sejak: str
    alasan: str

    @property
    def is_identified(self) -> bool:
        return bool(self.alasan)


@dataclass(frozen=True)
class Export:
    """A finished export: the first line, then the file with the data lines; ``counts`` are these by (desa, kind)."""

    first_line: bytes
    file: IO[bytes]
    size: int
    counts: Mapping[tuple[str, str], int]


def services() -> HubServices:
    found: HubServices = current_app.extensions["services"]
    return found


@blueprint.get("/perubahan")
def perubahan() -> Response:
    """Answer with everything that changed since ``sejak``."""
    hub = services()
    try:
        asked = _read_request(admit(hub))
        export = write_export(hub, asked)
        if asked.is_identified:
            audit_identified_export(hub, asked.reader, asked.alasan, export.counts)
    except ExportRefused as error:
        return refuse(error)
    except EnvironmentProblem as error:
        return refuse(ExportRefused(507, error.kode, error.pesan, retry_s=600))
    except UserError as error:
        return refuse(ExportRefused(400, error.kode, error.pesan))
    return _stream(export)


def admit(hub: HubServices) -> Reader:
    """Find the reader behind the token; every wrong token gets the same answer."""
    found = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    reader = find_reader(hub, found[1]) if found else None
    if reader is not None:
        return reader
    refusals: Refusals = current_app.extensions.setdefault("export_refusals", Refusals())
    wait_s = refusals.count(request.remote_addr or "", hub.clock.monotonic_s())
    if wait_s:
        raise ExportRefused(
            429, "terlalu_sering",
            "Terlalu banyak permintaan yang ditolak dari alamat ini. Tunggu satu menit.", wait_s,
        )
    raise ExportRefused(
        401, "token_salah",
        "Token tidak dikenal atau sudah dicabut. Minta token baru kepada operator kecamatan.",
    )


@blueprint.get("/kunci")
def kunci() -> Response:
    """Say which key this hub has today, and by which successors it came to it."""
    hub = services()
    try:
        admit(hub)
    except ExportRefused as error:
        return refuse(error)
    with hub.database.read() as conn:
        card = write_card(
            hub.wilayah, export_signer(hub), hub.pemulihan, name_successors(conn), list_former_keys(conn)
        )
    response = Response(card, content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


def _read_request(reader: Reader) -> ExportRequest:
    if not request.args.keys() <= _ARGUMENTS:
        raise ExportRefused(400, "masukan_salah", "Permintaan memuat bagian yang tidak dikenal.")
    sejak = request.args.get("sejak", "")
    identitas = request.args.get("identitas", "0")
    if identitas not in ("0", "1"):
        raise ExportRefused(400, "masukan_salah", "Bagian identitas hanya boleh berisi 0 atau 1.")
    if identitas == "0":
        return ExportRequest(reader, sejak, "")
    if not reader.is_identified:
        raise ExportRefused(
            403, "tanpa_izin_identitas",
            "Token ini hanya untuk data tersamar. Mintalah izin data beridentitas kepada operator kecamatan.",
        )
    return ExportRequest(reader, sejak, _read_reason())


def _read_reason() -> str:
    alasan = " ".join(unquote(request.headers.get(REASON_HEADER, "")).split())
    if not REASON_CHARACTERS_MIN <= len(alasan) <= REASON_CHARACTERS_MAX:
        raise ExportRefused(
            400, "alasan_wajib", "Data beridentitas hanya diberikan dengan alasan (5 sampai 200 huruf)."
        )
    if _LONG_NUMBER.search(alasan):
        raise ExportRefused(
            400, "alasan_bernomor", "Alasan tidak boleh memuat NIK, nomor KK, atau nomor lain."
        )
    return alasan


def write_export(hub: HubServices, asked: ExportRequest) -> Export:
    """Write the data lines to an unnamed file, all from one snapshot, and sign their manifest.

    Raises UserError for a cursor that cannot be read, EnvironmentProblem when the disk is full.
    """
    file: IO[bytes] | None = None
    try:
        file = tempfile.TemporaryFile(dir=hub.folder.path)
        with hub.database.read() as conn:
            delta = plan_delta(conn, hub.catalogue, asked.sejak, identified=asked.is_identified)
            digest, counts = sha256(), Counter[tuple[str, str]]()
            for line in each_line(conn, hub.catalogue, delta, counts, identified=asked.is_identified):
                digest.update(line)
                file.write(line)
        file.flush()
        manifest = Manifest(
            hub.wilayah, delta.cursor_from, delta.cursor_to, counts.total(), digest.hexdigest(), hub.clock.now_s(),
            asked.is_identified, delta.is_full,
            tuple(Checkpoint(log.origin, log.size, log.root()) for log in delta.logs),
        )
        return Export(_write_first_line(hub, manifest, delta), file, file.tell(), counts)
    except OSError:
        _close(file)
        raise EnvironmentProblem(
            "Disk di kecamatan penuh atau rusak. Coba lagi nanti.", "disk_penuh"
        ) from None
    except BaseException:
        _close(file)
        raise


def audit_identified_export(
    hub: HubServices, reader: Reader, alasan: str, counts: Mapping[tuple[str, str], int]
) -> None:
    """Write into the access audit who takes identified data, why and how many lines, before a byte leaves.

    Each desa is told of its own share, with the reason in the words of who asked.
    """
    with hub.database.write() as conn:
        record_access(
            conn, hub.clock, f"pembaca:{reader.name}", "ekspor_teridentifikasi", hub.wilayah,
            f"{sum(counts.values())} baris; {alasan}",
        )
        keep_export(conn, hub, reader.name, "ekspor_teridentifikasi", counts, alasan)


def _write_first_line(hub: HubServices, manifest: Manifest, delta: Delta) -> bytes:
    note = sign_manifest(hub, manifest, delta.logs)
    members: dict[str, Any] = {"manifest": note.decode()}
    if delta.proofs:
        members["bukti"] = {origin: list(map(encode_hash, proof)) for origin, proof in delta.proofs.items()}
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def _close(file: IO[bytes] | None) -> None:
    if file is not None:
        file.close()


def _stream(export: Export) -> Response:
    is_packed = request.accept_encodings.quality("gzip") > 0
    blocks = _read_blocks(export)
    response = Response(_pack(blocks) if is_packed else blocks, content_type=CONTENT_TYPE)
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
    else:
        response.content_length = len(export.first_line) + export.size
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = "no-store"
    response.call_on_close(export.file.close)
    return response


def _read_blocks(export: Export) -> Iterator[bytes]:
    with export.file as file:
        yield export.first_line
        file.seek(0)
        while block := file.read(BLOCK_BYTES):
            yield block


def _pack(blocks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    for block in blocks:
        packed = packer.compress(block)
        if packed:
            yield packed
    yield packer.flush()


def refuse(error: ExportRefused) -> Response:
    content = json.dumps({"kode": error.kode, "pesan": error.pesan}, ensure_ascii=False)
    response = Response(content, status=error.status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="sipande-ekspor"'
    if error.retry_s:
        response.headers["Retry-After"] = str(error.retry_s)
    return response

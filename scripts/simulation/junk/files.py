"""Doors for files and texts: spreadsheets, pictures, notes, codes, and what a kabupaten is told by a hub."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import xlsxwriter
from PIL import Image

from hub.ekspor.manifest import export_signer, export_vkey
from hub.ekspor.tokens import make_reader
from hub.kabupaten.lake import HubState, Lake
from hub.kabupaten.manifest import Manifest, parse_manifest
from hub.kabupaten.pull import pull_hub
from hub.kabupaten.transport import CONTENT_TYPE, Answer, Reply
from hub.kabupaten.witness import WitnessBook, open_witness, verifier_of, witness_hub
from node.impor.service import dry_run, import_file
from node.logo.image import read_logo
from shared.changelog.checkpoint import (
    Checkpoint, SignatureType, Signer, cosign, format_vkey, open_checkpoint, open_receipt, parse_body,
    parse_vkey, sign_checkpoint, sign_note,
)
from shared.changelog.keychain import Successor, follow, sign_successor
from shared.changelog.keys import SigningKey
from shared.changelog.witness import Offer, open_offer, parse_offer
from shared.store.backup.archive import Contents, Picture, decode_contents
from shared.store.backup.kode import make_code, read_code
from shared.store.backup.sealing import make_head, open_pieces, read_head, seal_parts
from shared.sync.enrolment import parse_code
from shared.web.images import encode_image, make_thumbnail
from simulation.claims import require
from simulation.junk.mutate import Form
from simulation.junk.stage import Stage
from simulation.junk.target import TAKEN, Target
from tests.support.export_hub import make_app
from tests.support.federation import ADDRESS, DESA, HUB

HEADS = ("nama", "nik", "no_kk", "sex", "tanggallahir", "tempatlahir", "alamat", "dusun", "rw", "rt", "hubungan")
ROWS = (
    ("SITI AMINAH", "3303994101800001", "3303990101100001", "2", "01-01-1980", "PURBALINGGA", "JL 1", "KRAJAN", "1",
     "1", "1"),
    ("BUDI", "3303990202910002", "3303990101100001", "1", "02-02-1991", "", "JL 1", "KRAJAN", "1", "1", "4"),
)


def make_file_targets(stage: Stage) -> Iterator[Target]:
    """Give every door for files and texts with good inputs of the product's own making."""
    yield from _sheets(stage)
    yield from _pictures()
    yield from _notes(stage)
    yield from _backups()
    yield from _kabupaten(stage)


# Spreadsheets ----------------------------------------------------------------------------------------------


def _sheets(stage: Stage) -> Iterator[Target]:
    csv = "\n".join(";".join(row) for row in (HEADS, *ROWS)).encode()

    def read(name: str, data: bytes) -> str:
        run = dry_run(stage.node, data, name)
        json.dumps(run.summary())
        if sha256(data).digest()[0] < 32:
            import_file(stage.node, data, name, stage.federation.author(stage.node))
        return f"{TAKEN} {min(3, len(run.problems))}"

    for name, form, seeds in (
        ("xlsx", Form.ARCHIVE, (write_xlsx(),)), ("ods", Form.ARCHIVE, (write_ods(),)), ("csv", Form.LINES, (csv,)),
    ):
        yield Target(f"impor/{name}", form, seeds, partial(read, f"penduduk.{name}"), 2)


def write_xlsx() -> bytes:
    """Write a small workbook as Excel does."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Penduduk")
        for at, row in enumerate((HEADS, *ROWS)):
            sheet.write_row(at, 0, row)
    return buffer.getvalue()


def write_ods() -> bytes:
    """Write a small table as LibreOffice does, with the least that makes one."""
    rows = "".join(
        "<table:table-row>" + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in row
        ) + "</table:table-row>"
        for row in (HEADS, *ROWS)
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    names = "".join(
        f' xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"' for short in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content{names}><office:body><office:spreadsheet>'
        f'<table:table table:name="Penduduk">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return buffer.getvalue()


# Pictures --------------------------------------------------------------------------------------------------


def _pictures() -> Iterator[Target]:
    seeds = []
    for kind in ("JPEG", "PNG", "WEBP"):
        buffer = io.BytesIO()
        Image.linear_gradient("L").resize((48, 40)).convert("RGB").save(buffer, kind)
        seeds.append(buffer.getvalue())

    def photo(data: bytes) -> str:
        make_thumbnail(encode_image(data))
        return TAKEN

    def logo(data: bytes) -> str:
        require(len(read_logo(data).png) > 0, "a logo without bytes")
        return TAKEN

    yield Target("gambar/foto", Form.BYTES, tuple(seeds), photo, 2)
    yield Target("gambar/logo", Form.BYTES, tuple(seeds), logo)


# Notes -----------------------------------------------------------------------------------------------------


def _notes(stage: Stage) -> Iterator[Target]:
    key, name = SigningKey.generate(lambda count: bytes(range(count))), "sipande/33.03.04.2006/desa/" + "0" * 32
    signer, head = Signer(name, key), Checkpoint(name, 5, bytes(32))
    checkpoint, receipt = sign_checkpoint(head, signer), cosign(head, signer, 1_790_000_000)
    cosigner = signer.verifier(SignatureType.COSIGNATURE_V1)
    offer = Offer(0, (bytes(32),), checkpoint).encode()
    hub = stage.federation.hub.keys.signing
    successor = sign_successor(Successor(HUB, hub.public.hex(), "ab" * 32, "cd" * 32), hub)

    def resign(data: bytes) -> str:
        parse_body(sign_note(data.rstrip(b"\n") + b"\n", signer).rpartition(b"\n\n")[0] + b"\n")
        return TAKEN

    def chain(data: bytes) -> str:
        notes = data.decode("utf-8", "replace").split("\x1e")
        found = follow(notes, HUB, hub.public.hex(), "00" * 32, "ab" * 32)
        return TAKEN if found else "tidak_diikuti"

    def offered(data: bytes) -> str:
        open_offer(parse_offer(data), name, [key.public])
        return TAKEN

    doors: tuple[tuple[str, bytes, Callable[[bytes], object]], ...] = (
        ("catatan", checkpoint, lambda data: open_checkpoint(data, signer.verifier())),
        ("isi", head.body(), resign),
        ("tanda_terima", receipt, lambda data: open_receipt(data, cosigner)),
        ("penerus", successor.encode(), chain),
        ("tawaran", offer, offered),
        ("vkey", format_vkey(signer.verifier()).encode(), lambda data: parse_vkey(data.decode("utf-8", "replace"))),
        ("kode", stage.code.format().encode(), lambda data: parse_code(data.decode("utf-8", "replace"))),
    )
    for word, seed, feed in doors:
        yield Target(f"nota/{word}", Form.LINES, (seed,), partial(_say, feed), 4)


def _say(feed: Callable[[bytes], object], data: bytes) -> str:
    found = feed(data)
    return found if isinstance(found, str) else TAKEN


def _backups() -> Iterator[Target]:
    """Backups that anybody can write: those without a code carry their key in clear."""
    head, key = make_head("data", "simpul", DESA, 1_790_000_000, None, lambda count: bytes(range(count)))
    picture = Picture(DESA, "ab" * 32, 5, True)
    contents = Contents(
        "simpul", DESA, "PC", 1_790_000_000, ("ab" * 32,), 3, "cd" * 32, {"penduduk": 1}, {"0" * 32: 1}, (picture,)
    )
    file = b"".join(seal_parts(head, key, [contents.encode(), b"abc"]))

    def open_file(data: bytes) -> str:
        source = io.BytesIO(data)
        found = read_head(source)
        return f"{TAKEN} {len(b''.join(open_pieces(source, found, found.open_key(None))))}"

    def read_contents(data: bytes) -> str:
        decode_contents(data)
        return TAKEN

    def read_typed(data: bytes) -> str:
        read_code(data.decode("utf-8", "replace"))
        return TAKEN

    yield Target("cadangan/berkas", Form.HEADED, (file,), open_file)
    yield Target("cadangan/isi", Form.JSON, (contents.encode(),), read_contents, 2)
    yield Target("cadangan/kode", Form.BYTES, (make_code(lambda count: bytes(range(count))).encode(),), read_typed)


# The kabupaten ---------------------------------------------------------------------------------------------


@dataclass
class _Wire:
    """A hub as the kabupaten meets it: it answers what it is told to answer."""

    body: bytes = b""
    encoding: str = ""
    status: int = 200

    @contextmanager
    def open(self, url: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        yield Answer(self.status, CONTENT_TYPE, self.encoding, iter((self.body,)))

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        return Reply(self.status, self.body)


def _kabupaten(stage: Stage) -> Iterator[Target]:
    hub, wire = stage.federation.hub, _Wire()
    token = make_reader(hub, "bappeda")
    lake = Lake(stage.folder / "danau")
    lake.lock()
    stage.at_end.append(lake.unlock)
    entry = lake.add_hub(ADDRESS.replace("http:", "https:"), export_vkey(hub), token)
    clock, signer = stage.federation.clock, export_signer(hub)
    lines = b"".join(
        json.dumps({"kind": "penduduk", "desa": f"{HUB}.2006", "id": str(at), "data": {"nama": "S"}}).encode() + b"\n"
        for at in range(3)
    )

    def deliver(lines: bytes, head: bytes = b"") -> bytes:
        manifest = Manifest(
            HUB, "", "abc", lines.count(b"\n"), sha256(lines).hexdigest(), 1_790_000_000, False, True,
            (Checkpoint(f"sipande/{HUB}/umum/" + "0" * 32, 1, bytes(32)),),
        )
        note = sign_note(head or manifest.text(), signer).decode()
        return json.dumps({"manifest": note, "bukti": {}}).encode() + b"\n" + lines

    def pull(body: bytes, encoding: str = "") -> str:
        wire.body, wire.encoding, wire.status = body, encoding, 200
        # Nothing is remembered between inputs: the first delivery is the one that is read most.
        lake.write_state(HUB, HubState())
        pull_hub(lake, entry, wire, clock)
        return TAKEN

    def text(data: bytes) -> str:
        note = sign_note(data.rstrip(b"\n") + b"\n", signer)
        parse_manifest(note.rpartition(b"\n\n")[0] + b"\n")
        return TAKEN

    good = deliver(lines)
    yield Target("kabupaten/kiriman", Form.LINES, (good,), pull)
    yield Target("kabupaten/gzip", Form.PACKED, (gzip.compress(good, mtime=0),), lambda data: pull(data, "gzip"))
    yield Target(
        "kabupaten/baris", Form.LINES, (lines,), lambda data: pull(deliver(data.removesuffix(b"\n") + b"\n")), 2
    )
    yield Target("kabupaten/manifes", Form.LINES, (parse_good(good),), text)
    yield from _witness(stage, lake, wire, token)


def parse_good(delivery: bytes) -> bytes:
    """Give the text of the manifest of a delivery."""
    note: str = json.loads(delivery.split(b"\n", 1)[0])["manifest"]
    return note.rpartition("\n\n")[0].encode() + b"\n"


def _witness(stage: Stage, lake: Lake, wire: _Wire, token: str) -> Iterator[Target]:
    """The exchange of cosignatures, both ways."""
    app, hub = make_app(stage.federation.hub), stage.federation.hub
    signer, entry = open_witness(lake, hub.random), lake.list_hubs()[0]
    # Of a round before anything was taken: without it deliveries would say that it was lost.
    WitnessBook(lake.path / HUB / "saksi.json", verifier_of(signer)).write()
    headers = {"Authorization": f"Bearer {token}"}
    asked = json.dumps({"vkey": format_vkey(signer.verifier(SignatureType.COSIGNATURE_V1)), "notes": []}).encode()
    reply = app.test_client().post("/witness/v1/exchange", data=asked, headers=headers).data

    def exchange(data: bytes) -> str:
        response = app.test_client().post("/witness/v1/exchange", data=data, headers=headers)
        require(response.status_code < 500, f"status {response.status_code}")
        return str(response.status_code)

    def witness(data: bytes) -> str:
        wire.body, wire.status = data, (200, 200, 200, 409, 404)[sha256(data).digest()[0] % 5]
        witness_hub(lake, entry, signer, wire, stage.federation.clock)
        return TAKEN

    yield Target("hub/saksi", Form.JSON, (asked,), exchange)
    yield Target("kabupaten/saksi", Form.JSON, (reply,), witness)

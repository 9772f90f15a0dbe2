"""The kabupaten as witness of a hub's own logs: cosigns only what continues what it cosigned before.

::

    kunci.json                    the witness's own Ed25519 key, made at the first pull, mode 600
    saksi.json                    its verifier key, which is handed to the hubs
    33.03.04/saksi.json           per log the checkpoint cosigned last, with both signatures
    33.03.04/bukti-<hash>.json    two notes of a hub that do not fit together, kept for ever

The state is on disk before a cosignature leaves (tlog-witness): after a crash in between, the hub is handed
the note again. What the hub answers is believed under its pinned keys alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from hub.kabupaten.check import PullRefused
from hub.kabupaten.lake import FileGone, HubEntry, HubState, Lake, encode_json, explained, read_json, write_file
from hub.kabupaten.transport import Reply
from shared.changelog.checkpoint import (
    Checkpoint,
    NoteError,
    SignatureType,
    Signer,
    Verifier,
    cosign,
    format_vkey,
    open_receipt,
    parse_vkey,
)
from shared.changelog.keys import KeySet, SigningKey, load_keys, save_keys
from shared.changelog.witness import Offer, add_signatures, judge_offer, open_offer, parse_offer
from shared.clock import Clock, Randomness
from shared.errors import DamageError, ProtocolError, TransportError, UserError

PATH = "/witness/v1/exchange"
OFFERS_MAX = 1000


class WitnessTransport(Protocol):
    """Posts to a hub; raises TransportError when no answer came."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply: ...


class WitnessAlarm(PullRefused):
    """A hub's log does not continue what was cosigned; ``evidence`` names the file with both notes."""

    def __init__(self, what: str, evidence: Path, detail: str) -> None:
        super().__init__(
            "fork", detail,
            f"PERINGATAN: {what}, jadi kabupaten berhenti menyaksikan dan tidak menarik apa pun dari hub ini;"
            f" kedua catatan disimpan di {evidence} sebagai bukti, dan kecamatan harus dihubungi.",
        )
        self.evidence = evidence


@dataclass(frozen=True)
class WitnessReport:
    """What one round brought: logs cosigned up to their present size, and how many the hub has stored."""

    logs: int = 0
    grown: int = 0
    stored: int = 0
    is_offered: bool = True
    """False for a hub that is too old to be witnessed."""

    def message(self) -> dict[str, Any]:
        """Give what the command prints of it."""
        if not self.is_offered:
            return {"didukung": False}
        return {"didukung": True, "catatan": self.logs, "bertambah": self.grown, "diterima_hub": self.stored}


@dataclass(frozen=True)
class Cosigned:
    """What was cosigned last of one log, as the note with the signatures of both sides."""

    checkpoint: Checkpoint
    time_s: int
    note: bytes


@dataclass
class WitnessBook:
    """What was cosigned of one hub, by origin; :meth:`write` makes it durable."""

    path: Path
    verifier: Verifier
    logs: dict[str, Cosigned] = field(default_factory=dict)

    @classmethod
    def load(cls, lake: Lake, hub: HubEntry, verifier: Verifier) -> WitnessBook:
        """Read the state of a hub; DamageError when it is not what this witness signed, or gone beside deliveries."""
        book = cls(lake.path / hub.code / "saksi.json", verifier)
        content = read_json(book.path)
        if content is None and lake.read_state(hub.code).last:
            # Every round leaves one, before anything is pulled. Without it any history would be cosigned.
            raise FileGone(book.path)
        for origin, text in (content or {}).items():
            try:
                book.logs[str(origin)] = book.read(str(text).encode())
            except NoteError:
                raise DamageError(book.path.name) from None
        return book

    def read(self, note: bytes) -> Cosigned:
        """Read a note under this witness's own cosignature."""
        checkpoint, time_s = open_receipt(note, self.verifier)
        return Cosigned(checkpoint, time_s, note)

    def write(self) -> None:
        """Store the state; it is on disk when this returns."""
        with explained():
            write_file(self.path, encode_json({o: c.note.decode() for o, c in sorted(self.logs.items())}))


def open_witness(lake: Lake, random: Randomness) -> Signer:
    """Open the key of this witness, made at its first use; KeyFileError when it was lost or changed.

    UserError when no hub is registered yet: the key is named after the kabupaten of the first one.
    """
    path, card = lake.path / "kunci.json", lake.path / "saksi.json"
    known = read_json(card)
    if known is None:
        hubs = lake.list_hubs()
        if not hubs:
            raise UserError(
                "Belum ada hub kecamatan. Daftarkan dengan: sipande-kabupaten tambah-hub", "hub_tidak_ada"
            )
        if not path.exists():
            _begin_books(lake, hubs)
            save_keys(path, KeySet(SigningKey.generate(random)))
        signer = Signer(f"sipande/{hubs[0].code.rpartition('.')[0]}/saksi", load_keys(path).signing)
        with explained():
            write_file(card, encode_json({"vkey": format_vkey(verifier_of(signer))}))
        return signer
    try:
        verifier = parse_vkey(str(known["vkey"]))
    except (KeyError, NoteError):
        raise DamageError(card.name) from None
    # Never made anew: a witness that forgot its key would be another one under the old name.
    signer = Signer(verifier.name, load_keys(path).signing)
    if verifier_of(signer) != verifier:
        raise DamageError(path.name)
    return signer


def _begin_books(lake: Lake, hubs: Iterable[HubEntry]) -> None:
    """Begin without a memory where there are deliveries from before there was a witness: no key has signed yet."""
    for hub in hubs:
        book = lake.path / hub.code / "saksi.json"
        if lake.has_deliveries(hub.code) and not book.exists():
            with explained():
                write_file(book, encode_json({}))


def verifier_of(signer: Signer) -> Verifier:
    """Give the verifier under which hubs check this witness's cosignatures."""
    return signer.verifier(SignatureType.COSIGNATURE_V1)


def witness_hub(
    lake: Lake, hub: HubEntry, signer: Signer, transport: WitnessTransport, clock: Clock
) -> WitnessReport:
    """Cosign the heads of a hub's own logs where they continue what was cosigned before.

    Nor is cosigned what is behind the heads of the deliveries taken. Raises WitnessAlarm when they do not, and then
    nothing is cosigned; DamageError when what was cosigned before cannot be read; UserError when the hub refuses;
    TransportError when nothing readable came.
    """
    book, state = WitnessBook.load(lake, hub, verifier_of(signer)), lake.read_state(hub.code)
    wire = _Wire(transport, hub, lake.read_token(hub.code), format_vkey(book.verifier))
    answer = wire.exchange(c.note for c in book.logs.values())
    if answer is None:
        if book.logs:
            raise TransportError("hub no longer answers its witness")
        book.write()
        return WitnessReport(is_offered=False)
    before, offered = dict(book.logs), set[str]()
    for text in answer["offers"]:
        offer = _read_offer(text)
        checkpoint = _open(offer, hub)
        # Against what this answer has brought so far: two offers for one log must not both be cosigned.
        _judge(book, offer, checkpoint)
        _compare(lake, hub, state, offer, checkpoint)
        note = add_signatures(offer.note, cosign(checkpoint, signer, clock.now_s()))
        book.logs[checkpoint.origin] = book.read(note)
        offered.add(checkpoint.origin)
    for origin in sorted(before.keys() - offered):
        raise _keep_evidence(
            book.path, {"disaksikan": before[origin].note}, b"", "sebuah catatan kecamatan hilang", "log is gone"
        )
    # tlog-witness: the new checkpoint is persisted before the cosignature is handed out.
    book.write()
    stored = wire.exchange(c.note for c in book.logs.values())
    if stored is None:
        raise TransportError("hub no longer answers its witness")
    grown = sum(
        origin not in before or before[origin].checkpoint.size < c.checkpoint.size for origin, c in book.logs.items()
    )
    return WitnessReport(len(book.logs), grown, _count_stored(book, stored["witnessed"]))


@dataclass(frozen=True)
class _Wire:
    transport: WitnessTransport
    hub: HubEntry
    token: str
    vkey: str

    def exchange(self, notes: Iterable[bytes]) -> dict[str, Any] | None:
        """Hand over notes and take offers; None from a hub that does not know of witnesses."""
        body = json.dumps({"vkey": self.vkey, "notes": [note.decode() for note in notes]}, ensure_ascii=False)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        reply = self.transport.post(self.hub.address + PATH, headers, body.encode())
        if reply.status == 404:
            return None
        answer = _decode(reply.body)
        if reply.status in (400, 401, 409, 422) and isinstance(answer.get("pesan"), str):
            raise UserError(_REFUSALS.get(reply.status, _REFUSALS[400]), f"saksi_ditolak_{reply.status}")
        offers, witnessed = answer.get("offers"), answer.get("witnessed")
        if (
            reply.status != 200 or not isinstance(offers, list) or not isinstance(witnessed, dict)
            or len(offers) > OFFERS_MAX or not all(isinstance(text, str) for text in offers)
        ):
            raise TransportError(f"status {reply.status}")
        return answer


_REFUSALS = {
    400: "Kecamatan tidak mengenali permintaan saksi. Perbarui program di kedua sisi, lalu tarik lagi.",
    401: "Kecamatan menolak token ini. Minta token baru, lalu simpan dengan perintah ganti-token.",
    409: (
        "Kecamatan mengenal kunci saksi yang lain untuk token ini. Bacakan sidik jari kunci kabupaten"
        " (sipande-kabupaten saksi) lewat telepon, lalu minta kecamatan melupakan kunci yang lama."
    ),
    422: (
        "Kecamatan tidak menerima tanda saksi dari kabupaten karena tidak cocok dengan kuncinya. Hubungi"
        " kecamatan; bila data kabupaten baru dipulihkan dari salinan, sebutkan itu."
    ),
}


def _decode(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _read_offer(text: str) -> Offer:
    try:
        return parse_offer(text.encode())
    except (ProtocolError, UnicodeEncodeError):
        raise TransportError("offer") from None


def _open(offer: Offer, hub: HubEntry) -> Checkpoint:
    """Read the checkpoint of an offer: a channel of this kecamatan, under a key that was pinned for its hub."""
    origin = offer.note.partition(b"\n")[0].decode("utf-8", "replace")
    parts = origin.split("/")
    is_channel = len(parts) == 4 and parts[0] == "sipande" and (
        parts[1:3] == [hub.code, "umum"]
        or (parts[1].startswith(hub.code + ".") and parts[2] == "saluran")
    )
    try:
        if not is_channel:
            raise NoteError("no channel of this hub")
        return open_offer(offer, origin, [known.public for known in (hub.verifier, *hub.earlier)])
    except NoteError as error:
        raise PullRefused(
            "bad_note", error.detail,
            "Puncak catatan kecamatan tidak bertanda tangan kunci yang terdaftar, jadi tidak disaksikan dan tidak"
            " ada yang ditarik. Bandingkan kuncinya dengan kecamatan lewat telepon.",
        ) from None


def _judge(book: WitnessBook, offer: Offer, checkpoint: Checkpoint) -> None:
    last = book.logs.get(checkpoint.origin)
    try:
        judge_offer(offer, checkpoint, last.checkpoint if last else None)
    except ProtocolError as error:
        if last is None or error.code == "gap":
            # Nothing that was cosigned is contradicted: the hub's answer is a defect, not evidence.
            raise TransportError(f"offer: {error}") from None
        what = _word(last.checkpoint, checkpoint)
        raise _keep_evidence(book.path, {"disaksikan": last.note}, offer.note, what, error.detail) from None


def _compare(lake: Lake, hub: HubEntry, state: HubState, offer: Offer, checkpoint: Checkpoint) -> None:
    """Hold an offer to the heads of the deliveries taken; that a longer one continues them, the pull asks to prove."""
    head = state.heads.get(checkpoint.origin)
    if head is None or checkpoint.size > head.size or checkpoint == head:
        return
    book, manifest = lake.path / hub.code / "saksi.json", lake.manifest_file(hub.code, state.last)
    with explained():
        taken = manifest.read_bytes() if manifest.exists() else b""
    raise _keep_evidence(
        book, {"ditarik": taken}, offer.note, _word(head, checkpoint), f"delivery {state.last} holds {head.size}"
    )


def _word(known: Checkpoint, offered: Checkpoint) -> str:
    if offered.size < known.size:
        return (
            f"catatan kecamatan menyusut dari {known.size} menjadi {offered.size} perubahan"
            " (mungkin hub dipulihkan dari salinan lama)"
        )
    return "kecamatan menandatangani dua catatan berbeda untuk riwayat yang sama"


def _keep_evidence(
    book: Path, known: Mapping[str, bytes], note: bytes, what: str, detail: str
) -> WitnessAlarm:
    """Keep both notes, once, before anybody is told; give what to raise."""
    own = {name: text.decode() for name, text in known.items()}
    content = encode_json({**own, "ditawarkan": note.decode(), "sebab": detail})
    path = book.with_name(f"bukti-{sha256(content).hexdigest()[:16]}.json")
    if not path.exists():
        with explained():
            write_file(path, content)
    return WitnessAlarm(what, path, detail)


def _count_stored(book: WitnessBook, witnessed: Mapping[str, Any]) -> int:
    return sum(witnessed.get(origin) == cosigned.checkpoint.size for origin, cosigned in book.logs.items())

"""A hub's key of today, and how the kabupaten follows it: along successors from the key that it has pinned.

``GET /ekspor/v1/kunci`` answers with one line: ``kunci``, a C2SP signed note under ``sipande/<kecamatan>/ekspor``
by the key of today, whose text is four lines, and ``rantai``, the successors (sync_protocol.md section 4.4)::

    sipande-kunci/1
    <kecamatan>
    <signing key of today, hex>
    <public half of the recovery key, hex, or "-">

``dahulu`` is a note under the same name by the same key: ``sipande-kunci-dahulu/1``, the kecamatan, and a line for each
key that this hub signed with before. Whoever pins the key of today takes its word for them: their channels stay good.

A pull asks for it first. Nothing is believed under a key to which no successor leads.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.kabupaten.check import PullRefused
from hub.kabupaten.lake import HubEntry, Lake
from hub.kabupaten.manifest import name_key
from hub.kabupaten.transport import CONTENT_TYPE, LineReader, PullLimits, Transport
from shared.changelog.checkpoint import NoteError, Signer, Verifier, open_note, sign_note
from shared.changelog.keychain import follow, is_key
from shared.clock import Clock

PATH = "/ekspor/v1/kunci"
_TITLE, _TITLE_BEFORE, _NONE = "sipande-kunci/1", "sipande-kunci-dahulu/1", "-"
_LIMITS = PullLimits(wire_bytes_max=4 << 20, plain_bytes_max=4 << 20, line_bytes_max=2 << 20, seconds_max=60.0)
_REFUSED = (
    "Kecamatan memakai kunci lain tanpa surat penggantian dari kunci yang terdaftar, jadi tidak ada yang diambil."
    " Telepon kecamatan dan bandingkan kuncinya; bila memang berganti, daftarkan dengan tambah-hub --ganti."
)

_OLD = (
    "Kecamatan memakai kunci lama yang sudah diganti; mungkin hub dipulihkan dari salinan lama. Tidak ada yang"
    " diambil. Hubungi kecamatan; setelah kuncinya dipulihkan, tarik lagi."
)


@dataclass(frozen=True)
class Card:
    """What a hub says of its keys: that of today, its recovery key (or nothing), the successors, and those before.

    Keys are in hex; ``dahulu`` is empty from a hub that does not say.
    """

    kunci: str
    pemulihan: str
    rantai: tuple[str, ...]
    dahulu: tuple[str, ...] = ()


def write_card(hub: str, signer: Signer, pemulihan: str, rantai: list[str], dahulu: Sequence[str] = ()) -> bytes:
    """Write the line in which a hub says which key it has today, and which it had before (hex)."""
    text = "\n".join((_TITLE, hub, signer.key.public.hex(), pemulihan or _NONE, ""))
    before = "\n".join((_TITLE_BEFORE, hub, *dahulu, ""))
    content = {
        "kunci": sign_note(text.encode(), signer).decode(), "rantai": rantai,
        "dahulu": sign_note(before.encode(), signer).decode(),
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def read_card(line: bytes, hub: str) -> Card:
    """Read what :func:`write_card` writes, signed by the key that it names; NoteError when it is not."""
    try:
        content = json.loads(line)
        note, rantai = content["kunci"].encode(), content["rantai"]
        kunci = note.split(b"\n", 4)[2].decode()
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise NoteError("card form") from None
    if not is_key(kunci) or not isinstance(rantai, list) or not all(isinstance(note, str) for note in rantai):
        raise NoteError("card members")
    verifier = Verifier(name_key(hub), bytes.fromhex(kunci))
    lines = open_note(note, verifier).decode().split("\n")
    if len(lines) != 5 or lines[:2] != [_TITLE, hub] or not (lines[3] == _NONE or is_key(lines[3])):
        raise NoteError("card text")
    return Card(kunci, "" if lines[3] == _NONE else lines[3], tuple(rantai), _read_before(content, hub, verifier))


def _read_before(content: dict[str, Any], hub: str, verifier: Verifier) -> tuple[str, ...]:
    before = content.get("dahulu", "")
    if not isinstance(before, str):
        raise NoteError("card members")
    if not before:
        return ()
    title, name, *keys, end = open_note(before.encode(), verifier).decode().split("\n")
    if (title, name, end) != (_TITLE_BEFORE, hub, "") or not all(map(is_key, keys)):
        raise NoteError("card text")
    return tuple(keys)


def follow_keys(lake: Lake, hub: HubEntry, transport: Transport, clock: Clock) -> HubEntry:
    """Ask a hub for its key of today and pin it, if successors lead there from the pinned one.

    From an answer that the pinned key has signed, the recovery key is pinned once, and the keys before are learned.
    What is no such answer (a hub too old to be asked, a portal) changes nothing: the pull that follows says what is
    wrong. Raises PullRefused when no successor leads to the key, TransportError when nothing came.
    """
    try:
        card = read_card(_ask(lake, hub, transport, clock), hub.code)
    except NoteError:
        return hub
    pinned = hub.verifier.public.hex()
    if card.kunci == pinned:
        known = (*hub.earlier, *(_verifier(hub, key) for key in card.dahulu if key != pinned))
        told = replace(hub, pemulihan=hub.pemulihan or card.pemulihan, earlier=tuple(dict.fromkeys(known)))
        return hub if told == hub else lake.replace_hub(told)
    former = [known.public.hex() for known in hub.earlier]
    steps = follow(card.rantai, hub.code, pinned, hub.pemulihan, card.kunci, former)
    if card.kunci in former:
        raise PullRefused("unknown_key", "key that was followed by another", _OLD)
    if steps is None:
        raise PullRefused("unknown_key", "key without a successor", _REFUSED)
    passed = (*hub.earlier, hub.verifier, *(_verifier(hub, step.kunci) for step in steps[:-1]))
    followed = replace(hub, verifier=_verifier(hub, card.kunci), earlier=tuple(dict.fromkeys(passed)))
    return lake.replace_hub(followed)


def _verifier(hub: HubEntry, kunci: str) -> Verifier:
    return Verifier(hub.verifier.name, bytes.fromhex(kunci))


def _ask(lake: Lake, hub: HubEntry, transport: Transport, clock: Clock) -> bytes:
    headers: dict[str, Any] = {"Authorization": f"Bearer {lake.read_token(hub.code)}", "Accept": CONTENT_TYPE}
    with transport.open(hub.address + PATH, headers) as answer:
        if answer.status != 200 or answer.content_type.partition(";")[0].strip() != CONTENT_TYPE:
            # The pull itself says what a wrong token or a portal means.
            raise NoteError("no card")
        return next(iter(LineReader(answer, _LIMITS, clock)), b"")

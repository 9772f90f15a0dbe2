"""Decides whether a delivery is believed: pure checks of manifest, log heads and lines against what is known.

Every refusal is a PullRefused with a sentence for the operator of the kabupaten; nothing is stored then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hub.kabupaten.manifest import Manifest, decode_hash, parse_manifest
from shared.changelog.checkpoint import Checkpoint, NoteError, Verifier, open_note
from shared.changelog.tree import TreeError, verify_consistency
from shared.errors import ProtocolError


class PullRefused(ProtocolError):
    """A delivery is not believed; ``pesan`` says to the operator what that means."""

    def __init__(self, code: str, detail: str, pesan: str) -> None:
        super().__init__(code, detail)
        self.pesan = pesan


class LogAlarm(PullRefused):
    """A hub's log became shorter or another one: restored from an old copy, or rewritten."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            "fork", detail,
            "PERINGATAN: catatan kecamatan ini lebih pendek atau berbeda dari yang pernah diterima."
            " Tidak ada yang disimpan. Hubungi kecamatan; mungkin hub dipulihkan dari salinan lama,"
            " atau catatannya diubah.",
        )


def _malformed(detail: str) -> PullRefused:
    return PullRefused(
        "malformed", detail,
        "Kiriman kecamatan tidak dapat dibaca, jadi tidak disimpan."
        " Perbarui program di kedua sisi, lalu tarik lagi.",
    )


@dataclass(frozen=True)
class Known:
    """What was believed last: cursor, hub time, and the heads of the hub's logs by origin."""

    cursor: str = ""
    time_s: int = 0
    heads: Mapping[str, Checkpoint] | None = None


class FirstLine(NamedTuple):
    """The first line of an answer: the signed note, and proofs of growth by origin."""

    note: bytes
    proofs: Mapping[str, Sequence[bytes]]


class LineKey(NamedTuple):
    """What a data line is about; ``is_gone`` says that it no longer exists."""

    kind: str
    desa: str
    id: str
    is_gone: bool


def read_first_line(line: bytes) -> FirstLine:
    """Take the first line apart, nothing of it verified yet."""
    try:
        members = json.loads(line)
        note, proofs = members["manifest"], members.get("bukti", {})
        if not isinstance(note, str):
            raise TypeError
        return FirstLine(
            note.encode(),
            {str(origin): [decode_hash(node) for node in proof] for origin, proof in proofs.items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, NoteError):
        raise _malformed("first line") from None


def open_manifest(note: bytes, verifier: Verifier) -> Manifest:
    """Read a manifest that the pinned key signed."""
    try:
        return parse_manifest(open_note(note, verifier))
    except NoteError as error:
        raise PullRefused(
            "bad_note", error.detail,
            "Tanda tangan kecamatan tidak cocok dengan kunci yang terdaftar, jadi kiriman tidak disimpan."
            " Bandingkan kuncinya dengan kecamatan lewat telepon.",
        ) from None


def check_manifest(
    manifest: Manifest, proofs: Mapping[str, Sequence[bytes]], known: Known, *, hub: str, identified: bool
) -> None:
    """Compare a verified manifest with what was asked for and what is known; PullRefused or LogAlarm."""
    if manifest.hub != hub:
        raise _malformed("manifest of another hub")
    if manifest.cursor_from != known.cursor or manifest.time_s < known.time_s:
        raise PullRefused(
            "malformed", "manifest does not continue ours",
            "Kiriman ini bukan lanjutan dari yang sudah ada (mungkin kiriman lama yang diulang),"
            " jadi tidak disimpan. Tarik lagi nanti.",
        )
    if manifest.is_identified is not identified:
        raise PullRefused(
            "malformed", "masking is not what was asked for",
            "Kiriman kecamatan tidak disamarkan seperti yang diminta, jadi tidak disimpan."
            " Hubungi kecamatan.",
        )
    if not known.cursor and not manifest.is_full:
        raise _malformed("the first delivery is not full")
    check_heads({head.origin: head for head in manifest.heads}, known.heads or {}, proofs)


def check_heads(
    heads: Mapping[str, Checkpoint], known: Mapping[str, Checkpoint], proofs: Mapping[str, Sequence[bytes]]
) -> None:
    """Hold every log to what was seen of it: still there, never shorter, and grown out of the old one."""
    for origin, old in known.items():
        new = heads.get(origin)
        if new is None or new.size < old.size:
            raise LogAlarm(f"log shrank from {old.size}")
        try:
            verify_consistency(old.size, old.root, new.size, new.root, proofs.get(origin, ()))
        except TreeError:
            raise LogAlarm(f"log of size {new.size} does not continue ours of {old.size}") from None


def read_line(line: bytes, hub: str) -> LineKey:
    """Read what a data line is about; a hub speaks of its own kecamatan only."""
    members = load_line(line)
    kind, desa, id = members.get("kind"), members.get("desa"), members.get("id")
    if not (isinstance(kind, str) and isinstance(desa, str) and isinstance(id, str)):
        raise _malformed("data line")
    if desa != hub and not desa.startswith(hub + "."):
        raise _malformed("data line of another kecamatan")
    is_gone = members.get("hapus") is True
    if is_gone == isinstance(members.get("data"), dict):
        raise _malformed("data line without data")
    return LineKey(kind, desa, id, is_gone)


def load_line(line: bytes) -> dict[str, Any]:
    """Parse a data line into its members."""
    try:
        members = json.loads(line)
    except (ValueError, RecursionError):
        raise _malformed("data line") from None
    if not isinstance(members, dict):
        raise _malformed("data line")
    return members


def check_content(manifest: Manifest, count: int, digest: str) -> None:
    """Compare the lines that came with the manifest."""
    if count != manifest.count or digest != manifest.digest:
        raise PullRefused(
            "bad_proof", "lines differ from the manifest",
            "Isi kiriman tidak cocok dengan segelnya (berubah di jalan), jadi tidak disimpan."
            " Tarik lagi nanti.",
        )

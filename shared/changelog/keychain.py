"""A hub's keys over time: each successor is a signed note, by the key before it or by the recovery key.

Who has pinned one key of the hub, and its recovery key, can follow the notes to the key of today
(sync_protocol.md section 4.4). The recovery key signs successors and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.changelog.checkpoint import NoteError, Signer, Verifier, open_note, sign_note
from shared.changelog.keys import KEY_BYTES, SigningKey

_TITLE = "sipande-kunci-hub/1"


@dataclass(frozen=True)
class Successor:
    """The key that follows: ``lama`` is the key before it; keys are hex."""

    wilayah: str
    lama: str
    kunci: str
    segel: str

    def text(self) -> bytes:
        return "\n".join((_TITLE, self.wilayah, self.lama, self.kunci, self.segel, "")).encode()


def signer_name(wilayah: str, by_recovery: bool) -> str:
    """Name under which a successor is signed."""
    return f"sipande/{wilayah}/{'pemulihan' if by_recovery else 'hub'}"


def sign_successor(successor: Successor, key: SigningKey, *, by_recovery: bool = False) -> str:
    """Sign a successor with the key before it, or with the recovery key."""
    return sign_note(successor.text(), Signer(signer_name(successor.wilayah, by_recovery), key)).decode()


def open_successor(note: str, wilayah: str, lama: str, pemulihan: str) -> Successor:
    """Read a successor that the key ``lama`` or the recovery key has signed; NoteError otherwise."""
    for public, by_recovery in ((lama, False), (pemulihan, True)):
        try:
            verifier = Verifier(signer_name(wilayah, by_recovery), bytes.fromhex(public))
            lines = open_note(note.encode(), verifier).decode().split("\n")
        except (NoteError, ValueError):
            continue
        told = _read_lines(lines)
        if len(lines) != 6 or told is None or told.wilayah != wilayah:
            raise NoteError("successor text")
        if not by_recovery and told.lama != lama:
            raise NoteError("successor of another key")
        return told
    raise NoteError("successor is signed by neither the key before it nor the recovery key")


def read_successor(note: str | None) -> Successor | None:
    """Read what a note says without asking who signed it; None where it is no successor."""
    return _read_lines((note or "").split("\n"))


def _read_lines(lines: Sequence[str]) -> Successor | None:
    if len(lines) < 6 or lines[0] != _TITLE or not all(is_key(line) for line in lines[2:5]):
        return None
    return Successor(*lines[1:5])


def follow(
    notes: Sequence[str], wilayah: str, kunci: str, pemulihan: str, target: str, former: Iterable[str] = ()
) -> list[Successor] | None:
    """Find the steps from a pinned key to the key ``target``, in whatever order the notes come; None without any.

    A key among ``former`` was followed by another one already: no note leads back to it.
    """
    seen = {kunci, *former}
    left: list[tuple[str, list[Successor]]] = [(kunci, [])]
    while left:
        current, steps = left.pop(0)
        for note in notes:
            step = _try_open(note, wilayah, current, pemulihan)
            if step is not None and step.kunci not in seen:
                seen.add(step.kunci)
                if step.kunci == target:
                    return [*steps, step]
                left.append((step.kunci, [*steps, step]))
    return None


def find_later(
    notes: Sequence[str], wilayah: str, kunci: str, pemulihan: str, former: Iterable[str] = ()
) -> list[Successor]:
    """Find the keys that followed a hub's own key, in order; empty where the notes prove none.

    Of the recovery key's notes only those count that speak of this key, of one among ``former``, or of one found.
    """
    found: list[Successor] = []
    current, seen = kunci, {kunci, *former}
    while True:
        steps = (step for step in (_try_open(note, wilayah, current, pemulihan) for note in notes) if step)
        step = next((step for step in steps if step.lama in seen and step.kunci not in seen), None)
        if step is None:
            return found
        found.append(step)
        current = step.kunci
        seen.add(current)


def find_former(
    notes: Sequence[str], wilayah: str, kunci: str, pemulihan: str, known: Iterable[str]
) -> tuple[list[str], list[str]]:
    """Find keys that were a hub's before its own, ``kunci``, and the notes that prove it; ``known`` are its others.

    From a known key a successor leads on, signed by that key or by the recovery key; never from ``kunci``, for that
    would say that the hub was followed itself. Back to the key before one that is known leads the recovery key alone:
    any other could be made up.
    """
    proven: dict[str, Successor] = {}
    keys = {kunci, *known}
    steps = [(note, *found) for note in dict.fromkeys(notes) for found in _read_signed(note, wilayah, pemulihan)]
    while True:
        fresh = [
            (note, step) for note, step, by_recovery in steps
            if note not in proven and (step.lama in keys - {kunci} or (by_recovery and step.kunci in keys))
        ]
        if not fresh:
            return sorted(keys - {kunci, *known}), list(proven)
        for note, step in fresh:
            proven[note] = step
            keys |= {step.lama, step.kunci}


def _read_signed(note: str, wilayah: str, pemulihan: str) -> list[tuple[Successor, bool]]:
    """Read a note that the key before or the recovery key has signed, and tell whether it was the latter."""
    told = read_successor(note)
    if told is None:
        return []
    by_recovery = _try_open(note, wilayah, "", pemulihan)
    opened = by_recovery or _try_open(note, wilayah, told.lama, pemulihan)
    return [] if opened is None else [(opened, by_recovery is not None)]


def _try_open(note: str, wilayah: str, lama: str, pemulihan: str) -> Successor | None:
    try:
        return open_successor(note, wilayah, lama, pemulihan)
    except NoteError:
        return None


def is_key(text: str) -> bool:
    """Tell whether a text is a public key in hex."""
    try:
        return len(bytes.fromhex(text)) == KEY_BYTES and text == text.lower()
    except ValueError:
        return False

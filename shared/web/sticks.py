"""Sticks as a person chooses them on a page; a form can name only one that is plugged in now."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from shared.errors import UserError
from shared.store.stick import list_sticks
from shared.web.forms import write_number

FILE_BYTES_MAX = 200_000_000
"""How large a file that a stick brings may be where it comes with the browser: a village's whole history is a tenth
of it, and the attachments of one file (``blob_bundle_bytes_max``) two thirds."""
_MB = 1_000_000


class Choice(NamedTuple):
    """One stick in a form: what the form sends, what the person reads."""

    token: str
    label: str
    is_writable: bool


def list_choices() -> list[Choice]:
    """List the sticks that are plugged in."""
    return [
        Choice(
            _name(stick.path), f"{_write(stick.path)} ({write_number(stick.free_bytes // _MB)} MB kosong)",
            stick.is_writable,
        )
        for stick in list_sticks()
    ]


def find_choice(token: str) -> Path:
    """Find the stick that a form names; UserError when it is not there any more."""
    for stick in list_sticks():
        if _name(stick.path) == token:
            return stick.path
    raise UserError(
        "Stik itu tidak terpasang lagi. Pasang stiknya, tunggu sebentar, lalu pilih lagi.", "stik_tidak_ada"
    )


def _name(path: Path) -> str:
    return sha256(os.fsencode(path)).hexdigest()[:16]


def _write(path: Path) -> str:
    """Write the name of a stick, which may be in any encoding."""
    return os.fsencode(path.name or str(path)).decode("utf-8", "replace")

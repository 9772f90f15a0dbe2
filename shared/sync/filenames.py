"""How files on a stick are called, so that people find the right one; programs find them by what they say they are.

Any ``*.sipande`` is looked into. Our names only tell the answer beside a file, and whose file it was that can no
longer be read (sync_protocol.md 8.10).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from shared.sync.bundle import Title

SUFFIX = ".sipande"
_WORDS = {Title.UP: "kirim", Title.DOWN: "jawab", Title.ENROL: "daftar", Title.ENROLLED: "terdaftar"}
_ANSWERS = {Title.UP: Title.DOWN, Title.ENROL: Title.ENROLLED}
BEGINNING_BYTES = 64
"""The title of a file ends within them."""
_LETTERS_MAX = 24
# Also what a browser or a file manager makes of a name that is taken: "… (1).sipande", "… - Salinan.sipande".
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9 ._()-]{0,127}\.sipande")


def name_file(title: Title, desa: str, computer: str, day: date, number: int) -> str:
    """Name a file after desa, computer, day and number."""
    letters = re.sub(r"[^a-z0-9]+", "-", computer.lower())[:_LETTERS_MAX].strip("-") or "komputer"
    return f"{_begin(title)}{desa}-{letters}-{day:%Y%m%d}-{number:04d}{SUFFIX}"


def name_answer(title: Title, name: str) -> str:
    """Name the answer to a file, so that both stand together in a folder; empty when the name can bear none."""
    said = _title_of_name(name)
    if not _NAME.fullmatch(name) or said not in (title, None):
        return ""
    return _begin(_ANSWERS[title]) + name.removeprefix(_begin(title))


def may_be_ours(name: str) -> bool:
    """Tell whether a file may be one of this protocol; hidden ones are half written, or notes of other systems."""
    return name.endswith(SUFFIX) and not name.startswith(".")


def pick_names(beginnings: Mapping[str, bytes], *titles: Title) -> list[str]:
    """Pick the files that are of these kinds, the older first: enrolment before bundles, then by name.

    ``beginnings`` gives for each name the first :data:`BEGINNING_BYTES` of its file, fewer where they cannot be read.
    Where these say nothing the name does: whoever carries a damaged file wants to hear of it.
    """
    order = {title: place for place, title in enumerate(titles)}
    found = {name: _title_of_text(text) or _title_of_name(name) for name, text in beginnings.items()}
    return [name for _, name in sorted((order[title], name) for name, title in found.items() if title in order)]


def _title_of_text(text: bytes) -> Title | None:
    """Read what a file says it is, in this format or a later one."""
    name = text.partition(b"\n")[0].partition(b"/")[0]
    return next((title for title in Title if title.value.encode().partition(b"/")[0] == name), None)


def _title_of_name(name: str) -> Title | None:
    return next((title for title in Title if name.startswith(_begin(title))), None)


def _begin(title: Title) -> str:
    return f"sipande-{_WORDS[title]}-"

"""How files on a stick are called, so that people and programs find the right one; nothing rests on a name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from shared.sync.bundle import Title

SUFFIX = ".sipande"
_WORDS = {Title.UP: "kirim", Title.DOWN: "jawab", Title.ENROL: "daftar", Title.ENROLLED: "terdaftar"}
_ANSWERS = {Title.UP: Title.DOWN, Title.ENROL: Title.ENROLLED}
_LETTERS_MAX = 24
# Also what a browser or a file manager makes of a name that is taken: "… (1).sipande", "… - Salinan.sipande".
_NAME = re.compile(r"sipande-[A-Za-z0-9 ._()-]{1,120}\.sipande")


def name_file(title: Title, desa: str, computer: str, day: date, number: int) -> str:
    """Name a file after desa, computer, day and number."""
    letters = re.sub(r"[^a-z0-9]+", "-", computer.lower())[:_LETTERS_MAX].strip("-") or "komputer"
    return f"{_begin(title)}{desa}-{letters}-{day:%Y%m%d}-{number:04d}{SUFFIX}"


def name_answer(title: Title, name: str) -> str:
    """Name the answer to a file, so that both stand together in a folder; empty when the name is not ours."""
    if not _NAME.fullmatch(name) or not name.startswith(_begin(title)):
        return ""
    return _begin(_ANSWERS[title]) + name.removeprefix(_begin(title))


def pick_names(names: Iterable[str], *titles: Title) -> list[str]:
    """Pick the files that say to be of these kinds, the older first: enrolment before bundles, then by name."""
    order = {title: place for place, title in enumerate(titles)}
    found = [
        (order[title], name) for name in names for title in titles
        if name.startswith(_begin(title)) and _NAME.fullmatch(name)
    ]
    return [name for _, name in sorted(found)]


def _begin(title: Title) -> str:
    return f"sipande-{_WORDS[title]}-"

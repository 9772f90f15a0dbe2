"""Reference tables of village administration: code lists (`lists`) and region codes (`wilayah`).

SOURCES.md names the origin and licence of every table. The package knows no records, database or clock.
"""

from __future__ import annotations

from shared.codes.lists import (
    TEXT_LISTS,
    CodeList,
    TextCodeList,
    UnknownCodeList,
    code_list,
    code_list_names,
    text_code_list,
)

__all__ = [
    "TEXT_LISTS",
    "CodeList",
    "TextCodeList",
    "UnknownCodeList",
    "code_list",
    "code_list_names",
    "text_code_list",
]

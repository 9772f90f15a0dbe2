"""Asks SQLite whether the file itself is whole: pages and indexes, which no signature covers.

An index that differs from its table loses rows or shows them twice, while every row of the table is as it was
signed. The words of SQLite are English; here they become one Indonesian sentence for each table.
"""

from __future__ import annotations

import re
import sqlite3

LINES_MAX = 20
_INDEX = re.compile(r"\bindex (\w+)$")
_REBUILD = "Jalankan perintah rebuild; bila masih disebut sesudahnya, pulihkan dari cadangan."


def find_file_damage(conn: sqlite3.Connection) -> list[str]:
    """List what SQLite finds wrong with its file, a sentence for each table; it reads every page."""
    if _is_whole(conn.execute("PRAGMA integrity_check(1)").fetchall()):
        return []
    found: list[str] = []
    for (table,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall():
        try:
            lines = conn.execute("SELECT * FROM pragma_integrity_check(?) LIMIT ?", (table, LINES_MAX)).fetchall()
        except sqlite3.DatabaseError:
            lines = [("",)]
        if not _is_whole(lines):
            found.append(_tell(table, [line for (line,) in lines]))
    return found or [
        "Berkas data: susunan halamannya rusak menurut SQLite. Buat cadangan, lalu pulihkan dari cadangan itu."
    ]


def _tell(table: str, lines: list[str]) -> str:
    indexes = [_INDEX.search(line) for line in lines]
    if all(indexes):
        named = ", ".join(dict.fromkeys(match.group(1) for match in indexes if match))
        return (
            f"Tabel {table}: indeks {named} tidak cocok dengan isinya, jadi pencarian dapat luput atau ganda."
            f" {_REBUILD}"
        )
    return f"Tabel {table}: ada halaman yang rusak di berkas data. {_REBUILD}"


def _is_whole(lines: list[tuple[str]]) -> bool:
    return lines == [("ok",)]

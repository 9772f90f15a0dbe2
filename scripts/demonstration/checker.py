"""Compares desa with hub record by record and field by field, from the files alone.

It imports nothing of the product: what it knows of the tables is their names and that ``id`` and
``desa`` name a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demonstration.reading import read_rows

COMMON = ("simpul", "petugas", "program_bantuan")
"""Kinds of which the common channel has rows too; they stand under the code of the kecamatan."""


def list_tables(folder: Path) -> list[str]:
    """List the record tables: those with id, desa and konflik."""
    tables = read_rows(folder, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    found = []
    for table in tables:
        columns = {row["name"] for row in read_rows(folder, f"SELECT name FROM pragma_table_info('{table['name']}')")}
        if {"id", "desa", "konflik"} <= columns:
            found.append(table["name"])
    return found


def compare(hub: Path, nodes: Mapping[Path, str], kecamatan: str) -> list[str]:
    """List every difference between a node and the hub: its desa's rows, and the common rows it may read."""
    differences: list[str] = []
    for folder, desa in nodes.items():
        for table in list_tables(hub):
            for scope in (desa, kecamatan):
                here, there = _rows(folder, table, scope), _rows(hub, table, scope)
                differences += _compare_rows(folder.name, table, here, there)
    return differences


def _rows(folder: Path, table: str, desa: str) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in read_rows(folder, f"SELECT * FROM {table} WHERE desa = ?", desa)}


def _compare_rows(node: str, table: str, here: dict[str, Any], there: dict[str, Any]) -> list[str]:
    found = [f"{node} {table} {id}: hanya di desa" for id in here.keys() - there.keys()]
    found += [f"{node} {table} {id}: hanya di hub" for id in there.keys() - here.keys()]
    for id in here.keys() & there.keys():
        found += [
            f"{node} {table} {id} {field}: berbeda"
            for field in here[id].keys() | there[id].keys()
            if here[id].get(field) != there[id].get(field)
        ]
    return found


def count_rows(folder: Path, table: str) -> int:
    return int(read_rows(folder, f"SELECT count(*) AS n FROM {table}")[0]["n"])

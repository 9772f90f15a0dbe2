"""Records that two computers wrote differently, of every kind, each with the page where a button settles it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from flask import url_for

from node.beranda.kantor import DESA, is_office_disputed
from node.tindakan.queries import count_disputed, list_disputed
from shared.records.catalogue import CATALOGUE
from shared.web.guards import may_open

SHOWN_MAX = 10
"""So many records of a kind are named; of more of them the list of the kind is opened."""

PAGES: Mapping[str, str] = {
    "penduduk": "penduduk.show", "keluarga": "keluarga.show", "dusun": "dusun.show", "perangkat": "perangkat.show",
    "program_bantuan": "bantuan.show", "penerima_bantuan": "penerima.show", "konsep_surat": "konsep.show",
    "surat": "surat_terbit.show", "surat_masuk": "surat_masuk.show", "peristiwa": "lampid.show",
    "laporan_lampid": "laporan.index", "templat_surat": "templat.index", "desa": "surat.settings",
}
"""Per kind that a desa writes, the page of a record, or of all: the endpoint. Accounts are of one computer."""
_LABELS: Mapping[str, str] = {"desa": "Pengaturan surat"}
_ALL: Mapping[str, str] = {"penduduk": "penduduk.index", "keluarga": "keluarga.index"}


class Berbeda(NamedTuple):
    """The disputed records of one kind: how many, the first of them with their pages, the page of all.

    ``may_open`` is False where these pages are not for whoever asks.
    """

    label: str
    jumlah: int
    rekaman: tuple[tuple[str, str], ...]
    semua: str
    may_open: bool


def count_differing(conn: sqlite3.Connection, desa: str) -> dict[str, int]:
    """Count the records in dispute that have a page here, per kind in the order of the catalogue."""
    counts = count_disputed(conn, desa)
    if is_office_disputed(conn, desa):
        counts[DESA.name] = 1
    return {kind.name: counts[kind.name] for kind in CATALOGUE if kind.name in PAGES and counts.get(kind.name)}


def list_differing(conn: sqlite3.Connection, desa: str) -> list[Berbeda]:
    """List the records in dispute with their pages; needs a request."""
    found = []
    for kind, count in count_differing(conn, desa).items():
        endpoint, every = PAGES[kind], _ALL.get(kind)
        label = _LABELS.get(kind, CATALOGUE[kind].label)
        if endpoint.endswith(".show"):
            shown = tuple(
                (name, url_for(endpoint, id=id)) for id, name in list_disputed(conn, desa, CATALOGUE[kind], SHOWN_MAX)
            )
        else:
            shown = ((f"Buka {label.lower()}", url_for(endpoint)),)
        found.append(Berbeda(
            label, count, shown, url_for(every, hanya="konflik") if every and count > SHOWN_MAX else "",
            may_open(endpoint),
        ))
    return found

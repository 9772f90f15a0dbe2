"""Book A.4 of Permendagri 47/2016, the officials of the desa: nothing is typed for it (domain.md 6.A)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from node.penduduk.rules import show_value
from node.perangkat.rules import PERANGKAT, Masa, Row, name_jabatan, read_masa
from shared.tata import Cell, Lajur, Sel, Tata
from shared.web.forms import write_date

A4 = Tata(
    "A.4", "Aparat Pemerintah Desa",
    (
        tuple(Sel(title) for title in (
            "Nomor urut", "Nama", "NIAP", "NIP", "Jenis kelamin", "Tempat dan tanggal lahir", "Agama",
            "Pangkat / golongan", "Jabatan", "Pendidikan terakhir", "Nomor dan tanggal keputusan pengangkatan",
            "Nomor dan tanggal keputusan pemberhentian", "Ket",
        )),
    ),
    # A NIP has eighteen digits and stands in one line.
    (Lajur(0, "tengah"), Lajur(2.2), Lajur(1.6), Lajur(2.1), Lajur(0.8, "tengah"), Lajur(1.7), Lajur(0.9), Lajur(1.1),
     Lajur(1.9), Lajur(1.5), Lajur(1.8), Lajur(1.8), Lajur(1.2)),
)


def select_rows(rows: Iterable[Row], on_date: date, *, serving_only: bool) -> list[Row]:
    """Choose the lines of the book, in the order in which the officials were appointed."""
    chosen = [row for row in rows if not serving_only or read_masa(row, on_date) is Masa.MENJABAT]
    return sorted(
        chosen, key=lambda row: (str(row.get("tanggal_angkat") or row.get("mulai") or ""), str(row.get("id") or ""))
    )


def write_rows(rows: Sequence[Row], dusun: dict[str, str]) -> list[list[Cell]]:
    """Write the thirteen columns of each line."""
    return [[number, *_write_row(row, dusun)] for number, row in enumerate(rows, 1)]


def _write_row(row: Row, dusun: dict[str, str]) -> list[Cell]:
    def text(name: str) -> str:
        value: Any = row.get(name)
        return "" if value is None else show_value(PERANGKAT.fields[name], value, {})

    where = dusun.get(str(row.get("dusun") or ""), "")
    return [
        text("nama"), text("niap"), text("nip"), {1: "L", 2: "P"}.get(row.get("jenis_kelamin") or 0, ""),
        _join(text("tempat_lahir"), text("tanggal_lahir")), text("agama"), text("pangkat"),
        " ".join(filter(None, (name_jabatan(row), where))), text("pendidikan"),
        _join(text("sk_angkat"), write_date(row.get("tanggal_angkat"))),
        _join(text("sk_henti"), write_date(row.get("tanggal_henti"))), text("keterangan"),
    ]


def _join(*parts: str) -> str:
    return ", ".join(filter(None, parts))

"""The books of letters as rows: agenda A.7 in, out and both on one sheet, and ekspedisi A.8. Pure.

Columns follow Permendagri 47/2016; a gap between the numbers of the agenda is a row of its own that says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from node.surat.queries import IncomingRow, LetterRow
from node.surat.urut_masuk import Numbered
from shared.surat.numbering import Block, Gap, Number, explain_gaps
from shared.web.forms import write_date

KELUAR, MASUK, SEMUA, EKSPEDISI = "keluar", "masuk", "semua", "ekspedisi"
JUDUL = {
    KELUAR: "Agenda surat keluar", MASUK: "Agenda surat masuk", SEMUA: "Agenda surat masuk dan keluar",
    EKSPEDISI: "Buku ekspedisi",
}
KOLOM: Mapping[str, tuple[str, ...]] = {
    KELUAR: ("Nomor urut", "Nomor surat", "Tanggal surat", "Ditujukan kepada", "Isi singkat", "Keterangan"),
    MASUK: ("Nomor urut", "Tanggal terima", "Nomor surat", "Tanggal surat", "Pengirim", "Isi singkat", "Keterangan"),
    SEMUA: ("Nomor urut", "Tanggal", "Masuk atau keluar", "Nomor surat", "Tanggal surat", "Pengirim atau tujuan",
            "Isi singkat", "Keterangan"),
    EKSPEDISI: ("Nomor urut", "Tanggal pengiriman", "Tanggal dan nomor surat", "Isi singkat", "Ditujukan kepada",
                "Keterangan"),
}
LEBAR: Mapping[str, tuple[float, ...]] = {
    KELUAR: (1.2, 3.4, 1.5, 2.6, 4, 2.6), MASUK: (0.8, 1.5, 2.8, 1.5, 2.8, 3.6, 2.4),
    SEMUA: (0.8, 1.4, 1.2, 3.2, 1.4, 2.6, 3.4, 2.2), EKSPEDISI: (0.8, 1.6, 3.6, 3.6, 3, 2.6),
}


@dataclass(frozen=True)
class Line:
    """One row of a book; ``link`` is the record behind it with its kind, ``is_gap`` a row that stands for numbers."""

    cells: tuple[str, ...]
    link: tuple[str, str] = ("", "")
    is_gap: bool = False
    is_cancelled: bool = False


def write_outgoing(
    letters: Sequence[LetterRow], blocks: Sequence[Block], names: Mapping[str, str], closed: Sequence[str]
) -> list[Line]:
    """Write the agenda of outgoing letters: the common numbers with their gaps, then each own series."""
    common = [letter for letter in letters if not letter.seri]
    gaps = explain_gaps([letter.urut for letter in common], blocks, names, closed)
    placed: list[tuple[int, Line]] = [(letter.urut, _outgoing(letter)) for letter in common]
    placed += [(gap.dari, _gap(gap)) for gap in gaps]
    own = [_outgoing(letter) for letter in letters if letter.seri]
    return [line for _, line in sorted(placed, key=lambda item: item[0])] + own


def write_incoming(lines: Sequence[Numbered]) -> list[Line]:
    """Write the agenda of incoming letters; one that was deleted stays as a struck line under its number."""
    return [
        Line((number, write_date(row.tanggal_terima), row.nomor, write_date(row.tanggal_surat), row.pengirim,
              row.isi_singkat, _remark(_removal(row), row.keterangan, row.disposisi and f"Disposisi: {row.disposisi}")),
             ("masuk", row.id), False, row.dihapus is not None)
        for _, number, row in lines
    ]


def write_both(letters: Sequence[LetterRow], lines: Sequence[Numbered]) -> list[Line]:
    """Write one sheet for both, by date: the law knows one book of agenda. Every letter has the number of its own."""
    came = (
        (row.tanggal_terima, row.id, Line(
            (number, write_date(row.tanggal_terima), "Masuk", row.nomor, write_date(row.tanggal_surat), row.pengirim,
             row.isi_singkat, _remark(_removal(row), row.keterangan)),
            ("masuk", row.id), False, row.dihapus is not None,
        ))
        for _, number, row in lines
    )
    went = (
        (row.tanggal, row.id, Line(
            (_number(row), write_date(row.tanggal), "Keluar", row.nomor, write_date(row.tanggal), _receiver(row),
             _summary(row), _note(row)),
            ("keluar", row.id), False, row.batal,
        ))
        for row in letters
    )
    return [line for _, _, line in sorted(chain(came, went), key=lambda item: item[:2])]


def write_sent(letters: Sequence[LetterRow]) -> list[Line]:
    """Write the book of expedition: every line under the number of its letter, which a later entry does not move."""
    return [
        Line((_number(row), write_date(row.tanggal_kirim), f"{write_date(row.tanggal)}, {row.nomor}", _summary(row),
              row.penerima or _receiver(row), _remark(row.keterangan_kirim, _note(row))),
             ("keluar", row.id), False, row.batal)
        for row in letters
    ]


def _outgoing(row: LetterRow) -> Line:
    cells = (_number(row), row.nomor, write_date(row.tanggal), _receiver(row), _summary(row),
             _note(row))
    return Line(cells, ("keluar", row.id), False, row.batal)


def _gap(gap: Gap) -> Line:
    numbers = f"{gap.dari:03d}" if gap.dari == gap.sampai else f"{gap.dari:03d}–{gap.sampai:03d}"
    return Line((numbers, f"{gap.why[:1].upper()}{gap.why[1:]}"), is_gap=True)


def _number(row: LetterRow) -> str:
    return Number(row.urut, row.seri).write()


def _removal(row: IncomingRow) -> str:
    return "" if row.dihapus is None else f"DIHAPUS: {row.dihapus}".removesuffix(": ")


def _receiver(row: LetterRow) -> str:
    return row.tujuan or row.nama


def _summary(row: LetterRow) -> str:
    return row.ringkasan or row.judul


def _note(row: LetterRow) -> str:
    return f"BATAL: {row.alasan_batal}" if row.batal else ""


def _remark(*parts: str) -> str:
    return "; ".join(part for part in parts if part)

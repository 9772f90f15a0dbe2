"""The layout of a book of Permendagri 47/2016, said once: its header, its columns; for screen, xlsx and print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, NamedTuple

Cell = str | int
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Sel(NamedTuple):
    """One cell of a header, ``lebar`` columns wide and ``tinggi`` rows high."""

    teks: str
    lebar: int = 1
    tinggi: int = 1


class Lajur(NamedTuple):
    """One column: its share of the width (0: as wide as needed) and how it is aligned (kiri, tengah, kanan)."""

    lebar: float = 1
    rata: str = "kiri"


@dataclass(frozen=True)
class Tata:
    """A book: its code (``B.1``), title, header rows and columns. The numbered row below the header is not named."""

    kode: str
    judul: str
    kepala: Sequence[Sequence[Sel]]
    kolom: Sequence[Lajur]
    besar: float = 8

    def place(self) -> Iterator[tuple[int, int, Sel]]:
        """Give every header cell with its row and column, as a table on paper has them."""
        taken: set[tuple[int, int]] = set()
        for row, cells in enumerate(self.kepala):
            at = 0
            for cell in cells:
                while (row, at) in taken:
                    at += 1
                taken |= {(row + down, at + right) for down in range(cell.tinggi) for right in range(cell.lebar)}
                yield row, at, cell
                at += cell.lebar

    @property
    def titles(self) -> list[str]:
        """Name every column by the cells of the header above it."""
        names: list[list[str]] = [[] for _ in self.kolom]
        for _, at, cell in self.place():
            for column in range(at, at + cell.lebar):
                names[column].append(cell.teks)
        return [", ".join(name) for name in names]

    def as_print(self, rows: Sequence[Sequence[Cell]], totals: Sequence[Sequence[Cell]] = ()) -> dict[str, Any]:
        """Give what the print template ``buku`` needs of the table."""
        return {
            "judul": f"Buku {self.kode}\n{self.judul}", "besar": self.besar,
            "kolom": [{"lebar": lajur.lebar, "rata": lajur.rata} for lajur in self.kolom],
            "kepala": [[cell._asdict() for cell in cells] for cells in self.kepala],
            "isi": [list(row) for row in rows], "jumlah": [list(row) for row in totals],
        }


def write_xlsx(
    tata: Tata, heading: Sequence[str], rows: Sequence[Sequence[Cell]], totals: Sequence[Sequence[Cell]],
    notes: Sequence[str],
) -> bytes:
    """Write a book as xlsx: heading, header, numbered row, rows, sums, and what stands below. Texts stay texts."""
    # Imported here: most days write no such file, and a small PC has little memory.
    import xlsxwriter

    stream = BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet(tata.kode)
    plain, bold = {"num_format": "@", "border": 1, "text_wrap": True, "valign": "top"}, {"bold": True}
    text, strong = book.add_format(plain), book.add_format({**plain, **bold})
    number, sum_number = (book.add_format({**more, "border": 1, "num_format": "0"}) for more in ({}, bold))
    head = book.add_format({**plain, **bold, "align": "center", "valign": "vcenter"})
    for at, line in enumerate(heading):
        sheet.write_string(at, 0, line, book.add_format(bold))
    top = len(heading) + 1
    for row, column, cell in tata.place():
        last = row + cell.tinggi - 1, column + cell.lebar - 1
        if (row, column) == last:
            sheet.write_string(top + row, column, cell.teks, head)
        else:
            sheet.merge_range(top + row, column, top + last[0], last[1], "", head)
            sheet.write_string(top + row, column, cell.teks, head)
    at = top + len(tata.kepala)
    for column, lajur in enumerate(tata.kolom):
        sheet.write_number(at, column, column + 1, head)
        sheet.set_column(column, column, 6 if lajur.lebar == 0 else max(6.0, 7 * lajur.lebar))
    sheet.freeze_panes(at + 1, 0)
    for cells, of_text, of_number in [(r, text, number) for r in rows] + [(r, strong, sum_number) for r in totals]:
        at += 1
        for column, value in enumerate(cells):
            # Never write(): it would turn "=1+1" into a formula and a NIK into a number.
            if isinstance(value, int):
                sheet.write_number(at, column, value, of_number)
            else:
                sheet.write_string(at, column, value, of_text)
    for line in notes:
        at += 1
        sheet.write_string(at + 1, 0, line)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(top, top + len(tata.kepala))
    book.close()
    return stream.getvalue()

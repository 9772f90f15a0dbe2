"""The population books on screen and as files: `/laporan/buku/<kode>`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import keep, services
from node.beranda.looks import note_list
from node.beranda.reveals import PURPOSES, conceal, is_revealed, reveal
from node.laporan import cetak
from node.laporan.buku import BUKU, Buku, Entri, Sumber
from node.laporan.queries import list_years
from node.penduduk.queries import list_dusun
from node.penduduk.routes import people_index
from node.penduduk.tampilan import read_page
from node.services import NodeServices
from shared.pdf.book import ROWS_AT_ONCE_MAX

blueprint = Blueprint("buku", __name__, url_prefix="/laporan/buku")
PAGE_ROWS = 25


class _Lines(NamedTuple):
    """All lines of a book as chosen, and how many residents they name."""

    entries: Sequence[Entri]
    people: int


class _LastBook:
    """The lines of the book that was last looked at, for its other pages; of one state of the database."""

    def __init__(self, node: NodeServices) -> None:
        self.found: tuple[object, _Lines] | None = None


@blueprint.get("/<kode>")
def show(kode: str) -> ResponseReturnValue:
    """Show one page of a book."""
    book = _find(kode)
    return render_template("laporan/buku.html", **_page(book))


def _page(book: Buku) -> dict[str, Any]:
    node, is_open = services(), is_revealed(_subject(book))
    chosen = {name: request.args[name] for name in ("dusun", "tahun") if request.args.get(name)}
    generation = node.database.generation  # before the snapshot: what is newer is gathered again
    with node.database.read() as conn:
        dusun, years = list_dusun(conn, node.wilayah), list_years(conn, node.wilayah) if book.has_years else []
        source = Sumber(node, conn, people_index(), is_open)
        entries, people = _gather(book, source, chosen, generation)
        page, pages = read_page(len(entries), PAGE_ROWS)
        first = (page - 1) * PAGE_ROWS
        rows = book.write(source, entries[first : first + PAGE_ROWS], first + 1)
    part = _word_part(chosen, dusun)
    note_list(_subject(book), ", ".join(part), people)
    return {
        "buku": book, "tata": book.tata, "rows": rows, "total": len(entries), "page": page, "pages": pages,
        "dusun": dusun, "years": years, "chosen": chosen, "is_open": is_open, "purposes": PURPOSES,
        "is_long": len(entries) > ROWS_AT_ONCE_MAX,
    }


def _gather(book: Buku, source: Sumber, chosen: Mapping[str, str], generation: int) -> _Lines:
    """Gather all lines of a book, once for all its pages."""
    last, key = keep("buku", _LastBook), (generation, source.index, book.slug, tuple(sorted(chosen.items())))
    found = last.found
    if found is not None and found[0] == key:
        return found[1]
    lines = _count(book.gather(source, chosen))
    last.found = (key, lines)
    return lines


def _count(entries: Sequence[Entri]) -> _Lines:
    return _Lines(entries, len({entry.penduduk for entry in entries}))


@blueprint.post("/<kode>/tampilkan")
def unmask(kode: str) -> ResponseReturnValue:
    """Open the numbers of a book for a few minutes; logged with the purpose."""
    reveal(_subject(_find(kode)))
    return redirect(url_for(".show", kode=kode), 303)


@blueprint.post("/<kode>/tutup")
def mask(kode: str) -> ResponseReturnValue:
    """Mask the numbers again."""
    conceal(_subject(_find(kode)))
    return redirect(url_for(".show", kode=kode), 303)


@blueprint.post("/<kode>/cetak")
def make_book(kode: str) -> ResponseReturnValue:
    """Make the book as a file: with whole numbers, for the regulation wants them; audited with the count."""
    book, node = _find(kode), services()
    chosen = {name: request.form[name] for name in ("dusun", "tahun") if request.form.get(name)}
    with node.database.read() as conn:
        source = Sumber(node, conn, people_index(), True)
        entries, people = _count(book.gather(source, chosen))
        rows = book.write(source, entries, 1)
        dusun = list_dusun(conn, node.wilayah)
    isi = cetak.Isi(book.tata, "\n".join(_word_part(chosen, dusun)), rows)
    return cetak.make_file(isi, request.form.get("format", "pdf"), people)


def _word_part(chosen: Mapping[str, str], dusun: Mapping[str, str]) -> list[str]:
    """Say which part of a book was chosen."""
    year, place = chosen.get("tahun", ""), dusun.get(chosen.get("dusun", ""), "")
    return [f"Tahun {year}"] * (year.isdecimal() and len(year) == 4) + [f"Dusun {place}"] * bool(place)


def _find(kode: str) -> Buku:
    book = BUKU.get(kode)
    if book is None:
        abort(404)
    return book


def _subject(book: Buku) -> str:
    return f"Buku {book.tata.kode}"

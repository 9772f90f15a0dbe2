"""The population books on screen and as files: `/laporan/buku/<kode>`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import services
from node.beranda.reveals import PURPOSES, conceal, is_revealed, reveal
from node.laporan import cetak
from node.laporan.buku import BUKU, Buku, Entri, Sumber
from node.laporan.queries import list_years
from node.penduduk.queries import list_dusun
from node.penduduk.routes import people_index
from node.penduduk.tampilan import read_page

blueprint = Blueprint("buku", __name__, url_prefix="/laporan/buku")
PAGE_ROWS = 25
PART_ROWS = 400
"""Rows of one PDF at most: the typesetter takes a quarter of a megabyte for each, and offices have old computers."""


@blueprint.get("/<kode>")
def show(kode: str) -> ResponseReturnValue:
    """Show one page of a book."""
    book = _find(kode)
    return render_template("laporan/buku.html", **_page(book))


def _page(book: Buku) -> dict[str, Any]:
    node, is_open = services(), is_revealed(_subject(book))
    chosen = {name: request.args[name] for name in ("dusun", "tahun") if request.args.get(name)}
    with node.database.read() as conn:
        dusun, years = list_dusun(conn, node.wilayah), list_years(conn, node.wilayah) if book.has_years else []
        source = Sumber(node, conn, people_index(), is_open)
        entries = book.gather(source, chosen)
        page, pages = read_page(len(entries), PAGE_ROWS)
        first = (page - 1) * PAGE_ROWS
        rows = book.write(source, entries[first : first + PAGE_ROWS], first + 1)
    return {
        "buku": book, "tata": book.tata, "rows": rows, "total": len(entries), "page": page, "pages": pages,
        "dusun": dusun, "years": years, "chosen": chosen, "is_open": is_open, "purposes": PURPOSES,
        "parts": list_parts(len(entries)), "part_rows": PART_ROWS,
    }


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
    book, node, form = _find(kode), services(), request.form.get("format", "pdf")
    chosen = {name: request.form[name] for name in ("dusun", "tahun") if request.form.get(name)}
    with node.database.read() as conn:
        entries = book.gather(Sumber(node, conn, people_index(), True), chosen)
    parts = list_parts(len(entries))
    if form == "zip" and len(parts) > 1:
        makers = [partial(_write_part, book, chosen, entries, at) for at in range(len(parts))]
        return cetak.make_bundle(book.tata, makers, _count_people(entries))
    at = _read_part(len(parts)) if form == "pdf" and len(parts) > 1 else None
    shown = entries if at is None else entries[parts[at][0] - 1 : parts[at][1]]
    return cetak.make_file(_write_part(book, chosen, entries, at), form, _count_people(shown))


def _write_part(book: Buku, chosen: dict[str, str], entries: Sequence[Entri], at: int | None) -> cetak.Isi:
    """Write one part of a book (counted from 0; None: all of it), as its people stand at this moment."""
    node, parts = services(), list_parts(len(entries))
    first, last = (1, len(entries)) if at is None else parts[at]
    part = "" if at is None else f"Bagian {at + 1} dari {len(parts)}, nomor {first} sampai {last}"
    with node.database.read() as conn:
        rows = book.write(Sumber(node, conn, people_index(), True), entries[first - 1 : last], first)
        dusun = list_dusun(conn, node.wilayah).get(chosen.get("dusun", ""), "")
    lines = [f"Tahun {chosen['tahun']}" if "tahun" in chosen else "", f"Dusun {dusun}" if dusun else "", part]
    return cetak.Isi(book.tata, "\n".join(filter(None, lines)), rows)


def _count_people(entries: Sequence[Entri]) -> int:
    return len({entry.penduduk for entry in entries})


def list_parts(total: int) -> list[tuple[int, int]]:
    """Cut a book into what is printed at once: first and last row of each part, counted from 1."""
    return [(start + 1, min(start + PART_ROWS, total)) for start in range(0, total, PART_ROWS)]


def _read_part(count: int) -> int:
    """Read which part of several is wanted, counted from 0."""
    asked = request.form.get("bagian", "1")
    return (min(int(asked) if asked.isdecimal() and len(asked) < 5 else 1, count) or 1) - 1


def _find(kode: str) -> Buku:
    book = BUKU.get(kode)
    if book is None:
        abort(404)
    return book


def _subject(book: Buku) -> str:
    return f"Buku {book.tata.kode}"

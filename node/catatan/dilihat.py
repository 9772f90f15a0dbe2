"""What the kecamatan looked at of the residents of this desa, as it tells: `/catatan/kecamatan`.

``GET`` (``dilihat.index``): ``petugas``, ``kegiatan``, ``hari`` (dd-mm-yyyy), ``tentang`` (an id), ``hal``. ``POST
/ekspor`` with csrf_token gives what the page shows, all of it, as xlsx.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from flask import Blueprint, Response, render_template, request, url_for

from node.beranda.desk import services
from node.catatan.queries import Akses, AksesFilter, count_akses, list_akses, list_choices
from node.catatan.routes import PARTS
from node.lingkup import people_index
from shared.web.audit import record_access
from shared.web.catatan import EXPORT_ROWS_MAX, read_day, send_list
from shared.web.forms import write_date, write_number
from shared.web.services import require_user

blueprint = Blueprint("dilihat", __name__, url_prefix="/catatan/kecamatan")
PAGE = 50
_COUNTED = {"penduduk": "penduduk", "keluarga": "keluarga", "bantuan": "data bantuan"}


class Named(NamedTuple):
    """One whom a look concerned, with the page that shows him."""

    nama: str
    url: str


class Line(NamedTuple):
    """One look as it is read; ``more`` counts those who are not named here: too many, or not known any more."""

    hari: str
    akses: Akses
    jumlah: str
    named: list[Named]
    more: int


@blueprint.get("")
def index() -> str:
    """Show what the kecamatan looked at, the newest first."""
    node, kept = services(), _read_kept()
    page = request.args.get("hal", "")
    with node.database.read() as conn:
        by = _make_filter(kept)
        pages = max(1, -(-count_akses(conn, node.wilayah, by) // PAGE))
        number = min(max(1, int(page)), pages) if page.isdecimal() and len(page) < 7 else 1
        found = list_akses(conn, node.wilayah, by, (number - 1) * PAGE, PAGE)
        officers, acts = list_choices(conn, node.wilayah)
    about = _name([kept["tentang"]]) if "tentang" in kept else []
    return render_template(
        "catatan/dilihat.html", lines=_describe(found), officers=officers, acts=acts, kept=kept, parts=PARTS,
        page=number, pages=pages, about=about[0].nama if about else "data itu" if "tentang" in kept else "",
    )


@blueprint.post("/ekspor")
def export() -> Response:
    """Give what the page shows as a file, and write that down."""
    node, kept = services(), _read_kept()
    with node.database.read() as conn:
        lines = _describe(list_akses(conn, node.wilayah, _make_filter(kept), 0, EXPORT_ROWS_MAX))
    with node.database.write() as conn:
        detail = f"dilihat kecamatan, {len(lines)} baris"
        record_access(conn, node.clock, require_user().name, "catatan_diekspor", "", detail)
    titles = ("Hari", "Petugas", "Peran", "Kegiatan", "Daftar", "Jumlah", "Siapa", "Keperluan")
    return send_list("dilihat-kecamatan", titles, (
        (line.hari, line.akses.nama, line.akses.peran, line.akses.kegiatan, line.akses.tentang, line.jumlah,
         ", ".join(one.nama for one in line.named), line.akses.keperluan)
        for line in lines
    ))


def _read_kept() -> dict[str, str]:
    """Read what narrows the page; a day that is none is left out."""
    names = ("petugas", "kegiatan", "tentang")
    kept = {name: text[:200] for name in names if (text := request.values.get(name))}
    day = read_day(request.values.get("hari", ""))
    return {**kept, "hari": day.strftime("%d-%m-%Y")} if day is not None else kept


def _make_filter(kept: dict[str, str]) -> AksesFilter:
    day = read_day(kept.get("hari", ""))
    return AksesFilter(
        kept.get("petugas", ""), kept.get("kegiatan", ""), day.isoformat() if day else "", kept.get("tentang", "")
    )


def _describe(found: Iterable[Akses]) -> list[Line]:
    lines = []
    for akses in found:
        counts = {words: getattr(akses, name) for name, words in _COUNTED.items()}
        named = _name(akses.rekaman)
        jumlah = ", ".join(f"{write_number(count)} {words}" for words, count in counts.items() if count)
        more = max(0, akses.penduduk + akses.keluarga - len(named)) if named else 0
        lines.append(Line(write_date(akses.tanggal), akses, jumlah, named, more))
    return lines


def _name(ids: Iterable[str]) -> list[Named]:
    """Name residents and families whom the reader may see, each with its page."""
    index = people_index()
    families, members = index.families(), index.members()
    found = []
    for id in ids:
        person = index.get(id)
        if person is not None:
            found.append(Named(person.nama or "Tanpa nama", url_for("penduduk.show", id=id)))
        elif id in families:
            head = next((one.nama for one in members.get(id, []) if one.hubungan == 1), "")
            found.append(Named(f"Keluarga {head or 'tanpa kepala keluarga'}", url_for("keluarga.show", id=id)))
    return found

"""The monthly LAMPID report: `/laporan/` and what hangs below it; the books are in :mod:`node.laporan.books`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import author, services
from node.beranda.looks import note_list
from node.laporan import cetak
from node.laporan.buku import BUKU
from node.laporan.closing import close_month, keep_locked, mark
from node.laporan.ledger import Bulanan, Halaman, load_bulanan, load_named
from node.laporan.ragu import Ragu, find_ragu
from node.laporan.view import fill_names, list_behind, list_versions
from node.penduduk.editing import take_version
from node.penduduk.queries import name_petugas
from node.penduduk.tampilan import read_page
from shared.errors import EnvironmentProblem, UserError
from shared.lampid.book import (
    B3, SHORT_HEAD, SHORT_TITLES, count, describe, is_bulan, make_long, make_short, read_angka, write_bulan, write_long,
)
from shared.lampid.cells import Pilih
from shared.lampid.report import Kolom, name_laporan
from shared.lampid.state import TARAF, Taraf
from shared.store.lampid import lacks_logs
from shared.store.records import load_state
from shared.web.services import require_user

blueprint = Blueprint("laporan", __name__, url_prefix="/laporan")
PAGE_ROWS = 25
_MONTHS_SHOWN = 24
_LISTED = ("lahir", "mati", "datang", "keluar", "pembetulan", "akhir")


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List the months and the books."""
    bulanan = load_bulanan()
    pages = list(bulanan.pages.values())
    page, pages_count = read_page(len(pages), _MONTHS_SHOWN)
    shown = pages[(page - 1) * _MONTHS_SHOWN : page * _MONTHS_SHOWN]
    rows = [(one, {apa: count(one.laporan, apa, Pilih()) for apa in _LISTED}) for one in shown]
    return render_template(
        "laporan/index.html", rows=rows, bulanan=bulanan, taraf=TARAF, write_bulan=write_bulan, buku=BUKU,
        page=page, pages=pages_count, Taraf=Taraf,
    )


@blueprint.get("/<bulan>")
def month(bulan: str) -> ResponseReturnValue:
    """Show one month: the short form, book B.3, its state."""
    bulanan, page = _find(bulan)
    return render_template("laporan/bulan.html", **_month_page(bulanan, page))


def _month_page(bulanan: Bulanan, page: Halaman) -> dict[str, Any]:
    node, laporan, tutup = services(), page.laporan, page.tutup
    rows, total = make_long(laporan)
    with node.database.read() as conn:
        names = name_petugas(conn, {tutup.oleh, tutup.pemeriksa}) if tutup else {}
        waits = bool(tutup and not page.is_open and lacks_logs(conn, node.wilayah, tutup.sizes))
        ragu = find_ragu(node, conn, bulanan, laporan) if page.is_open else Ragu()
        versions = []
        if page.taraf is Taraf.SENGKETA:
            kind, id = node.catalogue["laporan_lampid"], name_laporan(node.wilayah, laporan.bulan)
            state = load_state(conn, node.catalogue, kind, node.wilayah, id)
            versions = list_versions(conn, node, state, laporan.bulan)
    return {
        "page": page, "laporan": laporan, "judul": write_bulan(laporan.bulan), "ragu": ragu,
        "short": make_short(laporan), "short_head": SHORT_HEAD, "short_titles": SHORT_TITLES, "tata": B3,
        "rows": rows, "total": total,
        "taraf": TARAF, "Taraf": Taraf, "names": names, "waits": waits, "versions": versions,
        "may_close": bulanan.may_close(laporan.bulan), "waiting": bulanan.find_closing_problem(laporan.bulan),
        "due": bulanan.due, "write_bulan": write_bulan,
        "formats": cetak.FORMATS, "late": sum(laporan.is_late(g) for g in laporan.name(list(Kolom), Pilih())),
        "nosex": count(laporan, "akhir", Pilih(sex=0)),
    }


@blueprint.get("/<bulan>/nama")
def names(bulan: str) -> ResponseReturnValue:
    """List the names behind one number."""
    bulanan, page = _find(bulan)
    angka = read_angka(page.laporan, request.args)
    if angka is None:
        abort(404)
    laporan = load_named(bulanan, bulan) if angka.apa == Kolom.PEMBETULAN else page.laporan
    found = list_behind(bulanan, laporan, angka)
    at, pages = read_page(len(found), PAGE_ROWS)
    node = services()
    with node.database.read() as conn:
        people = fill_names(node, conn, laporan, found[(at - 1) * PAGE_ROWS : at * PAGE_ROWS])
    told = describe(angka, page.laporan.dusun)
    note_list("Nama di balik angka laporan", f"{told}, {write_bulan(bulan)}", len(found))
    return render_template(
        "laporan/nama.html", bulan=bulan, judul=write_bulan(bulan), apa=told,
        angka=angka, people=people, page=at, pages=pages, total=len(found),
    )


@blueprint.get("/<bulan>/tutup")
def closing(bulan: str) -> ResponseReturnValue:
    """Ask whether a month may be closed as it stands."""
    bulanan, _ = _find(bulan)
    return _closing_page(bulanan, bulan, "")


def _closing_page(bulanan: Bulanan, bulan: str, problem: str) -> str:
    waits = bulanan.find_closing_problem(bulan)
    if waits:
        flash(waits, "salah")
        return render_template("laporan/bulan.html", **_month_page(bulanan, bulanan.pages[bulan]))
    laporan, node = bulanan.make_closing(bulan), services()
    with node.database.read() as conn:
        ragu = find_ragu(node, conn, bulanan, laporan)
    seen = mark(laporan, ragu)
    # What was ticked was ticked of the very thing that the page had shown.
    ticked = request.form if request.form.get("dilihat") == seen else {}
    return render_template(
        "laporan/tutup.html", bulan=bulan, judul=write_bulan(bulan), laporan=laporan, short=make_short(laporan),
        short_head=SHORT_HEAD, short_titles=SHORT_TITLES, seen=seen, problem=problem,
        ragu=ragu, ticked=ticked, is_nihil=bulanan.is_nihil(laporan), is_running=bulan == bulanan.current,
        is_first=not bulanan.buku.in_force, skipped=bulanan.list_skipped(bulan), list_waiting=bulanan.list_waiting,
        write_bulan=write_bulan,
        nosex=count(laporan, "akhir", Pilih(sex=0)), again=bulanan.pages[bulan].tutup is not None,
    )


@blueprint.post("/<bulan>/tutup")
def close(bulan: str) -> ResponseReturnValue:
    """Close a month as it was shown."""
    bulanan, _ = _find(bulan)
    if bulanan.list_skipped(bulan) and not request.form.get("mulai"):
        return _closing_page(
            bulanan, bulan, f"Tutup dulu bulan sebelumnya, atau beri tanda centang bahwa laporan dimulai dari"
            f" {write_bulan(bulan)}.",
        ), 400
    if not request.form.get("benar"):
        return _closing_page(bulanan, bulan, "Beri tanda centang dulu bahwa angkanya sudah Anda periksa."), 400
    if _is_unsure(bulanan, bulan) and not request.form.get("tahu"):
        return _closing_page(
            bulanan, bulan, "Beri tanda centang dulu bahwa Anda tahu tentang yang belum pasti di bawah ini."
        ), 400
    try:
        laporan = close_month(
            services(), bulan, request.form.get("dilihat", ""), author=author(), account=require_user().name
        )
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _closing_page(load_bulanan(), bulan, error.pesan), 409
    nihil = " sebagai laporan nihil" if bulanan.is_nihil(laporan) else ""
    flash(f"Laporan {write_bulan(bulan)} sudah ditutup{nihil}. Kecamatan menerimanya saat sinkronisasi.", "baik")
    return redirect(url_for(".month", bulan=bulan), 303)


def _is_unsure(bulanan: Bulanan, bulan: str) -> bool:
    """Tell whether a month that may be closed holds what cannot be counted for sure."""
    if not bulanan.may_close(bulan):
        return False
    node = services()
    with node.database.read() as conn:
        return find_ragu(node, conn, bulanan, bulanan.make_closing(bulan)).is_any


@blueprint.post("/<bulan>/pilih")
def choose(bulan: str) -> ResponseReturnValue:
    """Take one of two contents of a month that was closed on two computers; of a locked one that stays which is."""
    _, page = _find(bulan)
    node = services()
    if page.tutup is not None and page.taraf is Taraf.TERKUNCI:
        keep_locked(node, page.tutup, author=author())
        flash("Isi yang dikunci kecamatan tetap berlaku; penutupan yang lain sudah dikesampingkan.", "baik")
        return redirect(url_for(".month", bulan=bulan), 303)
    take_version(node.catalogue["laporan_lampid"], name_laporan(node.wilayah, bulan))
    return redirect(url_for(".month", bulan=bulan), 303)


@blueprint.post("/<bulan>/cetak")
def make_book(bulan: str) -> ResponseReturnValue:
    """Make book B.3 of a month as a file."""
    _, page = _find(bulan)
    rows, totals = write_long(page.laporan)
    state = "" if page.taraf in (Taraf.DIKIRIM, Taraf.DIVERVAL, Taraf.TERKUNCI) else "\nSEMENTARA: bulan belum ditutup"
    note = "" if not page.is_nihil else "Nihil: tidak ada peristiwa yang dilaporkan pada bulan ini."
    isi = cetak.Isi(B3, f"Bulan {write_bulan(bulan)}{state}", rows, totals, note)
    return cetak.make_file(isi, request.form.get("format", "pdf"), 0)


@blueprint.get("/cetakan/<token>")
def made(token: str) -> ResponseReturnValue:
    """Show how far a long book is, then that it is ready."""
    return cetak.show_progress(token)


@blueprint.get("/berkas/<token>")
def download(token: str) -> ResponseReturnValue:
    """Hand out a book that was just made."""
    return cetak.hand_out(token)


def _find(bulan: str) -> tuple[Bulanan, Halaman]:
    bulanan = load_bulanan()
    page = bulanan.pages.get(bulan) if is_bulan(bulan) else None
    if page is None:
        abort(404)
    return bulanan, page

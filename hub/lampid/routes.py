"""LAMPID of the kecamatan: ``/lampid/`` (one month of all desa), one desa, names, moves between two desa.

``POST /lampid/<bulan>/<desa>`` (``lampid.examine``, csrf_token, answer 303): ``putusan`` diverval or dikembalikan,
``catatan``, ``dilihat`` the digest of the content that the page has shown. ``POST …/kunci`` (``lampid.lock``) the same
without ``putusan``: what is locked is never opened again, so it has an address of its own, which wants a proof.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.beranda.reveals import note_opening
from hub.beranda.shell import list_desa, name_place, read_page, services
from hub.lampid import decide
from hub.lampid.ledger import BulanDesa, fill_names, list_behind, load_month, sum_short
from hub.lampid.pairs import list_pairs
from hub.lampid.queries import list_bulan
from hub.lampid.rules import ACT_LABELS, ACTS, list_unlocked, tell_lock_first
from shared.clock import today
from shared.errors import EnvironmentProblem, UserError
from shared.lampid.book import (
    B3, SHORT_HEAD, SHORT_TITLES, count, describe, is_bulan, make_long, make_short, read_angka, write_bulan,
)
from shared.lampid.cells import Pilih
from shared.lampid.month import move_month
from shared.lampid.report import Laporan
from shared.lampid.state import Taraf
from shared.records.identifiers import mask_nik
from shared.records.lampid import JENIS_PERISTIWA
from shared.store.bulan import list_locked, read_months
from shared.web.policy import has_right
from shared.web.services import require_user

blueprint = Blueprint("lampid", __name__, url_prefix="/lampid")
PAGE = 50
_LISTED = ("lahir", "mati", "datang", "keluar", "pembetulan", "akhir")


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Show one month of all desa; the last whole month unless another is asked for."""
    hub = services()
    last = move_month(today(hub.clock).isoformat()[:7], -1)
    asked = request.args.get("bulan", "")
    bulan = asked if is_bulan(asked) else last
    with hub.database.read() as conn:
        months = sorted({last, bulan, move_month(last, 1), *list_bulan(conn)}, reverse=True)
    desa = load_month(bulan)
    reports = [own.laporan for own in desa if own.laporan is not None]
    states: dict[str, int] = {}
    for own in desa:
        states[own.state] = states.get(own.state, 0) + 1
    rows = [(own, {apa: count(own.laporan, apa, Pilih()) for apa in _LISTED} if own.laporan else None) for own in desa]
    return render_template(
        "lampid/index.html", bulan=bulan, judul=write_bulan(bulan), months=months, write_bulan=write_bulan, rows=rows,
        states=states, reported=len(reports), total=len(desa), short=sum_short(reports), short_head=SHORT_HEAD,
        short_titles=SHORT_TITLES, Taraf=Taraf,
    )


@blueprint.get("/<bulan>/<desa>")
def show(bulan: str, desa: str) -> ResponseReturnValue:
    """Show the month of one desa, and what an officer may do with it."""
    return _show(_find(bulan, desa), bulan, "", "")


def _show(own: BulanDesa, bulan: str, problem: str, note: str) -> str:
    tutup = own.tutup
    laporan = tutup.laporan if tutup else None
    acts = () if tutup is None or own.is_reopened else tuple(filter(_may, ACTS.get(tutup.taraf, ())))
    with services().database.read() as conn:
        catalogue = services().catalogue
        if Taraf.DIKEMBALIKAN in acts and any(one > bulan for one in list_locked(conn, catalogue, own.kode)):
            acts = tuple(act for act in acts if act is not Taraf.DIKEMBALIKAN)
        unlocked = list_unlocked(read_months(conn, catalogue, own.kode, bulan), bulan)
    lock_first = tell_lock_first(unlocked) if unlocked and Taraf.TERKUNCI in acts else ""
    if lock_first:
        acts = tuple(act for act in acts if act is not Taraf.TERKUNCI)
    rows, total = make_long(laporan) if laporan else ([], None)
    return render_template(
        "lampid/desa.html", own=own, tutup=tutup, laporan=laporan, bulan=bulan, judul=write_bulan(bulan),
        short=make_short(laporan) if laporan else [], short_head=SHORT_HEAD, short_titles=SHORT_TITLES, tata=B3,
        rows=rows, total=total, acts=acts, act_labels=ACT_LABELS, problem=problem, note=note, Taraf=Taraf,
        counts=own.laporan is not None, lock_first=lock_first,
    )


@blueprint.post("/<bulan>/<desa>")
def examine(bulan: str, desa: str) -> ResponseReturnValue:
    """Write what an officer says of a month: that it is right, or what the desa must mend."""
    act = request.form.get("putusan", "")
    if act not in (Taraf.DIVERVAL, Taraf.DIKEMBALIKAN):
        abort(400)
    if not _may(Taraf(act)):
        abort(403)
    return _decide(bulan, desa, act)


@blueprint.post("/<bulan>/<desa>/kunci")
def lock(bulan: str, desa: str) -> ResponseReturnValue:
    """Lock a month."""
    return _decide(bulan, desa, Taraf.TERKUNCI.value)


def _decide(bulan: str, desa: str, act: str) -> ResponseReturnValue:
    own, user, note = _find(bulan, desa), require_user(), request.form.get("catatan", "")
    try:
        decide.examine(
            services(), desa, bulan, act, note, request.form.get("dilihat", ""), author=user.petugas, account=user.name
        )
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _show(_find(bulan, desa), bulan, error.pesan, note), 409
    said = {Taraf.DIVERVAL: "dicatat sudah diperiksa", Taraf.DIKEMBALIKAN: "dikembalikan ke desa",
            Taraf.TERKUNCI: "dikunci"}[Taraf(act)]
    flash(f"Laporan {write_bulan(bulan)} {own.nama} {said}. Desa menerimanya saat sinkronisasi.", "baik")
    return redirect(url_for(".show", bulan=bulan, desa=desa), 303)


def _may(act: Taraf) -> bool:
    """Tell whether the officer may do this with a month: who examines may not lock, unless both rights are his."""
    if act is Taraf.DIKEMBALIKAN:
        return has_right("lampid_verval") or has_right("lampid_kunci")
    return has_right("lampid_kunci" if act is Taraf.TERKUNCI else "lampid_verval")


@blueprint.get("/<bulan>/nama")
def names(bulan: str) -> ResponseReturnValue:
    """List the names behind a number of one desa, or of all that have reported."""
    if not is_bulan(bulan):
        abort(404)
    wanted = request.args.get("desa", "")
    angka = read_angka(Laporan(bulan, {}, {}, ()), request.args)
    desa = [own for own in load_month(bulan) if wanted in ("", own.kode)]
    if angka is None or not desa:
        abort(404)
    page = read_page(request.args.get("hal"))
    reports = [own.laporan for own in desa if own.laporan is not None]
    stated = sum(count(laporan, angka.apa, angka.pilih).nilai for laporan in reports)
    places: dict[str, str] = {id: nama for laporan in reports for id, nama in laporan.dusun.items()}
    with services().database.read() as conn:
        found = [(own, one) for own in desa for one in list_behind(conn, own, angka.apa, angka.pilih)]
        shown = found[(page - 1) * PAGE : page * PAGE]
        people = []
        for own in desa:
            mine = [one for of, one in shown if of is own]
            people += fill_names(conn, own, mine, JENIS_PERISTIWA) if mine else []
    title = describe(angka, places)
    if found:
        where = name_place(wanted) if wanted else "seluruh kecamatan"
        seen = [(own.kode, "penduduk", one.penduduk) for own, one in shown]
        note_opening(
            "LAMPID", f"{write_bulan(bulan)}, {where}: {title}", len(found), seen, "Nama di balik angka LAMPID"
        )
    asked: dict[str, Any] = {**angka.address, **({"desa": wanted} if wanted else {})}
    return render_template(
        "lampid/nama.html", bulan=bulan, judul=write_bulan(bulan), title=title, people=people, total=len(found),
        stated=stated, page=page, pages=max(1, -(-len(found) // PAGE)), desa=name_place(wanted) if wanted else "",
        kode=wanted, address=lambda hal: url_for(".names", bulan=bulan, **asked, hal=hal),
        of_people=angka.apa in ("awal", "akhir"),
    )


@blueprint.get("/pindahan")
def moves() -> ResponseReturnValue:
    """Show the moves between two desa of the kecamatan, each with both its ends or the one that is known."""
    hub, page = services(), read_page(request.args.get("hal"))
    with hub.database.read() as conn:
        found = list_pairs(conn, hub.wilayah, today(hub.clock))
    if request.args.get("hanya") == "sepihak":
        found = [pair for pair in found if not pair.is_whole]
    shown = found[(page - 1) * PAGE : page * PAGE]
    if shown:
        ends = [end for pair in shown for end in (pair.pindah, pair.datang) if end is not None]
        seen = [(end.desa, "penduduk", end.penduduk) for end in ends]
        note_opening("LAMPID", "Pindah antardesa", len(found), seen, "Pindah antardesa")
    return render_template(
        "lampid/pindahan.html", pairs=shown, total=len(found), page=page, pages=max(1, -(-len(found) // PAGE)),
        name_place=name_place, mask=mask_nik, only=request.args.get("hanya") == "sepihak",
        address=lambda hal: url_for(".moves", hanya=request.args.get("hanya"), hal=hal),
    )


def _find(bulan: str, desa: str) -> BulanDesa:
    if not is_bulan(bulan) or desa not in dict(list_desa(services().wilayah)):
        abort(404)
    return next(own for own in load_month(bulan) if own.kode == desa)

"""The forms of events: `/peristiwa/catat`, first what happened, then to whom, then the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import Notes, author, keep, services
from node.beranda.looks import note_look
from node.keluarga.rules import FamilyRow, find_head, make_rows
from node.lampid.keluar import Penerus, find_leaving_head, list_staying, record_leaving
from node.lampid.formulir import CHECKED, Isian, read_event, start_event
from node.lampid.queries import is_closed, read_signed_day
from node.lampid.rules import (
    BENTUK, KINDS_OF_STATUS, find_state_problem, list_head_oddities, list_oddities, propose_head,
)
from node.penduduk.index import Person
from node.penduduk.queries import list_dusun, read_row
from node.penduduk.routes import people_index
from node.penduduk.rules import HIDUP, KEPALA, PENDUDUK
from shared.clock import today
from shared.codes import code_list, wilayah
from shared.errors import EnvironmentProblem, UserError
from shared.records.lampid import HILANG, KEMBALI, LAHIR, MATI, PINDAH

blueprint = Blueprint("catat", __name__, url_prefix="/peristiwa/catat")

CANDIDATES_MAX = 20


@blueprint.get("/")
def choose() -> ResponseReturnValue:
    """Ask what happened; of somebody or of a family when one is named."""
    person = people_index().get(request.args.get("penduduk", ""))
    family = request.args.get("keluarga", "")
    if family not in people_index().families():
        family = ""
    living = [p for p in people_index().members().get(family, []) if p.status == HIDUP]
    kinds = KINDS_OF_STATUS.get(person.status, ()) if person else tuple(BENTUK)
    return render_template(
        "lampid/pilih.html", orang=person, keluarga=family, anggota=living, jenis=kinds, bentuk=BENTUK,
        kepala=find_head(living),
    )


# To whom it happened.

@blueprint.get("/lahir", defaults={"jenis": LAHIR})
@blueprint.get("/mati", defaults={"jenis": MATI})
@blueprint.get("/pindah", defaults={"jenis": PINDAH})
@blueprint.get("/hilang", defaults={"jenis": HILANG})
@blueprint.get("/kembali", defaults={"jenis": KEMBALI})
def find(jenis: str) -> ResponseReturnValue:
    """Ask whom it has happened to, or into which family somebody was born."""
    text = _searches().get(request.args.get("lihat")) or ""
    found = people_index().search(text) if text else []
    families: list[FamilyRow] = []
    people: list[Person] = []
    if jenis == LAHIR:
        wanted = dict.fromkeys(p.keluarga for p in found if p.keluarga)
        families = pick_families(list(wanted))
    else:
        people = [p for p in found if jenis in KINDS_OF_STATUS.get(p.status, ())][:CANDIDATES_MAX]
    with services().database.read() as conn:
        dusun = list_dusun(conn, services().wilayah)
    return render_template(
        "lampid/cari.html", jenis=jenis, bentuk=BENTUK[jenis], teks=text, orang=people, keluarga=families,
        dusun=dusun, lain=found[0] if found and not people and not families else None,
    )


@blueprint.post("/lahir/cari", defaults={"jenis": LAHIR})
@blueprint.post("/mati/cari", defaults={"jenis": MATI})
@blueprint.post("/pindah/cari", defaults={"jenis": PINDAH})
@blueprint.post("/hilang/cari", defaults={"jenis": HILANG})
@blueprint.post("/kembali/cari", defaults={"jenis": KEMBALI})
def search(jenis: str) -> ResponseReturnValue:
    """Keep whom to look for; the text never stands in an address."""
    text = " ".join(request.form.get("teks", "").split())[:100]
    return redirect(url_for(".find", jenis=jenis, lihat=_searches().put(text)), 303)


def pick_families(wanted: list[str]) -> list[FamilyRow]:
    """Give some families with their members, at most as many as a page shows."""
    families, members = people_index().families(), people_index().members()
    return make_rows({id: families[id] for id in wanted[:CANDIDATES_MAX] if id in families}, members)


def _searches() -> Notes[str]:
    return keep("lampid_cari_orang", lambda node: Notes[str](node))


# Who leaves.

@blueprint.get("/mati/<uuid:id>", defaults={"jenis": MATI})
@blueprint.get("/pindah/<uuid:id>", defaults={"jenis": PINDAH})
@blueprint.get("/hilang/<uuid:id>", defaults={"jenis": HILANG})
def leave(jenis: str, id: object) -> ResponseReturnValue:
    """Show the form of a death, a move out, or somebody who is missing."""
    person = require_person(id)
    others = list_staying(people_index(), person, [])
    going = [p.id for p in others] if jenis == PINDAH and person.hubungan == KEPALA else []
    return _leaving_page(jenis, person, start_event(jenis, this_day(), choices()), going, "")


@blueprint.post("/mati/<uuid:id>", defaults={"jenis": MATI})
@blueprint.post("/pindah/<uuid:id>", defaults={"jenis": PINDAH})
@blueprint.post("/hilang/<uuid:id>", defaults={"jenis": HILANG})
def record_leave(jenis: str, id: object) -> ResponseReturnValue:
    """Record who leaves, and who heads the family after that."""
    person = require_person(id)
    others = list_staying(people_index(), person, [])
    chosen = request.form.getlist("ikut") if jenis == PINDAH else []
    going = [person.id, *(p.id for p in others if p.id in chosen)]
    people = [person, *(p for p in others if p.id in chosen)]
    isian = read_event(jenis, request.form, this_day(), choices(), {p.nama: p.tanggal_lahir for p in people},
                       known=known_day())
    if isian.values.get("desa_lain") == services().wilayah:
        isian.kejadian.fields["desa_lain"].error = "Itu desa ini sendiri. Pindah di dalam desa bukan peristiwa."
    for one in people:
        for text in list_oddities(jenis, isian.values, born=one.tanggal_lahir, status=one.status,
                                  before=last_day_of(one.id)):
            isian.aneh.append(text if len(people) == 1 else f"{one.nama}: {text}")
    is_moving = find_leaving_head(people_index(), going) is not None
    penerus = Penerus(
        request.form.get("kepala_baru", "") if is_moving else "",
        is_moving and jenis == PINDAH and request.form.get("kartu") == "baru", request.form.get("no_kk_baru", ""),
    )
    head = next((p for p in others if p.id == penerus.kepala and p.id not in going), None)
    isian.aneh += list_head_oddities(head, str(isian.values.get("tanggal_peristiwa") or ""))
    return finish(
        isian,
        lambda: record_leaving(
            services(), people_index(), jenis, going, isian.values, penerus, author=author()
        ),
        lambda problem: _leaving_page(jenis, person, isian, going[1:], problem),
    )


def _leaving_page(jenis: str, person: Person, isian: Isian, going: list[str], problem: str) -> str:
    others = list_staying(people_index(), person, [])
    asks_head = bool(others) and (person.hubungan == KEPALA and person.status == HIDUP or jenis == PINDAH)
    head = person if person.hubungan == KEPALA else find_head(others) or person
    staying = [p for p in others if p.id not in going and p is not head] or [p for p in others if p is not head]
    with services().database.read() as conn:
        row = read_row(conn, PENDUDUK, services().wilayah, person.id) or {}
    note_look(person.id)
    return render_template(
        "lampid/keluar.html", jenis=jenis, bentuk=BENTUK[jenis], orang=person, lainnya=others, isian=isian,
        ikut=going, masalah=problem or find_state_problem(jenis, person.nama, person.status, row.get("tanggal_status")),
        tanya_kepala=asks_head, kepala_baru=request.form.get("kepala_baru", propose_head(head, staying)),
        kartu=request.form.get("kartu", "baru"), no_kk_baru=request.form.get("no_kk_baru", ""), diperiksa=CHECKED,
        hubungan=code_list("shdk").items, is_kepala=person.hubungan == KEPALA,
    )


# What all forms share.

def finish(isian: Isian, write: Callable[[], str], draw: Callable[[str], str]) -> ResponseReturnValue:
    """Write an event and lead to its page, or draw the form again with what stands in the way.

    What is only odd asks for a tick. ``write`` gives the id of the event.
    """
    if not isian.is_valid:
        return draw(""), 400
    if isian.aneh and not request.form.get(CHECKED):
        return draw(""), 409
    try:
        event = write()
    except EnvironmentProblem:
        raise
    except UserError as error:
        return draw(error.pesan), 400
    flash("Peristiwa sudah dicatat.", "baik")
    month = str(isian.values["tanggal_lapor"])[:7]
    with services().database.read() as conn:
        if is_closed(conn, services().catalogue, services().wilayah, month):
            flash(
                "Laporan bulan ini sudah ditutup, jadi peristiwa ini tercatat terlambat dan masuk laporan bulan yang"
                " masih terbuka.", "salah",
            )
    return redirect(url_for("lampid.show", id=event), 303)


def choices() -> dict[str, list[tuple[str, str]]]:
    """Give what forms of events may choose from beside the code lists: dusun, and the other desa of the kecamatan."""
    node = services()
    kecamatan = wilayah.kecamatan_of(node.wilayah)
    others = wilayah.children(kecamatan.kode) if kecamatan else []
    with node.database.read() as conn:
        dusun = list(list_dusun(conn, node.wilayah).items())
    return {"dusun": dusun, "desa_lain": [(d.kode, d.nama) for d in others if d.kode != node.wilayah]}


def this_day() -> str:
    """Give the date of today."""
    return today(services().clock).isoformat()


def known_day() -> str:
    """Give the last day that the kecamatan has signed for this computer; "" where there is none yet."""
    with services().database.read() as conn:
        return read_signed_day(conn)


def require_person(id: object) -> Person:
    """Find a resident, or answer that there is none."""
    person = people_index().get(str(id))
    if person is None:
        abort(404)
    return person


def last_day_of(person: str) -> str | None:
    """Give the date of the last event of somebody; None without one."""
    with services().database.read() as conn:
        row: dict[str, Any] = read_row(conn, PENDUDUK, services().wilayah, person) or {}
    return row.get("tanggal_status") if row.get("peristiwa") else None

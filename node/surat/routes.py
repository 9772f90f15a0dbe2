"""Letters: `/surat/`: what waits, what was issued, and a new draft; what stands on all of them is set here too."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import Notes, author, keep, services
from node.beranda.kantor import DESA, read_office
from node.lampid.queries import list_together, list_voiding
from node.penduduk.editing import Editor, EditView, take_version
from node.penduduk.index import Person
from node.penduduk.queries import read_row
from node.penduduk.routes import people_index
from node.penduduk.rules import HIDUP
from node.penduduk.tampilan import read_page
from node.surat.drafts import create_draft
from node.surat.forms import draw_draft, dump_json
from node.surat.kantor import keep_setting, list_office_disputes
from node.surat.pages import draw_form_page, find_people, read_form, require_jenis, signers_now
from node.surat.peristiwa import add_niks, read_isian, read_parents
from node.surat.queries import count_letters, list_drafts, list_recent_kinds, search_letters
from node.surat.rules import ISI, KEADAAN, KONSEP, PENDUDUK, SURAT, TANPA_KONSEP, order_kinds
from shared.clock import today
from shared.records.catalogue import CATALOGUE
from shared.surat.jenis import JenisSurat, list_jenis
from shared.surat.numbering import ISIAN_POLA, POLA, find_pola_problem
from shared.web.forms import Form

blueprint = Blueprint("surat", __name__, url_prefix="/surat")
OFFICE_FIELDS = ("kepala_desa", "alamat", "telepon", "email", "kertas", "pola_nomor")
RECENT = 6
PAGE_ROWS = 25


def _searches() -> Notes[str]:
    return keep("cari_surat", lambda node: Notes[str](node))


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List the drafts that wait and the issued letters, or those that a search finds."""
    node = services()
    token = request.args.get("lihat")
    text = _searches().get(token) or ""
    with node.database.read() as conn:
        drafts = list_drafts(conn, node.wilayah)
        total = count_letters(conn, node.wilayah, text)
        page, pages = read_page(total, PAGE_ROWS)
        found = search_letters(conn, node.wilayah, text, page, PAGE_ROWS)
        names = _name_kinds(conn)
    return render_template(
        "surat/index.html", drafts=drafts, letters=found, total=total, page=page, pages=pages, teks=text,
        token=token if text else None, jenis=names, keadaan=KEADAAN, today=today(node.clock).isoformat(),
        tanpa_konsep=TANPA_KONSEP,
    )


@blueprint.post("/cari")
def search() -> ResponseReturnValue:
    """Keep what is searched for; a name never stands in an address."""
    text = " ".join(request.form.get("teks", "").split())[:100]
    return redirect(url_for(".index", lihat=_searches().put(text) if text else None, _anchor="terbit"), 303)


@blueprint.get("/baru")
def choose_kind() -> ResponseReturnValue:
    """Show the kinds of letters, those used last in front; a resident may be chosen already."""
    node = services()
    person = people_index().get(request.args.get("penduduk", ""))
    text = " ".join(request.args.get("cari", "").split())[:60]
    with node.database.read() as conn:
        kinds = {jenis.slug: jenis for jenis in list_jenis(conn, node.wilayah)}
        recent = list_recent_kinds(conn, node.wilayah)
    ordered = [kinds[slug] for slug in order_kinds(list(kinds), recent)]
    words = text.lower().split()
    found = [jenis for jenis in ordered if all(word in f"{jenis.nama} {jenis.judul}".lower() for word in words)]
    first = 0 if words else min(RECENT, len({slug for slug in recent if slug in kinds}))
    return render_template("surat/jenis.html", kinds=found, first=first, orang=person, cari=text)


@blueprint.get("/baru/<slug>")
def choose_person(slug: str) -> ResponseReturnValue:
    """Ask for whom a letter is: a resident who is searched for, or somebody else."""
    return _person_page(slug)


@blueprint.post("/baru/<slug>/cari")
def search_person(slug: str) -> ResponseReturnValue:
    """Keep whom to look for."""
    text = " ".join(request.form.get("teks", "").split())[:100]
    return redirect(url_for(".choose_person", slug=slug, lihat=_searches().put(text)), 303)


@blueprint.post("/baru/<slug>/potongan")
def person_fragment(slug: str) -> ResponseReturnValue:
    """Answer a script with the people found, while somebody types."""
    text = " ".join(request.form.get("teks", "").split())[:100]
    return render_template("surat/_orang.html", slug=slug, teks=text, orang=find_people(text))


@blueprint.get("/baru/<slug>/isi")
def compose(slug: str) -> ResponseReturnValue:
    """Show the form of a letter: with what an event tells, or a letter in whose place it comes."""
    jenis, person = _read_target(slug)
    if not person and not jenis.untuk_bukan_penduduk:
        return redirect(url_for(".choose_person", slug=slug), 303)
    signers = signers_now()
    # Most letters are signed by the kepala desa himself.
    chief = next((signer.id for signer in signers if signer.jabatan == "kades"), "")
    start = {"cara": "langsung", "penandatangan": chief or None, **_read_start(jenis, person)}
    form = draw_draft(jenis, start, signers, people_index(), is_resident=bool(person))
    return draw_form_page(jenis, form, person)


@blueprint.post("/baru/<slug>/isi")
def write(slug: str) -> ResponseReturnValue:
    """Keep a new draft."""
    jenis, person = _read_target(slug)
    values, form = read_form(jenis, bool(person), _read_start(jenis, person))
    if not form.whole.is_valid:
        return draw_form_page(jenis, form, person), 400
    id = create_draft(services(), {**values, "jenis": slug, "pemohon": person or None}, author())
    flash("Konsep surat sudah disimpan. Periksa isinya di bawah.", "baik")
    return redirect(url_for("konsep.show", id=id), 303)


@blueprint.get("/pengaturan")
def settings() -> ResponseReturnValue:
    """Show what stands on every letter: the office's address, the kepala desa, paper, pattern of numbers."""
    return _office_editor().show()


@blueprint.post("/pengaturan")
def save_settings() -> ResponseReturnValue:
    """Keep what stands on every letter."""
    return _office_editor().save(url_for(".settings"))


@blueprint.post("/pengaturan/pilih")
def choose_setting() -> ResponseReturnValue:
    """Take one of several values of what stands on every letter."""
    id = _require_office()
    if keep_setting(request.form.get("grup", ""), request.form.get("versi", "")):
        flash("Pilihan sudah disimpan.", "baik")
    else:
        take_version(DESA, id)
    return redirect(url_for(".settings"), 303)


def _require_office() -> str:
    node = services()
    with node.database.read() as conn:
        id = str(read_office(conn, node.wilayah)["id"])
    if not id:
        abort(404)
    return id


def _office_editor() -> Editor:
    id = _require_office()

    def check_pola(conn: sqlite3.Connection, values: Mapping[str, Any], form: Form) -> None:
        item = form.fields["pola_nomor"]
        item.error = item.error or find_pola_problem(str(values.get("pola_nomor") or POLA))

    def draw(view: EditView) -> str:
        return render_template(
            "surat/pengaturan.html", view=view, pola=POLA, sisipan=ISIAN_POLA, sengketa=list_office_disputes()
        )

    return Editor(DESA, id, OFFICE_FIELDS, {}, draw, check_pola)


def _person_page(slug: str) -> str:
    jenis = require_jenis(slug)
    text = _searches().get(request.args.get("lihat"))
    return render_template(
        "surat/orang.html", jenis=jenis, slug=slug, teks=text, orang=find_people(text) if text else [],
    )


def _read_target(slug: str) -> tuple[JenisSurat, str]:
    id = (request.form if request.method == "POST" else request.args).get("penduduk", "")
    if id and people_index().get(id) is None:
        abort(404)
    return require_jenis(slug), id


def _read_start(jenis: JenisSurat, person: str) -> dict[str, Any]:
    """Give what a new draft begins with: all that the draft of a letter (``pengganti``) said, else of an event."""
    node, id = services(), request.values.get("pengganti", "")
    with node.database.read() as conn:
        letter = read_row(conn, SURAT, node.wilayah, id) or {}
        former = read_row(conn, KONSEP, node.wilayah, str(letter.get("konsep") or "")) or {}
    # The same person, whom this user may see, and the same fields.
    if former and (str(former["pemohon"] or ""), former["jenis"]) == (person, jenis.slug):
        return {name: former[name] for name in ISI if former[name] is not None}
    return {"isian": dump_json(_read_event(jenis, person))}


def _read_event(jenis: JenisSurat, person: str) -> dict[str, Any]:
    """Give what is known for a letter from an event: the one that is asked for, else the person's last.

    Where there is none, the letter of a birth still knows the parents: head and spouse of the family.
    """
    node, index = services(), people_index()
    with node.database.read() as conn:
        live = read_row(conn, PENDUDUK, node.wilayah, person) or {}
        id = request.values.get("peristiwa") or str(live.get("peristiwa") or "")
        event = read_row(conn, CATALOGUE["peristiwa"], node.wilayah, id)
        voiding = list_voiding(conn, node.wilayah, [str(event["penduduk"])]) if event is not None else {}
        # Only of somebody whom this user may see.
        is_told = event is not None and id not in voiding and event["jenis"] == jenis.tentang
        if event is None or not is_told or index.get(str(event["penduduk"])) is None:
            return read_parents(jenis, _list_living(str(live.get("keluarga") or "")), str(live.get("nama") or ""))
        whom = read_row(conn, PENDUDUK, node.wilayah, str(event["penduduk"])) or {}
        together = list_together(conn, node.wilayah, str(event["rombongan"] or id))
        voiding = list_voiding(conn, node.wilayah, [item.penduduk for item in together])
    others = [item.nama for item in together if item.penduduk != person and item.id not in voiding]
    whom = add_niks(whom, index.members().get(str(whom.get("keluarga") or ""), []))
    return read_isian(jenis, event, whom, others, str(live.get("nama") or ""))


def _list_living(family: str) -> list[Person]:
    return [p for p in people_index().members().get(family, []) if p.status == HIDUP]


def _name_kinds(conn: sqlite3.Connection) -> dict[str, str]:
    return {jenis.slug: jenis.nama for jenis in list_jenis(conn, services().wilayah, is_every=True)}

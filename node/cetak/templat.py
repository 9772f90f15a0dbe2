"""The letters that this office writes, and the editor of their text: `/surat/templat`."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import author, services
from node.beranda.kantor import read_office
from node.cetak import formulir
from node.cetak.cetakan import draw_letter
from node.cetak.contoh import make_example
from node.cetak.formulir import Typed
from node.cetak.naskah import TWINS, keep_text, list_text_disputes
from node.cetak.queries import list_disputed_templates, list_template_records
from node.change import write_drafts
from node.penduduk.editing import take_version
from node.penduduk.history import Words
from shared.clock import today
from shared.records.catalogue import CATALOGUE
from shared.records.surat import KERTAS, SATUAN_BERLAKU, TENTANG
from shared.store.drafts import Draft, draft_create, draft_delete, draft_restore, draft_update
from shared.store.records import load_state
from shared.surat.fakta import LETTER_FACTS, OFFICE_FACTS, PERSON_FACTS
from shared.surat.isi import list_placeholders
from shared.surat.jenis import (
    TIPE_ISIAN, JenisSurat, find_jenis, list_jenis, load_isian, make_slug, name_template, shipped,
)

blueprint = Blueprint("templat", __name__, url_prefix="/surat/templat")
TEMPLAT = CATALOGUE["templat_surat"]
_NEW_TEXT = (
    "Yang bertanda tangan di bawah ini, [jabatan_kepala] [desa], Kecamatan [kecamatan], [kabupaten], menerangkan dengan"
    " sebenarnya bahwa:\n\n[identitas]\n\n? Surat keterangan ini diberikan untuk keperluan [keperluan].\n\nDemikian"
    " surat keterangan ini dibuat dengan sebenarnya untuk dipergunakan sebagaimana mestinya."
)
_NEW = JenisSurat("", "", "", "400.10.2.2", 1, "bulan", "F4", _NEW_TEXT, is_bawaan=False)
_WORDS: Words = {
    "isian": lambda text: formulir.tell_isian(load_isian(text)), "syarat": lambda lines: "\n".join(map(str, lines)),
}
_GROUPS = (
    ("Pemohon", ("identitas", *PERSON_FACTS)), ("Surat", tuple(LETTER_FACTS)), ("Kantor", tuple(OFFICE_FACTS)),
)


@blueprint.get("")
def index() -> ResponseReturnValue:
    """List all letters, also those that are put aside."""
    node = services()
    with node.database.read() as conn:
        rows = list_jenis(conn, node.wilayah, is_every=True)
        disputed = list_disputed_templates(conn, node.wilayah)
    return render_template("templat/index.html", rows=rows, shipped=shipped(), disputed=disputed)


@blueprint.get("/baru")
def new() -> ResponseReturnValue:
    """Show the form of a letter that this office thinks up."""
    return _page(formulir.show(_NEW))


@blueprint.post("/baru")
def add() -> ResponseReturnValue:
    """Look at a new letter, or keep it."""
    typed = formulir.read(request.form, _NEW)
    if request.form.get("aksi") == "lihat":
        return _page(typed, is_preview=True)
    node, slug = services(), make_slug(typed.jenis.nama)
    with node.database.write() as conn:
        if slug and (slug == "baru" or find_jenis(conn, node.wilayah, slug)):
            typed = replace(typed, problems=(*typed.problems, ("nama", "Surat dengan nama ini sudah ada.")))
        if typed.problems:
            return _page(typed), 400
        values = formulir.values_of(replace(typed.jenis, slug=slug))
        write_drafts(node, [draft_create(TEMPLAT, node.new_id(), values)], author=author())
    flash("Surat baru disimpan dan dapat dipilih saat membuat surat.", "baik")
    return redirect(url_for(".index"), 303)


@blueprint.get("/<slug>")
def edit(slug: str) -> ResponseReturnValue:
    """Show the form of one letter."""
    node = services()
    with node.database.read() as conn:
        jenis = _find(conn, slug)
    return _page(formulir.show(jenis), jenis)


@blueprint.post("/<slug>")
def update(slug: str) -> ResponseReturnValue:
    """Look at the letter as typed, or keep it; the text stays in the form when something is wrong."""
    node = services()
    with node.database.write() as conn:
        jenis = _find(conn, slug)
        typed = formulir.read(request.form, jenis)
        if request.form.get("aksi") == "lihat":
            return _page(typed, jenis, is_preview=True)
        if request.form.get("asal") != formulir.take_digest(jenis):
            typed = replace(typed, problems=(*typed.problems, (
                "", "Templat ini baru saja diubah orang lain. Yang Anda tulis masih di sini: periksa, lalu simpan lagi"
                " bila memang harus menggantikan tulisan orang itu."
            )))
        if typed.problems:
            return _page(typed, jenis), 400
        _store(conn, jenis, typed.jenis)
    flash("Templat surat disimpan. Surat yang sudah terbit tidak berubah.", "baik")
    return redirect(url_for(".edit", slug=slug), 303)


@blueprint.post("/<slug>/pilih")
def choose(slug: str) -> ResponseReturnValue:
    """Take one of two texts that two computers wrote of one letter."""
    node = services()
    with node.database.read() as conn:
        record = _find(conn, slug).record
    if request.form.get("grup") == TWINS:
        keep_text(slug, request.form.get("versi", ""))
    else:
        take_version(TEMPLAT, record)
    with node.database.read() as conn:
        is_there = find_jenis(conn, node.wilayah, slug) is not None
    return redirect(url_for(".edit", slug=slug) if is_there else url_for(".index"), 303)


@blueprint.post("/<slug>/contoh")
def preview(slug: str) -> ResponseReturnValue:
    """Draw the letter as typed, for the script of the page; the button does the same without one."""
    node = services()
    with node.database.read() as conn:
        base = _NEW if slug == "baru" else _find(conn, slug)
    typed = formulir.read(request.form, base)
    return render_template("templat/_contoh.html", pages=_draw(typed), problems=typed.problems)


@blueprint.post("/<slug>/bawaan")
def reset(slug: str) -> ResponseReturnValue:
    """Take the office's own text away, so that the shipped one holds again; a letter of its own goes altogether."""
    node = services()
    with node.database.write() as conn:
        _find(conn, slug)
        drafts = [
            draft_delete(TEMPLAT, load_state(conn, node.catalogue, TEMPLAT, node.wilayah, id), id,
                         "dikembalikan ke bawaan")
            for id in list_template_records(conn, node.wilayah, slug)
        ]
        write_drafts(node, drafts, author=author())
    if slug in shipped():
        flash("Templat dikembalikan ke bawaan.", "baik")
        return redirect(url_for(".edit", slug=slug), 303)
    flash("Surat buatan sendiri dihapus dari daftar. Surat yang sudah terbit tidak berubah.", "baik")
    return redirect(url_for(".index"), 303)


def _store(conn: sqlite3.Connection, jenis: JenisSurat, wanted: JenisSurat) -> None:
    node, values, shown = services(), formulir.values_of(wanted), formulir.values_of(jenis)
    if not jenis.record:
        write_drafts(node, [_override(conn, jenis.slug, values)], author=author())
        return
    # What was left alone is not written: two texts that wait for a choice are not settled by a change of the paper.
    touched = {TEMPLAT.group_of[name] for name, value in values.items() if value != shown[name]}
    # But whole groups: of one that was never agreed the fold knows no value to fill in.
    changed = {name: value for name, value in values.items() if TEMPLAT.group_of[name] in touched}
    draft = draft_update(
        TEMPLAT, load_state(conn, node.catalogue, TEMPLAT, node.wilayah, jenis.record), jenis.record, changed
    )
    if draft is not None:
        write_drafts(node, [draft], author=author())


def _override(conn: sqlite3.Connection, slug: str, values: Mapping[str, object]) -> Draft:
    """Write the office's first text of a shipped letter; after *Kembalikan ke bawaan* the same record comes back."""
    node = services()
    id = name_template(node.wilayah, slug)
    state = load_state(conn, node.catalogue, TEMPLAT, node.wilayah, id)
    if not state.groups:
        return draft_create(TEMPLAT, id, values)
    return draft_update(TEMPLAT, state, id, values) or draft_restore(TEMPLAT, state, id)


def _find(conn: sqlite3.Connection, slug: str) -> JenisSurat:
    found = find_jenis(conn, services().wilayah, slug)
    if found is None:
        abort(404)
    return found


def _page(typed: Typed, stored: JenisSurat | None = None, *, is_preview: bool = False) -> str:
    """Draw the editor; ``stored`` is the letter as it is now, None for a new one."""
    labels = dict(list_placeholders(typed.jenis))
    groups = [(title, [(name, labels[name]) for name in names]) for title, names in _GROUPS]
    known = {name for _, names in _GROUPS for name in names}
    own = [item for item in labels.items() if item[0] not in known]
    if own:
        groups.append(("Isian surat ini", own))
    return render_template(
        "templat/ubah.html", typed=typed, jenis=typed.jenis, stored=stored, errors=_by_field(typed),
        asal=formulir.take_digest(stored) if stored else "", groups=groups,
        sengketa=list_text_disputes(stored, _WORDS) if stored and stored.record else [],
        tipe=TIPE_ISIAN, kertas=KERTAS, satuan=SATUAN_BERLAKU, tentang=TENTANG,
        pages=_draw(typed) if is_preview else None,
        is_shipped=stored is not None and stored.slug in shipped(), isi_max=formulir.ISI_MAX,
    )


def _by_field(typed: Typed) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, said in typed.problems:
        found.setdefault(name, []).append(said)
    return found


def _draw(typed: Typed) -> list[str]:
    """Draw the example as pictures inside the page: nothing is stored, and no address could be opened by others."""
    node = services()
    if typed.jenis.kertas not in KERTAS or len(typed.jenis.isi) > formulir.ISI_MAX:
        return []
    with node.database.read() as conn:
        office = read_office(conn, node.wilayah)
    example = make_example(typed.jenis, node.wilayah, office, today(node.clock))
    return [base64.b64encode(page).decode() for page in draw_letter(example, is_concept=True)]

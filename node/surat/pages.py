"""What the pages of letters share: the form of a draft, whom a search finds, a draft or kind or a 404."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, render_template, request

from node.beranda.desk import services
from node.beranda.looks import note_look
from node.penduduk.listing import fill_rows
from node.penduduk.routes import people_index
from node.surat.drafts import Draft, find_draft
from node.surat.forms import DraftForm, read_draft
from node.surat.facts import find_kind
from node.surat.peringatan import list_draft_warnings
from node.surat.queries import is_headless, list_signers
from node.surat.rules import TANPA_KEPALA, Signer
from shared.clock import today
from shared.surat.jenis import JenisSurat, find_jenis

CANDIDATES_MAX = 15


def draw_form_page(
    jenis: JenisSurat, form: DraftForm, person: str, draft: Draft | None = None, frontier: str = "", problem: str = ""
) -> str:
    """Draw the form of a draft that is new or stands already; ``problem`` says why it was not kept."""
    node, values = services(), {"pemohon": person} if draft is None else draft.values
    with node.database.read() as conn:
        warnings = list_draft_warnings(node, conn, people_index(), jenis, values)
        signers = list_signers(conn, node.wilayah, today(node.clock).isoformat())
        headless = is_headless(conn, node.wilayah, signers)
    found = people_index().get(person)
    note_look(person or (draft.id if draft is not None else ""))
    return render_template(
        "surat/isi.html", jenis=jenis, form=form, penduduk=person, nama=found.nama if found else "", draft=draft,
        frontier=frontier, problem=problem, warnings=warnings, tanpa_kepala=TANPA_KEPALA if headless else "",
        source={name: id for name in ("peristiwa", "pengganti") if (id := request.values.get(name, ""))},
    )


def find_people(text: str) -> list[Any]:
    """Find whom a text may mean, as rows to choose from."""
    if not text:
        return []
    node = services()
    found = list(people_index().search(text))[:CANDIDATES_MAX]
    with node.database.read() as conn:
        return list(fill_rows(node, conn, found, ("jk", "umur", "nik", "dusun", "rt_rw", "status_dasar")))


def read_form(jenis: JenisSurat, is_resident: bool, known: Mapping[str, Any]) -> tuple[dict[str, Any], DraftForm]:
    """Read the form of a draft that was sent; ``known`` is the draft that it was drawn with."""
    return read_draft(jenis, request.form, signers_now(), people_index(), is_resident=is_resident, known=known)


def signers_now() -> list[Signer]:
    """List who may sign today."""
    node = services()
    with node.database.read() as conn:
        return list_signers(conn, node.wilayah, today(node.clock).isoformat())


def require_draft(id: str) -> tuple[Draft, JenisSurat]:
    """Find a draft and its kind; 404 when there is none."""
    node = services()
    with node.database.read() as conn:
        draft = find_draft(node, conn, id)
        if draft is None:
            abort(404)
        return draft, find_kind(conn, node.wilayah, draft.values)


def require_jenis(slug: str) -> JenisSurat:
    """Find a kind of letter; 404 when there is none."""
    node = services()
    with node.database.read() as conn:
        jenis = find_jenis(conn, node.wilayah, slug)
    if jenis is None:
        abort(404)
    return jenis

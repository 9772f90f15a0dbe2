"""Texts of one letter that wait for a choice: two versions of a record, or two records of one letter.

Two computers that invent a letter of the same name write a record each; so did two that rewrote a shipped one before
its record had a name (shared/surat/jenis.py). Nothing is taken away before a person has seen both.
"""

from __future__ import annotations

from dataclasses import replace

from flask import flash

from node.beranda.desk import author, services
from node.cetak.queries import list_template_records
from node.change import write_drafts
from node.penduduk.biodata import make_teller
from node.penduduk.editing import list_disputes
from node.penduduk.history import Sengketa, Words
from node.penduduk.kembar import compare_records
from shared.records.catalogue import CATALOGUE
from shared.store.drafts import draft_delete
from shared.store.records import load_state
from shared.surat.jenis import JenisSurat

TEMPLAT = CATALOGUE["templat_surat"]
TWINS = "kembar"


def keep_text(slug: str, kept: str) -> None:
    """Delete all records of a letter but the one that was chosen."""
    node = services()
    with node.database.write() as conn:
        ids = list_template_records(conn, node.wilayah, slug)
        if kept not in ids:
            flash("Pilihan ini sudah tidak ada; datanya sudah berubah. Periksa lagi, lalu pilih.", "salah")
            return
        drafts = [
            draft_delete(TEMPLAT, load_state(conn, node.catalogue, TEMPLAT, node.wilayah, id), id,
                         "naskah lain yang dipakai")
            for id in ids if id != kept
        ]
        write_drafts(node, drafts, author=author())
    flash("Pilihan sudah disimpan.", "baik")


def list_text_disputes(jenis: JenisSurat, words: Words) -> list[Sengketa]:
    """List what waits for a choice: within the record of a letter, and between several records of it."""
    node, found = services(), [
        replace(one, live="Tulisan bawaan") if jenis.is_unsettled and one.group == TEMPLAT.group_of["slug"] else one
        for one in list_disputes(TEMPLAT, jenis.record, words=words)
    ]
    if jenis.kembar:
        with node.database.read() as conn:
            tellers = {
                id: make_teller(node, conn, TEMPLAT, id, words=words) for id in (jenis.record, *jenis.kembar)
            }
        names = [name for name in TEMPLAT.fields if name != "slug"]
        twin = compare_records(tellers, names, TWINS, "Dua naskah surat ini")
        found += [twin] if twin is not None else []
    return found

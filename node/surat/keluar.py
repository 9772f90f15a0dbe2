"""A letter that was written elsewhere and goes out from here: `/surat/keluar`: it gets a number of this computer.

It is a record like any issued letter, without a person, a printed text and a QR: so it stands in the agenda and the
book of expedition, is cancelled, sent and scanned like one, and no number is on two letters.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import author, services
from node.beranda.kantor import read_office
from node.change import write_drafts
from node.penduduk.editing import EditView
from node.services import NodeServices
from node.surat.numbers import secure_number, take_number, write_own_nomor
from node.surat.rules import SURAT, TANPA_KONSEP
from shared.clock import today
from shared.errors import EnvironmentProblem, UserError
from shared.store.drafts import draft_create
from shared.web.forms import Form, make_form, parse_form

blueprint = Blueprint("surat_keluar", __name__, url_prefix="/surat/keluar")
FIELDS = ("tanggal", "tujuan", "ringkasan", "kode_arsip")
NEEDED = ("tujuan", "ringkasan")
JUDUL = "Surat keluar"


@blueprint.get("/")
def add() -> str:
    """Show the empty form."""
    form = make_form(SURAT, {"tanggal": today(services().clock).isoformat()}, names=FIELDS)
    _name(form)
    return _form_page(form)


@blueprint.post("/")
def create() -> ResponseReturnValue:
    """Give a letter its number and write it into the agenda."""
    node = services()
    values, form = parse_form(SURAT, request.form, names=FIELDS)
    form.other_errors.clear()
    _name(form)
    _mind(form, values, today(node.clock))
    if not form.is_valid:
        return _form_page(form), 400
    try:
        id, nomor = record(node, values, author())
    except EnvironmentProblem:
        raise
    except UserError as error:
        form.other_errors.append(error.pesan)
        return _form_page(form), 409
    flash(f"Surat keluar sudah dicatat dengan nomor {nomor}. Tulis nomor itu di suratnya.", "baik")
    return redirect(url_for("surat_terbit.show", id=id), 303)


def record(node: NodeServices, values: Mapping[str, Any], author: str) -> tuple[str, str]:
    """Write a letter with the next number of this computer; return record id and number. Raises UserError.

    When this returns, the number is safe from every restored copy.
    """
    day = date.fromisoformat(str(values["tanggal"]))
    with node.database.write() as conn:
        given = take_number(node, conn, day)
        nomor = write_own_nomor(
            read_office(conn, node.wilayah).get("pola_nomor"), given, kode=str(values.get("kode_arsip") or ""),
            desa=node.wilayah, day=day,
        )
        id = node.new_id()
        write_drafts(node, [draft_create(SURAT, id, {
            **values, "nomor": nomor, "urut": given.number.urut, "seri": given.number.seri or None,
            "tahun": given.tahun, "catatan_log": given.log, "jenis": TANPA_KONSEP, "judul": JUDUL,
        })], author=author)
    secure_number(node, given)
    return id, nomor


def _mind(form: Form, values: Mapping[str, Any], day: date) -> None:
    """Ask for what the agenda needs, and for a day whose year is one of numbers: this one, or the last."""
    for name in NEEDED:
        item = form.fields[name]
        if not values.get(name):
            item.error = item.error or f"{item.label} wajib diisi."
    item, written = form.fields["tanggal"], str(values.get("tanggal") or "")
    if written and written > day.isoformat():
        item.error = item.error or "Tanggal surat belum tiba."
    elif written and int(written[:4]) < day.year - 1:
        item.error = item.error or "Nomor hanya diberikan untuk surat tahun ini atau tahun lalu."


def _name(form: Form) -> None:
    for name in NEEDED:
        form.fields[name].required = True
    form.fields["ringkasan"].label = "Isi singkat atau perihal"
    form.fields["kode_arsip"].help = "Kode klasifikasi arsip, misalnya 005 untuk undangan."


def _form_page(form: Form) -> str:
    return render_template("surat/catat_keluar.html", view=EditView(form, "", False))

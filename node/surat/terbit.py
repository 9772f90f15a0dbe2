"""An issued letter: `/surat/terbit/<id>`: printed again as it was, cancelled, sent, and its signed paper as a scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import author, services
from node.beranda.looks import LONG_NUMBER, note_look
from node.cetak.cetakan import make_pdf
from node.lampid.queries import list_told
from node.penduduk.editing import (
    OTHERWISE, add_choice_route, find_picture, list_disputes, require_row, write_fields,
)
from node.penduduk.queries import name_petugas
from node.penduduk.routes import people_index
from node.surat.issue import cancel, secure_letter
from node.surat.queries import list_letters_of_draft
from node.surat.rules import SURAT, TANPA_KONSEP
from shared.clock import today
from shared.errors import EnvironmentProblem, UserError
from shared.store.blobs import store_of
from shared.surat.batal import GROUP, take_cancellation
from shared.surat.cetakan import read_cetakan
from shared.surat.isi import mask_parts
from shared.surat.jenis import find_jenis
from shared.surat.tanda import write_text
from shared.web.audit import record_access
from shared.web.forms import Form, make_form, parse_form
from shared.web.pictures import ACCEPT_SCAN, SCAN_HELP, answer_scan, take_scan
from shared.web.services import require_user

blueprint = Blueprint("surat_terbit", __name__, url_prefix="/surat/terbit")
SENDING = ("tanggal_kirim", "penerima", "keterangan_kirim")
_RIGHTS = {"batal": "surat_terbit.cancel_letter", OTHERWISE: "surat_terbit.send"}
add_choice_route(blueprint, SURAT, rights=_RIGHTS)


@blueprint.get("/<uuid:id>")
def show(id: object) -> ResponseReturnValue:
    """Show a letter, what has become of it, and others that were made of the same draft."""
    return _page(str(id))


@blueprint.get("/<uuid:id>/surat.pdf")
def print_letter(id: object) -> Response:
    """Give the letter as PDF, from what it kept of itself; logged, for it bears the whole NIK."""
    node, values = services(), _require_letter(str(id))
    if not values.get("cetakan"):
        abort(404)
    secure_letter(node, str(values.get("catatan_log") or ""))
    with node.database.write() as conn:
        record_access(conn, node.clock, require_user().name, "surat_dicetak", *_name_look(str(id), values))
    snapshot = {
        **read_cetakan(str(values["cetakan"])), "kode": values.get("kode") or "",
        "tanda": write_text(values, node.wilayah), "batal": bool(values.get("batal")),
    }
    return Response(make_pdf(snapshot, is_concept=False), mimetype="application/pdf")


@blueprint.post("/<uuid:id>/batal")
def cancel_letter(id: object) -> ResponseReturnValue:
    """Cancel a letter; its number stays used."""
    reason = request.form.get("alasan", "").replace("\r\n", "\n").strip()
    try:
        cancel(services(), str(id), reason, author())
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _page(str(id), problem=error.pesan, at="batal"), 400
    flash("Surat dibatalkan. Nomornya tetap tercatat di agenda sebagai surat batal.", "baik")
    return redirect(url_for(".show", id=id), 303)


@blueprint.post("/<uuid:id>/kirim")
def send(id: object) -> ResponseReturnValue:
    """Note when and to whom a letter went: a line of the book of expedition (A.8)."""
    record = str(id)
    values, form = parse_form(SURAT, request.form, require_row(SURAT, record), names=SENDING)
    form.other_errors.clear()
    if not values.get("tanggal_kirim") and not form.fields["tanggal_kirim"].error and any(values.values()):
        form.fields["tanggal_kirim"].error = "Tulis tanggal kirimnya."
    if not form.is_valid:
        return _page(record, form=form, at="kirim"), 400
    write_fields(SURAT, record, {name: values.get(name) for name in SENDING})
    flash("Catatan pengiriman disimpan di buku ekspedisi.", "baik")
    return redirect(url_for(".show", id=id), 303)


@blueprint.post("/<uuid:id>/pindaian")
def keep_scan(id: object) -> ResponseReturnValue:
    """Keep a picture of the signed paper."""
    require_row(SURAT, str(id))
    data, problem = take_scan("pindaian", "Pilih dulu berkas pindaiannya.")
    if data is None:
        return _page(str(id), problem=problem, at="pindaian"), 400
    node = services()
    # The bytes first: a record never names what is not here.
    write_fields(SURAT, str(id), {"pindaian": store_of(node).add(node.wilayah, data)})
    flash("Pindaian sudah disimpan dan ikut terkirim pada sinkronisasi berikutnya.", "baik")
    return redirect(url_for(".show", id=id), 303)


@blueprint.get("/<uuid:id>/pindaian")
def scan(id: object) -> Response:
    """Show the scan of the signed paper; looking at it whole is logged."""
    node, digest = services(), find_picture(SURAT, str(id), "pindaian")
    subject, detail = _name_look(str(id), require_row(SURAT, str(id)))
    return answer_scan(node, node.wilayah, digest, subject, detail, small=bool(request.args.get("kecil")))


def _name_look(id: str, values: Mapping[str, Any]) -> tuple[str, str]:
    """Give what the audit is told of a look at a letter: whose it is, or the letter itself, and its number."""
    return str(values.get("penduduk") or id), f"surat {LONG_NUMBER.sub('…', str(values.get('nomor') or ''))}".strip()


def _page(id: str, *, form: Form | None = None, problem: str = "", at: str = "") -> str:
    node, values = services(), _require_letter(id)
    with node.database.read() as conn:
        jenis = find_jenis(conn, node.wilayah, str(values.get("jenis") or ""))
        names = name_petugas(conn, [str(values.get(name) or "") for name in ("disetujui_oleh", "dibatalkan_oleh")])
        konsep = str(values.get("konsep") or "")
        others = [row for row in list_letters_of_draft(conn, node.wilayah, konsep) if row.id != id] if konsep else []
        told = list_told(conn, node.wilayah, values) if values.get("tentang") and not values.get("batal") else []
    note_look(str(values.get("penduduk") or id))
    snapshot = read_cetakan(str(values["cetakan"])) if values.get("cetakan") else None
    if snapshot is not None:
        snapshot = {**snapshot, "bagian": mask_parts(snapshot["bagian"])}
    start = {"tanggal_kirim": values.get("tanggal_kirim") or today(node.clock).isoformat()}
    return render_template(
        "surat/terbit.html", id=id, surat=values, cetakan=snapshot,
        jenis=jenis.nama if jenis else values.get("judul") or values.get("jenis"),
        is_tanpa_konsep=values.get("jenis") == TANPA_KONSEP,
        names=names, others=others, dibatalkan=[one for one in told if one.batal], problem=problem, at=at,
        accept=ACCEPT_SCAN, bantuan_pindaian=SCAN_HELP, alasan=request.form.get("alasan", ""),
        kirim=form or make_form(SURAT, {**values, **start}, names=SENDING), today=today(node.clock).isoformat(),
        sengketa=[
            replace(one, live="Surat batal") if one.group == GROUP and values.get("batal") else one
            for one in list_disputes(SURAT, id, rights=_RIGHTS)
        ],
        may_replace=jenis is not None and jenis.aktif and _is_known(values.get("penduduk")),
    )


def _require_letter(id: str) -> dict[str, Any]:
    """Read the letter that a page is about, cancelled as soon as one version of it says so; 404 when there is none."""
    node, row = services(), require_row(SURAT, id)
    with node.database.read() as conn:
        return take_cancellation(conn, node.wilayah, id, row)


def _is_known(penduduk: str | None) -> bool:
    """Tell whether a new letter could be for the same person: a resident who is still on record, or no resident."""
    return penduduk is None or people_index().get(penduduk) is not None

"""The photo of a resident: ``/penduduk/<id>/foto`` to choose, replace and remove it, ``…/gambar`` to show it."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import services
from node.beranda.looks import note_look
from node.penduduk.editing import find_picture, require_row, write_fields
from node.penduduk.rules import PENDUDUK
from shared.store.blobs import store_of
from shared.web.pictures import ACCEPT, answer_picture, take_picture

blueprint = Blueprint("foto", __name__, url_prefix="/penduduk")


@blueprint.get("/<uuid:id>/foto")
def edit(id: object) -> ResponseReturnValue:
    """Show the photo with the form to choose another one."""
    return _page(str(id), "")


@blueprint.post("/<uuid:id>/foto")
def save(id: object) -> ResponseReturnValue:
    """Keep a photo that was chosen."""
    node, record = services(), str(id)
    require_row(PENDUDUK, record)
    data, problem = take_picture("foto", "Pilih dulu berkas fotonya.")
    if data is None:
        return _page(record, problem), 400
    # The bytes first: a record never names what is not here.
    write_fields(PENDUDUK, record, {"foto": store_of(node).add(node.wilayah, data)})
    flash("Foto sudah disimpan dan ikut terkirim sesudah data pada sinkronisasi berikutnya.", "baik")
    return redirect(url_for("penduduk.show", id=id), 303)


@blueprint.post("/<uuid:id>/foto/hapus")
def remove(id: object) -> ResponseReturnValue:
    """Take the photo off the record."""
    write_fields(PENDUDUK, str(id), {"foto": None})
    flash("Foto sudah dihapus dari biodata.", "baik")
    return redirect(url_for("penduduk.show", id=id), 303)


@blueprint.get("/<uuid:id>/foto/gambar")
def picture(id: object) -> Response:
    """Show the photo, or one of its versions by the first letters of its hash; ``kecil`` makes it small."""
    node, digest = services(), find_picture(PENDUDUK, str(id), "foto")
    return answer_picture(node, node.wilayah, digest, small=bool(request.args.get("kecil")))


def _page(id: str, problem: str) -> str:
    values = require_row(PENDUDUK, id)
    note_look(id)
    return render_template(
        "lampiran/foto.html", id=id, nama=values.get("nama") or "(tanpa nama)", foto=values.get("foto"),
        problem=problem, accept=ACCEPT,
    )

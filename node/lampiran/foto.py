"""The photo of a resident: ``/penduduk/<id>/foto`` to choose, replace and remove it, ``…/gambar`` to show it."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import author, services
from node.change import write_drafts
from node.penduduk.queries import read_row
from node.penduduk.rules import PENDUDUK
from shared.errors import EnvironmentProblem, UserError
from shared.store.attachments import list_written
from shared.store.blobs import store_of
from shared.store.drafts import draft_update
from shared.store.records import load_state
from shared.web.pictures import ACCEPT, answer_picture, read_picture

blueprint = Blueprint("foto", __name__, url_prefix="/penduduk")
MARK_LETTERS = 8
"""Of a hash, to tell the versions of one photo apart in an address."""


@blueprint.get("/<uuid:id>/foto")
def edit(id: object) -> ResponseReturnValue:
    """Show the photo with the form to choose another one."""
    return _page(str(id), "")


@blueprint.post("/<uuid:id>/foto")
def save(id: object) -> ResponseReturnValue:
    """Keep a photo that was chosen."""
    record = str(id)
    _read_values(record)
    try:
        data = read_picture("foto")
        if data is None:
            raise UserError("Pilih dulu berkas fotonya.", "berkas_kosong")
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _page(record, error.pesan), 400
    node = services()
    # The bytes first: a record never names what is not here.
    _write(record, store_of(node).add(node.wilayah, data))
    flash("Foto sudah disimpan dan ikut terkirim sesudah data pada sinkronisasi berikutnya.", "baik")
    return redirect(url_for("penduduk.show", id=id), 303)


@blueprint.post("/<uuid:id>/foto/hapus")
def remove(id: object) -> ResponseReturnValue:
    """Take the photo off the record."""
    _write(str(id), None)
    flash("Foto sudah dihapus dari biodata.", "baik")
    return redirect(url_for("penduduk.show", id=id), 303)


@blueprint.get("/<uuid:id>/foto/gambar")
def picture(id: object) -> Response:
    """Show the photo, or one of its versions by the first letters of its hash; ``kecil`` makes it small."""
    node, record = services(), str(id)
    mark = request.args.get("versi", "")
    with node.database.read() as conn:
        values = read_row(conn, PENDUDUK, node.wilayah, record)
        written = list_written(conn, node.wilayah, [record]) if mark and values is not None else set()
    digest = next((name for name in sorted(written) if name[:MARK_LETTERS] == mark), "") if mark else (
        (values or {}).get("foto") or ""
    )
    if not digest:
        abort(404)
    return answer_picture(node, node.wilayah, digest, small=bool(request.args.get("kecil")))


def _page(id: str, problem: str) -> str:
    values = _read_values(id)
    return render_template(
        "lampiran/foto.html", id=id, nama=values.get("nama") or "(tanpa nama)", foto=values.get("foto"),
        problem=problem, accept=ACCEPT,
    )


def _read_values(id: str) -> dict[str, object]:
    node = services()
    with node.database.read() as conn:
        values = read_row(conn, PENDUDUK, node.wilayah, id)
    if values is None:
        abort(404)
    return values


def _write(id: str, digest: str | None) -> None:
    node = services()
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, PENDUDUK, node.wilayah, id)
        if not state.exists:
            abort(404)
        draft = draft_update(PENDUDUK, state, id, {"foto": digest})
        if draft is not None:
            write_drafts(node, [draft], author=author())

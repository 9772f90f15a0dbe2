"""Residents: `/penduduk/` and what hangs below it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import Notes, author, keep, services
from node.beranda.reveals import PURPOSES, check_purpose, conceal, is_revealed, reveal
from node.penduduk.biodata import read_biodata
from node.penduduk.editing import Editor, EditView, take_version
from node.penduduk.ekspor import FORMATS, MIME, write_table
from node.penduduk.index import PeopleIndex
from node.penduduk.listing import Tampilan, fill_rows, read_columns, select_people, write_columns
from node.penduduk.paging import read_page
from node.penduduk.queries import list_dusun, read_row
from node.penduduk.rules import (
    COLUMNS,
    FORM_FIELDS,
    LABELS,
    ONLY,
    PAGE_ROWS,
    PENDUDUK,
    SECTIONS,
    SORTS,
    STATUSES,
    Saringan,
    read_saringan,
)
from node.penduduk.writing import KnownAlready, Rejected, delete, restore, save_new
from shared.clock import today
from shared.errors import UserError
from shared.web.audit import record_access
from shared.web.forms import Form, make_form
from shared.web.services import require_user

blueprint = Blueprint("penduduk", __name__, url_prefix="/penduduk")

REASONS = {
    "ganda": "Data ganda: orang ini sudah tercatat",
    "salah_input": "Salah masuk: orang ini tidak pernah ada di desa",
    "uji": "Data percobaan",
}


def people_index() -> PeopleIndex:
    """Give the index of the current app."""
    return keep("penduduk", PeopleIndex)


def _views() -> Notes[Tampilan]:
    return keep("tampilan", lambda node: Notes[Tampilan](node))


def _files() -> Notes[tuple[str, bytes]]:
    return keep("berkas_ekspor", lambda node: Notes[tuple[str, bytes]](node, 8))


def _current_view() -> tuple[Tampilan, str | None]:
    """Read which list the address asks for; the second member is the token of the search behind it."""
    token = request.args.get("lihat")
    view = _views().get(token)
    if view is None:
        token = None
        view = Tampilan(
            Saringan(hanya=request.args.get("hanya", "") if request.args.get("hanya") in ONLY else "")
        )
    if request.args.get("urut") in SORTS:
        view = replace(view, urut=request.args["urut"], turun=request.args.get("arah") == "turun")
    return view, token


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Show one page of the list."""
    view, token = _current_view()
    if token is None and request.args.get("lihat"):
        flash("Pencarian tadi sudah ditutup. Silakan cari lagi.", "baik")
    return render_template("penduduk/index.html", **_list_page(view, token))


def _list_page(view: Tampilan, token: str | None) -> dict[str, Any]:
    node = services()
    with node.database.read() as conn:
        people = select_people(node, conn, people_index(), view)
        page, pages = read_page(len(people), PAGE_ROWS)
        shown = people[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
        columns = read_columns(conn, require_user().no)
        return {
            "view": view, "token": token, "total": len(people), "page": page, "pages": pages,
            "first": (page - 1) * PAGE_ROWS + 1 if people else 0, "last": (page - 1) * PAGE_ROWS + len(shown),
            "rows": fill_rows(node, conn, shown, columns), "columns": columns, "all_columns": COLUMNS,
            "dusun": list_dusun(conn, node.wilayah), "sorts": SORTS, "statuses": STATUSES, "only": ONLY,
            "formats": FORMATS, "purposes": PURPOSES,
        }


@blueprint.post("/cari")
def search() -> ResponseReturnValue:
    """Keep what is searched for and show the list; the text never stands in an address."""
    return redirect(url_for(".index", lihat=_views().put(Tampilan(read_saringan(request.form)))), 303)


@blueprint.post("/potongan")
def fragment() -> ResponseReturnValue:
    """Answer a script with the list alone, while somebody types."""
    view = Tampilan(read_saringan(request.form))
    return render_template("penduduk/_hasil.html", **_list_page(view, _views().put(view)))


@blueprint.post("/kolom")
def choose_columns() -> ResponseReturnValue:
    """Remember which columns this account wants."""
    with services().database.write() as conn:
        write_columns(conn, require_user().no, request.form.getlist("kolom"))
    return redirect(url_for(".index", lihat=request.form.get("lihat") or None), 303)


@blueprint.post("/ekspor")
def export() -> ResponseReturnValue:
    """Make a file of exactly the rows and columns shown, log it, and lead to it."""
    node, user = services(), require_user()
    view = _views().get(request.form.get("lihat")) or Tampilan(read_saringan(request.form))
    if request.form.get("urut") in SORTS:
        view = replace(view, urut=request.form["urut"], turun=request.form.get("arah") == "turun")
    kind = request.form.get("format", "xlsx")
    if kind not in FORMATS:
        abort(400)
    is_open, purpose = bool(request.form.get("lengkap")), request.form.get("keperluan", "")
    if is_open:
        check_purpose(purpose)
    with node.database.read() as conn:
        people = select_people(node, conn, people_index(), view)
        columns = read_columns(conn, user.no)
        rows = fill_rows(node, conn, people, columns, is_open)
    titles = ["Nama", *(COLUMNS[name] for name in columns)]
    content = write_table(kind, titles, ([row.nama, *row.cells] for row in rows))
    with node.database.write() as conn:
        detail = (
            f"{kind}, {len(rows)} baris, {'nomor lengkap, ' + purpose if is_open else 'nomor disamarkan'}"
        )
        record_access(conn, node.clock, user.name, "ekspor", "penduduk", detail)
    return redirect(url_for(".download", token=_files().put((kind, content))), 303)


@blueprint.get("/ekspor/<token>")
def download(token: str) -> ResponseReturnValue:
    """Hand out an exported file to the session that made it."""
    found = _files().get(token)
    if found is None:
        raise UserError("Berkas ini sudah tidak ada. Buka daftarnya, lalu ekspor lagi.", "berkas_hilang")
    kind, content = found
    name = f"penduduk-{today(services().clock).isoformat()}.{kind}"
    return Response(content, mimetype=MIME[kind].split(";")[0],
                    headers={"Content-Disposition": f'attachment; filename="{name}"'})


@blueprint.get("/<uuid:id>")
def show(id: object) -> ResponseReturnValue:
    """Show the biodata of one resident."""
    node, record = services(), str(id)
    is_open = is_revealed(record)
    with node.database.read() as conn:
        found = read_biodata(node, conn, record, is_open)
    if found is None:
        abort(404)
    return render_template("penduduk/biodata.html", orang=found, is_open=is_open, purposes=PURPOSES)


@blueprint.post("/<uuid:id>/tampilkan")
def unmask(id: object) -> ResponseReturnValue:
    """Open the numbers of one resident for a few minutes; logged with the purpose."""
    _require(str(id))
    try:
        reveal(str(id), request.form.get("keperluan", ""))
    except UserError as error:
        flash(error.pesan, "salah")
    return redirect(url_for(".show", id=id), 303)


@blueprint.post("/<uuid:id>/tutup")
def mask(id: object) -> ResponseReturnValue:
    """Mask the numbers again."""
    conceal(str(id))
    return redirect(url_for(".show", id=id), 303)


@blueprint.get("/tambah")
def add() -> ResponseReturnValue:
    """Show the empty form; inside a family when one is named."""
    node = services()
    family = request.args.get("keluarga", "")
    with node.database.read() as conn:
        home = read_row(conn, node.catalogue["keluarga"], node.wilayah, family) if family else None
        dusun = list_dusun(conn, node.wilayah)
    start = {name: home[name] for name in ("alamat", "dusun", "rw", "rt")} if home else {}
    form = make_form(PENDUDUK, {"status_dasar": 1, **start}, names=FORM_FIELDS, choices=_choices(dusun))
    return _add_page(form, family if home else "", "")


@blueprint.post("/tambah")
def create() -> ResponseReturnValue:
    """Add a resident; a known person is shown first."""
    node = services()
    with node.database.read() as conn:
        dusun = list_dusun(conn, node.wilayah)
    family, number = request.form.get("keluarga", ""), request.form.get("no_kk", "")
    try:
        id, remark = save_new(node, people_index(), request.form, choices=_choices(dusun), author=author())
    except KnownAlready as known:
        with node.database.read() as conn:
            rows = fill_rows(node, conn, known.people, ("jk", "umur", "dusun", "rt_rw"))
        return _add_page(known.form, family, number, rows), 409
    except Rejected as rejected:
        return _add_page(rejected.form, family, number), 400
    flash(f"Penduduk baru sudah disimpan. {remark}".strip(), "baik")
    return redirect(url_for(".show", id=id), 303)


def _add_page(form: Form, family: str, number: str, known: Any = ()) -> str:
    return render_template(
        "penduduk/tambah.html", form=form, bagian=SECTIONS, keluarga=family, no_kk=number, known=known
    )


@blueprint.get("/<uuid:id>/ubah")
def edit(id: object) -> ResponseReturnValue:
    """Show the form of one resident as it stands."""
    return _editor(str(id)).show()


@blueprint.post("/<uuid:id>/ubah")
def update(id: object) -> ResponseReturnValue:
    """Save what was typed, unless somebody else was faster: then show both."""
    return _editor(str(id)).save(url_for(".show", id=id))


def _editor(id: str) -> Editor:
    node = services()
    with node.database.read() as conn:
        dusun = list_dusun(conn, node.wilayah)

    def draw(view: EditView) -> str:
        return render_template("penduduk/ubah.html", id=id, nama=_name_of(id), view=view, bagian=SECTIONS)

    return Editor(PENDUDUK, id, FORM_FIELDS, _choices(dusun), draw)


@blueprint.post("/<uuid:id>/pilih")
def choose(id: object) -> ResponseReturnValue:
    """Take one of several values that wait for verval."""
    take_version(PENDUDUK, str(id))
    return redirect(url_for(".show", id=id), 303)


@blueprint.get("/<uuid:id>/hapus")
def confirm_delete(id: object) -> ResponseReturnValue:
    """Ask for the reason before a resident is deleted."""
    return render_template(
        "penduduk/hapus.html",
        id=str(id),
        nama=_name_of(str(id)),
        reasons=REASONS,
        chosen="",
        catatan="",
        problem="",
    )


@blueprint.post("/<uuid:id>/hapus")
def remove(id: object) -> ResponseReturnValue:
    """Delete a resident with the reason."""
    chosen, note = request.form.get("alasan", ""), request.form.get("catatan", "").strip()[:400]
    if chosen not in REASONS:
        page = render_template(
            "penduduk/hapus.html", id=str(id), nama=_name_of(str(id)), reasons=REASONS, chosen=chosen,
            catatan=note, problem="Pilih dulu alasannya.",
        )
        return page, 400
    delete(services(), PENDUDUK, str(id), f"{REASONS[chosen]}. {note}".strip(), author())
    flash("Data penduduk sudah dihapus. Riwayatnya tetap tersimpan dan dapat dikembalikan.", "baik")
    return redirect(url_for(".show", id=id), 303)


@blueprint.post("/<uuid:id>/kembalikan")
def bring_back(id: object) -> ResponseReturnValue:
    """Bring a deleted resident back."""
    restore(services(), PENDUDUK, str(id), author())
    flash("Data penduduk sudah dikembalikan.", "baik")
    return redirect(url_for(".show", id=id), 303)


def _choices(dusun: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    own_words = {name: [(str(code), text) for code, text in words.items()] for name, words in LABELS.items()}
    return {"dusun": list(dusun.items()), **own_words}


def _require(id: str) -> None:
    if people_index().get(id) is None:
        abort(404)


def _name_of(id: str) -> str:
    person = people_index().get(id)
    if person is None:
        abort(404)
    return person.nama

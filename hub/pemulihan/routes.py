"""Pages of trust and recovery, for the admin. Forms (POST with csrf_token, answer 303):

``/keamanan`` (``pemulihan.index``): keys of the nodes, a recovery, second histories, what was noticed.
``/keamanan/simpul/<id>`` (``pemulihan.node``, ``pemulihan.revoke_key``): ``sebab``, and for each log of the key
``batas-<log>`` = size. ``/keamanan/simpul/<id>/pulihkan`` (``pemulihan.lift_key``): ``sebab``.
``/keamanan/karantina`` (``pemulihan.quarantine``, ``pemulihan.adopt_change``): ``perubahan``, ``alasan``.
``/keamanan/kunci`` (``pemulihan.rotate``): ``yakin`` = ``ya``.
``/keamanan/kunci/pemulihan`` (``pemulihan.recover``): ``kunci_pemulihan``. ``/keamanan/pemulihan/selesai``
(``pemulihan.finish``).
"""

from __future__ import annotations


from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.beranda.shell import name_place, read_page, services
from hub.officers import note_act
from hub.pemulihan.keys import take_new_keys
from hub.pemulihan.revoke import (
    adopt,
    count_quarantined,
    count_waiting,
    is_revoked,
    lift,
    list_choices,
    list_quarantined,
    revoke,
)
from hub.pemulihan.rotation import REPLACED
from hub.pemulihan.state import end_recovery, read_recovery
from hub.pemulihan.succeeded import SENTENCE, find_later_keys, take_keys_by_recovery
from hub.verval.cases import update_cases
from hub.verval.values import write_values
from shared.changelog.keys import fingerprint
from shared.errors import EnvironmentProblem, UserError
from shared.store.branch import list_branches, read_branch
from shared.store.evidence import list_events
from shared.store.reissue import list_unissued
from shared.web.services import require_user

blueprint = Blueprint("pemulihan", __name__, url_prefix="/keamanan")
PAGE = 20


@blueprint.get("")
def index() -> str:
    """Show which keys are trusted and what was noticed about histories."""
    return _index_page("")


def _index_page(salah: str) -> str:
    hub = services()
    with hub.database.read() as conn:
        nodes = conn.execute(
            "SELECT s.id, s.wilayah, coalesce(s.nama, 'Tanpa nama'), coalesce(s.status, 'aktif'), s.sebab, c.last_s"
            " FROM simpul s LEFT JOIN contact c ON c.kunci = s.kunci"
            " WHERE s.wilayah IS NOT NULL"
            " ORDER BY s.status = 'dicabut', s.wilayah, s.nama, s.id"
        ).fetchall()
        held, waiting = count_quarantined(conn), count_waiting(conn)
        recovery, branches, events = read_recovery(conn), list_branches(conn), list_events(conn)
        issued = {branch.ref for branch in branches if not list_unissued(conn, read_branch(conn, branch))}
        is_succeeded = bool(find_later_keys(conn, hub))
    return render_template(
        "pemulihan/index.html", nodes=nodes, held=held, waiting=waiting, recovery=recovery, branches=branches,
        issued=issued, events=events, name_place=name_place, sidik=fingerprint(hub.keys.signing.public),
        diganti=SENTENCE if is_succeeded else "", salah=salah, diganti_kunci=REPLACED,
    )


@blueprint.get("/simpul/<id>")
def node(id: str) -> str:
    """Ask where the writing of a key ends."""
    return _node_page(id, "", "")


def _node_page(id: str, sebab: str, problem: str) -> str:
    with services().database.read() as conn:
        row = conn.execute("SELECT wilayah, nama, status, sebab FROM simpul WHERE id = ?", (id,)).fetchone()
        if row is None:
            abort(404)
        choices = list_choices(conn, id)
        is_out = is_revoked(conn, id)
    return render_template(
        "pemulihan/simpul.html", id=id, desa=name_place(row[0]), nama=row[1] or "Tanpa nama", status=row[2],
        alasan=row[3], choices=choices, sebab=sebab, problem=problem, is_revoked=is_out,
    )


@blueprint.post("/simpul/<id>")
def revoke_key(id: str) -> ResponseReturnValue:
    """Take a key back."""
    hub, user = services(), require_user()
    sebab = request.form.get("sebab", "")[:200]
    cutoffs = {
        name.removeprefix("batas-"): int(value) for name, value in request.form.items()
        if name.startswith("batas-") and value.isascii() and value.isdigit() and len(value) < 16
    }
    try:
        revoke(hub, id, sebab, cutoffs, user.petugas)
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _node_page(id, sebab, error.pesan), 400
    note_act(services(), user.name, "kunci_dicabut", id)
    flash("Kunci komputer itu sudah dicabut. Perubahan setelah batasnya masuk karantina, tidak dibuang.", "baik")
    return redirect(url_for(".index"), 303)


@blueprint.post("/simpul/<id>/pulihkan")
def lift_key(id: str) -> ResponseReturnValue:
    """Let a suspended key write again."""
    user = require_user()
    try:
        lift(services(), id, request.form.get("sebab", "")[:200], user.petugas)
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _node_page(id, "", error.pesan), 400
    note_act(services(), user.name, "kunci_dipulihkan", id)
    flash("Komputer itu boleh menulis lagi; isi karantinanya sudah berlaku.", "baik")
    return redirect(url_for(".index"), 303)


@blueprint.get("/karantina")
def quarantine() -> str:
    """List what has no effect because its key was taken back."""
    return _quarantine_page("", "", "")


def _quarantine_page(ref: str, alasan: str, problem: str) -> str:
    hub, page = services(), read_page(request.args.get("hal"))
    with hub.database.read() as conn:
        count = count_quarantined(conn)
        items = list_quarantined(conn, limit=PAGE, skip=(page - 1) * PAGE)
        kinds = hub.catalogue.kinds
        held = [(item, write_values(conn, kinds.get(item.kind), item.desa, item.values)) for item in items]
    return render_template(
        "pemulihan/karantina.html", held=held, name_place=name_place, ref=ref, alasan=alasan, problem=problem,
        catalogue=kinds, count=count, page=page, has_more=count > page * PAGE,
    )


@blueprint.post("/karantina")
def adopt_change() -> ResponseReturnValue:
    """Let one change take effect after all."""
    user = require_user()
    ref, alasan = request.form.get("perubahan", "")[:100], request.form.get("alasan", "")[:200]
    try:
        adopt(services(), ref, alasan, user.petugas)
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _quarantine_page(ref, alasan, error.pesan), 400
    note_act(services(), user.name, "karantina_diambil", ref.split(":")[0])
    flash("Perubahan itu sekarang berlaku.", "baik")
    return redirect(url_for(".quarantine"), 303)


@blueprint.post("/kunci")
def rotate() -> ResponseReturnValue:
    """Take new keys for the hub."""
    if request.form.get("yakin") != "ya":
        flash("Centang dulu bahwa kunci hub memang akan diganti.", "salah")
        return redirect(url_for(".index"), 303)
    take_new_keys(services())
    note_act(services(), require_user().name, "kunci_hub_diganti")
    flash("Hub memakai kunci baru. Komputer desa mengikuti sendiri pada sambungan berikutnya.", "baik")
    return redirect(url_for(".index"), 303)


@blueprint.post("/kunci/pemulihan")
def recover() -> ResponseReturnValue:
    """Take new keys under the recovery key, where the hub was put back to an old one."""
    try:
        take_keys_by_recovery(services(), request.form.get("kunci_pemulihan", "")[:200])
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _index_page(error.pesan), 400
    note_act(services(), require_user().name, "kunci_hub_dipulihkan")
    flash("Hub memakai kunci baru. Komputer desa mengikuti sendiri dan mengembalikan yang kurang di sini.", "baik")
    return redirect(url_for(".index"), 303)


@blueprint.post("/pemulihan/selesai")
def finish() -> ResponseReturnValue:
    """Leave the recovery."""
    with services().database.write() as conn:
        end_recovery(conn)
    update_cases(services())
    note_act(services(), require_user().name, "pemulihan_ditutup")
    flash("Pemulihan ditutup.", "baik")
    return redirect(url_for(".index"), 303)

"""The verval queue and its cases. Ids of findings stand in addresses in groups of eight; plain ones work too.

``GET /verval`` (``verval.index``): ``kode``, ``desa``, ``risiko``, ``umur``, ``batas``, ``giliran``, ``pemegang``,
``status``, ``cari`` (token of a name that was searched for), ``hal``. ``POST /verval/saring``
(``verval.search``): the same with ``nama`` in place of the token; answers 303.
``GET /verval/<temuan>`` (``verval.case``): one case. Its forms (POST with ``csrf_token``, answer 303):

* ``…/pilih`` (``verval.hold``), V1: ``kepala`` (repeated: every head seen, the optimistic lock), ``alasan``,
  and either ``semua`` = ``A`` or for each group ``pilih__<group>`` = the reference of the change that holds;
* ``…/tautkan`` (``verval.link``), V2 to V4: ``kepala``, ``alasan``, ``dihitung`` = the desa that counts;
* ``…/tautan/<tautan>/batal`` (``verval.cancel_link``), of a case that a link has closed: ``alasan``;
* ``…/bukan-ganda`` (``verval.rule_out``), V2 to V4: ``alasan``;
* ``…/benar`` (``verval.confirm_data``), V5 of the lightest weight: ``alasan``;
* ``…/kembalikan`` (``verval.send_back``): ``desa``, ``kode_alasan``, ``batas_waktu`` (dd-mm-yyyy),
  ``catatan``;
* ``…/kerjakan`` and ``…/lepas`` (``verval.claim``, ``verval.release``): nothing more;
* ``…/camat`` and ``…/camat/kembali`` (``verval.escalate``, ``verval.hand_back``): ``alasan``;
* ``…/nomor`` (``verval.show_numbers``): ``keperluan`` (a key of hub.beranda.reveals.REASONS).

A second officer sends the same form as the first, as the page offers it. Heads that are no longer the newest
answer 409, anything else that cannot be done 400 with the case and what was typed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.beranda.reveals import REASONS, is_revealed, note_case, note_opening, reveal
from hub.beranda.shell import list_desa, name_place, read_page, remember, services
from hub.beranda.words import describe_age
from hub.penghapusan.view import list_erasable
from hub.roles import LEADERS
from hub.verval import compare, decide, effects, handling, people, queue, timeline, view
from hub.verval.cases import Finding, find_finding
from hub.verval.decide import PAIRS, Officer, Outcome
from hub.verval.queries import list_active_links, list_case_subjects, read_desk
from hub.verval.rule import Berat
from hub.verval.values import name_petugas
from shared.clock import today
from shared.codes import text_code_list
from shared.errors import EnvironmentProblem, UserError
from shared.web.forms import parse_form, write_date
from shared.web.kept import Notes
from shared.web.services import require_user

blueprint = Blueprint("verval", __name__)
REASON_LENGTH_MIN = 10
SEARCH_LENGTH_MAX = 60
FILTERS = ("kode", "desa", "risiko", "umur", "batas", "giliran", "pemegang", "status")


@blueprint.get("/verval")
def index() -> str:
    """Show the queue."""
    hub, args = services(), request.args
    name = _searches().get(args.get("cari"))
    with hub.database.read() as conn:
        ids = None if name is None else people.find_by_name(conn, name)
    wanted = queue.read_filter(args, hub.clock.now_s(), require_user().petugas, ids)
    found = [item for item in remember("queue", queue.load_queue) if wanted.admits(item)]
    pages = max(1, -(-len(found) // queue.PAGE))
    page = min(read_page(args.get("hal")), pages)
    shown = found[(page - 1) * queue.PAGE:page * queue.PAGE]
    with hub.database.read() as conn:
        subjects = people.name_subjects(conn, {item.id: item.rekaman for item in shown})
        holders = {item.pemegang: name_petugas(conn, item.pemegang) for item in shown if item.pemegang}
    kept = {field: args[field] for field in FILTERS if args.get(field)}
    if shown:
        seen = [record for item in shown for record in people.list_shown(item.rekaman)]
        note_opening("Antrean verval", _describe_filter(kept, name is not None), len(found), seen)
    if name is not None:
        kept["cari"] = args["cari"]
    return render_template(
        "verval/index.html", items=shown, total=len(found), page=page, pages=pages, kept=kept, name=name or "",
        subjects=subjects, holders=holders, url_id=queue.write_url_id, name_place=name_place,
        places=list_desa(hub.wilayah), codes=queue.CODES, risks=queue.RISKS, states=queue.STATES,
        turns=queue.TURNS, ages=queue.AGES, dues=queue.DUES, desks=queue.HOLDERS, open_filter=queue.OPEN,
        age=lambda then_s: describe_age(hub.clock.now_s(), then_s), day=today(hub.clock),
    )


@blueprint.post("/verval/saring")
def search() -> ResponseReturnValue:
    """Lead to the queue as it was asked for; a name that is searched for never stands in an address."""
    kept: dict[str, Any] = {field: request.form[field] for field in FILTERS if request.form.get(field)}
    name = " ".join(request.form.get("nama", "").split())[:SEARCH_LENGTH_MAX]
    if name:
        kept["cari"] = _searches().put(name)
    return redirect(url_for("verval.index", **kept), 303)


def _searches() -> Notes[str]:
    notes: Notes[str] = current_app.extensions.setdefault("verval_searches", Notes(services()))
    return notes


def _describe_filter(kept: Mapping[str, str], by_name: bool) -> str:
    """Say for the audit which cases were listed."""
    names = {"kode": queue.CODES, "risiko": queue.RISKS, "giliran": queue.TURNS, "status": queue.STATES}
    parts = [names[field][value] for field, value in kept.items() if value in names.get(field, ())]
    parts += [name_place(kept["desa"])] if kept.get("desa") in dict(list_desa(services().wilayah)) else []
    return ", ".join([*parts, *(["dicari menurut nama"] if by_name else [])]) or "Semua yang belum selesai"


@blueprint.get("/verval/<temuan>")
def case(temuan: str) -> ResponseReturnValue:
    """Show one case; one that is settled shows how it ended."""
    return _case_page(queue.read_url_id(temuan))


@blueprint.post("/verval/<temuan>/pilih")
def hold(temuan: str) -> ResponseReturnValue:
    """Decide which versions hold."""
    def act(id: str) -> Outcome:
        chosen = _read_choice(id)
        return decide.hold_versions(services(), id, chosen, _read_heads(), _officer(), _read_reason())

    return _act(temuan, act)


@blueprint.post("/verval/<temuan>/tautkan")
def link(temuan: str) -> ResponseReturnValue:
    """Say that two records are one person, who counts in one desa."""
    def act(id: str) -> Outcome:
        counted = request.form.get("dihitung", "")
        return decide.link_records(services(), id, counted, _read_heads(), _officer(), _read_reason())

    return _act(temuan, act)


@blueprint.post("/verval/<temuan>/bukan-ganda")
def rule_out(temuan: str) -> ResponseReturnValue:
    """Say that the records are different people."""
    return _act(temuan, lambda id: decide.rule_out(services(), id, _officer(), _read_reason()))


@blueprint.post("/verval/<temuan>/benar")
def confirm_data(temuan: str) -> ResponseReturnValue:
    """Say that the data are right although the NIK does not fit them."""
    return _act(temuan, lambda id: decide.confirm_data(services(), id, _officer(), _read_reason()))


@blueprint.post("/verval/<temuan>/kerjakan")
def claim(temuan: str) -> ResponseReturnValue:
    """Take a case as one's own work."""
    said = "Kasus ini sekarang Anda kerjakan."
    return _act(temuan, lambda id: handling.claim_case(services(), id, _officer()), said)


@blueprint.post("/verval/<temuan>/lepas")
def release(temuan: str) -> ResponseReturnValue:
    """Give a case free for others."""
    said = "Kasus ini dilepas. Petugas lain dapat mengerjakannya."
    return _act(temuan, lambda id: handling.release_case(services(), id, _officer()), said)


@blueprint.post("/verval/<temuan>/camat")
def escalate(temuan: str) -> ResponseReturnValue:
    """Pass a case on to the camat."""
    said = "Kasus ini diteruskan ke camat."
    return _act(temuan, lambda id: handling.escalate(services(), id, _officer(), _read_reason()), said)


@blueprint.post("/verval/<temuan>/camat/kembali")
def hand_back(temuan: str) -> ResponseReturnValue:
    """Give a case back to the wali data, or take it back from the camat."""
    said = "Kasus ini kembali kepada wali data."
    return _act(temuan, lambda id: handling.hand_back(services(), id, _officer(), _read_reason()), said)


@blueprint.post("/verval/<temuan>/tautan/<tautan>/batal")
def cancel_link(temuan: str, tautan: str) -> ResponseReturnValue:
    """Cancel the link that has closed a case."""
    said = "Tautan dibatalkan. Bila datanya masih sama, kasusnya terbuka lagi."
    return _act(temuan, lambda id: decide.cancel_link(services(), tautan, _officer(), _read_reason()), said)


@blueprint.post("/verval/<temuan>/kembalikan")
def send_back(temuan: str) -> ResponseReturnValue:
    """Return a case to a desa, with a reason and a day."""
    def act(id: str) -> Outcome:
        hub = services()
        values, form = parse_form(hub.catalogue["kasus"], request.form, names=("batas_waktu", "catatan"))
        for item in form:
            if item.error:
                raise UserError(item.error, "isian_salah")
        due = values.get("batas_waktu", "")
        if not due or due < today(hub.clock).isoformat():
            raise UserError("Batas waktu wajib diisi dan tidak boleh sudah lewat.", "tanggal_salah")
        code = request.form.get("kode_alasan", "")
        if text_code_list("verval_alasan").label(code) is None:
            raise UserError("Pilih alasan pengembalian dari daftar.", "alasan_salah")
        desa = request.form.get("desa", "")
        return decide.return_to_desa(hub, id, desa, code, due, _officer(), values.get("catatan", ""))

    return _act(temuan, act)


@blueprint.post("/verval/<temuan>/nomor")
def show_numbers(temuan: str) -> ResponseReturnValue:
    """Show the numbers of a case in full for a while; it is logged."""
    finding = queue.read_url_id(temuan)
    id = queue.write_url_id(finding)
    try:
        with services().database.read() as conn:
            named = _list_records(conn, finding, find_finding(conn, finding))
        reveal(id, request.form.get("keperluan", ""), named[:compare.RECORDS_SHOWN], "Kasus verval")
    except EnvironmentProblem:
        raise
    except UserError as error:
        flash(error.pesan, "salah")
    return redirect(url_for("verval.case", temuan=id), 303)


def _act(temuan: str, action: Callable[[str], Outcome], said: str = "") -> ResponseReturnValue:
    """Do what a form asks for; what only changes who works on a case leads back to it and is ``said``."""
    id = queue.read_url_id(temuan)
    try:
        outcome = action(id)
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _refuse(id, error)
    if outcome is Outcome.SELESAI:
        flash("Putusan dicatat dan dikirim ke desa pada sinkronisasi berikutnya.", "baik")
        return redirect(url_for("verval.index"), 303)
    flash(said or "Usulan Anda dicatat. Putusan berlaku setelah petugas kedua menyetujuinya.", "baik")
    return redirect(url_for("verval.case", temuan=queue.write_url_id(id)), 303)


def _refuse(id: str, error: UserError) -> ResponseReturnValue:
    if error.kode == "versi_baru":
        page = render_template("verval/usang.html", pesan=error.pesan, temuan=queue.write_url_id(id))
        return page, 409
    if error.kode == "temuan_hilang":
        flash(error.pesan, "salah")
        return redirect(url_for("verval.index"), 303)
    return _case_page(id, error.pesan, 400)


def _list_reasons() -> dict[str, str]:
    """List the reason codes with their labels, without what stands in brackets for specialists."""
    return {code: label.partition(" (")[0] for code, label in text_code_list("verval_alasan").items.items()}


def _officer() -> Officer:
    user = require_user()
    return Officer(petugas=user.petugas, role=user.role)


def _read_heads() -> list[str]:
    return request.form.getlist("kepala")


def _read_reason() -> str:
    reason = " ".join(request.form.get("alasan", "").split())[:400]
    if len(reason) < REASON_LENGTH_MIN:
        raise UserError(
            f"Tulis alasannya, paling sedikit {REASON_LENGTH_MIN} huruf; petugas lain membacanya.",
            "alasan_kurang",
        )
    return reason


def _read_choice(id: str) -> dict[str, str]:
    """Read which change holds for each group: by a version as a whole, or group by group."""
    label = request.form.get("semua", "")
    if not label:
        return {
            name.removeprefix("pilih__"): ref
            for name, ref in request.form.items()
            if name.startswith("pilih__") and ref
        }
    hub = services()
    with hub.database.read() as conn:
        finding = find_finding(conn, id)
        if finding is None or finding.kode != "V1":
            return {}
        versions = decide.list_versions(conn, hub, finding)
    return next((dict(version.refs) for version in versions if version.label == label), {})


def _list_records(conn: sqlite3.Connection, id: str, finding: Finding | None) -> Sequence[tuple[str, str, str]]:
    """List the records (desa, kind, id) that a case is about, also when its finding is gone."""
    return list_case_subjects(conn, id) if finding is None else finding.rekaman


def _case_page(id: str, problem: str = "", status: int = 200) -> ResponseReturnValue:
    hub = services()
    with hub.database.read() as conn:
        finding = find_finding(conn, id)
        records = _list_records(conn, id, finding)
    if records:
        note_case(queue.write_url_id(id), records[:compare.RECORDS_SHOWN])
    with hub.database.read() as conn:
        cases = view.list_cases(conn, id)
        if finding is None and not cases:
            abort(404)
        shown = {
            "cases": cases, "problem": problem, "typed": request.form, "temuan": queue.write_url_id(id),
            "name_place": name_place, "events": timeline.read_timeline(conn, hub, finding, id, cases),
            "reached": timeline.list_reached(conn, cases),
        }
        shown["erasable"] = list_erasable(conn, hub, records[:compare.RECORDS_SHOWN])
        if finding is None:
            links = list_active_links(conn, [record for _, kind, record in records if kind == "penduduk"])
            subjects = people.name_subjects(conn, {id: records})[id]
            page = render_template(
                "verval/selesai.html", links=links, subjects=subjects, codes=queue.CODES, **shown
            )
            return page, status
        shown |= _load_case(conn, finding)
    items = remember("queue", queue.load_queue)
    turns = ("camat", "kedua") if shown["is_camat"] else ("kecamatan", "kedua")
    page = render_template(
        "verval/kasus.html", finding=finding, item=next((item for item in items if item.id == id), None),
        following=next((other.id for other in items if other.id != id and other.giliran in turns), None),
        codes=queue.CODES, risks=queue.RISKS, states=queue.STATES, turns=queue.TURNS, url_id=queue.write_url_id,
        age=lambda then_s: describe_age(hub.clock.now_s(), then_s), day=today(hub.clock),
        reasons=_list_reasons(), purposes=REASONS, pairs=PAIRS,
        due=write_date(queue.find_due("", "", today(hub.clock)).isoformat()),
        return_to=[desa for desa in finding.desa if desa != hub.wilayah], **shown,
    )
    return page, status


def _load_case(conn: sqlite3.Connection, finding: Finding) -> dict[str, Any]:
    """Read what the page shows of a finding that stands."""
    hub, user = services(), require_user()
    open_numbers = is_revealed(queue.write_url_id(finding.id))
    is_versions, is_pair = finding.kode == "V1", finding.kode in PAIRS
    records = compare.load_records(conn, hub, finding, open_numbers)
    # A finding over thousands of records (quarantine) has no decision with a lock; folding all is slow.
    heads = decide.list_heads(conn, hub, finding) if is_versions or is_pair else []
    versions = view.load_versions(conn, hub, finding, open_numbers) if is_versions else None
    persons = [record for record in records if record.kind.name == "penduduk"]
    desk = read_desk(conn, finding.id)
    return {
        "heads": heads, "versions": versions, "open_numbers": open_numbers, "me": user.petugas,
        "comparisons": [] if is_versions else compare.compare_records(conn, finding, records, open_numbers),
        "more": max(0, len(finding.rekaman) - compare.RECORDS_SHOWN),
        "proposal": view.find_proposal(conn, finding, heads, versions),
        "effects": effects.describe_effects(conn, finding, records),
        "foreseen": effects.foresee_versions(conn, hub, finding, open_numbers) if is_versions else {},
        "linking": effects.foresee_link(conn, persons) if is_pair and len(persons) == 2 else [],
        "subjects": people.name_subjects(conn, {finding.id: finding.rekaman})[finding.id],
        "desk": desk, "holder": name_petugas(conn, desk.holder) if desk.holder else "",
        "is_camat": user.role in LEADERS, "bar": decide.find_bar(desk, _officer(), alone=False),
        "bar_alone": decide.find_bar(desk, _officer(), alone=True),
        "is_checkable": finding.kode == "V5" and finding.berat == Berat.RINGAN,
    }

"""Sipande, the kecamatan on one page, and the rows behind each of its numbers.

``GET /sipande`` (``sipande.index``): ``peta`` chooses what colours the map. ``GET /sipande/penduduk``,
``/sipande/keluarga``, ``/sipande/penerima``: the rows, by ``desa``, ``kelamin``, ``umur``, ``program``,
``hal``. ``/sipande/sasaran`` (``sipande.save_targets``, POST with csrf_token, answer 303): ``berkas``, an
xlsx or csv file with the columns desa and target. ``GET /publik`` (``sipande.public``): numbers, no persons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from hub.akses.rules import Records
from hub.beranda.queries import NodeContact, list_contacts
from hub.beranda.reveals import note_opening
from hub.beranda.shell import list_desa, name_place, read_page, services
from hub.beranda.words import describe_age
from hub.sipande import queries
from hub.sipande.boundaries import load_map
from hub.sipande.drawing import Legend, classify, draw_pyramid
from hub.sipande.figures import DesaFigures, Figures, load_figures
from hub.sipande.rules import (
    BANDS, COMPLETE_MIN, SEXES, UNKNOWN, find_completeness, suppress_small,
)
from hub.sipande.targets import load_targets, read_targets
from hub.sipande.targets import save_targets as keep_targets
from shared.errors import EnvironmentProblem, UserError
from shared.records.identifiers import mask_nik
from shared.web.audit import record_access
from shared.web.services import Web, require_user

blueprint = Blueprint("sipande", __name__)
PAGE = 50
PUBLIC_AGE_S = 300
_COMPLETE_CLASSES = (0, COMPLETE_MIN, 80, 95)
_MAPS = {
    "penduduk": "Penduduk", "keluarga": "Keluarga", "kelengkapan": "Kelengkapan data",
    "penerima": "Penerima bantuan", "kasus": "Kasus terbuka",
}


@blueprint.record_once
def _make_index(state: BlueprintSetupState) -> None:
    shell: Web = state.app.extensions["sipande"]
    with shell.database.write() as conn:
        queries.make_index(conn)


@blueprint.get("/sipande")
def index() -> str:
    """Show the kecamatan on one page."""
    hub, figures = services(), load_figures()
    with hub.database.read() as conn:
        targets, contacts = load_targets(conn), list_contacts(conn)
    wanted = request.args.get("peta", "")
    chosen = wanted if wanted in _MAPS else "penduduk"
    complete = {own.kode: find_completeness(own.penduduk, targets.get(own.kode)) for own in figures.desa}
    colours, legend = _colour(figures, chosen, complete)
    with_target = sum(own.penduduk for own in figures.desa if own.kode in targets)
    return render_template(
        "sipande/index.html", figures=figures, targets=targets, complete=complete, line=COMPLETE_MIN,
        overall=find_completeness(with_target, sum(targets.values())),
        heard=_write_contacts(contacts, hub.clock.now_s()), sexes=dict(SEXES), unknown=UNKNOWN,
        pyramid=draw_pyramid(figures.bands, figures.sum_bands()), peta=load_map(hub.wilayah), maps=_MAPS,
        chosen=chosen, colours=colours, legend=legend, value_of=_values_of(chosen, complete),
        target_of=_address_of(chosen),
        behind=[own for own in figures.desa if _is_behind(complete[own.kode])],
    )


def _is_behind(complete: int | None) -> bool:
    return complete is not None and complete < COMPLETE_MIN


def _values_of(chosen: str, complete: Mapping[str, int | None]) -> Callable[[DesaFigures], int | None]:
    if chosen == "kelengkapan":
        return lambda own: complete[own.kode]
    return lambda own: int(getattr(own, chosen))


def _colour(
    figures: Figures, chosen: str, complete: Mapping[str, int | None]
) -> tuple[dict[str, int | None], list[Legend]]:
    value_of = _values_of(chosen, complete)
    values = {own.kode: value_of(own) for own in figures.desa}
    return classify(values, _COMPLETE_CLASSES, " %") if chosen == "kelengkapan" else classify(values)


def _address_of(chosen: str) -> Callable[[str], str]:
    """Give what makes the address of the rows behind a figure of a desa."""
    if chosen == "kasus":
        return lambda kode: url_for("verval.index", desa=kode)
    endpoint = chosen if chosen in ("keluarga", "penerima") else "penduduk"
    return lambda kode: url_for(f"sipande.{endpoint}", desa=kode)


def _write_contacts(contacts: list[NodeContact], now_s: int) -> dict[str, str]:
    """Say for each desa when any of its nodes was last heard."""
    latest: dict[str, int | None] = {}
    for contact in contacts:
        times = [time_s for time_s in (latest.get(contact.desa), contact.last_s) if time_s is not None]
        latest[contact.desa] = max(times, default=None)
    return {desa: describe_age(now_s, time_s) for desa, time_s in latest.items()}


@blueprint.get("/sipande/penduduk")
def penduduk() -> str:
    """List the penduduk behind a number."""
    figures = load_figures()
    chosen = _read_selection()
    page = read_page(request.args.get("hal"))
    with services().database.read() as conn:
        counts = queries.count_selection(conn, chosen, figures.bands)
        parts = queries.cut_page(counts, PAGE, (page - 1) * PAGE)
        rows = [row for part in parts for row in queries.list_selection(conn, chosen, figures.bands, part)]
    title = _describe_selection(chosen, figures)
    shown = [(row.desa, "penduduk", row.id) for row in rows]
    _note_names("penduduk", title, chosen.desa, sum(counts.values()), shown)
    return render_template(
        "sipande/penduduk.html", rows=rows, title=title, sexes=dict(SEXES),
        **_list_page(sum(counts.values()), page),
    )


@blueprint.get("/sipande/keluarga")
def keluarga() -> str:
    """List the keluarga behind a number."""
    desa, page = _read_desa(), read_page(request.args.get("hal"))
    with services().database.read() as conn:
        found = queries.count_families(conn)
        counts = {kode: found.get(kode, 0) for kode in desa}
        parts = queries.cut_page(counts, PAGE, (page - 1) * PAGE)
        rows = [row for part in parts for row in queries.list_families(conn, part)]
    shown = [(row.desa, "keluarga", row.id) for row in rows]
    _note_names("keluarga", "Keluarga", desa, sum(counts.values()), shown)
    return render_template("sipande/keluarga.html", rows=rows, **_list_page(sum(counts.values()), page))


@blueprint.get("/sipande/penerima")
def penerima() -> str:
    """List who receives aid, of one programme or all."""
    desa, page = _read_desa(), read_page(request.args.get("hal"))
    program = request.args.get("program") or None
    with services().database.read() as conn:
        found = queries.count_recipients(conn)
        counts = {d: sum(n for (p, of), n in found.items() if of == d and program in (None, p)) for d in desa}
        parts = queries.cut_page(counts, PAGE, (page - 1) * PAGE)
        rows = [row for part in parts for row in queries.list_recipients(conn, program, part)]
        names = {row.id: row.nama or "Tanpa nama" for row in queries.list_programs(conn)}
    title = f"Penerima {names.get(program or '', 'bantuan')}"
    shown = [(row.desa, "penerima_bantuan", row.id) for row in rows]
    _note_names("penerima bantuan", title, desa, sum(counts.values()), shown)
    return render_template(
        "sipande/penerima.html", rows=rows, names=names, program=names.get(program or "", ""),
        **_list_page(sum(counts.values()), page),
    )


def _note_names(of: str, title: str, desa: tuple[str, ...], count: int, shown: Records) -> None:
    """Write into the audit whose names are opened: the title of the list and where; a desa learns ``of`` whom it is."""
    if count:
        where = name_place(desa[0]) if len(desa) == 1 else "seluruh kecamatan"
        note_opening("Sipande", f"{title}, {where}", count, shown, f"Daftar {of}")


def _read_desa() -> tuple[str, ...]:
    """Read which desa are meant; anything else than one of ours means all of them."""
    codes = tuple(kode for kode, _ in list_desa(services().wilayah))
    wanted = request.args.get("desa", "")
    return (wanted,) if wanted in codes else codes


def _read_selection() -> queries.Selection:
    sex, age = request.args.get("kelamin", ""), request.args.get("umur", "")
    kelamin = 0 if sex == UNKNOWN else int(sex) if sex in ("1", "2") else None
    bands = {str(no): no for no in range(BANDS)} | {UNKNOWN: -1}
    return queries.Selection(_read_desa(), kelamin, bands.get(age))


def _describe_selection(chosen: queries.Selection, figures: Figures) -> str:
    parts = ["Penduduk"]
    if chosen.kelamin is not None:
        parts.append(dict(SEXES).get(chosen.kelamin, "jenis kelamin belum diisi").lower())
    if chosen.umur is not None:
        is_known = chosen.umur >= 0
        band = f"umur {figures.bands[chosen.umur].label} tahun"
        parts.append(band if is_known else "tanggal lahir belum diisi")
    return ", ".join(parts)


def _list_page(total: int, page: int) -> dict[str, Any]:
    """Give what every page of rows shows."""
    names = ("desa", "kelamin", "umur", "program")
    kept: dict[str, Any] = {name: request.args[name] for name in names if name in request.args}
    places = dict(list_desa(services().wilayah))
    return {
        "total": total, "page": page, "pages": max(1, -(-total // PAGE)), "mask": mask_nik,
        "name_place": name_place, "desa": places.get(kept.get("desa", ""), ""),
        "address": lambda hal: url_for(request.endpoint or "", **kept, hal=hal),
    }


@blueprint.get("/sipande/sasaran")
def targets() -> str:
    """Show the targets and the form to replace them."""
    return _targets_page("")


@blueprint.post("/sipande/sasaran")
def save_targets() -> ResponseReturnValue:
    """Replace the targets of all desa by those of a file."""
    hub, sent = services(), request.files.get("berkas")
    try:
        if sent is None:
            raise UserError("Pilih dulu berkas xlsx atau csv.", "berkas_kosong")
        found = read_targets(sent.filename or "", sent.read(), list_desa(hub.wilayah))
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _targets_page(error.pesan), 400
    with hub.database.write() as conn:
        keep_targets(conn, found)
        by = require_user().name
        record_access(conn, hub.clock, by, "sasaran_diganti", hub.wilayah, f"{len(found)} desa")
    flash(f"Sasaran penduduk {len(found)} desa disimpan.", "baik")
    return redirect(url_for("sipande.targets"), 303)


def _targets_page(problem: str) -> str:
    hub, figures = services(), load_figures()
    with hub.database.read() as conn:
        known = load_targets(conn)
    return render_template(
        "sipande/sasaran.html", problem=problem, figures=figures, targets=known, line=COMPLETE_MIN,
        complete={own.kode: find_completeness(own.penduduk, known.get(own.kode)) for own in figures.desa},
    )


@blueprint.get("/publik")
def public() -> ResponseReturnValue:
    """Show everybody the numbers of the kecamatan, none of which points to a person."""
    hub, figures = services(), load_figures()
    cells = figures.sum_bands()
    keys = sorted(cells)
    shown = dict(zip(keys, suppress_small([cells[key] for key in keys]), strict=True))
    people = suppress_small([own.penduduk for own in figures.desa])
    families = suppress_small([own.keluarga for own in figures.desa])
    counts = {own.kode: count for own, count in zip(figures.desa, people, strict=True)}
    colours, legend = classify(counts)
    # The same page for all, so that it may be kept on the way: without the name of who is logged in.
    answer = make_response(render_template(
        "sipande/publik.html", tanpa_pengguna=True, figures=figures, sexes=dict(SEXES),
        pyramid=draw_pyramid(figures.bands, shown), peta=load_map(hub.wilayah), colours=colours,
        legend=legend, rows=list(zip(figures.desa, people, families, strict=True)), counts=counts,
        programs=[(name, suppress_small([total])[0]) for name, total in figures.name_publicly(hub.wilayah)],
        totals=[suppress_small([total])[0] for total in (figures.penduduk, figures.keluarga)],
        nama=hub.nama,
    ))
    answer.cache_control.public = True
    answer.cache_control.max_age = PUBLIC_AGE_S
    return answer

"""Where this computer stands with the kecamatan, and the button that brings both together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import services
from node.beranda.jobs import Job, jobs
from node.beranda.state import read_sync_state
from node.commands import open_transport, refresh_parity, sync_once
from node.penduduk.history import HELD
from node.services import KnownHub, NodeServices, refuse_practice
from node.sinkron.blobs import read_backlog, set_paused
from node.sinkron.enrol import enrol
from node.sinkron.program import describe_hub_program, read_hub_program
from node.sinkron.queries import count_held, count_received, find_trust, list_computers
from node.sinkron.rotate import take_new_keys
from node.sinkron.session import Report
from node.sinkron.words import six_words
from shared.clock import describe_span
from shared.errors import EnvironmentProblem, TransportError, UserError
from shared.store.evidence import list_events
from shared.store.records import count_newer
from shared.sync.address import OFFICE_ROAD
from shared.sync.codes import CODES
from shared.sync.enrolment import parse_code
from shared.sync.limits import limit
from shared.web.audit import record_access
from shared.web.services import require_user

blueprint = Blueprint("sinkron", __name__, url_prefix="/sinkronisasi")
_JOB = "sinkron"


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Show where things stand; while a session runs, how far it is."""
    job = jobs().find_running(_JOB)
    return render_template("sinkron/index.html", job=job, **_read_page())


def _read_page() -> dict[str, Any]:
    node = services()
    with node.database.read() as conn:
        state = read_sync_state(conn, node)
        received, held = count_received(conn), count_held(conn)
        computers = list_computers(conn, node.wilayah)
        events, trust = list_events(conn, 10), find_trust(conn, node.keys.signing.public.hex())
        program = describe_hub_program(node.program, read_hub_program(conn), count_newer(conn, node.wilayah))
    last: Report | None = node.last_report[1] if node.last_report is not None else None
    return {
        "state": state, "hub": node.hub(), "received": received, "computers": computers, "last": last,
        "held": [(HELD.get(reason, "Ditahan"), count) for reason, count in held],
        "parity": _say_parity(node, last), "words": six_words().words,
        "events": events, "trust": trust, "next_try": _say_next_try(node),
        "program": program, "jam": _say_clock(node, last), "kunci_baru": node.keys.previous is not None,
        "lampiran": read_backlog(node), "gangguan_lampiran": _say_trouble(node),
        "nama_komputer": node.nama, "is_latihan": node.is_latihan,
    }


def _say_next_try(node: NodeServices) -> str:
    """Say when the next session begins by itself."""
    if node.next_sync_s is None:
        return "Hanya bila tombol Sinkronkan sekarang ditekan."
    left_s = node.next_sync_s - node.clock.now_s()
    return "Sebentar lagi." if left_s < 60 else f"Sendiri, kira-kira {describe_span(left_s)} lagi."


def _say_clock(node: NodeServices, last: Report | None) -> str:
    """Say how wrong the clock of this computer is against the kecamatan's, as of the last session."""
    if last is None or not last.hub_time_s or node.last_report is None:
        return ""
    return describe_skew(node.last_report[0], last.hub_time_s)


def describe_skew(here_s: int, hub_s: int) -> str:
    """Say how wrong the clock of a computer is; empty while it is right enough."""
    skew_s = here_s - hub_s
    if abs(skew_s) <= limit("clock_skew_s_shown"):
        return ""
    word = "terlalu cepat" if skew_s > 0 else "terlambat"
    return (
        f"Jam komputer ini {word} {describe_span(abs(skew_s))} dibanding jam kecamatan. Data tetap benar,"
        " tetapi setel jamnya agar tanggal yang tercatat betul."
    )


def _say_parity(node: NodeServices, last: Report | None) -> str:
    """Say whether the kecamatan shows the same, as of the last session of this run of the program."""
    if last is None or not last.parity:
        return "Belum dibandingkan sejak program dibuka."
    if last.parity == "sama":
        return "Jumlah dan isi data di sini sama dengan di kecamatan."
    if last.parity_differs:
        names = _name_kinds(node, last.parity_differs)
        return f"Ada perbedaan dengan kecamatan pada: {names}. Laporkan ke operator kecamatan."
    if last.parity == "versi":
        names = _name_kinds(node, last.parity_versions)
        return f"Yang dikenal kedua program sama isinya. Baru dapat dibandingkan setelah versinya sama: {names}."
    return "Belum dapat dibandingkan; dibandingkan lagi pada sinkronisasi berikutnya."


def _name_kinds(node: NodeServices, names: Iterable[str]) -> str:
    """Name kinds to people; of those that this program does not know, that there are some."""
    known = [node.catalogue[name].label for name in names if name in node.catalogue.kinds]
    others = [name for name in names if name not in node.catalogue.kinds]
    return ", ".join([*known, *(["jenis data yang belum dikenal di sini"] if others else [])])


def _say_trouble(node: NodeServices) -> str:
    """Say what ended the last exchange of attachments, if anything did."""
    code = read_backlog(node).trouble
    if code in ("quota_full", "disk_full", "disk_penuh"):
        full = "Disk komputer ini penuh, jadi gambar belum dapat diambil."
        return CODES[code].sentence if code in CODES else full
    return "Pengiriman gambar terakhir terputus; dilanjutkan pada sinkronisasi berikutnya." if code else ""


@blueprint.post("/lampiran")
def pause() -> ResponseReturnValue:
    """Let pictures wait, or go again."""
    set_paused(services(), request.form.get("jeda") == "ya")
    return redirect(url_for(".index"), 303)


@blueprint.post("/sekarang")
def start() -> ResponseReturnValue:
    """Run a session behind the page."""
    node = services()
    refuse_practice(node)
    hub = node.hub()
    if hub is None:
        flash(
            "Komputer ini belum terdaftar di kecamatan. Daftarkan dulu dengan kode dari operator kecamatan.",
            "salah",
        )
        return redirect(url_for(".index"), 303)
    if jobs().find_running(_JOB) is None:
        jobs().start(_JOB, lambda job: _run(node, hub, job))
    return redirect(url_for(".index"), 303)


def _run(node: NodeServices, hub: KnownHub, job: Job) -> Report:
    with node.database.read() as conn:
        waiting = read_sync_state(conn, node).waiting
    job.report(0, waiting)
    transport = open_transport(node, hub.address, is_office=hub.is_office)
    try:
        done = sync_once(node, transport, lambda report: job.report(report.sent, max(waiting, report.sent)))
    finally:
        transport.close()
    # The next hello compares what both sides show; nobody waits for this reading of all rows.
    refresh_parity(node)
    return done


@blueprint.post("/daftar")
def register() -> ResponseReturnValue:
    """Enrol this computer with the code of the kecamatan; then both sides compare six words."""
    node, user = services(), require_user()
    typed = request.form.get("kode", "")[:2000]
    try:
        code = parse_code(typed)
        is_office = request.form.get("jaringan_kantor") == "ya"
        transport = open_transport(node, code.address, is_office=is_office)
        try:
            hub, words = enrol(node, code, transport, is_office=is_office)
        finally:
            transport.close()
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _register_problem(typed, error.pesan, ask_office=error.kode == OFFICE_ROAD)
    except TransportError:
        return _register_problem(
            typed,
            "Kecamatan tidak menjawab. Periksa sambungan internet, lalu coba lagi. Kodenya masih berlaku.",
        )
    six_words().words = words
    with node.database.write() as conn:
        record_access(conn, node.clock, user.name, "komputer_didaftarkan", hub.simpul)
    flash(f"Komputer ini sudah dikenal {hub.nama}. Cocokkan enam kata di bawah lewat telepon.", "baik")
    return redirect(url_for(".index"), 303)


def _register_problem(typed: str, problem: str, *, ask_office: bool = False) -> ResponseReturnValue:
    return render_template(
        "sinkron/index.html", job=None, problem=problem, typed=typed, ask_office=ask_office, **_read_page()
    ), 400


@blueprint.post("/kunci")
def rotate() -> ResponseReturnValue:
    """Take new keys; the kecamatan hears of it at the next session."""
    node, user = services(), require_user()
    refuse_practice(node)
    if request.form.get("yakin") != "ya":
        flash("Centang dulu bahwa kunci komputer ini memang akan diganti.", "salah")
        return redirect(url_for(".index"), 303)
    take_new_keys(node)
    with node.database.write() as conn:
        record_access(conn, node.clock, user.name, "kunci_diganti", "")
    flash("Kunci komputer ini sudah diganti. Kecamatan diberi tahu pada sinkronisasi berikutnya.", "baik")
    return redirect(url_for(".index"), 303)


@blueprint.post("/enam-kata/tutup")
def close_words() -> ResponseReturnValue:
    """Take the six words off the screen once they were compared."""
    six_words().words = ()
    return redirect(url_for(".index"), 303)

"""What a node can be told to do, as plain functions: the command line and the running server call the same.

Each takes the open services, JSON arguments and a progress callback, and returns a JSON answer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from node.change import write_drafts
from node.impor.service import import_file
from node.pulihkan.restore import node_kind
from node.roles import ROLES, context_words
from node.services import LAST_COMPLETE, NodeServices, init_node, note_complete, refuse_practice
from node.sinkron.blobs import read_backlog
from node.sinkron.clean import clean_erased
from node.sinkron.enrol import enrol
from node.sinkron.rotate import doubt_new_keys, take_new_keys, tell_new_keys
from node.sinkron.session import Outcome, Report, Session
from node.sinkron.transport import HttpTransport, Transport
from node.usb.enrol import write_request
from node.usb.folder import read_path
from node.usb.receive import Answered
from node.usb.send import write_bundle
from shared.clock import Clock, Randomness, format_time
from shared.codes import wilayah as codes
from shared.commands import (
    Progress, add_account, check_side, check_successors, forget_code, make_uji_pulih, run_bersihkan_lampiran,
    run_cadangan, run_kode_cadangan, run_rebuild,
)
from shared.errors import EnvironmentProblem, UserError
from shared.merge.fold import RecordState
from shared.records.catalogue import CATALOGUE, Catalogue
from shared.records.fields import Writer
from shared.records.kantor import name_office
from shared.records.kind import Kind
from shared.store import petugas
from shared.store.backup.state import LAST_BACKUP
from shared.store.changes import list_logs
from shared.store.drafts import Draft, draft_create, draft_update, list_problems
from shared.store.migrations import read_setting, write_setting
from shared.store.parity import compute_parity, is_claim_stale, store_parity
from shared.store.records import load_state
from shared.store.verdicts import list_key_records
from shared.surat.checking import check_letter, tell
from shared.sync.address import check_address
from shared.sync.enrolment import parse_code

Command = Callable[[NodeServices, Mapping[str, Any], Progress], dict[str, Any]]
COMPLETE_STEP_S = 86_400


def make_node(
    path: Path, desa: str, nama: str, clock: Clock, random: Randomness, catalogue: Catalogue = CATALOGUE
) -> NodeServices:
    """Set up a new node for a desa: keys, database, the office's first records."""
    place = codes.desa(desa)
    if place is None:
        raise UserError(
            "Kode desa itu tidak dikenal. Kode desa terdiri dari empat bagian, misalnya 33.03.04.2006.",
            "desa_tidak_dikenal",
        )
    services = init_node(path, wilayah=desa, nama=nama, clock=clock, random=random, catalogue=catalogue)
    system = services.new_id()
    with services.database.write() as conn:
        write_setting(conn, "petugas_sistem", system)
        write_drafts(
            services,
            [
                draft_create(
                    services.catalogue["petugas"], system, {"nama": "Sistem", "peran": "sistem", "aktif": True}
                ),
                *_draft_office(services, {"kode": desa, "nama": place.nama}),
            ],
            author=system,
        )
    return services


def _draft_office(services: NodeServices, values: Mapping[str, Any]) -> list[Draft]:
    """Name the office in its record; other computers of the desa do the same, and none says what it does not know."""
    draft = draft_update(services.catalogue["desa"], RecordState({}), name_office(services.wilayah), values)
    return [] if draft is None else [draft]


def system_author(services: NodeServices) -> str:
    """The petugas that stands for the program itself (imports by command)."""
    with services.database.read() as conn:
        return read_setting(conn, "petugas_sistem") or ""


def open_transport(services: NodeServices, address: str, *, is_office: bool = False) -> HttpTransport:
    """Make the signed HTTP transport to a hub.

    Raises UserError in a practice village, and where it would go in the clear over a network that nobody allowed.
    """
    refuse_practice(services)
    check_address(address, allow_office=is_office)
    key = services.keys.signing
    return HttpTransport(address, key.seed(), key.public.hex(), services.clock.now_s())


def run_ganti_kunci(services: NodeServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Take new keys now; the hub hears of it at the next session."""
    refuse_practice(services)
    take_new_keys(services)
    return {"kunci": services.keys.signing.public.hex(), "diketahui_kecamatan": services.keys.previous is None}


def run_enrol(services: NodeServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    code = parse_code(str(args["kode"]))
    is_office = bool(args.get("jaringan_kantor"))
    transport = open_transport(services, code.address, is_office=is_office)
    try:
        hub, words = enrol(services, code, transport, is_office=is_office)
    finally:
        transport.close()
    return {
        "status": hub.status, "hub": hub.nama, "wilayah": hub.wilayah, "kata": " ".join(words), "simpul": hub.simpul,
    }


def run_daftar_usb(services: NodeServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Write the request for admission to a stick, for a desa without internet."""
    path = write_request(
        services, parse_code(str(args["kode"])), Path(str(args["ke"])), is_office=bool(args.get("jaringan_kantor"))
    )
    return {"berkas": str(path)}


def run_usb_kirim(services: NodeServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Write what the kecamatan lacks to a stick."""
    refresh_parity(services)
    sent = write_bundle(
        services, Path(str(args["ke"])), lambda done, total: progress({"selesai": done, "dari": total})
    )
    file = sent.file
    return {"berkas": str(sent.path), "nomor": file.number, "perubahan": file.changes, "byte": file.size}


def run_usb_terima(services: NodeServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Read the answers of the kecamatan from a stick."""
    found = read_path(
        services, Path(str(args["dari"])), lambda done, total: progress({"selesai": done, "dari": total})
    )
    refresh_parity(services)
    return {
        "kalimat": found.sentences(), "kata": " ".join(found.words),
        "diterima": sum(item.received for item in found.done if isinstance(item, Answered)),
        "diakui": sum(item.confirmed for item in found.done if isinstance(item, Answered)),
    }


def run_impor(services: NodeServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    path = Path(str(args["berkas"]))
    result = import_file(
        services, path, path.name, str(args.get("petugas") or system_author(services)),
        lambda done, total: progress({"selesai": done, "dari": total}), only_check=bool(args.get("periksa")),
        is_partial=bool(args.get("sebagian")),
    )
    rejects = result.pop("berkas_tolak", None)
    if rejects and args.get("tolak"):
        _write_rejects(Path(str(args["tolak"])), rejects, is_saved=not args.get("periksa"))
    return result


def _write_rejects(path: Path, rejects: bytes, *, is_saved: bool) -> None:
    try:
        path.write_bytes(rejects)
    except OSError as error:
        done = "Data sudah masuk, tetapi b" if is_saved else "B"
        raise EnvironmentProblem(
            f"{done}erkas baris yang ditolak tidak dapat ditulis. Pilih tempat lain pada --tolak, lalu jalankan"
            " lagi; baris yang sudah masuk tidak digandakan.",
            "tolak_tidak_tertulis",
        ) from error


def sync_once(
    services: NodeServices, transport: Transport, on_progress: Callable[[Report], None] = lambda report: None
) -> Report:
    """Run one session and remember how it went; a change of keys is told first."""
    with ThreadPoolExecutor(1, "kirim") as executor:
        report = tell_new_keys(services, transport.with_key, executor)
        if report is None:
            report = Session(services, transport, executor, on_progress).run()
    finish_session(services, report)
    return report


def finish_session(services: NodeServices, report: Report) -> None:
    """Keep the outcome for the status page; a session with nothing to do is written down once a day."""
    now_s = services.clock.now_s()
    services.last_report = (now_s, report)
    clean_erased(services)
    if report.code == "unknown_key":
        doubt_new_keys(services)
    is_complete = report.outcome is Outcome.SELESAI
    with services.database.read() as conn:
        is_old = now_s - int(read_setting(conn, LAST_COMPLETE) or 0) >= COMPLETE_STEP_S
    if is_complete and not (report.sent or report.received or is_old):
        return
    with services.database.write() as conn:
        write_setting(conn, "sinkron_terakhir", f"{now_s} {report.outcome.value} {report.sentence()}")
        if is_complete:
            note_complete(conn, now_s)


def refresh_parity(services: NodeServices) -> bool:
    """Compute the parity claim for the next hello where the logs have moved; for idle moments, it reads every row."""
    with services.database.read() as conn:
        if not is_claim_stale(conn, services.wilayah):
            return False
        parity = compute_parity(conn, services.catalogue, services.wilayah)
    with services.database.write() as conn:
        store_parity(conn, services.wilayah, parity)
    return True


def run_sync(services: NodeServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    refuse_practice(services)
    hub = services.hub()
    if hub is None:
        raise UserError(
            "Komputer ini belum terdaftar di kecamatan. Minta kode pendaftaran, lalu jalankan perintah enrol.",
            "belum_terdaftar",
        )
    transport = open_transport(services, hub.address, is_office=hub.is_office)
    try:
        report = sync_once(services, transport, lambda r: progress({"terkirim": r.sent, "diterima": r.received}))
    finally:
        transport.close()
    return {
        "hasil": report.outcome.value, "kalimat": report.sentence(), "terkirim": report.sent,
        "diterima": report.received, "permintaan": report.requests, "byte_kirim": report.bytes_sent,
        "byte_terima": report.bytes_received, "byte_ulang": report.run_bytes_resent,
        "kode": report.code, "paritas": report.parity,
        "paritas_beda": report.parity_differs, "paritas_versi": report.parity_versions,
    }


def run_paritas(services: NodeServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Count and digest this desa's rows now; the next session compares them with the hub."""
    return {"dihitung": refresh_parity(services)}


def run_periksa_surat(services: NodeServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Say what the QR or the code of a letter proves, from what this computer holds."""
    with services.database.read() as conn:
        return tell(check_letter(conn, str(args["teks"]), services), services.clock)


def run_status(services: NodeServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    hub = services.hub()
    with services.database.read() as conn:
        own = [log for log in list_logs(conn) if log.own]
        sent = {
            log.id: (conn.execute("SELECT max(size) FROM receipt WHERE log = ?", (log.no,)).fetchone()[0] or 0)
            for log in own
        }
        counts = {
            kind.name: conn.execute(f"SELECT count(*) FROM {kind.name}").fetchone()[0] for kind in services.catalogue
        }
        open_cases = conn.execute("SELECT count(*) FROM kasus WHERE status <> 'selesai'").fetchone()[0]
        last = read_setting(conn, "sinkron_terakhir")
        copied = read_setting(conn, LAST_BACKUP)
        admitted = list_key_records(conn, services.keys.signing.public.hex())
    waiting = sum(log.size - sent[log.id] for log in own)
    return {
        "desa": services.wilayah, "komputer": services.nama, "hub": None if hub is None else hub.nama,
        "status_pendaftaran": "belum" if hub is None else admitted[0].status if admitted else hub.status,
        "menunggu_dikirim": waiting,
        "sinkron_terakhir": None if last is None else format_time(int(last.split(" ", 1)[0])),
        "cadangan_terakhir": None if copied is None else format_time(int(copied)),
        "jumlah": counts, "kasus_terbuka": open_cases, "gambar": read_backlog(services).dump(),
    }


def run_verify(services: NodeServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    return check_node(services)


def verify_node(services: NodeServices) -> list[str]:
    """Read everything of this node again; one sentence per problem."""
    problems: list[str] = check_node(services)["masalah"]
    return problems


def check_node(services: NodeServices) -> dict[str, Any]:
    """Read everything of this node again, the hub's successors among it, and say what is wrong."""
    hub = services.hub()
    problems: list[str] = []
    if hub is not None:
        with services.database.read() as conn:
            problems += check_successors(conn, hub.wilayah, hub.pemulihan)
    return check_side(services, problems)


_BY_PAGES = frozenset({"surat"})
"""Kinds that no command writes: their numbers are given under a law of its own."""


def run_tulis(services: NodeServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Create a record, or change fields of one (None empties); the same checks as the forms, all or nothing."""
    kind = services.catalogue.kinds.get(str(args["jenis"]))
    if kind is None or kind.writer is Writer.HUB:
        raise UserError("Jenis data itu tidak dapat ditulis di desa.", "jenis_salah")
    if kind.name in _BY_PAGES:
        raise UserError(
            "Surat diterbitkan dan dibatalkan lewat halaman Surat, supaya nomornya tidak ganda.", "lewat_halaman"
        )
    values = dict(args["nilai"])
    if not values.keys() <= kind.fields.keys():
        # Not which: who forgets the name of a field has typed a NIK in its place.
        known = ", ".join(kind.fields)
        raise UserError(f"Ada bidang yang tidak dikenal. Tulis bidang=isi; bidangnya: {known}.", "bidang_salah")
    author = str(args.get("petugas") or system_author(services))
    with services.database.write() as conn:
        record = str(args.get("id") or services.new_id())
        draft = _draft(services, conn, kind, record, values, is_new=not args.get("id"))
        if draft is None:
            return {"id": record, "berubah": False}
        problems = list_problems([draft])
        if problems:
            raise UserError(" ".join(sentence for _, sentence in problems), "isian_salah")
        refs = write_drafts(services, [draft], author=author)
    return {"id": record, "berubah": True, "perubahan": refs[0]}


def _draft(
    services: NodeServices, conn: sqlite3.Connection, kind: Kind, record: str, values: dict[str, Any], *, is_new: bool
) -> Draft | None:
    if is_new:
        return draft_create(kind, record, values)
    state = load_state(conn, services.catalogue, kind, services.wilayah, record)
    if not state.exists:
        raise UserError("Data itu tidak ada atau sudah dihapus.", "data_tidak_ada")
    return draft_update(kind, state, record, values)


def run_jawab(services: NodeServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Answer a case that the kecamatan returned; it travels like any other change."""
    author = str(args.get("petugas") or system_author(services))
    kind, id = services.catalogue["kasus"], str(args["kasus"])
    with services.database.write() as conn:
        draft = _draft(
            services, conn, kind, id, {"jawaban": str(args["jawaban"]), "dijawab_oleh": author}, is_new=False
        )
        if draft is not None:
            write_drafts(services, [draft], author=author)
    return {"kasus": id, "status": "dijawab"}


def run_akun(services: NodeServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    return add_account(services, write_drafts, ROLES, context_words, args)


def run_lepas_kode(services: NodeServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    return forget_code(services, ROLES, args)


def add_petugas(services: NodeServices, nama: str, jabatan: str, role: str) -> str:
    """Write a new officer of the desa to the log; return the record id."""
    return petugas.add_petugas(services, write_drafts, nama, jabatan, role)


COMMANDS: dict[str, Command] = {
    "akun": run_akun,
    "lepas-kode": run_lepas_kode,
    "ganti-kunci": run_ganti_kunci,
    "tulis": run_tulis,
    "jawab": run_jawab,
    "enrol": run_enrol,
    "daftar-usb": run_daftar_usb,
    "usb-kirim": run_usb_kirim,
    "usb-terima": run_usb_terima,
    "impor": run_impor,
    "sync": run_sync,
    "paritas": run_paritas,
    "periksa-surat": run_periksa_surat,
    "status": run_status,
    "verify": run_verify,
    "rebuild": run_rebuild,
    "cadangan": run_cadangan,
    "kode-cadangan": run_kode_cadangan,
    "uji-pulih": make_uji_pulih(node_kind),
    "bersihkan-lampiran": run_bersihkan_lampiran,
}

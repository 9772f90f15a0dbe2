"""What a hub can be told to do, as plain functions: the command line and the running server call the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hub.change import current_log, write_common
from hub.ekspor.tokens import make_reader, revoke_reader
from hub.pemulihan import commands as pemulihan
from hub.ingest.quota import STRANGERS
from hub.ingest.unruly import list_floods
from hub.officers import COMMAND, find_officer
from hub.pemulihan.cadangan import hub_kind
from hub.program.rules import find_period_problem, find_subject_problem
from hub.roles import ROLES, context_words
from hub.saksi.exchange import pin_key, read_witness_key, verify_cosignatures
from hub.saksi.view import describe_witnesses, list_contradictions
from hub.services import FreshKeys, HubServices, init_hub
from hub.simpul.enrol import (
    confirm_candidate, list_candidates, open_slot, refuse_candidate, withdraw_slot,
)
from hub.simpul.rules import describe_flood
from hub.usb.folder import take_path
from hub.verval import decide
from hub.verval.cases import find_finding, list_findings, update_cases
from shared.changelog.checkpoint import Verifier, format_vkey
from shared.clock import Clock, Randomness, format_time
from shared.codes import wilayah as codes
from shared.commands import (
    Progress, add_account, check_side, check_successors, forget_code, make_uji_pulih, run_bersihkan_lampiran,
    run_cadangan, run_kode_cadangan, run_rebuild,
)
from shared.errors import UserError
from shared.merge.scope import Role
from shared.records.catalogue import CATALOGUE, Catalogue
from shared.store import petugas
from shared.store.attachments import summarise
from shared.store.backup.state import LAST_BACKUP
from shared.store.drafts import draft_create
from shared.store.migrations import read_setting, write_setting
from shared.store.outbox import Outbox
from shared.store.telling import listing
from shared.web.factory import mark_practice

Command = Callable[[HubServices, Mapping[str, Any], Progress], dict[str, Any]]


def make_hub(
    path: Path, kecamatan: str, clock: Clock, random: Randomness, catalogue: Catalogue = CATALOGUE, *,
    is_practice: bool = False, fresh: FreshKeys | None = None,
) -> tuple[HubServices, str]:
    """Set up a new hub; also give the recovery key to print and lock away, which is stored nowhere here.

    ``is_practice``: one for invented people, where nobody must have a second factor; its pages say so. ``fresh`` are
    its keys where they stand on paper already.
    """
    place = codes.get(kecamatan)
    if place is None or kecamatan.count(".") != 2:
        raise UserError(
            "Kode kecamatan itu tidak dikenal. Kode terdiri dari tiga bagian, misalnya 33.03.04.",
            "kecamatan_tidak_dikenal",
        )
    services, recovery = init_hub(
        path, wilayah=kecamatan, nama=f"Kecamatan {place.nama}", clock=clock, random=random, catalogue=catalogue,
        fresh=fresh,
    )
    system = services.new_id()
    with services.database.write() as conn:
        write_setting(conn, "petugas_sistem", system)
        if is_practice:
            mark_practice(conn)
        current_log(services, conn, kecamatan, Role.UMUM)
        values = {"nama": "Sistem kecamatan", "peran": "sistem", "aktif": True}
        write_common(services, [draft_create(services.catalogue["petugas"], system, values)], author=system)
    return services, recovery.seed().hex()


def run_akun(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    return add_account(services, write_common, ROLES, context_words, args)


def run_lepas_kode(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    return forget_code(services, ROLES, args)


def add_petugas(services: HubServices, nama: str, jabatan: str, role: str) -> str:
    """Write a new officer of the kecamatan to the common channel; return the record id."""
    return petugas.add_petugas(services, write_common, nama, jabatan, role)


def run_slot(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    code = open_slot(
        services, str(args["desa"]), str(args["alamat"]), str(args.get("petugas") or COMMAND),
        by_file=bool(args.get("usb")),
    )
    return {"slot": code.slot_id, "kode": code.format(), "desa": str(args["desa"])}


def run_calon(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    return {"calon": list_candidates(services)}


def run_setujui(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    with services.database.read() as conn:
        system = read_setting(conn, "petugas_sistem") or ""
    author = find_officer(services, str(args["petugas"]), "simpul").petugas if args.get("petugas") else system
    confirm_candidate(services, str(args["simpul"]), str(args["kata"]), author)
    return {"simpul": str(args["simpul"]), "status": "aktif"}


def run_tolak(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Refuse a node that waits; its code is closed unless ``buka`` lets another computer use it."""
    by = find_officer(services, str(args["petugas"]), "simpul").petugas if args.get("petugas") else COMMAND
    refuse_candidate(
        services, str(args["simpul"]), str(args["sebab"]), str(args.get("catatan") or ""), by,
        reopen=bool(args.get("buka")),
    )
    return {"simpul": str(args["simpul"]), "status": "ditolak"}


def run_tarik(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Withdraw a slot whose code nobody has used."""
    return {"slot": str(args["slot"]), "desa": withdraw_slot(services, str(args["slot"])), "status": "ditutup"}


def run_usb_terima(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Take what villages have sent on a stick, and write the answers beside it."""
    outcomes = take_path(
        services, Path(str(args["dari"])), Outbox(services.folder),
        lambda done, total: progress({"selesai": done, "dari": total}),
    )
    return {
        "berkas": [
            {
                "nama": found.name, "diambil": found.taken is not None and not found.taken.refusal,
                "kalimat": found.sentences, "jawaban": str(found.answer) if found.answer else None,
                "desa": found.taken.desa if found.taken else None,
                "perubahan": found.taken.changes if found.taken else 0, "kata": " ".join(found.words),
                "paritas": found.taken.parity if found.taken else "",
            }
            for found in outcomes
        ]
    }


def run_temuan(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """List findings with what an officer needs to decide: versions, heads seen, state of the cases."""
    found = []
    with services.database.read() as conn:
        for finding in list_findings(conn, kode=args.get("kode") or None):
            cases = [
                dict(zip(("desa", "status", "alasan", "batas_waktu", "jawaban"), row, strict=True))
                for row in conn.execute(
                    "SELECT desa, status, alasan, batas_waktu, jawaban FROM kasus WHERE temuan = ? ORDER BY desa",
                    (finding.id,),
                )
            ]
            entry: dict[str, Any] = {
                "id": finding.id, "kode": finding.kode, "berat": finding.berat, "desa": list(finding.desa),
                "rekaman": [list(r) for r in finding.rekaman], "ringkasan": finding.ringkasan, "kasus": cases,
                "kepala": decide.list_heads(conn, services, finding),
            }
            if finding.kode == "V1":
                versions = decide.list_versions(conn, services, finding)
                entry["versi"] = {version.label: dict(version.refs) for version in versions}
            found.append(entry)
    return {"temuan": found}


def run_putus(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Carry out one officer's action on a finding; ``jenis`` says which."""
    officer = find_officer(services, str(args["petugas"]))
    finding_id, jenis = str(args["temuan"]), str(args["jenis"])
    alasan = str(args.get("alasan") or "")
    seen = list(args.get("kepala") or _seen_now(services, finding_id))
    if jenis == "pilih":
        chosen = _choose(services, finding_id, str(args["pilih"]))
        outcome = decide.hold_versions(services, finding_id, chosen, seen, officer, alasan)
    elif jenis == "tautkan":
        outcome = decide.link_records(services, finding_id, str(args["dihitung"]), seen, officer, alasan)
    elif jenis == "bukan-ganda":
        outcome = decide.rule_out(services, finding_id, officer, alasan)
    elif jenis == "kembalikan":
        outcome = decide.return_to_desa(
            services, finding_id, str(args["desa"]), alasan, str(args["batas"]), officer,
            str(args.get("catatan") or ""),
        )
    else:
        raise UserError("Jenis putusan: pilih, tautkan, bukan-ganda, atau kembalikan.", "jenis_salah")
    return {"hasil": outcome.value, "temuan": finding_id}


def _seen_now(services: HubServices, finding_id: str) -> list[str]:
    with services.database.read() as conn:
        finding = find_finding(conn, finding_id)
        return [] if finding is None else decide.list_heads(conn, services, finding)


def _choose(services: HubServices, finding_id: str, text: str) -> dict[str, str]:
    """Turn ``A``, ``B`` or ``nik=A,alamat=B`` into group → reference."""
    with services.database.read() as conn:
        finding = find_finding(conn, finding_id)
        versions = [] if finding is None else decide.list_versions(conn, services, finding)
    by_label = {version.label: version.refs for version in versions}
    groups = sorted({group for version in versions for group in version.refs})
    wanted = dict(part.split("=", 1) for part in text.split(",")) if "=" in text else dict.fromkeys(groups, text)
    chosen: dict[str, str] = {}
    for group, label in wanted.items():
        ref = by_label.get(label.strip().upper(), {}).get(group.strip())
        if ref is None:
            raise UserError(
                "Pilihan versi itu tidak ada untuk bagian yang disebut. Lihat daftar versi dengan perintah temuan.",
                "pilihan_salah",
            )
        chosen[group.strip()] = ref
    return chosen


def run_program(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Publish an aid programme to every desa."""
    kind = services.catalogue["program_bantuan"]
    values = {name: args[name] for name in kind.fields if args.get(name) is not None}
    problems = [
        *kind.find_problems(values).values(), find_period_problem(values),
        find_subject_problem(values.get("sasaran"), None, False),
    ]
    if any(problems):
        raise UserError(" ".join(problem for problem in problems if problem), "program_salah")
    with services.database.read() as conn:
        system = read_setting(conn, "petugas_sistem") or ""
    author = find_officer(services, str(args["petugas"])).petugas if args.get("petugas") else system
    id = services.new_id()
    write_common(services, [draft_create(kind, id, values)], author=author)
    return {"program": id}


def run_status(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    with services.database.read() as conn:
        floods = list_floods(conn, services.clock.now_s())
        nodes = [
            {
                "simpul": id, "desa": desa, "nama": nama, "status": status,
                "terakhir": format_time(last) if last else None, "antrean": queue, "paritas": parity,
                **({"gangguan": describe_flood(floods[kunci])} if kunci in floods else {}),
            }
            for id, desa, nama, status, last, queue, parity, kunci in conn.execute(
                "SELECT s.id, s.wilayah, s.nama, s.status, c.last_s, c.queue, c.parity, s.kunci"
                " FROM simpul s LEFT JOIN contact c ON c.kunci = s.kunci ORDER BY s.wilayah, s.nama"
            )
        ]
        counts = {
            kind.name: conn.execute(f"SELECT count(*) FROM {kind.name}").fetchone()[0] for kind in services.catalogue
        }
        findings = dict(conn.execute("SELECT kode, count(*) FROM temuan GROUP BY kode"))
        copied = read_setting(conn, LAST_BACKUP)
        pictures = summarise(conn)
    return {
        "kecamatan": services.wilayah, "nama": services.nama, "simpul": nodes, "jumlah": counts, "temuan": findings,
        "kunci": services.keys.signing.public.hex(),
        "gambar": {desa: {"jumlah": count, "byte": size} for desa, (count, size) in pictures.items()},
        "saksi": [
            {
                "nama": found.reader, "sidik_jari": found.fingerprint, "keterangan": found.sentence(),
                "kunci_pertama_kali": found.is_first_use,
            }
            for found in describe_witnesses(services)
        ],
        "cadangan_terakhir": None if copied is None else format_time(int(copied)),
        **({"gangguan": describe_flood(floods[STRANGERS])} if STRANGERS in floods else {}),
        **({"disk": disk} if (disk := services.disk.describe(services.folder.path)) else {}),
        "vkey_ekspor": format_vkey(Verifier(f"sipande/{services.wilayah}/ekspor", services.keys.signing.public)),
    }


def run_token(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    nama, saksi = str(args["nama"]), str(args.get("saksi") or "")
    if saksi:
        read_witness_key(saksi)
    token = make_reader(services, nama, identified=bool(args.get("beridentitas")))
    if saksi:
        pin_key(services, nama, saksi)
    return {
        "token": token,
        "vkey": format_vkey(Verifier(f"sipande/{services.wilayah}/ekspor", services.keys.signing.public)),
    }


def run_cabut_token(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Make a reader's token worthless, and forget the key of its witness."""
    revoke_reader(services, str(args["nama"]))
    return {"nama": str(args["nama"]), "status": "dicabut"}


def run_verify(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    return check_hub(services)


def verify_hub(services: HubServices) -> list[str]:
    """Read everything of this hub again; one sentence per problem."""
    problems: list[str] = check_hub(services)["masalah"]
    return problems


def check_hub(services: HubServices) -> dict[str, Any]:
    """Read everything of this hub again, cosignatures and successors among it, and say what is wrong.

    Also what a witness has proven against it and nothing has healed since.
    """
    with services.database.read() as conn:
        problems = listing("Tabel cosignature: ada tanda saksi yang tidak dapat diperiksa.", verify_cosignatures, conn)
        problems += check_successors(conn, services.wilayah, services.pemulihan)
    problems += listing("Tabel evidence: bukti saksi kabupaten tidak dapat dibaca.", _list_proven, services)
    return check_side(services, problems)


def _list_proven(services: HubServices) -> list[str]:
    return [found.sentence() for found in list_contradictions(services)]


def run_kasus(services: HubServices, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Bring the cases up to date with the findings now, instead of at the next push."""
    return {"ditulis": update_cases(services)}


COMMANDS: dict[str, Command] = {
    "akun": run_akun,
    "lepas-kode": run_lepas_kode,
    "slot": run_slot,
    "calon": run_calon,
    "setujui": run_setujui,
    "tolak": run_tolak,
    "tarik": run_tarik,
    "usb-terima": run_usb_terima,
    "temuan": run_temuan,
    "putus": run_putus,
    "kasus": run_kasus,
    "program": run_program,
    "status": run_status,
    "token": run_token,
    "cabut-token": run_cabut_token,
    "verify": run_verify,
    "rebuild": run_rebuild,
    "cadangan": run_cadangan,
    "kode-cadangan": run_kode_cadangan,
    "uji-pulih": make_uji_pulih(hub_kind),
    "bersihkan-lampiran": run_bersihkan_lampiran,
    **pemulihan.COMMANDS,
}

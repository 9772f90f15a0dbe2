"""Decisions of officers on findings: hold a version, link two records, not a duplicate, correct, return to the desa.

Identity and money take two different officers: the first one's choice stands as a proposal in the case
until a second one makes the same choice. Every decision names the heads that were seen and is refused
when a newer one has come. The camat decides what is proposed or lies with him; what lies with him nobody
decides without him.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from hub.change import write_to_desa
from hub.roles import LEADERS
from hub.services import HubServices
from hub.verval import queries
from hub.verval.cases import Finding, draft_case, draft_case_update, find_finding, kasus_id, update_cases
from hub.verval.rule import Berat
from shared.codes import text_code_list
from shared.errors import UserError
from shared.records.verval import ALASAN_SELESAI, BUKAN_GANDA, DATA_BENAR
from shared.store.changes import SEQ_BITS
from shared.store.drafts import draft_create, draft_decision, draft_update
from shared.store.records import load_state


PAIRS = ("V2", "V3", "V4")
"""Codes that say of records that they may be one person."""


class Outcome(StrEnum):
    """What became of an officer's action."""

    SELESAI = "selesai"
    MENUNGGU_PETUGAS_KEDUA = "menunggu_petugas_kedua"
    DICATAT = "dicatat"


@dataclass(frozen=True)
class Officer:
    """Who decides: the record id of the petugas and the role of the account."""

    petugas: str
    role: str


@dataclass(frozen=True)
class Version:
    """One version of a record in conflict, by the node that wrote it: group → reference."""

    label: str
    log: str
    refs: Mapping[str, str]


def list_versions(conn: sqlite3.Connection, services: HubServices, finding: Finding) -> list[Version]:
    """List the versions of a V1 finding, labelled A, B, … in the order in which the hub first saw the logs."""
    desa, kind, record = finding.rekaman[0]
    state = load_state(conn, services.catalogue, services.catalogue[kind], desa, record)
    order: dict[str, int] = dict(conn.execute("SELECT id, no FROM log"))
    by_log: dict[str, dict[str, str]] = {}
    for group in state.conflicts:
        for ref in state.groups[group].heads:
            by_log.setdefault(ref.split(":")[0], {})[group] = ref
    logs = sorted(by_log, key=lambda log: order.get(log, 1 << SEQ_BITS))
    return [Version(chr(ord("A") + at), log, by_log[log]) for at, log in enumerate(logs)]


def list_heads(conn: sqlite3.Connection, services: HubServices, finding: Finding) -> list[str]:
    """List the heads that an officer sees on a finding's records now; the optimistic lock of a decision."""
    heads: set[str] = set()
    for desa, kind, record in finding.rekaman:
        state = load_state(conn, services.catalogue, services.catalogue[kind], desa, record)
        heads.update(state.frontier(state.groups))
    return sorted(heads)


def hold_versions(
    services: HubServices, finding_id: str, chosen: Mapping[str, str], seen: Sequence[str], officer: Officer,
    alasan: str,
) -> Outcome:
    """Decide a V1 finding: ``chosen`` maps each group in conflict to the reference whose value holds."""
    with services.database.write() as conn:
        finding = need_finding(conn, finding_id, "V1")
        _check_lock(conn, services, finding, seen)
        desa, kind_name, record = finding.rekaman[0]
        kind = services.catalogue[kind_name]
        state = load_state(conn, services.catalogue, kind, desa, record)
        fits = all(g in state.conflicts and r in state.groups[g].heads for g, r in chosen.items())
        if not chosen or not fits:
            raise UserError(
                "Pilihan tidak cocok dengan versi yang ada. Buka lagi kasusnya lalu pilih.", "pilihan_salah"
            )
        two = any(kind.is_protected(group) for group in chosen)
        _check_right(conn, finding, officer, alone=not two)
        action = {"jenis": "pilih", "pilih": dict(sorted(chosen.items())), "kepala": sorted(seen)}
        first = _find_first(conn, services, finding, action, officer, alasan) if two else ""
        if first is None:
            return Outcome.MENUNGGU_PETUGAS_KEDUA
        officers = [first, officer.petugas] if first else [officer.petugas]
        draft = draft_decision(kind, state, record, chosen, petugas=officers, alasan=alasan, temuan=finding.id)
        write_to_desa(services, desa, [draft], author=officer.petugas)
        update_cases(services)
    return Outcome.SELESAI


def link_records(
    services: HubServices, finding_id: str, counted: str, seen: Sequence[str], officer: Officer, alasan: str
) -> Outcome:
    """Say that the records of a V2, V3 or V4 finding are one person, who counts in the desa ``counted``.

    The link is reversible and has one end in each desa's channel (see TautanSchema).
    """
    with services.database.write() as conn:
        finding = need_finding(conn, finding_id, *PAIRS)
        _check_right(conn, finding, officer, alone=False)
        _check_lock(conn, services, finding, seen)
        ends = [(desa, record) for desa, kind, record in finding.rekaman if kind == "penduduk"]
        if len(ends) != 2 or counted not in {desa for desa, _ in ends}:
            raise UserError(
                "Tautan hanya untuk dua data orang yang sama. Pilih desa tempat ia dihitung.", "pilihan_salah"
            )
        action = {"jenis": "tautkan", "dihitung": counted, "kepala": sorted(seen)}
        first = _find_first(conn, services, finding, action, officer, alasan)
        if first is None:
            return Outcome.MENUNGGU_PETUGAS_KEDUA
        _write_link(services, ends, counted, officer, alasan)
        update_cases(services)
    return Outcome.SELESAI


def _write_link(
    services: HubServices, ends: Sequence[tuple[str, str]], counted: str, officer: Officer, alasan: str
) -> None:
    kind = services.catalogue["tautan"]
    link = services.new_id()
    (desa_a, record_a), (desa_b, record_b) = ends
    counts_a = counted == desa_a
    if desa_a == desa_b:
        values = {"penduduk": record_a, "pasangan": record_b, "dihitung": True, "aktif": True, "alasan": alasan or None}
        write_to_desa(services, desa_a, [draft_create(kind, link, values)], author=officer.petugas)
        return
    for desa, record, other, counts in ((desa_a, record_a, desa_b, counts_a), (desa_b, record_b, desa_a, not counts_a)):
        values = {
            "penduduk": record, "desa_lain": other, "dihitung": counts, "aktif": True, "alasan": alasan or None
        }
        write_to_desa(services, desa, [draft_create(kind, link, values)], author=officer.petugas)


def cancel_link(services: HubServices, link: str, officer: Officer, alasan: str) -> Outcome:
    """Cancel a link in both desa. One officer is enough: the case opens again and takes two once more."""
    kind = services.catalogue["tautan"]
    with services.database.write() as conn:
        ends = queries.list_link_ends(conn, link)
        if not ends:
            raise UserError("Tautan ini sudah tidak berlaku. Muat ulang halamannya.", "tautan_hilang")
        for desa in ends:
            state = load_state(conn, services.catalogue, kind, desa, link)
            draft = draft_update(kind, state, link, {"aktif": False, "alasan": alasan})
            if draft is not None:
                write_to_desa(services, desa, [draft], author=officer.petugas)
        update_cases(services)
    return Outcome.DICATAT


def rule_out(services: HubServices, finding_id: str, officer: Officer, catatan: str) -> Outcome:
    """Close a finding as no duplicate; it is remembered until the data it rests on change."""
    return _settle(services, finding_id, officer, BUKAN_GANDA, catatan)


def confirm_data(services: HubServices, finding_id: str, officer: Officer, alasan: str) -> Outcome:
    """Close a warning of V5 because the data are right as they stand.

    It is remembered as long as NIK, birth date and sex stay: an edit of them makes another finding.
    """
    with services.database.write() as conn:
        if need_finding(conn, finding_id, "V5").berat != Berat.RINGAN:
            raise UserError(
                "NIK ini tidak mungkin benar: bukan 16 angka atau tanggalnya tidak ada. Kembalikan ke desa.",
                "putusan_salah",
            )
        return _settle(services, finding_id, officer, DATA_BENAR, alasan)


def _settle(
    services: HubServices, finding_id: str, officer: Officer, alasan: str, catatan: str
) -> Outcome:
    with services.database.write() as conn:
        _check_right(conn, need_finding(conn, finding_id), officer, alone=True)
        changes = {"status": "selesai", "alasan": alasan, "catatan": catatan or f"{ALASAN_SELESAI[alasan]}."}
        change_cases(services, finding_id, changes, officer)
    return Outcome.SELESAI


def return_to_desa(
    services: HubServices, finding_id: str, desa: str, alasan: str, batas_waktu: str, officer: Officer, catatan: str
) -> Outcome:
    """Send a case back to a desa with a reason code and a due date (YYYY-MM-DD)."""
    if text_code_list("verval_alasan").label(alasan) is None:
        known = ", ".join(text_code_list("verval_alasan").items)
        raise UserError(f"Kode alasan tidak dikenal. Pilih salah satu: {known}.", "alasan_salah")
    try:
        date.fromisoformat(batas_waktu)
    except ValueError:
        raise UserError("Batas waktu harus tahun-bulan-tanggal, misalnya 2026-12-05.", "tanggal_salah") from None
    changes = {
        "status": "dikembalikan", "alasan": alasan, "catatan": catatan or None, "batas_waktu": batas_waktu
    }
    with services.database.write() as conn:
        _check_right(conn, need_finding(conn, finding_id), officer, alone=True)
        change_cases(services, finding_id, changes, officer, only=desa)
    return Outcome.SELESAI


def change_cases(
    services: HubServices, finding_id: str, changes: dict[str, Any], officer: Officer, only: str | None = None
) -> None:
    """Write some fields of the cases of a finding, in every desa that it concerns or in one."""
    with services.database.write() as conn:
        finding = need_finding(conn, finding_id)
        wanted = [desa for desa in finding.desa if only in (None, desa) and desa != services.wilayah]
        if not wanted:
            raise UserError("Kasus ini tidak menyangkut desa itu. Pilih desa yang ada di kasus.", "desa_salah")
        for desa in wanted:
            _ensure_case(conn, services, finding, desa, officer)
            found = draft_case_update(conn, services, desa, kasus_id(finding.id, desa), changes)
            if found:
                write_to_desa(services, desa, [found[1]], author=officer.petugas)


def _ensure_case(
    conn: sqlite3.Connection, services: HubServices, finding: Finding, desa: str, officer: Officer
) -> None:
    known = conn.execute(
        "SELECT 1 FROM kasus WHERE id = ? AND desa = ?", (kasus_id(finding.id, desa), desa)
    ).fetchone()
    if known is None:
        write_to_desa(services, desa, [draft_case(services, finding, desa)], author=officer.petugas)


def need_finding(conn: sqlite3.Connection, id: str, *codes: str) -> Finding:
    """Find a finding of one of some codes, or of any; UserError when it is gone or of another code."""
    finding = find_finding(conn, id)
    if finding is None:
        raise UserError(
            "Temuan ini sudah tidak ada; datanya sudah berubah atau sudah diputus. Muat ulang daftar.", "temuan_hilang"
        )
    if codes and finding.kode not in codes:
        raise UserError(f"Putusan ini tidak berlaku untuk temuan {finding.kode}.", "putusan_salah")
    return finding


def find_bar(desk: queries.Desk, officer: Officer, *, alone: bool) -> str:
    """Say why an officer may not decide now; empty when nothing bars him.

    The camat waits until he is asked; while a case lies with him others may answer what he has proposed, but not
    ``alone``: with a decision that takes one officer.
    """
    if officer.role in LEADERS:
        if desk.is_at_camat or desk.proposer:
            return ""
        return "Kasus ini masih dikerjakan wali data. Camat memutusnya bila sudah diusulkan atau diteruskan kepadanya."
    if desk.is_at_camat and (alone or desk.proposer_role not in LEADERS):
        return "Kasus ini sudah diteruskan ke camat. Tunggu putusannya, atau tarik kembali dulu."
    return ""


def _check_right(conn: sqlite3.Connection, finding: Finding, officer: Officer, *, alone: bool) -> None:
    bar = find_bar(queries.read_desk(conn, finding.id), officer, alone=alone)
    if bar:
        raise UserError(bar, "bukan_giliran")


def _check_lock(conn: sqlite3.Connection, services: HubServices, finding: Finding, seen: Sequence[str]) -> None:
    if list_heads(conn, services, finding) != sorted(seen):
        raise UserError(
            "Ada perubahan baru yang belum Anda lihat pada data ini. Buka lagi kasusnya, lalu putuskan.", "versi_baru"
        )


def _find_first(
    conn: sqlite3.Connection, services: HubServices, finding: Finding, action: dict[str, Any], officer: Officer,
    alasan: str,
) -> str | None:
    """Find the first officer of the same action; None when this officer is the first and now waits."""
    text = json.dumps(action, sort_keys=True, separators=(",", ":"))
    desa = next(d for d in finding.desa if d != services.wilayah)
    id = kasus_id(finding.id, desa)
    first = queries.find_proposer(conn, desa, id, text)
    if first is not None:
        if first != officer.petugas:
            return first
        raise UserError(
            "Putusan tentang identitas atau uang perlu dua petugas. Usulan Anda sudah dicatat;"
            " minta petugas lain menyetujuinya.",
            "perlu_petugas_kedua",
        )
    _ensure_case(conn, services, finding, desa, officer)
    changes = {"usulan": text, "petugas_pertama": officer.petugas, "status": "usulan", "catatan": alasan or None}
    found = draft_case_update(conn, services, desa, id, changes)
    if found:
        write_to_desa(services, desa, [found[1]], author=officer.petugas)
    return None

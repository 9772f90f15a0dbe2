"""What slots and the last contact of a node say to an operator, in words; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from hub.ingest.unruly import Flood
from shared.clock import describe_span, format_time
from shared.sync.limits import PROTOCOL_VERSION, limit
from shared.sync.versions import Age, Other, Program
from shared.web.forms import write_number


class SlotState(Enum):
    """What has become of an enrolment slot; the value is what people read."""

    TERBUKA = "Terbuka"
    DIPAKAI = "Dipakai"
    KEDALUWARSA = "Kedaluwarsa"
    DITUTUP = "Ditutup"


def judge_slot(status: str, expires_s: int, now_s: int) -> SlotState:
    """Tell the state of a slot from what is stored of it."""
    if status == "terbuka":
        return SlotState.TERBUKA if expires_s >= now_s else SlotState.KEDALUWARSA
    return SlotState.DIPAKAI if status == "terpakai" else SlotState.DITUTUP


def describe_clock(heard_s: int | None, device_time_s: int | None) -> str:
    """Say how wrong the clock of a node is; empty when it is right enough or was never heard."""
    if heard_s is None or device_time_s is None:
        return ""
    ahead_s = device_time_s - heard_s
    if abs(ahead_s) <= limit("clock_skew_s_shown"):
        return ""
    return f"Jam komputer {describe_span(abs(ahead_s))} terlalu {'cepat' if ahead_s > 0 else 'lambat'}"


def describe_queue(queue: int | None) -> str:
    """Say how much a node still had to hand over when it last called."""
    if queue is None:
        return ""
    return f"{write_number(queue)} perubahan menunggu" if queue else "Tidak ada antrean"


def describe_parity(parity: str) -> str:
    """Say whether both sides showed the same rows."""
    words = {"sama": "Isi sama", "beda": "Isi berbeda", "versi": "Sama, sejauh kedua program saling mengenal"}
    return words.get(parity, "Belum dibandingkan")


def describe_version(version: int | None) -> str:
    """Say whether a node speaks the version of the protocol that this hub speaks."""
    if not version:
        return "Belum diketahui"
    if version == PROTOCOL_VERSION:
        return f"Versi {version}, sama dengan kecamatan"
    older, newer = "perbarui program di desa", "perbarui program di kecamatan"
    return f"Versi {version}, kecamatan versi {PROTOCOL_VERSION}: {older if version < PROTOCOL_VERSION else newer}"


def describe_program(own: Program, node: Other, held_here: int) -> str:
    """Say how old a node's program is beside this one, and what waits until an upgrade.

    ``held_here`` counts the changes of its desa that this hub keeps and cannot show yet.
    """
    age = node.age(own)
    here = f" {write_number(held_here)} perubahan dari desa ini menunggu di sini." if held_here else ""
    there = f" {write_number(node.held)} perubahan menunggu di komputer desa." if node.held else ""
    named = f"Versi {node.name}" if node.name else "Belum diketahui"
    if age is Age.LEBIH_LAMA:
        return f"{named}, lebih lama daripada di sini ({own.name}): perbarui program di desa.{there}{here}"
    if age is Age.LEBIH_BARU:
        return f"{named}, lebih baru daripada di sini ({own.name}): perbarui program di kecamatan.{here}{there}"
    if age is Age.BERBEDA:
        return f"{named}, berbeda dengan di sini: perbarui program di kecamatan dan di desa.{here}{there}"
    return f"{named}, sama dengan di sini" if node.name else named


def describe_flood(flood: Flood) -> str:
    """Say what a computer does to this hub, that the others are served, and what to do."""
    parts = [
        text for count, text in (
            (flood.broken, f"{write_number(flood.broken)} kiriman yang rusak"),
            (flood.early, f"{write_number(flood.early)} permintaan yang tidak menunggu gilirannya"),
        ) if count
    ]
    who = "Komputer ini" if flood.kunci else "Komputer yang tidak terdaftar di sini"
    do = (
        "Minta desa memeriksa programnya; bila komputer itu dicuri atau disusupi, cabut kuncinya." if flood.kunci
        else "Bila terus terjadi, minta pengelola jaringan menutup alamat pengirimnya."
    )
    return (
        f"{who} membanjiri hub: sedikitnya {' dan '.join(parts)} sejak {format_time(flood.since_s)}, terakhir"
        f" {format_time(flood.last_s)}. Hub menahannya; komputer lain tetap dilayani. {do}"
    )


RESULTS = {
    "": "Belum diketahui",
    "selesai": "Selesai; semua sudah diterima",
    "mengirim": "Belum selesai: masih mengirim, atau terputus di tengah",
}
REFUSALS = {
    "bad_proof": "Catatannya tidak cocok dengan segelnya. Jalankan pemeriksaan (verify) di komputer desa.",
    "bad_note": "Segel catatannya tidak cocok dengan kuncinya. Jalankan pemeriksaan (verify) di komputer desa.",
    "malformed": "Kirimannya tidak dikenali. Perbarui program di desa atau di kecamatan.",
    "node_too_old": "Program di desa terlalu lama. Minta desa memperbaruinya; pekerjaannya aman di sana.",
    "hub_too_old": "Program di kecamatan terlalu lama untuk desa itu. Perbarui program di sini.",
    "out_of_scope": "Ia mengirim catatan yang bukan milik desanya.",
    "unknown_key": "Ia mengirim catatan komputer yang belum terdaftar.",
}
"""How the last session of a node went (hub.ingest.contact), in words."""
_OTHER_REFUSAL = "Sebabnya tidak dikenal di sini; hubungi pengelola program."


def describe_result(result: str) -> str:
    """Say how the last session of a node went; of a refusal, why."""
    return RESULTS.get(result) or REFUSALS.get(result, _OTHER_REFUSAL)


def is_refused(result: str) -> bool:
    """Tell whether the last session ended with a refusal that people must look at."""
    return result not in RESULTS


@dataclass(frozen=True)
class Contact:
    """What was heard of one node that is not revoked."""

    last_s: int | None
    clock: str
    parity: str
    result: str
    is_suspended: bool = False
    is_other_program: bool = False
    is_flooding: bool = False


@dataclass(frozen=True)
class Remark:
    """Something about a desa that people should look at."""

    text: str
    is_grave: bool


def find_remarks(now_s: int, contacts: Sequence[Contact], quiet_s: int, waiting: int, is_open: bool) -> list[Remark]:
    """Say what about the nodes of a desa needs somebody, the gravest first.

    ``waiting`` counts nodes whose six words are to be compared; ``is_open`` tells of an open slot.
    """
    silent = [c for c in contacts if c.last_s is None or now_s - c.last_s > quiet_s]
    remarks = []
    if contacts and len(silent) == len(contacts):
        heard = [c.last_s for c in silent if c.last_s is not None]
        gone = f"Tidak ada kabar {describe_span(now_s - max(heard))}" if heard else "Belum pernah menghubungi"
        remarks.append(Remark(gone, True))
    if any(c.is_suspended for c in contacts):
        remarks.append(Remark("Komputer ditangguhkan", True))
    if any(c.is_flooding for c in contacts):
        remarks.append(Remark("Membanjiri hub", True))
    if any(is_refused(c.result) for c in contacts):
        remarks.append(Remark("Kiriman ditolak", True))
    if any(c.parity == "beda" for c in contacts):
        remarks.append(Remark("Isi berbeda", True))
    if 0 < len(silent) < len(contacts):
        remarks.append(Remark(f"{len(silent)} komputer tidak ada kabar", False))
    remarks += [Remark(text, False) for text in dict.fromkeys(c.clock for c in contacts if c.clock)]
    if any(c.is_other_program for c in contacts):
        remarks.append(Remark("Program berbeda versi", False))
    if waiting:
        remarks.append(Remark("Menunggu dicocokkan", False))
    if not contacts:
        remarks.append(Remark("Pendaftaran terbuka" if is_open else "Belum ada komputer", False))
    return remarks

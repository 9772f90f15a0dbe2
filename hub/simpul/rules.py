"""What slots and the last contact of a node say to an operator, in words; why a node may be refused. Pure."""

from __future__ import annotations

from enum import Enum

from shared.clock import describe_span
from shared.sync.limits import limit

WRONG_WORDS, OTHER = "kata", "lain"
REASONS = {
    WRONG_WORDS: "Enam kata tidak sama",
    "asing": "Desa tidak mengenal komputer ini",
    "desa": "Komputer ini milik desa lain",
    "coba": "Hanya percobaan, atau salah tekan",
    OTHER: "Sebab lain",
}
"""Why a node is refused; kept by key, told by word."""
NOTE_MAX = 200


def find_refusal_problem(reason: str, note: str, reopen: bool) -> str | None:
    """Say in Indonesian what is missing or wrong about a refusal, or None."""
    if reason not in REASONS:
        return "Pilih dulu sebabnya."
    if reason == OTHER and not note:
        return "Tulis sebabnya dengan singkat."
    if len(note) > NOTE_MAX:
        return f"Catatan paling banyak {NOTE_MAX} huruf."
    if reopen and reason == WRONG_WORDS:
        # Whoever stood between has seen a proof of this code.
        return "Bila enam kata tidak sama, kodenya harus ditutup. Buka pendaftaran baru untuk komputer yang benar."
    return None


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
    return f"{queue} perubahan menunggu" if queue else "Tidak ada antrean"


def describe_parity(parity: str) -> str:
    """Say whether both sides showed the same rows."""
    return {"sama": "Isi sama", "beda": "Isi berbeda"}.get(parity, "Belum dibandingkan")

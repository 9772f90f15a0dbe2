"""Why a node that asks to be enrolled may be refused, and what of that does not fit together; pure."""

from __future__ import annotations

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

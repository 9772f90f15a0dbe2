"""Draws a letter from what it keeps of itself (shared/surat/cetakan.py); the same snapshot gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from node.beranda.desk import services
from node.services import NodeServices
from shared.pdf.typeset import draw_pages, typeset
from shared.surat.fakta import write_date
from shared.surat.tanda import write_kode, write_qr
from shared.sync.address import Road, judge_address

_NO_NUMBER = "…………………………"
_SENTENCE = (
    "QR ini membuktikan nomor, tanggal, jenis, dan pemohon surat ini (tanda tangan elektronik tidak tersertifikasi)."
)
_WITH_ADDRESS = " Pindai untuk memeriksanya, lalu cocokkan dengan tulisan di kertas."
_BARE = " Periksa di halaman Periksa surat milik desa atau kecamatan, lalu cocokkan dengan tulisan di kertas."


@dataclass(frozen=True)
class Look:
    """What a print takes from this computer: the logo (PNG or None), and the public address that checks a letter."""

    logo: bytes | None = None
    alamat: str = ""


def make_look(node: NodeServices) -> Look:
    """Gather the look of this computer. The address is that of the hub, when anybody can reach it safely."""
    hub = node.hub()
    is_public = hub is not None and hub.status != "dicabut" and judge_address(hub.address) is Road.HTTPS
    return Look(
        node.logo.png if node.logo else None, hub.address if hub and is_public and not node.is_latihan else ""
    )


def make_pdf(cetakan: Mapping[str, Any], *, is_concept: bool, look: Look | None = None) -> bytes:
    """Make the PDF of a letter; ``look`` is asked of the open node if None.

    A concept bears the mark KONSEP and no QR; a letter with ``batal`` the mark BATAL. The QR holds ``tanda``, the text
    of shared.surat.tanda.write_text.

    Raises nothing that a person could mend: every text is printable. TypesetError is a defect.
    """
    data, images = _prepare(cetakan, is_concept, look or make_look(services()))
    return typeset("surat", data, timestamp_s=_noon_s(str(cetakan.get("tanggal") or "")), images=images)


def draw_letter(cetakan: Mapping[str, Any], *, is_concept: bool, look: Look | None = None) -> list[bytes]:
    """Draw the pages of a letter as PNG, for a screen."""
    data, images = _prepare(cetakan, is_concept, look or make_look(services()))
    return draw_pages("surat", data, images=images)


def draw_qr(text: str) -> bytes:
    """Draw the QR of a proof as SVG."""
    # Imported here: a small PC has little memory.
    import segno

    out = io.BytesIO()
    # The mask is given: trying all eight takes longer than setting the whole page.
    segno.make(text, error="l", micro=False, mask=3).save(out, kind="svg", border=4, xmldecl=False)
    return out.getvalue()


def _prepare(cetakan: Mapping[str, Any], is_concept: bool, look: Look) -> tuple[dict[str, Any], dict[str, bytes]]:
    images = {"logo": look.logo} if look.logo else {}
    # A concept proves nothing, whatever it may hold already.
    text = "" if is_concept else str(cetakan.get("tanda") or "")
    if text:
        images["qr"] = draw_qr(write_qr(text, look.alamat))
    data = {
        "kertas": cetakan["kertas"], "judul": cetakan["judul"], "nomor": cetakan["nomor"] or _NO_NUMBER,
        "kop": _make_kop(cetakan["kop"]), "bagian": cetakan["bagian"],
        "cap": "KONSEP" if is_concept else "BATAL" if cetakan.get("batal") else "",
        "bukti": _SENTENCE + (_WITH_ADDRESS if look.alamat else _BARE),
        "kode": write_kode(str(cetakan.get("kode") or "")),
        "kiri": _make_camat(cetakan["kop"]) if cetakan.get("mengetahui_camat") else None,
        "kanan": _make_signer(cetakan),
    }
    return data, images


def _make_kop(kop: Mapping[str, str]) -> dict[str, str]:
    """Write the head of the sheet; what the office has not filled in leaves no gap."""
    reach = "   ".join(part for part in (
        f"Telepon {kop['telepon']}" if kop.get("telepon") else "", f"Surel {kop['email']}" if kop.get("email") else "",
    ) if part)
    return {
        "kabupaten": f"Pemerintah {kop['kabupaten']}", "kecamatan": kop["kecamatan"], "desa": kop["desa"],
        "alamat": "\n".join(part for part in (kop.get("alamat") or "", reach) if part),
    }


def _make_signer(cetakan: Mapping[str, Any]) -> dict[str, str]:
    signer = cetakan["tanda_tangan"]
    try:
        day = write_date(date.fromisoformat(str(cetakan["tanggal"])))
    except ValueError:
        day = "…………………"
    nip = str(signer.get("nip") or "")
    return {
        "atas": f"{cetakan['tempat']}, {day}", "jabatan": "\n".join(signer["jabatan"]) or "…………………",
        "nama": signer["nama"] or "…………………………", "bawah": nip,
    }


def _make_camat(kop: Mapping[str, str]) -> dict[str, str]:
    place = kop["kecamatan"].removeprefix("Kecamatan ")
    return {"atas": "Mengetahui,", "jabatan": f"Camat {place}", "nama": "…………………………", "bawah": ""}


def _noon_s(tanggal: str) -> int:
    """Give the second that the file bears: noon of the letter's date, so that no zone makes another day of it."""
    try:
        day = date.fromisoformat(tanggal)
    except ValueError:
        return 0
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())

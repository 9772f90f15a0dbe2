"""Pages of a scanner's PDF: taken out as pictures, where every page is one picture.

A PDF is not drawn here. A page with more on it than its picture (the text of a letter from a word processor, a stamp, a
second layer) is refused: what is kept of a letter must not lack a part of it.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

from shared.errors import UserError
from shared.web.images import PAGES_MAX, PIXELS_MAX, REDUCED_PIXELS_MAX, refuse_pages

if TYPE_CHECKING:
    from pypdf import PageObject

COVERED = 0.8
"""How much of width and height of a page its picture must cover at least."""
WRITTEN_MAX = 80
"""Bytes of text above the picture that are passed over: apps for telephones write their name below."""
_HEAD_BYTES = 1024
_INVISIBLE = 3
_TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
_WRITES = (b"Tj", b"TJ", b"'", b'"')
_one_at_a_time = threading.Lock()


def is_pdf(data: bytes) -> bool:
    """Tell whether an upload is a PDF, whatever it is called."""
    return b"%PDF-" in data[:_HEAD_BYTES]


def read_pages(data: bytes) -> list[bytes]:
    """Take the pages out of a scanner's PDF, each upright as a file of a picture.

    Raises UserError with what to do when it is locked, damaged, too long, or no scan.
    """
    # Imported here: a small PC has little memory.
    from pypdf import PdfReader

    with _one_at_a_time:
        try:
            reader = PdfReader(io.BytesIO(data))
            if reader.is_encrypted and not reader.decrypt(""):
                raise UserError("PDF ini dikunci dengan kata sandi. Simpan dulu tanpa kata sandi.", "pdf_terkunci")
            if len(reader.pages) > PAGES_MAX:
                raise refuse_pages(len(reader.pages))
            return [_take_page(page, number) for number, page in enumerate(reader.pages, 1)]
        except UserError:
            raise
        except Exception:  # noqa: BLE001 - readers raise whatever a damaged file leads them to
            raise UserError(
                "PDF ini tidak dapat dibaca. Pindai lagi, atau simpan pindaiannya sebagai JPEG.", "pdf_tidak_terbaca"
            ) from None


@dataclass
class _Sheet:
    """What a page shows: the picture that covers it, how that is turned (degrees against the clock), text above it."""

    width: float
    height: float
    picture: str = ""
    turn: int = 0
    written: int = 0
    mode: int = 0

    def note(self, operator: bytes, operands: Sequence[Any], matrix: Sequence[float]) -> None:
        """Take in one operator of the page in its order."""
        if operator == b"Tr" and operands:
            self.mode = int(operands[0])
        elif operator == b"Do" and operands:
            self._note_picture(str(operands[0]), matrix)
        elif operator in _WRITES and self.mode != _INVISIBLE:
            self.written += sum(map(_count, operands))

    def _note_picture(self, name: str, matrix: Sequence[float]) -> None:
        a, b, c, d = (float(value) for value in matrix[:4])
        if abs(a) + abs(c) < COVERED * self.width or abs(b) + abs(d) < COVERED * self.height:
            return
        # A second one that covers the page is a layer of it.
        self.turn = -1 if self.picture else _read_turn(a, b, c, d)
        # What was written before lies below.
        self.picture, self.written = name, 0


def _count(operand: Any) -> int:
    if isinstance(operand, list):
        return sum(map(_count, operand))
    return len(operand) if isinstance(operand, (str, bytes)) else 0


def _read_turn(a: float, b: float, c: float, d: float) -> int:
    """Read how a picture is turned, in degrees against the clock; -1 where it is mirrored or askew."""
    upright, lying = abs(a) + abs(d), abs(b) + abs(c)
    if lying < upright / 100:
        return 0 if a > 0 and d > 0 else 180 if a < 0 and d < 0 else -1
    if upright < lying / 100:
        return 90 if b > 0 > c else 270 if b < 0 < c else -1
    return -1


def _take_page(page: PageObject, number: int) -> bytes:
    box = page.cropbox
    sheet = _Sheet(float(box.width), float(box.height))
    page.extract_text(visitor_operand_before=lambda operator, operands, cm, tm: sheet.note(operator, operands, cm))
    resources: Any = page["/Resources"].get_object()
    pictures = resources.get("/XObject", {})
    found = pictures[sheet.picture].get_object() if sheet.picture in pictures else None
    is_scan = found is not None and found.get("/Subtype") == "/Image" and not found.get("/ImageMask")
    if found is None or not is_scan or sheet.turn < 0 or sheet.written > WRITTEN_MAX or _has_marks(page):
        raise UserError(
            f"Halaman {number} PDF ini bukan satu gambar hasil pindai. Cetak suratnya lalu pindai, atau foto suratnya.",
            "pdf_bukan_pindaian",
        )
    is_jpeg = found.get("/Filter") in ("/DCTDecode", ["/DCTDecode"])
    if int(found["/Width"]) * int(found["/Height"]) > (REDUCED_PIXELS_MAX if is_jpeg else PIXELS_MAX):
        raise UserError(
            f"Halaman {number} PDF ini terlalu besar. Pindai lagi dengan 200 atau 300 dpi.", "gambar_terlalu_besar"
        )
    picture = page.images[sheet.picture]
    turn = (sheet.turn - page.rotation) % 360
    if is_jpeg and not turn and picture.image is not None and picture.image.mode in ("L", "RGB"):
        return bytes(picture.data)
    return _write(picture.image, turn)


def _has_marks(page: PageObject) -> bool:
    """Tell whether stamps, notes or fields lie on a page; links show nothing."""
    marks = page.get("/Annots")
    listed = marks.get_object() if marks is not None else []
    return any(mark.get_object().get("/Subtype") not in ("/Link", "/Popup") for mark in listed)


def _write(image: Image.Image | None, turn: int) -> bytes:
    if image is None:
        raise ValueError("no picture")
    upright = image.transpose(_TURNS[turn]) if turn else image
    if upright.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        upright = upright.convert("RGB")
    buffer = io.BytesIO()
    upright.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()

"""Draws pages of letters and puts them into PDFs as scanners and other programs do."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFont
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, StreamObject

import shared.pdf

A4_200_DPI = (1654, 2339)
_FONT = Path(shared.pdf.__path__[0]) / "fonts" / "LiberationSans-Regular.ttf"
_WORDS = (
    "yang bertanda tangan di bawah ini kepala desa menerangkan dengan sebenarnya bahwa undangan rapat koordinasi"
    " kecamatan tanggal waktu tempat acara demikian atas perhatian diucapkan terima kasih"
).split()


def draw_page(seed: int = 1, *, lines: int = 38, mark: str = "") -> Image.Image:
    """Draw a page of 12 pt print at 200 dpi with the grain of a scanner; its left upper corner in colour ``mark``."""
    chance = random.Random(seed)
    page = Image.new("L", A4_200_DPI, 244)
    draw = ImageDraw.Draw(page)
    font = ImageFont.truetype(str(_FONT), 33)
    for line in range(lines):
        text = ""
        while font.getlength(text) < 1250:
            text += f" {chance.choice(_WORDS)}"
        draw.text((180, 200 + 52 * line), text, 25, font=font)
    grainy = ImageChops.add(page, Image.effect_noise(page.size, 8), 1, -128).convert("RGB")
    if mark:
        grainy.paste(mark, (0, 0, 160, 160))
    return grainy


def make_scan(pages: Sequence[Image.Image], mode: str = "RGB") -> bytes:
    """Write pages as a scanner does: JPEG, or CCITT for mode ``1``."""
    first, *rest = [page.convert(mode) for page in pages]
    out = io.BytesIO()
    first.save(out, "PDF", resolution=200, save_all=True, append_images=rest)
    return out.getvalue()


def change_pdf(
    data: bytes, *, content: bytes = b"", before: bytes = b"", rotation: int = 0, password: str = ""
) -> bytes:
    """Write a PDF again with operators behind or before those of its first page, its pages turned, or locked."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    page = writer.pages[0]
    if content or before:
        stream = StreamObject()
        old = page.get_contents()
        stream.set_data(before + b"\n" + (old.get_data() if old is not None else b"") + b"\n" + content)
        page[NameObject("/Contents")] = writer._add_object(stream)
    if rotation:
        page.rotate(rotation)
    if password:
        writer.encrypt(password)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()

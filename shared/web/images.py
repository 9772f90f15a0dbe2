"""Pictures that people hand in: decoded with bounds, made small, written anew without anything but pixels.

What is stored is a JPEG of our own making: no place and no time of a photograph, no comment, no profile, and
nothing of the file that a decoder elsewhere could stumble over.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence

from PIL import Image, ImageOps

from shared.errors import UserError

SIDE_MAX = 1200
BYTES_MAX = 200_000
UPLOAD_BYTES_MAX = 15_000_000
PIXELS_MAX = 32_000_000
"""Of what has to be decoded whole: 128 MB of memory."""
REDUCED_PIXELS_MAX = 80_000_000
"""Of a plain JPEG, which the decoder makes smaller while it reads."""
THUMBNAIL_SIDE = 240
PAGES_MAX = 6
"""Pages of one letter that are kept below each other in one picture."""
_PAGE_STEPS = ((1200, 65), (1200, 50), (1050, 50), (1050, 35), (900, 35), (900, 25), (800, 25))
"""Height and quality of each page, from good to what can just be read (12 pt print, measured on full pages)."""
_PAGE_LINE = 3

_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITIES = (85, 75, 65, 55, 45, 35)
_one_at_a_time = threading.Lock()


def encode_image(data: bytes) -> bytes:
    """Make the JPEG that is kept of an uploaded picture: at most SIDE_MAX wide and high, and BYTES_MAX long.

    Raises UserError with what to do when it is no picture, damaged or too large.
    """
    if not data:
        raise UserError("Pilih dulu berkas gambarnya.", "berkas_kosong")
    if len(data) > UPLOAD_BYTES_MAX:
        raise UserError(
            f"Berkas gambar terlalu besar (paling besar {UPLOAD_BYTES_MAX // 1_000_000} MB). Kecilkan dulu, lalu"
            " pilih lagi.",
            "gambar_terlalu_besar",
        )
    with _one_at_a_time:
        return _fit(_decode(data, SIDE_MAX))


def encode_pages(pages: Sequence[bytes]) -> bytes:
    """Make one JPEG of the pages of a paper, below each other; of one page what :func:`encode_image` makes.

    Raises UserError with what to do, also when so many pages could not be read any more.
    """
    if len(pages) < 2:
        return encode_image(pages[0] if pages else b"")
    if len(pages) > PAGES_MAX:
        raise refuse_pages(len(pages))
    if sum(map(len, pages)) > UPLOAD_BYTES_MAX * PAGES_MAX:
        raise _too_many_pixels()
    with _one_at_a_time:
        sheets = [_decode(data, _PAGE_STEPS[0][0]) for data in pages]
        for height, quality in _PAGE_STEPS:
            data = _save(_stack(sheets, height), quality)
            if len(data) <= BYTES_MAX:
                return data
    raise UserError(
        "Halamannya terlalu banyak atau terlalu padat untuk disimpan menjadi satu yang masih terbaca. Pilih halaman"
        " yang penting saja.",
        "halaman_terlalu_padat",
    )


def refuse_pages(count: int) -> UserError:
    """Say that a paper has more pages than are kept."""
    return UserError(
        f"Pindaian ini {count} halaman; yang disimpan paling banyak {PAGES_MAX}. Pilih halaman yang penting saja,"
        " misalnya yang pertama dan yang bertanda tangan.",
        "halaman_terlalu_banyak",
    )


def make_thumbnail(data: bytes) -> bytes:
    """Make a small JPEG of a stored picture; UserError when it is none."""
    with _one_at_a_time:
        return _save(_decode(data, THUMBNAIL_SIDE), _QUALITIES[1])


def is_jpeg(data: bytes) -> bool:
    """Tell whether bytes that came from elsewhere may be handed to a browser as the picture they should be."""
    return data.startswith(b"\xff\xd8\xff")


def _decode(data: bytes, side: int) -> Image.Image:
    """Read a picture upright, in RGB, no larger than asked for, and free of everything else."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            _check_size(image)
            image.draft("RGB", (side, side))
            upright = ImageOps.exif_transpose(image)
            flat = _flatten(upright)
        flat.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        # A picture of its own: thumbnail and convert carry what came beside the pixels.
        clean = Image.new("RGB", flat.size)
        clean.paste(flat)
        return clean
    except UserError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except Exception:  # noqa: BLE001 - decoders raise whatever a damaged file leads them to
        raise UserError(
            "Berkas ini bukan gambar yang dapat dibaca. Pakai foto JPEG, PNG, atau WebP; foto HEIC dari iPhone"
            " diubah dulu ke JPEG.",
            "gambar_tidak_terbaca",
        ) from None


def _check_size(image: Image.Image) -> None:
    """Refuse by what the header says, before a single pixel is decoded."""
    is_reduced = image.format == "JPEG" and not image.info.get("progressive")
    width, height = image.size
    if width * height > (REDUCED_PIXELS_MAX if is_reduced else PIXELS_MAX):
        raise _too_many_pixels()


def _too_many_pixels() -> UserError:
    return UserError(
        "Gambar ini terlalu besar ukurannya. Ambil foto dengan ukuran lebih kecil, atau kecilkan dulu, lalu pilih"
        " lagi.",
        "gambar_terlalu_besar",
    )


def _flatten(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image.convert("RGBA"))
    return image.convert("RGB")


def _stack(sheets: Sequence[Image.Image], height: int) -> Image.Image:
    """Put pages below each other, none larger than a square of ``height``, with a line between."""
    pages = [sheet.copy() for sheet in sheets]
    for page in pages:
        page.thumbnail((height, height), Image.Resampling.LANCZOS)
    whole = Image.new(
        "RGB", (max(page.width for page in pages), sum(page.height + _PAGE_LINE for page in pages) - _PAGE_LINE), "gray"
    )
    top = 0
    for page in pages:
        whole.paste("white", (0, top, whole.width, top + page.height))
        whole.paste(page, (0, top))
        top += page.height + _PAGE_LINE
    return whole


def _fit(image: Image.Image) -> bytes:
    """Write a JPEG that keeps to BYTES_MAX: less quality first, then fewer pixels."""
    while True:
        for quality in _QUALITIES:
            data = _save(image, quality)
            if len(data) <= BYTES_MAX:
                return data
        image = image.resize((max(1, image.width * 3 // 4), max(1, image.height * 3 // 4)), Image.Resampling.LANCZOS)


def _save(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()

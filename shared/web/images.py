"""Pictures that people hand in: decoded with bounds, made small, written anew without anything but pixels.

What is stored is a JPEG of our own making: no place and no time of a photograph, no comment, no profile, and
nothing of the file that a decoder elsewhere could stumble over.
"""

from __future__ import annotations

import io
import threading

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

"""Makes the stored logo out of a picture that somebody hands in: read, upright, scaled, written anew as PNG.

Nothing of the file itself is kept: neither its bytes nor what a camera wrote into it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from shared.errors import UserError

if TYPE_CHECKING:
    from PIL import Image

UPLOAD_BYTES_MAX = 10_000_000
STORED_BYTES_MAX = 48_000
"""So that the first load of a page stays small; 64 kB is what a logo may ever take."""

_SIDES_PX = (192, 160, 128)
_SHORT_SIDE_PX_MIN = 32
_RATIO_MAX = 4
_PIXELS_MAX = 30_000_000
_FORMATS = ("PNG", "JPEG", "WEBP")


@dataclass(frozen=True)
class Logo:
    """A logo as it is stored and sent."""

    png: bytes
    width: int
    height: int

    @cached_property
    def version(self) -> str:
        """Name these very bytes, for the address under which a browser may keep them."""
        return sha256(self.png).hexdigest()[:10]


def read_logo(content: bytes) -> Logo:
    """Make a logo of the bytes of a file.

    Raises UserError that says what is wrong with the picture and what to choose instead.
    """
    if not content:
        raise UserError("Pilih dulu berkas gambarnya.", "logo_kosong")
    if len(content) > UPLOAD_BYTES_MAX:
        raise _too_large()
    picture = _decode(content)
    for side in _SIDES_PX:
        # Pillow scales with the colours weighted by how opaque they are, so no dark rim appears.
        picture.thumbnail((side, side))
        for drawn in (picture, _reduce(picture)):
            png = _encode(drawn)
            if len(png) <= STORED_BYTES_MAX:
                return Logo(png, *picture.size)
    raise AssertionError("a palette picture of the smallest side is always small enough")


def _decode(content: bytes) -> Image.Image:
    # Imported here and below: only this needs it, and a small PC has little memory.
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            # The size stands in the first bytes; so far nothing was unpacked.
            _check_size(*image.size)
            # A photograph is read at a fraction of its size; other formats know no such thing.
            image.draft(None, (2 * _SIDES_PX[0], 2 * _SIDES_PX[0]))
            upright = ImageOps.exif_transpose(image)
            if upright.mode.startswith("I"):  # sixteen bits of grey, which would only be cut off at white
                upright = upright.convert("I").point(lambda grey: grey / 256).convert("L")
            picture = upright.convert("RGBA")
    except UserError:
        raise
    except UnidentifiedImageError as error:
        raise UserError(
            "Berkas itu bukan gambar PNG, JPEG, atau WebP. Pilih gambar logo yang lain, atau simpan dulu gambarnya"
            " sebagai PNG.",
            "logo_bukan_gambar",
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large() from error
    except Exception as error:  # noqa: BLE001 - a decoder raises whatever broken bytes make of it
        raise UserError(
            "Gambar itu rusak atau terpotong. Buka dulu di komputer; bila tampil, simpan sebagai PNG lalu pilih"
            " berkas yang baru itu.",
            "logo_rusak",
        ) from error
    return picture.convert("RGB") if picture.getchannel("A").getextrema() == (255, 255) else picture


def _check_size(width: int, height: int) -> None:
    if width * height > _PIXELS_MAX:
        raise _too_large()
    short, long = sorted((width, height))
    if short < _SHORT_SIDE_PX_MIN:
        raise UserError(
            f"Gambarnya terlalu kecil ({width} × {height} titik), jadi akan tampak buram. Pilih yang paling sedikit"
            f" {_SHORT_SIDE_PX_MIN} titik lebar dan tingginya.",
            "logo_kecil",
        )
    if long > _RATIO_MAX * short:
        raise UserError(
            f"Gambarnya terlalu panjang ({width} × {height} titik) untuk sebuah logo. Potong dulu sampai hanya"
            " lambangnya.",
            "logo_panjang",
        )


def _too_large() -> UserError:
    return UserError(
        f"Gambarnya terlalu besar: paling besar {UPLOAD_BYTES_MAX // 1_000_000} MB dan"
        f" {_PIXELS_MAX // 1_000_000} juta titik. Perkecil gambarnya, lalu pilih lagi.",
        "logo_besar",
    )


def _reduce(picture: Image.Image) -> Image.Image:
    """Draw with 256 colours, which takes a byte a pixel at most."""
    from PIL import Image

    return picture.quantize(256, Image.Quantize.FASTOCTREE)


def _encode(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()

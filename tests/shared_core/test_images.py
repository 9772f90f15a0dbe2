"""Pictures: what is kept of them, and that no file brings the program down."""

from __future__ import annotations

import io
import random
import struct
import zlib

import pytest
from PIL import Image

from shared.errors import UserError
from shared.web.images import BYTES_MAX, SIDE_MAX, THUMBNAIL_SIDE, encode_image, is_jpeg, make_thumbnail


def picture(width: int = 60, height: int = 40, mode: str = "RGB", format: str = "PNG", **more: object) -> bytes:
    """Write a picture whose left half is red and whose right half is green, where the mode has colours."""
    image = Image.new("RGB", (width, height), (200, 20, 20))
    image.paste((20, 200, 20), (width // 2, 0, width, height))
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, format, **more)
    return buffer.getvalue()


def noise(width: int, height: int) -> bytes:
    data = random.Random(7).randbytes(width * height * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (width, height), data).save(buffer, "PNG", compress_level=0)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def test_a_large_photo_becomes_a_small_jpeg() -> None:
    for made in (picture(3000, 2000, format="JPEG"), picture(1500, 2600), noise(2400, 1800)):
        data = encode_image(made)
        image = opened(data)
        assert image.format == "JPEG" and max(image.size) == SIDE_MAX and len(data) <= BYTES_MAX
        assert is_jpeg(data)


def test_a_picture_that_cannot_be_pressed_loses_pixels_rather_than_the_bound() -> None:
    data = encode_image(noise(1200, 1200))
    assert len(data) <= BYTES_MAX


def test_a_small_picture_is_not_made_larger() -> None:
    assert opened(encode_image(picture(60, 40))).size == (60, 40)
    assert opened(encode_image(picture(1, 1))).size == (1, 1)


def test_place_time_comment_and_profile_are_gone_and_the_picture_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "KAMERA-RAHASIA"
    exif.get_ifd(0x8825)[1] = "S"
    made = picture(
        60, 40, format="JPEG", exif=exif, comment=b"CATATAN-RAHASIA", icc_profile=b"PROFIL-RAHASIA" * 20,
        xmp=b"<x>XMP-RAHASIA</x>", quality=95,
    )
    assert made.count(b"RAHASIA") >= 4
    data = encode_image(made)
    image = opened(data)
    assert b"RAHASIA" not in data and b"Exif" not in data and not image.getexif() and "icc_profile" not in image.info
    assert "comment" not in image.info and "xmp" not in image.info
    # Turned as the camera said: the left half of the file is the upper half of what was seen.
    assert image.size == (40, 60)
    pixel = image.getpixel((20, 5))
    assert isinstance(pixel, tuple) and pixel[0] > 150 > pixel[1]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_png_is_read(mode: str) -> None:
    assert opened(encode_image(picture(30, 20, mode))).mode == "RGB"


def test_webp_and_cmyk_are_read() -> None:
    assert opened(encode_image(picture(30, 20, "RGBA", "WEBP"))).size == (30, 20)
    assert opened(encode_image(picture(30, 20, "CMYK", "JPEG"))).mode == "RGB"


def test_what_is_transparent_becomes_white_paper() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(buffer, "PNG")
    pixel = opened(encode_image(buffer.getvalue())).getpixel((4, 4))
    assert isinstance(pixel, tuple) and min(pixel) > 250


def test_a_thumbnail_is_small() -> None:
    data = make_thumbnail(encode_image(picture(2000, 1000)))
    assert opened(data).size == (THUMBNAIL_SIDE, THUMBNAIL_SIDE // 2) and len(data) < 20_000


def png_that_says(width: int, height: int) -> bytes:
    """Write a few bytes of PNG that claim any size."""
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (9_000, 9_000), (2**31 - 1, 1), (20_000, 2_000)])
def test_a_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    with pytest.raises(UserError) as caught:
        encode_image(png_that_says(width, height))
    assert "terlalu besar" in caught.value.pesan or "tidak" in caught.value.pesan


def test_what_is_no_picture_is_refused_in_a_sentence() -> None:
    whole = picture(60, 40, format="JPEG")
    wrong = (
        b"<html>", b"%PDF-1.7", bytes(100), whole[:50], whole[: len(whole) // 2], png_that_says(100, 100),
        picture(20, 20, format="GIF"), picture(20, 20, format="TIFF"), picture(20, 20, format="BMP"),
        b"\xff\xd8\xff" + bytes(50),
    )
    for data in wrong:
        with pytest.raises(UserError) as caught:
            encode_image(data)
        assert "JPEG" in caught.value.pesan
    with pytest.raises(UserError):
        encode_image(b"")
    with pytest.raises(UserError, match="MB"):
        encode_image(bytes(16_000_000))


def test_damage_anywhere_in_a_file_never_gets_out_as_anything_else() -> None:
    dice = random.Random(11)
    wholes = [picture(90, 70, format=name) for name in ("JPEG", "PNG", "WEBP")]
    for _ in range(300):
        data = bytearray(dice.choice(wholes))
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            assert is_jpeg(encode_image(bytes(data[: dice.choice((len(data), dice.randrange(len(data)))) or 1])))
        except UserError:
            pass

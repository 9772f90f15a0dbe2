"""Draws the pictures that tests hand in as logos."""

from __future__ import annotations

import io
import os
from typing import Any

from PIL import Image, ImageDraw


def draw_crest(kind: str = "PNG", size: tuple[int, int] = (600, 700), **options: Any) -> bytes:
    """Draw an invented crest as a file of a kind; JPEG has no transparent ground."""
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    draw, (width, height) = ImageDraw.Draw(image), size
    draw.polygon(
        [(0, 0), (width, 0), (width, height * 0.6), (width / 2, height), (0, height * 0.6)], (20, 120, 60, 255)
    )
    draw.ellipse((width * 0.2, height * 0.15, width * 0.8, height * 0.65), (250, 200, 40, 255))
    draw.rectangle((width * 0.45, height * 0.3, width * 0.55, height * 0.55), (160, 30, 30, 255))
    return encode(image if kind != "JPEG" else image.convert("RGB"), kind, **options)


def draw_noise(width: int, height: int) -> bytes:
    """Draw what compresses worst."""
    return encode(Image.frombytes("RGBA", (width, height), os.urandom(4 * width * height)), "PNG")


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Write a picture as a file of a kind."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()

"""Draws the icons that phones install, after shared/web/static/ikon.svg: run once when the mark changes."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

STATIC = Path(__file__).resolve().parent.parent / "shared" / "web" / "static"
GREEN, WHITE = "#14532d", "#ffffff"
_OVER = 4


def draw_icon(size: int, *, is_maskable: bool) -> Image.Image:
    """Draw the mark ``size`` pixels wide; maskable: on a full square, inside the circle that every phone keeps."""
    wide = size * _OVER
    image = Image.new("RGBA", (wide, wide), GREEN if is_maskable else (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    if not is_maskable:
        pen.rounded_rectangle((0, 0, wide - 1, wide - 1), radius=wide * 6 / 32, fill=GREEN)
    shrink = 0.8 if is_maskable else 1.0

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [((16 + (x - 16) * shrink) * wide / 32, (16 + (y - 16) * shrink) * wide / 32) for x, y in points]

    pen.polygon(at((6, 16), (16, 7), (26, 16), (26, 26), (6, 26)), fill=WHITE)
    pen.polygon(at((11, 20), (15, 20), (15, 26), (11, 26)), fill=GREEN)
    pen.polygon(at((18, 18), (23, 18), (23, 22), (18, 22)), fill=GREEN)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def main() -> None:
    """Write the three icons."""
    for name, size, is_maskable in (
        ("ikon-192.png", 192, False), ("ikon-512.png", 512, False), ("ikon-tepi-512.png", 512, True),
    ):
        draw_icon(size, is_maskable=is_maskable).quantize(32).save(STATIC / name, optimize=True)


if __name__ == "__main__":
    main()

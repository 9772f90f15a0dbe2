"""Boundaries of desa as small SVG paths, kept in ``batas/<kabupaten>.json``.

The files come from the GeoJSON of cahyadsn/wilayah_boundaries (see batas/LICENSE.batas) by
:func:`derive_boundaries`: every corner is moved to a grid of about 20 metres, so that neighbours keep their
common line, and corners that fall together are dropped. For the eye, not for surveying.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from math import cos, radians
from typing import Any

_STEPS_PER_DEGREE = 5000


@dataclass(frozen=True)
class Shape:
    """One desa: an SVG path with its corners ``left, top, right, bottom`` and a point for its label."""

    kode: str
    path: str
    box: tuple[int, int, int, int]
    label: tuple[int, int]


@dataclass(frozen=True)
class Map:
    """The desa of one kecamatan and the box around them all."""

    shapes: tuple[Shape, ...]
    box: tuple[int, int, int, int]

    @property
    def view_box(self) -> str:
        left, top, right, bottom = self.box
        return f"{left - 4} {top - 4} {right - left + 8} {bottom - top + 8}"


@lru_cache(maxsize=4)
def load_map(kecamatan: str) -> Map | None:
    """Read the map of a kecamatan; None where no boundaries are known."""
    source = files("hub.sipande.batas").joinpath(f"{kecamatan[:5]}.json")
    if not source.is_file():
        return None
    rows = json.loads(source.read_text(encoding="utf-8"))
    shapes = tuple(
        Shape(kode, row["d"], tuple(row["kotak"]), tuple(row["label"]))
        for kode, row in sorted(rows.items())
        if kode.startswith(kecamatan + ".")
    )
    if not shapes:
        return None
    boxes = [shape.box for shape in shapes]
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[2] for box in boxes), max(box[3] for box in boxes)
    return Map(shapes, (left, top, right, bottom))


def derive_boundaries(geojson: str) -> str:
    """Turn a GeoJSON feature collection with the property ``kode`` into the text of a file in batas/."""
    features = json.loads(geojson)["features"]
    corners = [point for feature in features for ring in _rings(feature["geometry"]) for point in ring]
    west, north = min(point[0] for point in corners), max(point[1] for point in corners)
    narrow = cos(radians(north))
    rows: dict[str, dict[str, Any]] = {}
    for feature in features:
        rings = [
            _snap([((x - west) * narrow, north - y) for x, y, *_ in ring])
            for ring in _rings(feature["geometry"])
        ]
        rings = [ring for ring in rings if len(ring) > 2]
        if rings:
            rows[feature["properties"]["kode"]] = _write_shape(rings)
    return json.dumps(rows, separators=(",", ":"), sort_keys=True) + "\n"


def _rings(geometry: Mapping[str, Any]) -> Iterator[Sequence[Sequence[float]]]:
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    for polygon in polygons:
        yield from polygon


def _snap(points: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    snapped: list[tuple[int, int]] = []
    for x, y in points:
        point = (round(x * _STEPS_PER_DEGREE), round(y * _STEPS_PER_DEGREE))
        if not snapped or snapped[-1] != point:
            snapped.append(point)
    return snapped[:-1] if len(snapped) > 1 and snapped[0] == snapped[-1] else snapped


def _write_shape(rings: Sequence[Sequence[tuple[int, int]]]) -> dict[str, Any]:
    xs, ys = [x for ring in rings for x, _ in ring], [y for ring in rings for _, y in ring]
    widest = max(rings, key=lambda ring: abs(_area(ring)))
    return {
        "d": "".join(map(_write_ring, rings)),
        "kotak": [min(xs), min(ys), max(xs), max(ys)],
        "label": list(_centre(widest)),
    }


def _write_ring(ring: Sequence[tuple[int, int]]) -> str:
    x, y = ring[0]
    steps = "".join(f"{b[0] - a[0]},{b[1] - a[1]} " for a, b in zip(ring, ring[1:]))
    return f"M{x},{y}l{steps.strip()}z"


def _area(ring: Sequence[tuple[int, int]]) -> int:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, (*ring[1:], ring[0])))


def _centre(ring: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Give the centre of gravity of a ring."""
    twice = _area(ring)
    if not twice:
        return ring[0]
    pairs = list(zip(ring, (*ring[1:], ring[0])))
    x = sum((a[0] + b[0]) * (a[0] * b[1] - b[0] * a[1]) for a, b in pairs) / (3 * twice)
    y = sum((a[1] + b[1]) * (a[0] * b[1] - b[0] * a[1]) for a, b in pairs) / (3 * twice)
    return round(x), round(y)

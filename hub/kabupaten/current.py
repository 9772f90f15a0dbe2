"""The rows as they are now: the deliveries of a hub folded in order, each checked again as it is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from typing import IO, Any, NamedTuple

from hub.kabupaten.check import LineKey, PullRefused, load_line, open_manifest, read_line
from hub.kabupaten.lake import HubEntry, Lake
from shared.changelog.checkpoint import Verifier
from shared.errors import DamageError


class RowKey(NamedTuple):
    """One record of one desa."""

    kind: str
    desa: str
    id: str


class Place(NamedTuple):
    """Where the newest line of a record stands: delivery and byte."""

    delivery: int
    offset: int


def load_index(lake: Lake, hub: HubEntry) -> dict[RowKey, Place]:
    """Find the newest line of every record that exists; DamageError when a stored delivery was changed."""
    state = lake.read_state(hub.code)
    index: dict[RowKey, Place] = {}
    for number in range(state.first, state.last + 1):
        for key, offset in _each_key(lake, hub, number):
            row = RowKey(*key[:3])
            if key.is_gone:
                index.pop(row, None)
            else:
                index[row] = Place(number, offset)
    return index


def each_current(lake: Lake, hub: HubEntry) -> Iterator[dict[str, Any]]:
    """Read the current rows of a hub (members kind, desa, id, data), by kind, desa and id."""
    index = load_index(lake, hub)
    files: dict[int, IO[bytes]] = {}
    try:
        for _, place in sorted(index.items()):
            file = files.get(place.delivery)
            if file is None:
                file = files[place.delivery] = lake.data_file(hub.code, place.delivery).open("rb")
            file.seek(place.offset)
            yield load_line(file.readline())
    finally:
        for file in files.values():
            file.close()


def count_current(lake: Lake, hub: HubEntry) -> dict[str, dict[str, int]]:
    """Count the current rows per kind and desa."""
    counts = Counter((key.kind, key.desa) for key in load_index(lake, hub))
    table: dict[str, dict[str, int]] = {}
    for (kind, desa), count in sorted(counts.items()):
        table.setdefault(kind, {})[desa] = count
    return table


def _each_key(lake: Lake, hub: HubEntry, number: int) -> Iterator[tuple[LineKey, int]]:
    digest, count, offset = sha256(), 0, 0
    try:
        note = lake.manifest_file(hub.code, number).read_bytes()
        with lake.data_file(hub.code, number).open("rb") as file:
            for line in file:
                yield read_line(line, hub.code), offset
                digest.update(line)
                count, offset = count + 1, offset + len(line)
    except (FileNotFoundError, PullRefused):
        raise DamageError(f"delivery {number}") from None
    if (digest.hexdigest(), count) not in _signed_contents(note, hub):
        raise DamageError(f"delivery {number}")


def _signed_contents(note: bytes, hub: HubEntry) -> list[tuple[str, int]]:
    """Read digest and count from a stored manifest, under the present key of the hub or an earlier one."""
    found = []
    for verifier in (hub.verifier, *hub.earlier):
        manifest = _open_stored(note, verifier)
        if manifest is not None:
            found.append(manifest)
    return found


def _open_stored(note: bytes, verifier: Verifier) -> tuple[str, int] | None:
    try:
        manifest = open_manifest(note, verifier)
    except PullRefused:
        return None
    return manifest.digest, manifest.count

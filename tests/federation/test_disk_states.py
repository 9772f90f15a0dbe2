"""What a power cut may leave: the model of the disk, by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from simulation.disk.states import Disk, Step  # noqa: E402

DRAWS = 200
FILE, OTHER, FOLDER = "/d/a", "/d/b", "/d"


def step(kind: str, handle: int = 3, number: int = 0, first: str | bytes = b"", second: str = "") -> Step:
    return Step(kind, handle, number, first.encode() if isinstance(first, str) else first, second.encode())


def draw(*steps: Step, start: bytes | None = None) -> set[tuple[tuple[str, bytes], ...]]:
    """Give every state that so many draws leave."""
    found = set()
    for seed in range(DRAWS):
        disk = Disk(FOLDER)
        if start is not None:
            disk.handles[9] = FILE
            disk.do(step("o", 9, 1, FILE))
            disk.do(step("w", 9, 0, start))
            disk.do(step("s", 9))
            disk.durable = dict(disk.live)
            disk.unsynced = []
        for one in steps:
            disk.do(one)
        found.add(tuple(sorted(disk.draw(Random(seed)).items())))
    return found


def contents(states: set[tuple[tuple[str, bytes], ...]]) -> set[bytes]:
    return {data for state in states for _, data in state}


def test_what_was_synced_stays_as_it_is() -> None:
    states = draw(step("o", first=FILE), step("w", first=b"new"), step("s"), start=b"old")
    assert states == {(("a", b"new"),)}


def test_what_was_not_synced_is_there_or_not() -> None:
    states = contents(draw(step("o", first=FILE), step("w", first=b"new"), start=b"old"))
    assert states == {b"old", b"new"}


def test_sectors_are_lost_one_by_one_and_in_any_order() -> None:
    states = contents(draw(step("o", first=FILE), step("w", first=b"x" * 2048), start=b"o" * 2048))
    kept = {tuple(data[at] == ord("x") for at in range(0, 2048, 512)) for data in states}
    assert len(kept) > 8 and any(later and not first for first, *_, later in kept)
    assert all(len(set(data[at : at + 512])) == 1 for data in states for at in range(0, 2048, 512))


def test_a_file_that_grew_may_hold_zeros() -> None:
    states = contents(draw(step("o", first=FILE), step("w", number=3, first=b"new"), start=b"old"))
    assert states == {b"old", b"oldnew", b"old\0\0\0"}


def test_a_file_that_was_cut_may_be_whole_again() -> None:
    assert contents(draw(step("o", first=FILE), step("t"), start=b"old")) == {b"old", b""}


def test_a_name_is_sure_only_when_its_folder_was_synced() -> None:
    made = (step("o", number=1, first=OTHER), step("w", first=b"new"), step("s"))
    assert draw(*made) == {(), (("b", b"new"),)}
    assert draw(*made, step("o", 4, first=FOLDER), step("s", 4)) == {(("b", b"new"),)}


def test_a_rename_shows_the_old_file_or_the_new_one_and_never_neither() -> None:
    made = (step("o", number=1, first=OTHER), step("w", first=b"new"), step("s"), step("c"))
    moved = draw(*made, step("r", first=OTHER, second=FILE), start=b"old")
    assert moved == {(("a", b"old"),), (("a", b"old"), ("b", b"new")), (("a", b"new"),)}


def test_a_rename_of_what_was_never_synced_may_show_an_empty_file() -> None:
    made = (step("o", number=1, first=OTHER), step("w", first=b"new"), step("c"))
    assert (("a", b""),) in draw(*made, step("r", first=OTHER, second=FILE), start=b"old")

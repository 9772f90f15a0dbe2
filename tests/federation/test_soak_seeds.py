"""Every seed of a long run that ever found something is played for ever, a few of them with each commit."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from simulation.disk.full import why_no_mounts  # noqa: E402
from simulation.run import read_seeds as read_kecamatan  # noqa: E402
from simulation.soaks import SOAKS, keep_failed  # noqa: E402
from simulation.turns import read_turn, take_turn  # noqa: E402

AT_ONCE = 6


def read_seeds() -> list[tuple[str, int]]:
    """Read the seeds that found something: which long run, which seed."""
    lines = (ROOT / "tests" / "seeds" / "soaks.txt").read_text(encoding="utf-8").splitlines()
    words = [line.split("#")[0].split() for line in lines]
    return [(found[0], int(found[1])) for found in words if found]


@pytest.mark.parametrize(("soak", "seed"), take_turn(read_seeds(), AT_ONCE, read_turn()))
def test_a_long_run_that_once_found_a_defect_finds_none(soak: str, seed: int) -> None:
    if soak == "tmpfs" and why_no_mounts():
        pytest.skip(why_no_mounts())
    assert SOAKS[soak].load()(seed)[SOAKS[soak].unit]


def test_every_seed_that_failed_in_a_long_run_is_among_them() -> None:
    """Of fuzzing the input itself is kept, in tests/seeds/malformed."""
    kept = {*read_seeds(), *(("kecamatan", seed) for _, seed, _, _ in read_kecamatan())}
    ledger = (ROOT / "tests" / "seeds" / "soaks.jsonl").read_text(encoding="utf-8").splitlines()
    failed = {(line["soak"], line["failed"]) for line in map(json.loads, ledger) if line["failed"] is not None}
    assert {one for one in failed if one[0] != "fuzz"} <= kept


def test_a_seed_that_fails_joins_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("simulate.txt", "soaks.txt"):
        (tmp_path / name).write_text("", encoding="utf-8")
    monkeypatch.setattr("simulation.soaks.SEEDS", tmp_path / "simulate.txt")
    keep_failed("kecamatan", 7, "something broke")
    keep_failed("stateful", 8, "")
    assert (tmp_path / "simulate.txt").read_text(encoding="utf-8").startswith("--world ")
    assert (tmp_path / "soaks.txt").read_text(encoding="utf-8").startswith("stateful 8 ")

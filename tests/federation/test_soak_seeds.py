"""Every seed of a long run that ever found something is played for ever."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from simulation.soaks import SOAKS, keep_failed  # noqa: E402


def read_seeds() -> list[tuple[str, int]]:
    """Read the seeds that found something: which long run, which seed."""
    lines = (ROOT / "tests" / "seeds" / "soaks.txt").read_text(encoding="utf-8").splitlines()
    words = [line.split("#")[0].split() for line in lines]
    return [(found[0], int(found[1])) for found in words if found]


@pytest.mark.parametrize(("soak", "seed"), read_seeds())
def test_a_long_run_that_once_found_a_defect_finds_none(soak: str, seed: int) -> None:
    assert SOAKS[soak].load()(seed)[SOAKS[soak].unit]


def test_a_seed_that_fails_joins_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("simulate.txt", "soaks.txt"):
        (tmp_path / name).write_text("", encoding="utf-8")
    monkeypatch.setattr("simulation.soaks.SEEDS", tmp_path / "simulate.txt")
    keep_failed("kecamatan", 7, "something broke")
    keep_failed("stateful", 8, "")
    assert (tmp_path / "simulate.txt").read_text(encoding="utf-8").startswith("--world ")
    assert (tmp_path / "soaks.txt").read_text(encoding="utf-8").startswith("stateful 8 ")

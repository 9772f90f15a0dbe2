"""The long runs and their ledger: each can be played, goes on where it stopped, and says what it executed."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from simulation import soaks  # noqa: E402
from simulation.soaks import SOAKS, Soak, next_seed, play_stretch, read_ledger, sum_up, write_stretch  # noqa: E402

COUNTING = Soak("kecamatan", "simulation.run", "rounds", 10)


def fake(monkeypatch: pytest.MonkeyPatch, fails_at: int | None) -> None:
    def play(seed: int) -> Counter[str]:
        if seed == fails_at:
            raise AssertionError("lost")
        return Counter(rounds=2)

    monkeypatch.setattr(soaks.importlib, "import_module", lambda name: SimpleNamespace(play=play))


@pytest.mark.parametrize("soak", SOAKS.values(), ids=lambda soak: soak.name)
def test_every_long_run_can_be_played(soak: Soak) -> None:
    assert callable(soak.load())


def test_the_ledger_can_be_read_and_names_known_runs() -> None:
    assert {stretch.soak for stretch in read_ledger()} <= SOAKS.keys()


def test_a_long_run_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake(monkeypatch, None)
    ledger = tmp_path / "soaks.jsonl"
    assert next_seed("kecamatan", ledger) == 1
    write_stretch(play_stretch(COUNTING, 1, 5, 60)[0], ledger)
    assert next_seed("kecamatan", ledger) == 6
    write_stretch(play_stretch(COUNTING, 6, 5, 0)[0], ledger)
    assert next_seed("kecamatan", ledger) == 7
    assert next(sum_up(ledger))["done"] == 12


def test_a_failing_seed_ends_the_stretch_and_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake(monkeypatch, 3)
    stretch, error = play_stretch(COUNTING, 1, 5, 60)
    assert (stretch.last, stretch.failed, stretch.executed) == (3, 3, {"rounds": 4})
    assert str(error) == "lost"
    write_stretch(stretch, tmp_path / "soaks.jsonl")
    assert next(sum_up(tmp_path / "soaks.jsonl"))["failed"] == [3]

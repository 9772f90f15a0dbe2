"""Real processes killed in the middle of what they do to their disk: at a step, or from outside at a moment."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from simulation.disk import verdict  # noqa: E402
from simulation.disk.killing import KINDS, Lost, kill_one  # noqa: E402
from simulation.disk.stage import Place, make_stage, scratch  # noqa: E402

from tests.support.executed import Note, note  # noqa: E402

KILLS = 20
TRIALS_MAX = 60
HEALED_EVERY = 4


@pytest.fixture(scope="module")
def stage() -> Iterator[Place]:
    with scratch() as folder:
        yield make_stage(folder / "awal")


@pytest.mark.parametrize("kind", KINDS)
def test_a_process_killed_at_any_step_has_all_that_it_acknowledged(
    stage: Place, kind: str, record_property: Note
) -> None:
    done: Counter[str] = Counter()
    for at in range(TRIALS_MAX):
        done += kill_one(stage, stage.folder.with_name("uji"), kind, f"uji/{at}", heals=at % HEALED_EVERY == 0)
        if done["kills"] == KILLS:
            break
    assert done["kills"] == KILLS and done["promises"], done
    note(record_property, "kill -9", done)


def test_a_promise_that_is_not_kept_is_noticed(stage: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict, "_holds", lambda side, ref: False)
    with pytest.raises(Lost, match="saved and lost"):
        for at in range(TRIALS_MAX):
            kill_one(stage, stage.folder.with_name("uji"), "simpan", f"lupa/{at}", heals=False)

"""Machines put back from older copies, from seeds: nodes, the hub."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from simulation import hub_rebuilt, hub_restored, node_restored  # noqa: E402
from tests.support.executed import Note, note  # noqa: E402

NODES, HUBS = 50, 20
"""Restores that are played with every change of the program."""


def test_nodes_put_back_from_any_older_copy_lose_nothing_and_double_nothing(record_property: Note) -> None:
    done: Counter[str] = Counter()
    for seed in range(1, NODES):
        done += node_restored.play(seed)
        if done["restores"] >= NODES:
            break
    note(record_property, "nodes restored", done)
    assert done["restores"] >= NODES and done["forks"] and done["behind"] and done["whole_disk"]


def test_a_hub_put_back_from_any_older_copy_gets_everything_back(record_property: Note) -> None:
    done: Counter[str] = Counter()
    for seed in range(1, HUBS):
        done += hub_restored.play(seed)
        if done["restores"] >= HUBS:
            break
    note(record_property, "hub restored", done)
    assert done["restores"] >= HUBS and done["behind"] and done["recoveries"] and done["whole_disk"]


def test_a_hub_that_burned_is_rebuilt_and_what_nobody_had_is_proven_missing(
    monkeypatch: pytest.MonkeyPatch, record_property: Note
) -> None:
    monkeypatch.setattr(hub_rebuilt, "PENDUDUK", 20)
    monkeypatch.setattr(hub_rebuilt, "STEPS", 20)
    done = hub_rebuilt.play(1)
    note(record_property, "hub destroyed and rebuilt", done)
    assert done["rebuilds"] == 1 and done["proven_missing"] and done["photos"] and not done["lost"]

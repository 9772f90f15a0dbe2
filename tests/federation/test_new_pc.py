"""A new PC gets its village back over 1 Mbit/s in its share of the time that a whole village may take."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from benchmarks.history import PHOTO_BYTES, Past, make_past  # noqa: E402
from benchmarks.newpc import LINE_S_MAX, fetch_all  # noqa: E402

from shared.store.blobs import store_of  # noqa: E402
from shared.sync.limits import limit  # noqa: E402
from tests.support.federation import Federation  # noqa: E402
from tests.support.office import rows, value  # noqa: E402

WHOLE, PAST = Past(), Past(penduduk=240, changes=1_500, photos=12)
SESSION_S = 2.0
"""What a session costs however little it brings: handshake, hello, first runs."""


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Federation]:
    """A village with a past at two computers."""
    made = make_past(tmp_path / "kecamatan", PAST)
    yield made
    made.close()


def test_a_new_pc_gets_years_of_history_back_in_its_share_of_three_minutes(village: Federation) -> None:
    done = fetch_all(village)
    assert done.changes > 0.8 * PAST.changes
    assert done.changes_s < SESSION_S + LINE_S_MAX * PAST.changes / WHOLE.changes
    sides = (village.hub, *village.nodes.values())
    shown = [rows(side, "SELECT * FROM penduduk ORDER BY id") for side in sides]
    assert len(shown[0]) == PAST.penduduk and all(found == shown[0] for found in shown)


def test_a_new_pc_gets_its_photos_back_after_the_changes_within_the_budget(
    village: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = 4 * PHOTO_BYTES
    monkeypatch.setattr(
        "node.sinkron.blobs.limit", lambda name: budget if name == "blob_session_bytes_max" else limit(name)
    )
    done = fetch_all(village)
    # A session ends with the piece that spends its budget; the first also brings the changes.
    assert PAST.photos // 5 <= done.sessions <= PAST.photos
    pc = village.nodes["baru"]
    named = [row[0] for row in rows(pc, "SELECT foto FROM penduduk WHERE foto IS NOT NULL")]
    assert len(named) == PAST.photos and not store_of(pc).find_missing(pc.wilayah, named)
    assert value(pc, "SELECT count(*) FROM penduduk") == PAST.penduduk

"""A clock that is ten years off: everything converges as under a right one, and its operator is told."""

from __future__ import annotations

import pytest

from hub.simpul.rules import describe_clock
from node.sinkron.routes import describe_skew
from node.sinkron.session import Outcome
from tests.federation.test_histories import check_whole
from tests.support.federation import Federation, TestClock
from tests.support.office import create, rows, update, value

TEN_YEARS_S = 10 * 365 * 86400


@pytest.mark.parametrize("off_s", [-TEN_YEARS_S, TEN_YEARS_S])
def test_a_clock_ten_years_off_changes_nothing_and_is_told(federation: Federation, off_s: int) -> None:
    a, b = federation.add_node("a"), federation.add_node("b")
    siti = create(a, nama="SITI", telepon="0811")
    federation.sync_all()
    b.clock = TestClock(federation.clock.now + off_s)
    update(b, siti, telepon="0822")
    federation.sync(b)
    federation.sync(a)
    update(a, siti, telepon="0833")
    report = federation.sync(b)
    federation.sync_all()
    for side in (federation.hub, a, b):
        # The last who saw the others is right, whatever the clocks say.
        assert rows(side, "SELECT telepon, konflik FROM penduduk") == [("0833", None)]
    assert report.outcome is Outcome.SELESAI
    told = describe_skew(b.clock.now_s(), report.hub_time_s)
    assert ("terlalu cepat 10 tahun" if off_s > 0 else "terlambat 10 tahun") in told
    assert describe_skew(a.clock.now_s(), federation.sync(a).hub_time_s) == ""
    heard = value(federation.hub, "SELECT device_time_s FROM contact WHERE kunci = ?", b.keys.signing.public.hex())
    assert "tahun" in describe_clock(federation.clock.now, heard)
    check_whole(federation, a, b)

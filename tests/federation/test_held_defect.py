"""A defect of the program meets one record: that record is held with its reason, the rest flows."""

from __future__ import annotations

from typing import Any

import pytest

from hub.services import open_hub
from hub.verval import findings
from hub.verval.rule import Rule
from node.penduduk.history import HELD
from node.sinkron.session import Outcome
from shared.merge.fold import RecordState
from shared.store.evidence import list_events
from shared.store.side import note_cut_off
from shared.store.verify import compare_with_rebuild, projection_tables
from tests.federation.test_histories import check_whole, names
from tests.support.federation import Federation, make_sync_app, seeded
from tests.support.office import create, rows, update, value


def test_an_unknown_error_in_one_record_holds_that_record_and_the_rest_flows(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, c = federation.add_node("a"), federation.add_node("c", "33.03.04.2001")
    siti, budi = create(a, nama="SITI"), create(a, nama="BUDI")
    federation.sync_all()
    whole = RecordState.values

    def broken(state: RecordState, kind: Any) -> dict[str, Any]:
        values = whole(state, kind)
        if values.get("nama") == "SITI":
            raise ZeroDivisionError("SITI")
        return values

    update(a, siti, telepon="0811")
    update(a, budi, telepon="0822")
    create(c, nama="WATI")
    monkeypatch.setattr(RecordState, "values", broken)
    assert federation.sync(a).outcome is Outcome.SELESAI and federation.sync(c).outcome is Outcome.SELESAI
    hub = federation.hub
    assert names(hub) == {"BUDI", "WATI"}
    assert rows(hub, "SELECT record, alasan FROM held") == [(siti, "galat"), (siti, "galat")]
    assert "gagal membacanya" in value(hub, "SELECT ringkasan FROM temuan WHERE kode = 'V10'") and HELD["galat"]
    assert compare_with_rebuild(hub.database, projection_tables(hub.catalogue), hub.rebuild) == []
    monkeypatch.undo()
    # The next program opens the data: what was held is folded again.
    hub.close()
    federation.hub = open_hub(hub.folder.path, clock=federation.clock, random=seeded("later"))
    federation.app = make_sync_app(federation.hub)
    assert names(federation.hub) == {"SITI", "BUDI", "WATI"} and not rows(federation.hub, "SELECT * FROM held")
    federation.sync_all()
    check_whole(federation, a, c)


def test_a_rule_that_fails_on_one_record_stops_no_village(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = federation.add_node("a")

    def keys(batch: Any) -> set[str]:
        return {touched.new["nik"] for touched in batch.touched if touched.kind == "penduduk" and 1 // len(
            touched.new["nama"].replace("SITI", "")
        ) >= 0}

    def evaluate(conn: Any, keys: Any, catalogue: Any) -> list[Any]:
        raise KeyError("x")

    monkeypatch.setattr(findings, "RULES", (*findings.RULES, Rule("V1", keys, evaluate)))
    create(a, nama="SITI", nik="3303994107900001")
    create(a, nama="BUDI", nik="3303994107900001")
    assert federation.sync(a).outcome is Outcome.SELESAI
    assert names(federation.hub) == {"SITI", "BUDI"}
    assert value(federation.hub, "SELECT count(*) FROM temuan WHERE kode = 'V3'") == 1


def test_a_run_that_was_cut_off_is_told_when_the_data_are_opened_again(federation: Federation) -> None:
    note_cut_off(federation.hub)
    with federation.hub.database.read() as conn:
        assert "tetap ada" in list_events(conn)[0].sentence()

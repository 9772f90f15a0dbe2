"""Hub, node and kabupaten together: what a witness sees of a hub that was restored, and how nodes heal it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from hub.change import write_common
from hub.commands import check_hub
from hub.ekspor.manifest import export_vkey
from hub.ekspor.tokens import make_reader
from hub.kabupaten.lake import Lake
from hub.kabupaten.transport import Reply
from hub.kabupaten.witness import WitnessAlarm, open_witness, witness_hub
from hub.pemulihan.keys import take_new_keys
from hub.saksi.view import list_contradictions
from node.sinkron.session import Outcome
from shared.store.drafts import draft_create
from tests.federation.test_sync_session import restore_hub
from tests.support.export_hub import make_app
from tests.support.federation import Federation, seeded

ADDRESS = "https://hub.uji"


class Wire:
    """Carries the exchange to the hub of a federation, whichever it is now."""

    def __init__(self, federation: Federation) -> None:
        self.federation = federation

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        path, app = url.removeprefix(ADDRESS), make_app(self.federation.hub)
        answer = app.test_client().post(path, headers=dict(headers), data=body, base_url=ADDRESS)
        return Reply(answer.status_code, answer.data)


def test_the_witness_goes_on_after_the_hub_has_changed_its_key(federation: Federation, tmp_path: Path) -> None:
    node = federation.add_node("a")
    federation.sync_all()
    lake = Lake(tmp_path / "danau")
    lake.lock()
    token = make_reader(federation.hub, "bappeda")
    hub = lake.add_hub(ADDRESS, export_vkey(federation.hub), token)
    signer, wire = open_witness(lake, seeded("saksi")), Wire(federation)
    assert witness_hub(lake, hub, signer, wire, federation.clock).logs == 2
    take_new_keys(federation.hub)
    federation.sync(node)
    hub = lake.add_hub(ADDRESS, export_vkey(federation.hub), token, is_change=True)
    report = witness_hub(lake, hub, signer, wire, federation.clock)
    assert report.logs == report.stored == 3
    lake.unlock()


def test_the_witness_of_a_restored_hub_stops_and_goes_on_once_nodes_have_healed_it(
    federation: Federation, tmp_path: Path
) -> None:
    node = federation.add_node("a")
    federation.sync_all()
    lake = Lake(tmp_path / "danau")
    lake.lock()
    hub = lake.add_hub(ADDRESS, export_vkey(federation.hub), make_reader(federation.hub, "bappeda"))
    signer, wire = open_witness(lake, seeded("saksi")), Wire(federation)
    federation.hub.database.checkpoint()
    old = federation.hub.folder.database.read_bytes()
    draft = draft_create(federation.hub.catalogue["program_bantuan"], federation.hub.new_id(), {"nama": "BLT"})
    write_common(federation.hub, [draft], author="")
    federation.sync(node)
    before = witness_hub(lake, hub, signer, wire, federation.clock)
    assert before.logs == before.stored == 2
    restore_hub(federation, old)
    with pytest.raises(WitnessAlarm):
        witness_hub(lake, hub, signer, wire, federation.clock)
    (proven,) = list_contradictions(federation.hub)
    assert proven.is_shorter and check_hub(federation.hub)["masalah"] == [proven.sentence()]
    assert federation.sync(node).outcome is Outcome.SELESAI
    after = witness_hub(lake, hub, signer, wire, federation.clock)
    assert after.stored == after.logs == 2 and list_contradictions(federation.hub) == []
    assert check_hub(federation.hub)["baik"]
    lake.unlock()

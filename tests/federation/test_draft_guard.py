"""What every replica would refuse to store is never sealed into a log as saved."""

from __future__ import annotations

import pytest

from hub.change import write_common
from node.change import write_drafts
from shared.changelog.change import Op
from shared.errors import UserError
from shared.records.catalogue import CATALOGUE
from shared.store.changes import list_logs
from shared.store.drafts import Draft, draft_create
from tests.support.federation import Federation
from tests.support.office import value

TOO_LONG = {"slug": "sktm", "nama": "SKTM", "isi": "Isi", "syarat": ["x" * 201]}


@pytest.mark.parametrize("side", ["node", "hub"])
def test_a_value_without_a_shape_is_refused_with_its_field_and_nothing_is_written(
    federation: Federation, side: str
) -> None:
    node = federation.add_node("a")
    federation.sync_all()
    services = node if side == "node" else federation.hub
    kind, values = ("templat_surat", TOO_LONG) if side == "node" else ("program_bantuan", {"nama": "x" * 500})
    draft = draft_create(CATALOGUE[kind], services.new_id(), values)
    with services.database.read() as conn:
        before = [(log.id, log.size) for log in list_logs(conn)]
    with pytest.raises(UserError) as refused:
        if side == "node":
            write_drafts(node, [draft], author="")
        else:
            write_common(federation.hub, [draft], author="")
    assert refused.value.kode == "bentuk_salah" and "Belum disimpan" in refused.value.pesan
    assert ("Syarat" if side == "node" else "Nama") in refused.value.pesan and "xxx" not in refused.value.pesan
    with services.database.read() as conn:
        assert [(log.id, log.size) for log in list_logs(conn)] == before
    assert value(services, f"SELECT count(*) FROM {kind}") == 0


def test_a_deletion_may_name_members_that_are_no_fields(federation: Federation) -> None:
    node = federation.add_node("a")
    federation.sync_all()
    kind, id = CATALOGUE["templat_surat"], node.new_id()
    (ref,) = write_drafts(node, [draft_create(kind, id, {"slug": "a", "nama": "A", "isi": "Isi"})], author="")
    write_drafts(node, [Draft(kind, id, Op.DELETE, (), {"isi": 5, "alasan": "salah"}, (ref,))], author="")
    assert value(node, "SELECT count(*) FROM templat_surat") == 0

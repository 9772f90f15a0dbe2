"""The checks 19 and 38 of the security list: what a desa may hand over, and which hub it believes (ASVS 8.3, 12)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hub.simpul.enrol import open_slot
from hub.simpul.rules import describe_result, is_refused
from node.change import write_drafts
from node.commands import make_node
from node.sinkron.enrol import enrol
from node.sinkron.session import Outcome
from shared.changelog.keys import KeySet, SealKey, SigningKey
from shared.errors import SipandeError
from shared.store.drafts import draft_create
from shared.sync.enrolment import fingerprint_of
from tests.support.federation import ADDRESS, DESA, Federation, seeded
from tests.support.office import NIK_A, Talk, create, own_log, refusal, rows, sizes, value

OTHER_DESA = "33.03.04.2001"


@pytest.fixture
def federation() -> Iterator[Federation]:
    with tempfile.TemporaryDirectory(prefix="sipande-aman-") as folder:
        made = Federation(Path(folder))
        yield made
        made.close()


def test_asvs_19_what_a_desa_hands_over_is_of_that_desa_whatever_it_says(federation: Federation) -> None:
    mine, foreign = federation.add_node("a"), federation.add_node("c", OTHER_DESA)
    federation.sync_all()
    # The log of another desa: nothing of it is stored, and the hub shows who has tried.
    create(mine, nama="SITI", nik=NIK_A)
    run, before = Talk(federation, mine).run(own_log(mine).size - 1), sizes(federation.hub)
    answer = Talk(federation, foreign).push(run)
    assert (answer.status, refusal(answer)["code"]) == (403, "out_of_scope") and sizes(federation.hub) == before
    told = value(federation.hub, "SELECT result FROM contact WHERE kunci = ?", foreign.keys.signing.public.hex())
    assert is_refused(told) and "bukan milik desanya" in describe_result(told)
    # The own log with a body that names another desa, and a record of another desa in it.
    federation.sync(mine)
    siti = value(federation.hub, "SELECT id FROM penduduk WHERE nama = 'SITI'")
    kind = foreign.catalogue["penduduk"]
    forged = [
        draft_create(kind, foreign.new_id(), {"nama": "TITIPAN", "desa": DESA, "wilayah": DESA}),
        draft_create(kind, siti, {"nama": "PENGGANTI SITI", "nik": NIK_A}),
    ]
    write_drafts(foreign, forged, author=foreign.new_id())
    federation.sync(foreign)
    found = rows(federation.hub, "SELECT desa, nama FROM penduduk WHERE nama <> 'SITI' ORDER BY nama")
    assert (OTHER_DESA, "PENGGANTI SITI") in found and {desa for desa, _ in found} == {OTHER_DESA}
    assert rows(federation.hub, "SELECT nama FROM penduduk WHERE desa = ?", DESA) == [("SITI",)]
    # What is not a desa's to write is put aside with its reason, and shown.
    case = create(foreign, "kasus", temuan="0" * 64, kode="V1", status="selesai")
    federation.sync(foreign)
    assert rows(federation.hub, "SELECT alasan FROM held WHERE record = ?", case) == [("lingkup",)]
    assert rows(federation.hub, "SELECT id FROM kasus WHERE id = ?", case) == []


def test_asvs_38_a_node_believes_the_hub_whose_key_it_was_given_and_no_other(federation: Federation) -> None:
    node = federation.add_node("a")
    federation.sync_all()
    pinned = node.hub()
    assert pinned is not None and pinned.kunci == federation.hub.keys.signing.public.hex()
    create(node, nama="SITI", nik=NIK_A)
    known, before = federation.hub.keys, sizes(federation.hub)
    federation.hub.keys = KeySet(SigningKey(b"\x05" * 32), SealKey(b"\x06" * 32), ())
    report = federation.sync(node)
    assert report.outcome is Outcome.TERPUTUS and report.received == 0
    assert node.hub() == pinned and sizes(federation.hub)[own_log(node).id] == before[own_log(node).id]
    federation.hub.keys = known
    assert federation.sync(node).outcome is Outcome.SELESAI

    # Nobody is trusted at first sight: the code names the key.
    fresh = make_node(federation.folder / "baru", OTHER_DESA, "baru", federation.clock, seeded("baru"))
    code = open_slot(federation.hub, OTHER_DESA, ADDRESS, "uji")
    with pytest.raises(SipandeError, match="bukan kecamatan pemilik kode"):
        enrol(fresh, replace(code, fingerprint=fingerprint_of(bytes(32))), federation.transport(fresh))
    assert fresh.hub() is None
    fresh.close()

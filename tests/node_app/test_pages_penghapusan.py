"""What the village sees of an erasure: one sentence in the history, a line in Perlu tindakan, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from node.sinkron.clean import clean_erased
from shared.errors import EnvironmentProblem
from shared.merge.scope import Role
from shared.store.changes import SEQ_BITS, SEQ_MASK, add_log, append
from shared.store.drafts import draft_create, seal_drafts
from shared.store.erasure import is_due
from shared.store.records import Projector
from tests.node_app.test_pages_kit import Desa, read_text
from tests.support.federation import DESA

ALASAN = "Permintaan warga yang bersangkutan (UU 27/2022)"
TOLD = f"Isi dihapus atas putusan kecamatan, 21-09-2026 21.13 WIB. Alasan: {ALASAN}."


def erase(desa: Desa, records: Sequence[str]) -> None:
    """Let the kecamatan erase all of some records."""
    node = desa.node
    with node.database.write() as conn:
        rows = conn.execute(
            "SELECT l.id, c.pos, c.leaf, c.record FROM change c JOIN log l ON l.no = c.pos >> ?"
            f" WHERE c.record IN ({','.join('?' * len(records))})",
            (SEQ_BITS, *records),
        ).fetchall()
        values = {
            "perubahan": [f"{log}:{pos & SEQ_MASK}:{leaf[:8].hex()}" for log, pos, leaf, _ in rows],
            "rekaman": list(records), "seluruh": True, "alasan": ALASAN, "petugas": ["a", "b"],
        }
        log = add_log(
            conn, id="f" * 32, origin="uji/saluran", wilayah=DESA, peran=Role.SALURAN, kunci=b"\x09" * 32, own=False
        )
        draft = draft_create(node.catalogue["penghapusan"], node.new_id(), values)
        batch = seal_drafts(log, [draft], author="", time_s=desa.clock.now, random=node.random)
        append(conn, log, batch.changes, batch.headers, batch.leaves)
        Projector(conn, node.catalogue).project(batch.entries)


def test_the_page_of_an_erased_resident_tells_it_in_one_sentence_and_offers_nothing(desa: Desa) -> None:
    desa.change("penduduk", desa.lajang, telepon="081200033344")
    erase(desa, [desa.lajang])
    browser = desa.browser()
    page = browser.get(f"/penduduk/{desa.lajang}")
    text = read_text(page)
    assert page.status_code == 200 and "Isi data ini sudah dihapus atas putusan kecamatan" in text
    assert text.count(TOLD) == 2
    assert "WATI LESTARI" not in text and "081200033344" not in text and "Kembalikan data ini" not in text
    assert "WATI" not in read_text(browser.get("/penduduk/"))
    assert browser.get(f"/penduduk/{desa.lajang}/ubah").status_code == 404


def test_a_resident_that_is_brought_back_by_hand_stays_empty(desa: Desa) -> None:
    erase(desa, [desa.lajang])
    browser = desa.browser()
    browser.get("/penduduk/")
    browser.post(f"/penduduk/{desa.lajang}/kembalikan")
    assert "Isi data ini sudah dihapus" in read_text(browser.get(f"/penduduk/{desa.lajang}"))
    assert desa.count("SELECT count(*) FROM penduduk WHERE id = ?", desa.lajang) == 0


def test_a_family_and_a_recipient_that_were_erased_open_too(desa: Desa) -> None:
    family = desa.write("keluarga", no_kk="3303990303000009")
    aid = desa.write("penerima_bantuan", program=desa.program, keluarga=family, periode="2026-01")
    erase(desa, [family, aid])
    browser = desa.browser()
    for address in (f"/keluarga/{family}", f"/bantuan/penerima/{aid}"):
        page = browser.get(address)
        assert page.status_code == 200, address
        assert "Isi data ini sudah dihapus atas putusan kecamatan" in read_text(page) and TOLD in read_text(page)
        assert "Kembalikan" not in read_text(page)


def test_the_rest_of_the_family_stays_as_it_is(desa: Desa) -> None:
    erase(desa, [desa.ayah])
    text = read_text(desa.browser().get(f"/keluarga/{desa.keluarga}"))
    assert "SITI AMINAH" in text and "KREYO" not in text and "tanpa kepala keluarga" in text


def test_perlu_tindakan_lists_what_was_erased_and_leads_to_the_history(desa: Desa) -> None:
    assert "dihapus atas putusan" not in read_text(desa.browser().get("/tindakan/"))
    erase(desa, [desa.lajang])
    page = desa.browser().get("/tindakan/")
    assert ALASAN in read_text(page) and f'href="/penduduk/{desa.lajang}"' in page.text
    assert "WATI" not in page.text


def test_a_content_that_is_gone_before_its_verdict_came_is_told_apart(desa: Desa) -> None:
    desa.change("penduduk", desa.lajang, telepon="081200033344")
    desa.change("penduduk", desa.lajang, telepon="081200033355")
    with desa.node.database.write() as conn:
        (pos,) = conn.execute("SELECT max(pos) FROM change WHERE record = ?", (desa.lajang,)).fetchone()
        conn.execute("UPDATE change SET body = NULL, digest = zeroblob(32) WHERE pos = ?", (pos,))
    text = read_text(desa.browser().get(f"/penduduk/{desa.lajang}"))
    assert "putusan kecamatan tentang itu belum sampai" in text and "WATI LESTARI" in text


def test_cleaning_waits_for_a_full_disk_and_is_done_at_the_next_look(
    desa: Desa, monkeypatch: pytest.MonkeyPatch
) -> None:
    erase(desa, [desa.lajang])

    def full() -> bool:
        raise EnvironmentProblem("Disk komputer penuh.", "disk_penuh")

    monkeypatch.setattr(desa.node.database, "compact", full)
    assert not clean_erased(desa.node)
    monkeypatch.undo()
    assert clean_erased(desa.node)
    with desa.node.database.read() as conn:
        assert not is_due(conn)
    for path in desa.node.folder.path.glob("*.sqlite*"):
        assert not re.search(rb"WATI LESTARI", path.read_bytes()), path.name

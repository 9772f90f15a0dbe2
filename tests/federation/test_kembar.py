"""Two computers of one desa make the same thing before they have met: people see both, and one of them holds."""

from __future__ import annotations

from typing import Any

import pytest

from node.beranda.kantor import read_office
from node.change import write_drafts
from node.laporan.queries import read_kepala
from node.services import NodeServices
from shared.records.kantor import name_office
from shared.store.drafts import draft_create
from shared.surat.jenis import JenisSurat, find_jenis, list_jenis, name_template, shipped
from tests.node_app.test_pages_conflict import open_browser
from tests.node_app.test_pages_kit import Browser, read_form, read_text
from tests.node_app.test_templat import SLUG, typed
from tests.support.federation import DESA, Federation
from tests.support.office import create, rows, value

PAGE = f"/surat/templat/{SLUG}"
OFFICE = "/surat/pengaturan"


@pytest.fixture
def pair(federation: Federation) -> tuple[NodeServices, NodeServices]:
    return federation.add_node("kantor"), federation.add_node("laptop")


def meet(federation: Federation) -> None:
    for _ in range(2):
        federation.sync_all()


def rewrite(browser: Browser, slug: str = SLUG, **changed: Any) -> None:
    answer = browser.post(f"/surat/templat/{slug}", typed(browser, slug, **changed))
    assert answer.status_code == 303, read_text(answer)


def find(node: NodeServices, slug: str = SLUG) -> JenisSurat:
    with node.database.read() as conn:
        found = find_jenis(conn, DESA, slug)
        assert found is not None and found in list_jenis(conn, DESA, is_every=True)
    return found


def say(browser: Browser, path: str) -> str:
    return " ".join(read_text(browser.get(path)).split())


def take(browser: Browser, page: str, text: str) -> str:
    """Press the button beside the version that holds a text; say what the next page says."""
    html = browser.get(page).text
    (row,) = [row for row in html.split('<tr><td class="pokok')[1:] if text in row.split("</tr>")[0]]
    form = {name: row.split(f'name="{name}" value="')[1].split('"')[0] for name in ("grup", "versi")}
    return " ".join(read_text(browser.follow(browser.post(f"{page}/pilih", **form))).split())


def test_a_name_is_the_same_on_every_computer_and_of_no_other_letter() -> None:
    # Other programs compute it too (sync_protocol.md 9.14).
    assert name_template(DESA, SLUG) == "eead9340-d286-8a7d-93c8-1a09c704f2ca"
    assert len({name_template(desa, slug) for desa in ("a", "b") for slug in shipped()}) == 2 * len(shipped())


def test_a_shipped_letter_rewritten_on_two_computers_is_one_record_with_both_texts_on_its_page(
    federation: Federation, pair: tuple[NodeServices, NodeServices]
) -> None:
    desks = [open_browser(node) for node in pair]
    for desk, text in zip(desks, ("Usahanya maju.", "Usahanya sepi."), strict=True):
        rewrite(desk, isi=f"[identitas]\n\n{text}", kertas="A4")
    meet(federation)
    for node, desk in zip(pair, desks, strict=True):
        assert rows(node, "SELECT id FROM templat_surat") == [(name_template(DESA, SLUG),)]
        found = find(node)
        assert (found.isi, found.nama, found.kertas) == (shipped()[SLUG].isi, shipped()[SLUG].nama, "A4"), "as shipped"
        text = say(desk, PAGE)
        assert "Usahanya maju." in text and "Usahanya sepi." in text and "Berlaku sementara: Tulisan bawaan" in text
        assert "Isi surat: menunggu verval" in text, "only what differs"
        assert "dua isi" in say(desk, "/surat/templat")
    assert "menunggu verval" not in take(desks[0], PAGE, "Usahanya sepi.")
    meet(federation)
    assert all("Usahanya sepi." in find(node).isi for node in pair)
    assert "menunggu verval" not in say(desks[1], PAGE)


def test_a_third_text_settles_it_too_and_is_whole(
    federation: Federation, pair: tuple[NodeServices, NodeServices]
) -> None:
    desks = [open_browser(node) for node in pair]
    for desk, text in zip(desks, ("Satu.", "Dua."), strict=True):
        rewrite(desk, isi=f"[identitas]\n\n{text}")
    meet(federation)
    rewrite(desks[0], isi="[identitas]\n\nTiga.")
    found = find(pair[0])
    assert "Tiga." in found.isi and (found.nama, found.isian) == (shipped()[SLUG].nama, shipped()[SLUG].isian)
    assert not found.is_unsettled and "menunggu verval" not in say(desks[0], PAGE)


def test_a_letter_put_back_and_rewritten_again_is_the_same_record(
    federation: Federation, pair: tuple[NodeServices, NodeServices]
) -> None:
    node, desk = pair[0], open_browser(pair[0])
    rewrite(desk, isi="[identitas]\n\nSatu.")
    desk.get(PAGE)
    desk.post(f"{PAGE}/bawaan")
    assert find(node) == shipped()[SLUG]
    for text in ("Satu.", "Dua."):
        rewrite(desk, isi=f"[identitas]\n\n{text}")
        assert text in find(node).isi and rows(node, "SELECT id FROM templat_surat") == [(name_template(DESA, SLUG),)]
        desk.get(PAGE)
        desk.post(f"{PAGE}/bawaan")
    assert rows(node, "SELECT * FROM conflict") == []


def test_a_record_from_before_there_were_names_goes_on_holding_beside_a_new_one(
    federation: Federation, pair: tuple[NodeServices, NodeServices]
) -> None:
    kantor, laptop = pair
    old = create(kantor, "templat_surat", slug=SLUG, nama="Usaha", isi="[identitas]\n\nDari dulu.")
    rewrite(open_browser(laptop), isi="[identitas]\n\nBaru.")
    meet(federation)
    desk = open_browser(kantor)
    assert find(kantor).record == find(laptop).record == old and "Dari dulu." in find(laptop).isi
    text = say(desk, PAGE)
    assert "Dua naskah surat ini: menunggu verval" in text and "Baru." in text and "laptop" in text
    assert "menunggu verval" not in take(desk, PAGE, "Baru.")
    meet(federation)
    for node in pair:
        assert rows(node, "SELECT id FROM templat_surat") == [(name_template(DESA, SLUG),)]
        assert "Baru." in find(node).isi


def test_a_letter_of_the_same_name_that_both_have_invented_is_shown_twice_and_one_is_kept(
    federation: Federation, pair: tuple[NodeServices, NodeServices]
) -> None:
    desks = [open_browser(node) for node in pair]
    for desk, text in zip(desks, ("Sapi.", "Kambing."), strict=True):
        new = typed(desk, "baru", nama="Surat Ternak", isi=f"[identitas]\n\n{text}", aksi="simpan")
        assert desk.post("/surat/templat/baru", new).status_code == 303
    meet(federation)
    for desk in desks:
        text = say(desk, "/surat/templat/ternak")
        assert "Dua naskah surat ini: menunggu verval" in text and "Sapi." in text and "Kambing." in text
        assert "dua isi" in say(desk, "/surat/templat")
    assert "menunggu verval" not in take(desks[1], "/surat/templat/ternak", "Sapi.")
    meet(federation)
    assert all("Sapi." in find(node, "ternak").isi for node in pair)
    assert "dua isi" not in say(desks[0], "/surat/templat")


# The office.


def test_the_office_has_the_same_name_on_every_computer() -> None:
    assert name_office(DESA) == "5b0a8b1c-e063-80b5-93bc-72e7f805ba72"
    assert name_office("33.03.04.2007") != name_office(DESA)


def settle(browser: Browser, **typed: str) -> None:
    """Save settings of the office on its page."""
    answer = browser.post(OFFICE, {**read_form(browser.get(OFFICE), OFFICE), **typed})
    assert answer.status_code == 303, read_text(answer)


def office(node: NodeServices) -> dict[str, Any]:
    with node.database.read() as conn:
        return read_office(conn, DESA)


def make_old(node: NodeServices, **values: Any) -> str:
    """Write the record of the office that programs of before have made: created, under a random id."""
    id = node.new_id()
    made = draft_create(node.catalogue["desa"], id, {"kode": DESA, "nama": "SELAKAMBANG", **values})
    write_drafts(node, [made], author=node.new_id())
    return id


def test_all_computers_write_one_record_of_the_office_and_agree_while_one_has_typed_nothing(
    federation: Federation, pair: tuple[NodeServices, NodeServices]
) -> None:
    kantor, laptop = pair
    desks = open_browser(kantor), open_browser(laptop)
    settle(desks[0], alamat="Jalan Raya 1", kepala_desa="SUGENG")
    settle(desks[1], telepon="0281-1")
    meet(federation)
    for side in (*pair, federation.hub):
        assert rows(side, "SELECT id, konflik FROM desa") == [(name_office(DESA), None)]
    for node, desk in zip(pair, desks, strict=True):
        assert (office(node)["alamat"], office(node)["kepala_desa"], office(node)["telepon"]) == (
            "Jalan Raya 1", "SUGENG", "0281-1"
        )
        assert "menunggu verval" not in say(desk, OFFICE)
    fresh = federation.add_node("baru")
    assert rows(fresh, "SELECT id FROM desa") == [(name_office(DESA),)], "a third one, after years"
    meet(federation)
    assert office(fresh) == office(kantor)
    assert rows(fresh, "SELECT id, konflik FROM desa") == [(name_office(DESA), None)]
    with fresh.database.read() as conn:
        assert read_kepala(conn, DESA) == ("SUGENG", "Jalan Raya 1")


def test_settings_typed_on_two_computers_before_they_met_both_stand_on_the_page(
    federation: Federation, pair: tuple[NodeServices, NodeServices]
) -> None:
    desks = [open_browser(node) for node in pair]
    for desk, text in zip(desks, ("Jalan Raya 1", "Jalan Mawar 9"), strict=True):
        settle(desk, alamat=text)
    meet(federation)
    for node, desk, own in zip(pair, desks, ("Jalan Raya 1", "Jalan Mawar 9"), strict=True):
        assert office(node)["alamat"] == own, "each goes on with what it has printed"
        text = say(desk, OFFICE)
        assert "Alamat kantor: menunggu verval" in text and f"Berlaku sementara: {own}" in text
        assert "Jalan Raya 1" in text and "Jalan Mawar 9" in text and "laptop" in text
    assert "menunggu verval" not in take(desks[0], OFFICE, "Jalan Mawar 9")
    meet(federation)
    assert [office(node)["alamat"] for node in pair] == ["Jalan Mawar 9"] * 2
    assert "menunggu verval" not in say(desks[1], OFFICE)


def test_an_older_database_goes_on_writing_its_own_record_and_what_another_says_is_seen(
    federation: Federation, pair: tuple[NodeServices, NodeServices]
) -> None:
    kantor, laptop = pair
    old = make_old(kantor, alamat="Jalan Raya 1", pola_nomor="[nomor]/[tahun]")
    settle(open_browser(laptop), alamat="Jalan Mawar 9", telepon="0281-2")
    meet(federation)
    for node in pair:
        assert (office(node)["id"], office(node)["alamat"], office(node)["telepon"]) == (old, "Jalan Raya 1", "0281-2")
    desk = open_browser(kantor)
    text = say(desk, OFFICE)
    assert text.count("menunggu verval") == 2 and "Jalan Mawar 9" in text and "Pola nomor surat: menunggu" not in text
    assert "Telepon kantor: menunggu verval" not in take(desk, OFFICE, "0281-2")
    assert "menunggu verval" not in take(desk, OFFICE, "Jalan Mawar 9")
    meet(federation)
    assert office(laptop) == office(kantor) and office(laptop)["alamat"] == "Jalan Mawar 9"
    assert value(laptop, "SELECT alamat FROM desa WHERE id = ?", old) == "Jalan Mawar 9"
    settle(desk, telepon="0281-3")
    meet(federation)
    assert office(laptop)["telepon"] == "0281-3"


def test_two_records_of_before_keep_the_oldest_and_show_what_the_other_says(
    federation: Federation, pair: tuple[NodeServices, NodeServices]
) -> None:
    kantor, laptop = pair
    old = make_old(kantor, alamat="Jalan Raya 1")
    make_old(laptop, alamat="Jalan Mawar 9")
    meet(federation)
    assert {office(node)["id"] for node in pair} == {old}
    desk = open_browser(laptop)
    assert "Jalan Mawar 9" in say(desk, OFFICE) and "menunggu verval" not in take(desk, OFFICE, "Jalan Raya 1")
    meet(federation)
    assert [office(node)["alamat"] for node in pair] == ["Jalan Raya 1"] * 2
    assert "menunggu verval" not in say(open_browser(kantor), OFFICE)

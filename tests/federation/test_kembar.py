"""Two computers of one desa make the same thing before they have met: people see both, and one of them holds."""

from __future__ import annotations

from typing import Any

import pytest

from node.services import NodeServices
from shared.surat.jenis import JenisSurat, find_jenis, list_jenis, name_template, shipped
from tests.node_app.test_pages_conflict import open_browser
from tests.node_app.test_pages_kit import Browser, read_text
from tests.node_app.test_pages_sengketa import read_form_of
from tests.node_app.test_templat import SLUG, typed
from tests.support.federation import DESA, Federation
from tests.support.office import create, rows

PAGE = f"/surat/templat/{SLUG}"


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
    form = read_form_of(html, row.split('name="versi" value="')[1].split('"')[0])
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

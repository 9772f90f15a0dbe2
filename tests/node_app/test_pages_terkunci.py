"""A locked month that another computer closed once more says so, and what to do, on its page."""

from __future__ import annotations

from hub.lampid import decide
from shared.store.bulan import read_months
from tests.node_app.test_pages_conflict import open_browser
from tests.node_app.test_pages_ragu import say
from tests.support.federation import DESA, Federation
from tests.support.lampid import close, happen

BULAN = "2026-08"


def lock(dunia: Federation) -> None:
    for act in ("diverval", "terkunci"):
        with dunia.hub.database.read() as conn:
            (month,) = read_months(conn, dunia.hub.catalogue, DESA)
        decide.examine(
            dunia.hub, DESA, BULAN, act, "", month.digest, author=dunia.hub.new_id(), account="uji"
        )


def test_the_page_of_a_locked_month_says_that_it_was_closed_again_and_where_its_events_went(
    dunia: Federation,
) -> None:
    kantor, laptop = dunia.nodes["kantor"], dunia.nodes["laptop"]
    close(kantor, BULAN)
    dunia.sync(kantor)
    lock(dunia)
    happen(laptop, "lahir", f"{BULAN}-04", jenis_kelamin=2, nama="BAYI LAPTOP")
    close(laptop, BULAN)
    dunia.sync_all(3)
    browser = open_browser(laptop)
    index = say(browser.get("/laporan/"))
    assert "Terkunci" in index and "ditutup lagi di komputer lain" in index
    assert "Laporan LAMPID" in say(browser.get("/tindakan/"))
    page = browser.get(f"/laporan/{BULAN}")
    assert "ditutup lagi di komputer lain sesudah dikunci kecamatan" in say(page) and "Pakai yang ini" not in page.text
    assert 'href="/laporan/2026-09"' in page.text and "terlambat" in say(browser.get("/laporan/2026-09"))
    said = browser.post(f"/laporan/{BULAN}/pilih")
    assert said.status_code == 303
    after = say(browser.follow(said))
    assert "Isi yang dikunci kecamatan tetap berlaku; penutupan yang lain sudah dikesampingkan" in after
    assert "ditutup lagi" not in after and "terkunci" in after
    assert "Laporan LAMPID" not in say(browser.get("/tindakan/"))

"""Whose data stood on a screen of the kecamatan, kept for each desa until it is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.akses.keep import keep_export
from hub.akses.rules import Look, Seen, find_larger, share_out, summarise
from hub.akses.tell import tell_looks
from hub.ekspor.tokens import make_reader
from hub.verval.queue import write_url_id
from shared.records.akses import REKAMAN_MAX, AksesSchema
from shared.records.catalogue import CATALOGUE
from tests.hub_app.test_pages_site import BUDI, HUB, KREO, LAIN, HubSite, Villages, make_site, make_villages, send

DESA = [KREO, LAIN, HUB]
DAY_S = 86_400
LOOK = Look("x", "2026-11-22", "p", "wali_data", "daftar_dibuka", "Daftar penduduk", "", 0, 0, 0)
records = st.lists(st.tuples(
    st.sampled_from(DESA), st.sampled_from(["penduduk", "keluarga", "surat", "dusun"]), st.sampled_from("abcdef"),
))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[HubSite, Villages]]:
    site = make_site(tmp_path)
    yield site, make_villages(site)
    site.close()


# What each desa may learn.


@given(records)
def test_a_desa_has_its_own_persons_and_nothing_else(found: list[tuple[str, str, str]]) -> None:
    shares = share_out(found, HUB)
    persons = {item for item in found if item[1] in ("penduduk", "keluarga") and item[0] != HUB}
    assert {(desa, *seen) for desa, own in shares.items() for seen in own} == persons
    assert all(len(own) == len(set(own)) > 0 for own in shares.values())


@given(st.lists(st.tuples(st.sampled_from(DESA[:2]), st.just("penduduk"), st.sampled_from("abcdef"))))
def test_what_was_seen_of_others_changes_nothing(found: list[tuple[str, str, str]]) -> None:
    alone = [item for item in found if item[0] == KREO]
    assert share_out(found, HUB).get(KREO) == share_out(alone, HUB).get(KREO)


def test_a_long_list_names_the_first_and_counts_all() -> None:
    seen = [Seen("penduduk", f"{at:03}") for at in range(REKAMAN_MAX + 10)] + [Seen("keluarga", "k")]
    said = summarise(LOOK, seen)
    assert (said["penduduk"], said["keluarga"], said["bantuan"]) == (REKAMAN_MAX + 10, 1, None)
    assert said["rekaman"] == [f"{at:03}" for at in range(REKAMAN_MAX)]
    values = {"tanggal": "2026-11-22", "nama": "Budi", "kegiatan": "Membuka", **said}
    assert CATALOGUE["akses"].find_problems({name: value for name, value in values.items() if value is not None}) == {}


def test_of_two_accounts_the_larger_holds_in_any_order() -> None:
    small = {"penduduk": 1, "keluarga": None, "bantuan": None, "rekaman": ("a",)}
    large = {"penduduk": None, "keluarga": 3, "bantuan": None, "rekaman": ("b",)}
    assert find_larger([small, large]) == find_larger([large, small]) == large


def test_the_record_has_no_field_for_a_name_or_number_of_a_resident() -> None:
    assert set(AksesSchema().fields) == {
        "tanggal", "nama", "peran", "kegiatan", "tentang", "keperluan", "penduduk", "keluarga", "bantuan", "rekaman",
    }


# What the pages keep.


def told(site: HubSite, desa: str) -> list[dict[str, Any]]:
    """Tell a desa on the day after, and give what it was told."""
    site.clock.now += DAY_S
    tell_looks(site.hub, desa)
    columns = [*AksesSchema().fields]
    with site.hub.database.read() as conn:
        rows = conn.execute(f"SELECT {','.join(columns)} FROM akses WHERE desa = ? ORDER BY rowid", (desa,)).fetchall()
    return [dict(zip(columns, row, strict=True)) for row in rows]


def said(line: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(line[name] for name in ("kegiatan", "tentang", "keperluan", "penduduk", "keluarga"))


def test_a_list_of_one_desa_is_told_to_that_desa_alone(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    site.client(BUDI).get(f"/sipande/penduduk?desa={KREO}&kelamin=1")
    found = told(site, KREO)
    assert [said(line) for line in found] == [("Membuka daftar nama", "Daftar penduduk", None, 3, None)]
    assert villages.kepala in found[0]["rekaman"]
    assert (found[0]["nama"], found[0]["peran"]) == ("Budi Santoso", "Wali data")
    assert told(site, LAIN) == []


def test_all_pages_of_a_day_count_each_person_once(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    client = site.client(BUDI)
    for sex in ("1", "1", "2"):
        client.get(f"/sipande/penduduk?kelamin={sex}")
        site.clock.now += 600
    found = told(site, KREO)
    assert [said(line) for line in found] == [("Membuka daftar nama", "Daftar penduduk", None, 3, None)]
    assert [line["penduduk"] for line in told(site, LAIN)] == [2]


def test_families_and_aid_are_told_as_families_and_persons(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    client = site.client(BUDI)
    client.get("/sipande/keluarga")
    client.get("/sipande/penerima")
    assert [said(line)[1:] for line in told(site, KREO)] == [
        ("Daftar keluarga", None, None, 1), ("Daftar penerima bantuan", None, 1, None),
    ]


def test_a_case_of_two_desa_is_told_to_each_with_its_own_person_and_the_purpose(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    client, address = site.client(BUDI), "/verval/" + write_url_id(site.finding("V2"))
    send(client, f"{address}/nomor", {"keperluan": "cocokkan"}, page=address)
    here, there = told(site, KREO), told(site, LAIN)
    assert [said(line) for line in here] == [said(line) for line in there] == [
        ("Membuka kasus verval", None, None, 1, None),
        ("Menampilkan NIK dan nomor KK", "Kasus verval", "Mencocokkan dengan kartu atau berkas", 1, None),
    ]
    assert {line["rekaman"] for line in here} == {f'["{villages.kepala}"]'}
    assert not {line["rekaman"] for line in here} & {line["rekaman"] for line in there}


def test_the_queue_tells_each_desa_whom_it_named(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    site.client(BUDI).get(f"/verval?desa={LAIN}")
    here, there = told(site, KREO), told(site, LAIN)
    assert [line["tentang"] for line in here] == [line["tentang"] for line in there] == ["Antrean verval"]
    assert villages.contested not in here[0]["rekaman"], "only cases of the other desa were listed"
    assert "Kaligondang" not in str(here) and LAIN not in str(here)


def test_numbers_without_persons_are_told_to_nobody(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    client = site.client(BUDI)
    for path in ("/", "/sipande", "/publik", "/lampid/", "/simpul", "/program"):
        assert client.get(path).status_code == 200, path
    assert told(site, KREO) == told(site, LAIN) == []


def test_opening_a_record_to_erase_it_is_told(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    assert site.client(BUDI).get(f"/penghapusan/data/{KREO}/penduduk/{villages.kepala}").status_code == 200
    assert [said(line)[1:] for line in told(site, KREO)] == [("Penghapusan isi", None, 1, None)]
    assert told(site, LAIN) == []


def test_an_identified_export_is_told_with_its_reason_and_a_masked_one_is_not(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    token = make_reader(site.hub, "dinsos", identified=True)
    client, bearer = site.app.test_client(), {"Authorization": f"Bearer {token}"}
    assert client.get("/ekspor/v1/perubahan", headers=bearer).status_code == 200
    with site.hub.database.read() as conn:
        assert conn.execute("SELECT count(*) FROM look").fetchone() == (0,)
    headers = {**bearer, "Sipande-Alasan": "Padanan%20penerima%20bantuan"}
    assert client.get("/ekspor/v1/perubahan?identitas=1", headers=headers).status_code == 200
    line, = told(site, KREO)
    assert (line["nama"], line["peran"]) == ("dinsos", "Pembaca ekspor, kabupaten")
    assert said(line) == (
        "Mengambil data beridentitas untuk kabupaten", None, "Padanan penerima bantuan", 3, 1,
    )
    assert (line["bantuan"], line["rekaman"]) == (1, None)


def test_exports_of_one_day_and_reason_add_up(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    with site.hub.database.write() as conn:
        for count in (3, 4):
            keep_export(conn, site.hub, "dinsos", "ekspor_teridentifikasi", {
                (KREO, "penduduk"): count, (KREO, "desa"): 1, (HUB, "program_bantuan"): 9, (LAIN, "tautan"): 1,
            }, "uji saja")
    assert [line["penduduk"] for line in told(site, KREO)] == [7]
    assert told(site, LAIN) == []


def test_a_look_and_its_row_in_the_audit_are_one_transaction(
    hub: tuple[HubSite, Villages], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, _ = hub
    client = site.client(BUDI)
    count = "SELECT (SELECT count(*) FROM access_audit WHERE action = 'daftar_dibuka'), (SELECT count(*) FROM look)"

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as broken:
        broken.setattr("hub.beranda.reveals.keep_look", fail)
        assert client.get("/sipande/penduduk").status_code == 500
    with site.hub.database.read() as conn:
        assert tuple(conn.execute(count).fetchone()) == (0, 0)
    client.get("/sipande/penduduk")
    with site.hub.database.read() as conn:
        assert tuple(conn.execute(count).fetchone()) == (1, 2)


def test_telling_and_forgetting_are_one_transaction(
    hub: tuple[HubSite, Villages], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, _ = hub
    site.client(BUDI).get("/sipande/penduduk")
    site.clock.now += DAY_S

    def fail(*_: Any) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr("hub.akses.tell.queries.drop_looks", fail)
        tell_looks(site.hub, KREO)
    with site.hub.database.read() as conn:
        assert conn.execute("SELECT count(*) FROM akses").fetchone() == (0,)
    assert tell_looks(site.hub, KREO) == 1 and tell_looks(site.hub, KREO) == 0

"""Sipande: every number equals the rows it opens; targets, small cells, map, and how long it all holds."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from pathlib import Path

import pytest
import xlsxwriter
from flask.testing import FlaskClient

from hub.sipande.boundaries import derive_boundaries, load_map
from hub.sipande.drawing import classify, draw_pyramid
from hub.sipande.rules import BANDS, find_band, find_completeness, make_bands, split_classes, suppress_small
from hub.sipande.targets import read_targets
from shared.errors import EnvironmentProblem, UserError
from shared.store.drafts import draft_create
from tests.hub_app.test_pages_site import (
    BUDI, HARTONO, HUB, KREO, LAIN, TARI, HubSite, Villages, hidden, make_site, make_villages, send,
)
from tests.hub_app.test_pages_verval import act, case_of

PLACES = [("33.03.04.2001", "Lamongan"), ("33.03.04.2006", "Selakambang"), ("33.03.04.2010", "Sempor Lor")]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[HubSite, Villages]]:
    site = make_site(tmp_path)
    yield site, make_villages(site)
    site.close()


def count_rows(client: FlaskClient, address: str) -> tuple[int, int]:
    """Count the rows behind an address over all its pages; also give the number that it states."""
    stated, rows, pages = -1, 0, 1
    number = 1
    while number <= pages:
        page = client.get(f"{address}{'&' if '?' in address else '?'}hal={number}").text
        found = re.search(r'<strong(?: class="jumlah")?>([0-9.]+)</strong>', page)
        assert found, address
        stated = int(found[1].replace(".", ""))
        of = re.search(r"Halaman [0-9.]+ dari ([0-9.]+)", page)
        pages = int(of[1].replace(".", "")) if of else 1
        body = page[page.index("<tbody>"):page.index("</tbody>")] if "<tbody>" in page else ""
        rows += len(re.findall(r"<tr>", body))
        number += 1
    return rows, stated


def test_every_number_of_sipande_equals_the_rows_it_opens(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    for number in range(60):
        site.create(
            villages.lain, "penduduk", cases=False, nama=f"Uji {number}", jenis_kelamin=1 + number % 2,
            tanggal_lahir=f"{1940 + number}-06-15",
        )
    client = site.client(BUDI)
    page = unescape(client.get("/sipande").text)
    main = page[page.index("<main"):page.index("</main>")]
    links = re.findall(r'<a href="(/(?:sipande|verval)[^"]*)"><strong>([0-9.]+)</strong>', main)
    links += re.findall(r'<a href="(/(?:sipande|verval)[^"]*)">([0-9.]+)</a>', main)
    links += re.findall(r'<a href="(/(?:sipande|verval)[^"]*)">([0-9.]+) [a-zA-Z ]+</a>', main)
    links += re.findall(r'<a href="(/(?:sipande|verval)[^"]*)" aria-label="[^"]*: ([0-9.]+)">', main)
    assert len(links) > 80
    for address, shown in links:
        expected = int(shown.replace(".", ""))
        rows, stated = count_rows(client, address)
        assert (rows, stated) == (expected, expected), address


def test_people_without_sex_or_birth_date_are_named_beside_the_drawing(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    page = site.client(BUDI).get("/sipande").text
    assert "1 orang belum ada tanggal lahirnya" in page and "1 orang belum ada jenis kelaminnya" in page


def test_the_dead_and_proposed_recipients_do_not_count(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    client = site.client(BUDI)
    assert "Tanpa Lahir" not in client.get("/sipande/penduduk").text
    assert count_rows(client, "/sipande/penerima") == (1, 1)


def test_figures_follow_a_push_and_survive_a_login(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    client = site.client(BUDI)
    assert "<strong>6</strong> penduduk" in client.get("/sipande").text
    kept = site.app.extensions["sipande_figures"].kept["figures"].value
    site.client(BUDI)
    client.get("/sipande")
    assert site.app.extensions["sipande_figures"].kept["figures"].value is kept
    site.create(villages.lain, "penduduk", nama="Baru")
    assert "<strong>7</strong> penduduk" in client.get("/sipande").text


@pytest.mark.parametrize("figure", ["penduduk", "keluarga", "kelengkapan", "penerima", "kasus", "x"])
def test_the_map_is_coloured_by_a_chosen_figure(hub: tuple[HubSite, Villages], figure: str) -> None:
    site, _ = hub
    page = site.client(BUDI).get(f"/sipande?peta={figure}").text
    assert page.count('<path class="desa kelas-') == 18
    assert "Selakambang" in page and "<title" in page and "<desc" in page


@pytest.mark.parametrize("query", ["desa=x", "kelamin=9&umur=99", "umur=-3", "hal=0", "hal=%F0%9F%98%80"])
def test_an_odd_address_shows_all_rows(hub: tuple[HubSite, Villages], query: str) -> None:
    site, _ = hub
    answer = site.client(BUDI).get(f"/sipande/penduduk?{query}")
    assert answer.status_code == 200 and '<strong class="jumlah">6</strong>' in answer.text


def test_numbers_of_persons_are_masked_in_lists(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    client = site.client(BUDI)
    for path in ("penduduk", "keluarga", "penerima"):
        page = client.get(f"/sipande/{path}").text
        assert not re.search(r"[0-9]{16}", page)
    assert "3303••••••••0001" in client.get("/sipande/penduduk").text


def test_who_is_recorded_in_two_desa_is_named_beside_the_total(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    client = site.client(BUDI)
    told = '<a href="/verval?kode=V2">1 orang yang tercatat di dua desa</a>'
    for page in ("/sipande", "/"):
        assert told in client.get(page).text
        assert "<strong>6</strong> penduduk" in client.get(page).text
    assert count_rows(client, "/verval?kode=V2") == (1, 1)
    for name in (BUDI, TARI):
        act(site.client(name), case_of(site, "V2", villages.kepala), "tautkan", dihitung=KREO)
    assert "tercatat di dua desa" not in client.get("/sipande").text
    assert "<strong>5</strong> penduduk" in client.get("/sipande").text


def test_who_opens_names_behind_a_number_is_written_into_the_audit(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    client = site.client(HARTONO)
    for address in (
        "/sipande", "/publik", "/sipande/penduduk", "/sipande/penduduk?hal=2",
        f"/sipande/penduduk?desa={LAIN}&kelamin=2", "/sipande/keluarga",
        f"/sipande/penerima?program={villages.program}", "/sipande/penduduk?umur=15&kelamin=1",
    ):
        assert client.get(address).status_code == 200
    with site.hub.database.read() as conn:
        rows = conn.execute("SELECT account, subject, detail FROM access_audit WHERE action = 'daftar_dibuka'")
        assert rows.fetchall() == [(HARTONO, "Sipande", detail) for detail in (
            "Penduduk, seluruh kecamatan; 6 baris", "Penduduk, perempuan, Lamongan; 1 baris",
            "Keluarga, seluruh kecamatan; 1 baris", "Penerima Bantuan Uji, seluruh kecamatan; 1 baris",
        )], "a list without names is none"


def test_a_number_in_the_name_of_a_programme_stays_out_of_the_audit(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    client = site.client(BUDI)
    form = {"nama": "Bantuan 3303990101900001", "sasaran": "1", "versi": " ".join(hidden(
        client.get(f"/program/{villages.program}/ubah").text, "versi"
    ))}
    assert send(client, f"/program/{villages.program}/ubah", form).status_code == 303
    assert client.get(f"/sipande/penerima?program={villages.program}").status_code == 200
    with site.hub.database.read() as conn:
        row = conn.execute("SELECT detail FROM access_audit WHERE action = 'daftar_dibuka'").fetchone()
    assert row == ("Penerima Bantuan …, seluruh kecamatan; 1 baris",)


def test_a_list_of_names_that_cannot_be_logged_is_not_shown(
    hub: tuple[HubSite, Villages], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, _ = hub
    client = site.client(BUDI)

    def refuse() -> None:
        raise EnvironmentProblem("Disk penuh.", "disk_penuh")

    monkeypatch.setattr(site.hub.database, "write", refuse)
    answer = client.get("/sipande/penduduk")
    assert answer.status_code >= 500 and "Sarjono" not in answer.text


# Targets


def sheet(*rows: tuple[object, ...]) -> bytes:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return data.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        sheet(("Desa", "Target"), ("Selakambang", 4000), ("33.03.04.2001", "3.000")),
        b"Kode;Sasaran penduduk\n3303042006;4000\n\nDesa Lamongan;3000\n",
        b"DAFTAR SASARAN,\ndesa,target\nSELAKAMBANG,4.000\nlamongan,3000\n",
    ],
)
def test_targets_are_read_from_the_files_people_have(data: bytes) -> None:
    assert read_targets("", data, PLACES) == {KREO: 4000, LAIN: 3000}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "Pilih dulu"), (b"a,b\n1,2\n", "Baris judul"), (b"desa,target\n", "Tidak ada baris"),
        (b"desa,target\nNgawi,3\n", "Baris 2: desa tidak dikenal"),
        (b"desa,target\nLamongan,nol\n", "Baris 2: target"),
        (b"desa,target\nLamongan,0\n", "Baris 2: target"), (b"PK\x03\x04rusak", "tidak dapat dibaca"),
        (b"desa,target\nLamongan,3\nlamongan,4\n", "Baris 3: desa ini sudah ada"),
        (b"x" * 3_000_000, "terlalu besar"),
    ],
)
def test_targets_that_cannot_be_used_are_refused_with_the_row(data: bytes, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        read_targets("", data, PLACES)


def test_completeness_is_shown_with_the_line_of_fifty_per_cent(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    client = site.client(BUDI)
    data = b"desa,target\nSelakambang,4\nLamongan,10\n"
    form = {"berkas": (io.BytesIO(data), "sasaran.csv")}
    assert send(client, "/sipande/sasaran", form, page="/sipande/sasaran").status_code == 303
    page = client.get("/sipande?peta=kelengkapan").text
    assert "Di bawah 50 % sasaran: Lamongan (30 %)" in page
    assert "<strong>42 %</strong> kelengkapan" in page
    wrong = {"berkas": (io.BytesIO(b"x"), "x.csv")}
    refused = send(client, "/sipande/sasaran", wrong, page="/sipande/sasaran")
    assert refused.status_code == 400 and "Belum ada yang disimpan" in refused.text


@pytest.mark.parametrize(
    ("count", "target", "expected"), [(5, 10, 50), (499, 1000, 49), (3, None, None), (3, 0, None)]
)
def test_completeness_is_rounded_down(count: int, target: int | None, expected: int | None) -> None:
    assert find_completeness(count, target) == expected


# The public page


def test_the_public_page_names_nobody_and_hides_small_cells(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    answer = site.client().get("/publik")
    assert answer.status_code == 200 and "public" in answer.headers["Cache-Control"]
    for name in ("Sarjono", "Tukiyem", "Wagiman", "Siti"):
        assert name not in answer.text
    assert "disembunyikan" in answer.text
    table = answer.text[answer.text.index("<h2>Desa</h2>"):]
    assert not re.search(r'class="angka">[1-4]</td>', table)
    assert 'href="/sipande' not in answer.text and "/verval" not in answer.text


def test_the_public_page_shows_nothing_that_a_desa_has_typed(hub: tuple[HubSite, Villages]) -> None:
    """Their programmes are one number under words of ours, so that none of their recipients is lost."""
    site, villages = hub
    for log, name, count in ((villages.kantor, "SLOT GACOR maxwin", 5), (villages.lain, "Bantuan Mbah Sarjono", 6)):
        program = site.create(log, "program_bantuan", cases=False, nama=name, sasaran=1)
        for number in range(count):
            person = site.create(log, "penduduk", cases=False, nama=f"Uji {number}", jenis_kelamin=1)
            site.create(
                log, "penerima_bantuan", cases=False, program=program, periode="2026", status="aktif", penduduk=person
            )
    # Whatever a desa writes under the id of a programme of the kecamatan.
    copy = draft_create(site.hub.catalogue["program_bantuan"], villages.program, {"nama": "Maxwin Uji", "sasaran": 1})
    site.deliver(villages.lain, [copy], cases=False)
    page = site.client().get("/publik").text
    table = page.partition("<h2>Penerima bantuan</h2>")[2]
    rows = re.findall(r'<th scope="row">([^<]+)</th><td class="angka">([^<]+)</td>', table)
    assert rows == [("Bantuan Uji", "disembunyikan"), ("Bantuan desa", "11")]
    for text in ("SLOT", "axwin", "Sarjono"):
        assert text not in page
    assert "SLOT GACOR" in site.client(BUDI).get("/sipande").text, "who has an account reads what there is"


def test_the_public_page_is_the_same_for_all_and_may_be_kept(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    pages = [site.client(who).get("/publik") for who in (None, BUDI)]
    assert pages[0].text == pages[1].text and "Set-Cookie" not in pages[1].headers


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([10, 0, 7], [10, 0, 7]), ([3, 10, 7], [None, 10, None]), ([3, 4, 7], [None, None, 7]), ([3], [None]),
        ([0, 0], [0, 0]), ([5, 5], [5, 5]), ([], []), ([1, 2, 9, 20], [None, None, None, 20]),
        ([1, 1, 1], [None, None, None]), ([2, 2, 2, 9], [None, None, None, 9]),
    ],
)
def test_what_a_total_gives_away_about_hidden_cells_is_no_small_number(
    counts: list[int], shown: list[int | None]
) -> None:
    assert suppress_small(counts) == shown


# Ages and drawings


@pytest.mark.parametrize(
    ("born", "age"),
    [("2026-11-21", 0), ("2021-11-22", 4), ("2021-11-21", 5), ("1951-11-21", 75), ("1900-01-01", 126)],
)
def test_a_birthday_counts_from_its_own_day_on(born: str, age: int) -> None:
    assert find_band(make_bands(date(2026, 11, 21)), born) == min(age // 5, BANDS - 1)


@pytest.mark.parametrize("born", [None, "", "2026-11-22"])
def test_a_birth_date_that_cannot_be_is_in_no_band(born: str | None) -> None:
    assert find_band(make_bands(date(2026, 11, 21)), born) is None


def test_bars_stay_inside_the_drawing() -> None:
    bands = make_bands(date(2026, 11, 21))
    drawn = draw_pyramid(bands, {(1, 0): 100, (2, 0): 50, (1, 5): None})
    for pair in drawn.bars:
        assert all(0 <= bar.x and bar.x + bar.width <= drawn.width for bar in pair)
    assert drawn.bars[-1][0].width == 2 * drawn.bars[-1][1].width


def test_a_desa_without_anybody_is_coloured_apart_from_those_with_some() -> None:
    colours, legend = classify({"a": 0, "b": 0, "c": 0, "d": 0, "e": 0, "f": 60, "g": 75})
    assert colours["a"] == colours["e"] == 0 and len({colours["a"], colours["f"], colours["g"]}) == 3
    assert [item.label for item in legend] == ["0", "60", "75 atau lebih"]


def test_classes_of_the_map_cover_all_values() -> None:
    assert split_classes([]) == ()
    classes, legend = classify({"a": 1, "b": 5, "c": 5, "d": 900, "e": None})
    assert classes["e"] is None and len({classes["a"], classes["b"], classes["d"]}) == 3
    assert len(legend) == len(split_classes([1, 5, 5, 900]))


@pytest.mark.parametrize(("kecamatan", "count"), [(HUB, 18), ("33.04.01", 18), ("99.99.99", None)])
def test_boundaries_are_known_for_the_five_kabupaten(kecamatan: str, count: int | None) -> None:
    found = load_map(kecamatan)
    assert (found is None) is (count is None)
    if found is not None:
        assert len(found.shapes) > 5 and all(shape.path.startswith("M") for shape in found.shapes)


def test_neighbours_keep_their_common_line() -> None:
    feature = (
        '{"type":"Feature","properties":{"kode":"%s"},"geometry":{"type":"Polygon","coordinates":[[%s]]}}'
    )
    one = feature % ("a", "[0,0],[0.01,0],[0.01001,0.01],[0,0.01],[0,0]")
    two = feature % ("b", "[0.01,0],[0.02,0],[0.02,0.01],[0.01001,0.01],[0.01,0]")
    text = derive_boundaries('{"type":"FeatureCollection","features":[%s,%s]}' % (one, two))
    assert '"d":"M0,50l50,0 0,-50 -50,0z"' in text and '"d":"M50,50l50,0 0,-50 -50,0z"' in text

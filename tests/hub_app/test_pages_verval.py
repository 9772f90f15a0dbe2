"""The verval queue and its cases over HTTP: versions, two officers, the lock, links, returns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from hub.verval.cases import list_findings
from hub.verval.difference import Part, mark_differences
from hub.verval.queue import PAGE, find_due, judge_status, load_queue, read_url_id, write_url_id
from shared.store.drafts import draft_delete
from shared.store.records import load_state
from shared.web.audit import verify_audit
from tests.hub_app.test_pages_site import (
    BUDI, KREO, LAIN, NIK_A, NIK_B, NIK_KEMBAR, SITI, TARI, HubSite, Villages, hidden, make_site,
    make_villages, send,
)

REASON = "Sesuai KTP-el yang ditunjukkan warga"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[HubSite, Villages]]:
    site = make_site(tmp_path)
    yield site, make_villages(site)
    site.close()


def case_of(site: HubSite, kode: str, record: str) -> str:
    """Give the address of the case of a record."""
    with site.hub.database.read() as conn:
        found = [item for item in list_findings(conn, kode=kode) if record in {r for _, _, r in item.rekaman}]
    assert len(found) == 1
    return "/verval/" + write_url_id(found[0].id)


def act(client: FlaskClient, address: str, action: str, **form: Any) -> Any:
    """Send one form of a case with the lock as the page shows it."""
    page = client.get(address).text
    heads = form.pop("kepala", sorted(set(hidden(page, "kepala"))))
    return send(client, f"{address}/{action}", {"kepala": heads, "alasan": REASON, **form}, page=address)


def live(site: HubSite, kind: str, record: str, field: str) -> Any:
    with site.hub.database.read() as conn:
        return conn.execute(f"SELECT {field} FROM {kind} WHERE id = ?", (record,)).fetchone()[0]


# The queue


def test_the_queue_puts_money_before_identity_and_grave_before_light(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    page = site.client(BUDI).get("/verval").text
    assert re.findall(r"<strong>(V[0-9]+) ", page) == ["V7", "V2", "V1", "V5", "V1"]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("kode=V1", ["V1", "V1"]), (f"desa={LAIN}", ["V7", "V2", "V5"]), ("status=selesai", []),
        ("giliran=desa", []), ("giliran=kecamatan&kode=V5", ["V5"]),
        ("hal=99", ["V7", "V2", "V1", "V5", "V1"]),
        ("hal=x&kode=%27", []),
    ],
)
def test_the_queue_is_filtered(hub: tuple[HubSite, Villages], query: str, codes: list[str]) -> None:
    site, _ = hub
    page = site.client(BUDI).get("/verval?" + query).text
    assert re.findall(r"<strong>(V[0-9]+) ", page) == codes
    assert f"<strong>{len(codes)}</strong> kasus" in page


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("risiko=sedang", ["V1"]), ("risiko=x", []), ("umur=3", []), ("umur=x", ["V7", "V2", "V1", "V5", "V1"]),
        ("batas=3", ["V7", "V2"]), ("batas=7", ["V7", "V2", "V1", "V1"]), ("batas=lewat", []),
        ("pemegang=belum", ["V7", "V2", "V1", "V5", "V1"]), ("pemegang=saya", []),
        ("cari=00", ["V7", "V2", "V1", "V5", "V1"]),
    ],
)
def test_the_queue_is_filtered_by_risk_age_due_date_and_who_works(
    hub: tuple[HubSite, Villages], query: str, codes: list[str]
) -> None:
    site, _ = hub
    assert re.findall(r"<strong>(V[0-9]+) ", site.client(BUDI).get("/verval?" + query).text) == codes


def test_age_and_due_date_follow_the_clock(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    site.clock.now += 4 * 86400
    site.create(villages.lain, "penduduk", nama="Baru Datang", nik="34")
    client = site.client(BUDI)
    assert len(re.findall(r"<strong>V[0-9]+ ", client.get("/verval?umur=3").text)) == 5
    assert re.findall(r"<strong>(V[0-9]+) ", client.get("/verval?batas=lewat").text) == ["V7", "V2"]
    assert "Baru Datang" in client.get("/verval").text and "Baru Datang" not in client.get("/verval?umur=3").text


def test_a_light_finding_without_case_is_as_old_as_the_change_behind_it(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    site.create(villages.kantor, "penduduk", nama="Lama", nik="3303990101900077", tanggal_lahir="1990-01-02")
    site.clock.now += 8 * 86400
    page = site.client(BUDI).get("/verval?risiko=ringan&umur=7").text
    assert "Lama" in page and "8 hari" in page


def test_rows_name_whom_a_case_is_about_with_masked_numbers(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    keluarga = site.create(villages.lain, "keluarga", no_kk="3303990101200009", cases=False)
    for nama in ("Kepala Satu", "Kepala Dua"):
        site.create(villages.lain, "penduduk", nama=nama, keluarga=keluarga, hubungan=1, cases=False)
    site.create(villages.lain, "penerima_bantuan", program=villages.program, penduduk=site.hub.new_id())
    page = site.client(BUDI).get("/verval").text
    for text in ("Sarjono B", "Tukiyem", "Kepala Satu", "datanya tidak ada", "3303••••••••0001"):
        assert text in page, text
    assert NIK_KEMBAR not in page and "3303990101200009" not in page


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("sarjono", ["V7", "V2"]), ("ono sar", ["V7", "V2"]), ("sarjono b", ["V7", "V2"]), ("%", []), ("zz", []),
        (" ", None),
    ],
)
def test_a_name_is_searched_for_without_standing_in_an_address(
    hub: tuple[HubSite, Villages], name: str, codes: list[str] | None
) -> None:
    site, _ = hub
    client = site.client(BUDI)
    answer = send(client, "/verval/saring", {"nama": name, "kode": "", "risiko": "berat"}, page="/verval")
    assert answer.status_code == 303 and "sarjono" not in answer.headers["Location"].lower()
    page = client.get(answer.headers["Location"]).text
    assert re.findall(r"<strong>(V[0-9]+) ", page) == (["V7", "V2", "V1", "V5"] if codes is None else codes)
    other = site.client(TARI).get(answer.headers["Location"]).text
    assert len(re.findall(r"<strong>V[0-9]+ ", other)) == 4, "a search belongs to one session"


def test_who_opens_the_queue_is_written_into_the_audit_once_for_all_its_pages(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    client = site.client(BUDI)
    for address in ("/verval?kode=V2", "/verval?kode=V2&hal=2", f"/verval?desa={LAIN}", "/verval?kode=V9"):
        client.get(address)
    site.clock.now += 6 * 60
    client.get("/verval?kode=V2")
    with site.hub.database.read() as conn:
        rows = conn.execute("SELECT account, subject, detail FROM access_audit WHERE action = 'daftar_dibuka'")
        assert rows.fetchall() == [
            (BUDI, "Antrean verval", "NIK sama di dua desa; 1 baris"), (BUDI, "Antrean verval", "Lamongan; 3 baris"),
            (BUDI, "Antrean verval", "NIK sama di dua desa; 1 baris"),
        ]


def test_the_queue_is_cut_into_pages(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    for number in range(PAGE):
        site.create(villages.lain, "penduduk", nama=f"Uji {number}", nik=str(number + 20), cases=False)
    client = site.client(BUDI)
    first, second = client.get("/verval").text, client.get("/verval?hal=2").text
    assert (first.count('class="lencana lencana-berat">Berat'), "Halaman 1 dari 2" in first) == (PAGE, True)
    assert len(re.findall(r"<strong>V[0-9]+ ", second)) == 5


def test_an_id_in_an_address_shows_no_run_of_digits() -> None:
    id = "1234567890123456" * 4
    assert write_url_id(id).startswith("12345678-90123456-")
    assert read_url_id(write_url_id(id)) == read_url_id(id) == id


def test_a_plain_id_opens_the_case_as_well(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    assert site.client(BUDI).get("/verval/" + site.finding("V2")).status_code == 200


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], "terbuka"), (["terbuka"], "terbuka"), (["selesai", "selesai"], "selesai"),
        (["selesai", "terbuka"], "terbuka"), (["dikembalikan", "terbuka"], "dikembalikan"),
        (["dikembalikan", "dijawab"], "dijawab"), (["usulan", "dikembalikan"], "usulan"),
    ],
)
def test_the_state_of_a_finding_follows_from_its_cases(statuses: list[str], expected: str) -> None:
    assert judge_status(statuses) == expected


def test_due_dates_skip_the_weekend() -> None:
    friday = date(2026, 11, 20)
    assert find_due("V7", "berat", friday) == date(2026, 11, 24)
    assert find_due("V5", "ringan", friday) == date(2026, 12, 4)


# Versions


def test_only_what_differs_is_shown_with_its_characters(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    page = site.client(BUDI).get(case_of(site, "V1", villages.alamat)).text
    assert "Jalan <mark>Mawar</mark>" in page and "Jalan <mark>Melati</mark>" in page
    assert "Jalan Lama" in page and "Tempat lahir" not in page and "Agama" not in page


def test_each_version_tells_who_where_and_when(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    page = site.client(BUDI).get(case_of(site, "V1", villages.alamat)).text
    for text in ("Wagiman", "PC kantor", "Laptop lapangan", "Jam komputer: ", "Sampai di kecamatan: "):
        assert text in page


@pytest.mark.parametrize(
    ("text", "other", "parts"),
    [
        ("SITI", "SITI", (Part("SITI", False),)), ("", "SITI", ()), ("SITI", "", (Part("SITI", True),)),
        ("SITTI", "SITI", (Part("SIT", False), Part("T", True), Part("I", False))),
        ("Jalan Mawar", "Jalan Lama", (Part("Jalan ", False), Part("Mawar", True))),
        ("PETANI", "GURU", (Part("PETANI", True),)),
    ],
)
def test_differences_are_marked_by_character(text: str, other: str, parts: tuple[Part, ...]) -> None:
    assert mark_differences(text, other) == parts


def test_a_version_is_held_by_one_officer_where_nothing_is_protected(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    client = site.client(BUDI)
    address = case_of(site, "V1", villages.alamat)
    answer = act(client, address, "pilih", semua="B")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/verval")
    assert live(site, "penduduk", villages.alamat, "alamat") == "Jalan Melati"
    closed = client.get(address)
    assert closed.status_code == 200 and "sudah selesai" in closed.text


def test_versions_are_held_group_by_group(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V1", villages.contested)
    page = site.client(BUDI).get(address).text
    options = dict(re.findall(r'name="(pilih__[a-z]+)" value="([^"]+)"> Versi A', unescape(page)))
    others = dict(re.findall(r'name="(pilih__[a-z]+)" value="([^"]+)"> Versi B', unescape(page)))
    assert options.keys() == {"pilih__nik", "pilih__pekerjaan"}
    chosen = {"pilih__nik": options["pilih__nik"], "pilih__pekerjaan": others["pilih__pekerjaan"]}
    assert act(site.client(BUDI), address, "pilih", **chosen).headers["Location"] == address
    assert live(site, "penduduk", villages.contested, "pekerjaan") == 1
    assert act(site.client(TARI), address, "pilih", **chosen).headers["Location"] == "/verval"
    assert live(site, "penduduk", villages.contested, "nik") == NIK_A
    assert live(site, "penduduk", villages.contested, "pekerjaan") == 9


def test_identity_waits_for_a_second_officer_who_confirms(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V1", villages.contested)
    first = site.client(BUDI)
    assert act(first, address, "pilih", semua="B").headers["Location"] == address
    own = first.get(address).text
    assert "Ini usulan Anda" in own and "Setujui sebagai petugas kedua" not in own
    second = site.client(TARI)
    page = second.get(address).text
    assert "Usulan petugas pertama: Budi Santoso" in page and "NIK: Versi B." in page and REASON in page
    form = page[page.index('id="usulan"'):page.index("Setujui sebagai petugas kedua")]
    fields = {name: hidden(form, name) for name in set(re.findall(r'type="hidden" name="([^"]+)"', form))}
    assert second.post(f"{address}/pilih", data=fields).headers["Location"] == "/verval"
    assert live(site, "penduduk", villages.contested, "nik") == NIK_B


def test_the_first_officer_is_never_the_second(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V1", villages.contested)
    client = site.client(BUDI)
    act(client, address, "pilih", semua="A")
    answer = act(client, address, "pilih", semua="A")
    assert answer.status_code == 400 and "perlu dua petugas" in answer.text
    assert live(site, "penduduk", villages.contested, "pekerjaan") == 1


def test_a_stale_decision_gives_a_clear_page_and_changes_nothing(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V1", villages.alamat)
    client = site.client(BUDI)
    seen = sorted(set(hidden(client.get(address).text, "kepala")))
    late = site.add_node(KREO, "PC ketiga")
    site.deliver(late, [site.draft_change(KREO, "penduduk", villages.alamat, telepon="0800-00-1")])
    # The case may have another id now: its frontier has grown.
    address = case_of(site, "V1", villages.alamat)
    answer = act(client, address, "pilih", kepala=seen, semua="A")
    assert answer.status_code == 409
    assert "Ada perubahan baru pada data ini" in answer.text and address in answer.text
    assert live(site, "penduduk", villages.alamat, "alamat") == "Jalan Lama"


def test_a_proposal_that_became_stale_cannot_be_confirmed(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V1", villages.contested)
    act(site.client(BUDI), address, "pilih", semua="A")
    draft = site.draft_change(KREO, "penduduk", villages.contested, telepon="0800-00-1")
    site.deliver(villages.laptop, [draft])
    page = site.client(TARI).get(case_of(site, "V1", villages.contested)).text
    assert "tidak dapat disetujui lagi" in page and "Setujui sebagai petugas kedua" not in page


def test_a_decision_wants_a_reason_and_keeps_what_was_typed(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    answer = act(site.client(BUDI), case_of(site, "V1", villages.alamat), "pilih", semua="A", alasan="cocok")
    assert answer.status_code == 400
    assert "paling sedikit 10 huruf" in answer.text and ">\ncocok</textarea>" in answer.text


@given(st.text("ABI 1", max_size=12), st.text("ABI 1", max_size=12))
def test_marking_loses_no_letter(text: str, other: str) -> None:
    assert "".join(part.text for part in mark_differences(text, other)) == text


@pytest.mark.parametrize("form", [{}, {"semua": "Z"}, {"pilih__alamat": "x"}, {"pilih__nama": "x"}])
def test_a_choice_that_is_none_is_refused(hub: tuple[HubSite, Villages], form: dict[str, str]) -> None:
    site, villages = hub
    answer = act(site.client(BUDI), case_of(site, "V1", villages.alamat), "pilih", **form)
    assert answer.status_code == 400 and "Pilihan tidak cocok" in answer.text


def test_a_decision_on_a_case_that_is_gone_leads_back_to_the_queue(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    client = site.client(BUDI)
    form = {"alasan": REASON, "semua": "A"}
    assert send(client, "/verval/" + "0" * 64 + "/pilih", form).headers["Location"] == "/verval"
    assert "sudah tidak ada" in client.get("/verval").text


# Two records of one person


def test_two_records_stand_side_by_side_with_what_hangs_on_them(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    page = site.client(BUDI).get(case_of(site, "V2", villages.kepala)).text
    assert "Sarjono<mark> B</mark></td>" in page and "Sarjono</td>" in page and 'class="beda"' in page
    assert "2 bantuan ikut berubah" in page and "Bantuan yang diterima" in page


def test_linking_takes_two_officers_and_counts_the_person_once(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V2", villages.kepala)
    assert act(site.client(BUDI), address, "tautkan", dihitung=KREO).headers["Location"] == address
    page = site.client(TARI).get(address).text
    assert "dihitung di Selakambang" in page
    assert act(site.client(TARI), address, "tautkan", dihitung=KREO).headers["Location"] == "/verval"
    client = site.client(BUDI)
    assert "<strong>5</strong> penduduk" in client.get("/").text
    rows = client.get(f"/sipande/penduduk?desa={LAIN}").text
    assert "Sarjono B" not in rows and '<strong class="jumlah">2</strong>' in rows
    with site.hub.database.read() as conn:
        assert not list_findings(conn, kode="V2")


def test_ruling_out_settles_the_case_and_it_stays_in_the_list_of_settled_ones(
    hub: tuple[HubSite, Villages]
) -> None:
    site, villages = hub
    client = site.client(BUDI)
    address = case_of(site, "V2", villages.kepala)
    assert act(client, address, "bukan-ganda").status_code == 303
    assert address not in client.get("/verval").text
    assert address in client.get("/verval?status=selesai").text
    assert "Selesai, tetap dipantau" in client.get(address).text


# Back to the desa


def test_a_case_goes_back_to_a_desa_and_shows_its_answer(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    client = site.client(BUDI)
    address = "/verval/" + write_url_id(site.finding("V5"))
    form = {"desa": LAIN, "kode_alasan": "FMT_NIK", "batas_waktu": "30-11-2026", "catatan": "Lihat KTP-nya."}
    assert act(client, address, "kembalikan", **form).status_code == 303
    page = client.get(address).text
    assert "Dikembalikan ke desa" in page and "Batas 30-11-2026" in page and "Lihat KTP-nya." in page
    assert address in client.get("/verval?giliran=desa").text
    with site.hub.database.read() as conn:
        case, finding = conn.execute("SELECT id, temuan FROM kasus WHERE status = 'dikembalikan'").fetchone()
        assert next(item for item in load_queue(conn) if item.id == finding).due == date(2026, 11, 30)
    log = site.add_node(LAIN, "Laptop lain")
    site.deliver(log, [site.draft_change(LAIN, "kasus", case, jawaban="Sudah diperiksa, salah ketik.")])
    page = client.get(address).text
    assert "Sudah dijawab desa" in page and "salah ketik" in page


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batas_waktu": ""}, "Batas waktu wajib"), ({"batas_waktu": "01-01-2020"}, "Batas waktu wajib"),
        ({"batas_waktu": "31-02-2027"}, "bukan tanggal"), ({"kode_alasan": "X"}, "Pilih alasan"),
        ({"desa": "33.03.04.2018"}, "tidak menyangkut desa itu"),
    ],
)
def test_a_return_that_is_not_complete_is_refused(
    hub: tuple[HubSite, Villages], change: dict[str, str], message: str
) -> None:
    site, _ = hub
    form = {"desa": LAIN, "kode_alasan": "FMT_NIK", "batas_waktu": "30-11-2026", **change}
    answer = act(site.client(BUDI), "/verval/" + write_url_id(site.finding("V5")), "kembalikan", **form)
    assert answer.status_code == 400 and message in answer.text


# Numbers


def test_numbers_are_masked_until_shown_on_purpose_which_is_logged(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    address = case_of(site, "V2", villages.kepala)
    client = site.client(BUDI)
    assert NIK_KEMBAR not in client.get(address).text
    send(client, f"{address}/nomor", {"keperluan": ""}, page=address)
    assert NIK_KEMBAR not in client.get(address).text
    assert send(client, f"{address}/nomor", {"keperluan": "cocokkan"}, page=address).status_code == 303
    assert NIK_KEMBAR in client.get(address).text
    assert NIK_KEMBAR not in site.client(TARI).get(address).text
    site.clock.now += 6 * 60
    assert NIK_KEMBAR not in client.get(address).text
    with site.hub.database.read() as conn:
        rows = conn.execute("SELECT account, detail FROM access_audit WHERE action = 'nik_ditampilkan'")
        assert rows.fetchall() == [(BUDI, "cocokkan")] and verify_audit(conn).is_intact


def test_an_admin_decides_as_well(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    assert act(site.client(SITI), case_of(site, "V1", villages.alamat), "pilih", semua="A").status_code == 303
    assert live(site, "penduduk", villages.alamat, "alamat") == "Jalan Mawar"


def test_a_deleted_record_against_an_edit_shows_both(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    kind = site.hub.catalogue["penduduk"]
    with site.hub.database.read() as conn:
        state = load_state(conn, site.hub.catalogue, kind, KREO, villages.kepala)
    edit = site.draft_change(KREO, "penduduk", villages.kepala, telepon="0800-00-2")
    site.deliver(villages.kantor, [draft_delete(kind, state, villages.kepala, "ganda")])
    site.deliver(villages.laptop, [edit])
    page = site.client(BUDI).get(case_of(site, "V1", villages.kepala)).text
    assert "Keberadaan data" in page and "Dihapus" in page and "Tetap ada" in page

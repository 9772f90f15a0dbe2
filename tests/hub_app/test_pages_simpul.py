"""Nodes, accounts and programmes over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.beranda.words import describe_age, describe_contacts
from hub.cli import group as hub_commands
from hub.ingest.contact import DONE, SENDING
from hub.program.rules import Use, describe_period, describe_quota, find_fullest, find_period_problem
from hub.roles import ROLES
from hub.simpul.rules import (
    REFUSALS, RESULTS, Contact, SlotState, describe_clock, describe_parity, describe_queue, describe_result,
    describe_version, find_remarks, is_refused,
)
from hub.sipande.targets import save_targets
from shared.clock import format_time
from shared.store.migrations import read_setting
from shared.sync.codes import CODES
from shared.sync.enrolment import parse_code
from shared.sync.limits import PROTOCOL_VERSION
from tests.hub_app.test_pages_site import (
    BUDI, KREO, LAIN, SITI, HubSite, Villages, hidden, make_site, make_villages, send,
)

DAY_S = 86400


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[HubSite, Villages]]:
    site = make_site(tmp_path)
    yield site, make_villages(site)
    site.close()


def add_candidate(site: HubSite) -> tuple[str, str]:
    """Let a node wait for its six words; return its id and the words."""
    id, words = site.hub.new_id(), "apel batu cermin domba emas fajar"
    with site.hub.database.write() as conn:
        conn.execute(
            "INSERT INTO slot VALUES ('s1', ?, x'00', 0, 0, 'terpakai', '')", (KREO,)
        )
        conn.execute(
            "INSERT INTO candidate (simpul, slot, wilayah, kunci, segel, nama, kata, time_s)"
            " VALUES (?, 's1', ?, ?, ?, 'PC baru', ?, ?)",
            (id, KREO, "ab" * 32, "cd" * 32, words, site.clock.now),
        )
    return id, words


# Enrolment


def test_a_slot_shows_its_code_once_and_to_nobody_else(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    client = site.client(SITI)
    form = {"desa": KREO, "alamat": "https://hub.uji"}
    answer = send(client, "/simpul/pendaftaran", form, page="/simpul/pendaftaran")
    assert answer.status_code == 303
    address = answer.headers["Location"]
    assert site.client(SITI).get(address).status_code == 303
    found = re.search(r'class="kode-besar"[^>]*>([^<]+)<', client.get(address).text)
    assert found and parse_code(found[1]).address == "https://hub.uji"
    again = client.get(address)
    assert again.status_code == 303
    page = client.get("/simpul/pendaftaran").text
    assert "hanya tampil satu kali" in page and "Terbuka" in page


@pytest.mark.parametrize(
    "form", [{"desa": "33.03.05.2001", "alamat": "https://x"}, {"desa": KREO, "alamat": "x"}, {}]
)
def test_a_slot_for_nothing_is_refused_on_the_page(
    hub: tuple[HubSite, Villages], form: dict[str, str]
) -> None:
    site, _ = hub
    answer = send(site.client(SITI), "/simpul/pendaftaran", form, page="/simpul/pendaftaran")
    assert answer.status_code == 400 and 'role="alert"' in answer.text


@pytest.mark.parametrize(
    ("form", "enrolled"),
    [
        ({"kata": "Apel batu  cermin domba emas FAJAR"}, True), ({"sama": "ya"}, True), ({}, False),
        ({"kata": "apel batu cermin domba emas fasih"}, False),
        ({"kata": "apel batu cermin domba emas fasih", "sama": "ya"}, False),
    ],
)
def test_a_node_is_enrolled_when_its_six_words_were_compared(
    hub: tuple[HubSite, Villages], form: dict[str, str], enrolled: bool
) -> None:
    site, _ = hub
    id, words = add_candidate(site)
    client = site.client(SITI)
    assert all(f"<li>{word}</li>" in client.get("/simpul").text for word in words.split())
    assert send(client, f"/simpul/calon/{id}/setujui", form, page="/simpul").status_code == 303
    with site.hub.database.read() as conn:
        assert bool(conn.execute("SELECT 1 FROM simpul WHERE id = ?", (id,)).fetchone()) is enrolled
    assert ("Menunggu dicocokkan" in client.get("/simpul").text) is not enrolled


def test_a_node_that_waits_is_refused_with_a_reason(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    id, _ = add_candidate(site)
    client, path = site.client(SITI), f"/simpul/calon/{id}/tolak"
    assert f'href="{path}"' in client.get("/simpul").text
    empty = send(client, path, {"catatan": "tidak ada yang kenal"}, page=path)
    assert empty.status_code == 400 and "Pilih dulu sebabnya" in empty.text and "tidak ada yang kenal" in empty.text
    assert send(client, path, {"sebab": "asing", "catatan": "tidak ada yang kenal"}, page=path).status_code == 303
    assert "Menunggu dicocokkan" not in client.get("/simpul").text
    page = client.get("/simpul/pendaftaran").text
    for text in ("Ditutup", "PC baru: ditolak", "oleh Siti Aminah", "Desa tidak mengenal komputer ini: tidak ada yang"):
        assert text in page
    assert "Menolak komputer desa" in client.get("/akses").text
    assert client.get(path).status_code == 303 and send(client, path, {"sebab": "asing"}).status_code == 303
    assert "tidak menunggu lagi" in client.get("/simpul").text


def test_the_list_of_slots_tells_their_state_and_an_open_one_is_withdrawn(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    client = site.client(SITI)
    with site.hub.database.write() as conn:
        for id, status, left_s in (("s2", "terbuka", -1), ("s3", "ditutup", 9), ("s4", "terpakai", 9)):
            conn.execute(
                "INSERT INTO slot VALUES (?, ?, x'00', ?, 0, ?, 'perintah')",
                (id, KREO, site.clock.now + left_s, status),
            )
    send(client, "/simpul/pendaftaran", {"desa": KREO, "alamat": "https://hub.uji"}, page="/simpul/pendaftaran")
    page = client.get("/simpul/pendaftaran").text
    assert [page.count(f">{state.value}<") for state in SlotState] == [1, 1, 1, 1]
    (path,) = re.findall(r'action="(/simpul/pendaftaran/[^"]+/tarik)"', page)
    assert send(client, path, {}, page="/simpul").status_code == 303
    page = client.get("/simpul/pendaftaran").text
    assert "ditarik" in page and page.count(">Ditutup<") == 2 and "/tarik" not in page
    send(client, path, {}, page="/simpul")
    assert "tidak terbuka lagi" in client.get("/simpul/pendaftaran").text


def test_a_code_comes_with_its_qr_and_an_address_for_this_machine_alone_is_warned_of(
    hub: tuple[HubSite, Villages]
) -> None:
    site, _ = hub
    client = site.client(SITI)
    for address, warned in (("http://127.0.0.1:8700", True), ("https://hub.uji", False)):
        form = {"desa": KREO, "alamat": address}
        page = client.get(send(client, "/simpul/pendaftaran", form, page="/simpul").headers["Location"]).text
        assert "<svg" in page and "Kode QR" in page
        assert ("hanya berlaku di komputer ini sendiri" in page) is warned


def note_contacts(site: HubSite, result: str = "bad_proof") -> None:
    """Let one node of KREO call two hours ago with a wrong clock, the other five days ago; none of LAIN ever."""
    now = site.clock.now
    with site.hub.database.write() as conn:
        for nama, age_s, ahead_s, parity, said in (
            ("PC kantor", 7200, DAY_S, "beda", result), ("Laptop lapangan", 5 * DAY_S, 0, "sama", "selesai"),
        ):
            conn.execute(
                "INSERT INTO contact (kunci, last_s, device_time_s, queue, parity, version, result, result_s)"
                " SELECT kunci, ?, ?, 1007, ?, 1, ?, ? FROM simpul WHERE nama = ?",
                (now - age_s, now - age_s + ahead_s, parity, said, now - age_s, nama),
            )


@pytest.mark.parametrize("who", [SITI, BUDI])
def test_the_list_of_desa_tells_contact_queue_completeness_and_what_needs_somebody(
    hub: tuple[HubSite, Villages], who: str
) -> None:
    site, _ = hub
    note_contacts(site)
    with site.hub.database.write() as conn:
        save_targets(conn, {KREO: 10, LAIN: 3})
    page = site.client(who).get("/simpul").text
    row = page.split(f'href="/simpul/desa/{KREO}"')[1].split("</tr>")[0]
    for text in ("2 jam yang lalu", ">2.014<", "<strong>30 %</strong>, di bawah 50 %",
                 "Kiriman ditolak", "Isi berbeda", "1 komputer tidak ada kabar", "Jam komputer 1 hari terlalu cepat"):
        assert text in row
    other = page.split(f'href="/simpul/desa/{LAIN}"')[1].split("</tr>")[0]
    assert "Belum pernah menghubungi" in other and "100 %" in other
    assert page.count("Belum ada komputer") == 16 and "di bawah 50&nbsp;%: Selakambang." in page
    assert ("Daftarkan komputer desa" in page) is (who == SITI)


def test_a_desa_is_shown_with_each_of_its_computers(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    note_contacts(site)
    page = site.client(BUDI).get(f"/simpul/desa/{KREO}").text
    office, laptop = page.split('id="komputer-1"')[1:][0].split('id="komputer-2"')
    if "Laptop" not in laptop:
        office, laptop = laptop, office
    for text in ("PC kantor", "2 jam yang lalu", "Catatannya tidak cocok", "Jam komputer 1 hari terlalu cepat",
                 "Isi berbeda", "Versi 1, sama dengan kecamatan"):
        assert text in office
    for text in ("Tidak ada kabar", "5 hari yang lalu", "Selesai; semua sudah diterima", "Cocok dengan jam",
                 "Isi sama"):
        assert text in laptop
    assert "Belum ada" in page and "Daftarkan komputer lain" not in page
    with site.hub.database.read() as conn:
        counts = dict(conn.execute("SELECT s.nama, l.size - 1 FROM log AS l JOIN simpul AS s"
                                   " ON s.kunci = lower(hex(l.kunci)) WHERE s.wilayah = ?", (KREO,)))
    assert f"{counts['PC kantor']} perubahan" in office and f"{counts['Laptop lapangan']} perubahan" in laptop
    assert "Belum ada komputer yang terdaftar" in site.client(SITI).get("/simpul/desa/33.03.04.2002").text


def test_a_computer_that_waits_is_seen_by_all_and_confirmed_by_the_admin_alone(
    hub: tuple[HubSite, Villages]
) -> None:
    site, _ = hub
    _, words = add_candidate(site)
    assert "menunggu enam katanya" in site.client(BUDI).get(f"/simpul/desa/{KREO}").text
    page = site.client(BUDI).get("/simpul").text
    assert "Admin mencocokkan enam katanya" in page and words.split()[0] not in page and "Setujui" not in page


QUIET = 3 * DAY_S


def heard(age_s: int | None, *, clock: str = "", parity: str = "sama", result: str = "selesai") -> Contact:
    return Contact(None if age_s is None else 10 * DAY_S - age_s, clock, parity, result)


@pytest.mark.parametrize(
    ("contacts", "waiting", "is_open", "texts"),
    [
        ([heard(60)], 0, True, []),
        ([], 0, False, ["Belum ada komputer"]), ([], 0, True, ["Pendaftaran terbuka"]),
        ([], 1, False, ["Menunggu dicocokkan", "Belum ada komputer"]),
        ([heard(None)], 0, False, ["Belum pernah menghubungi"]),
        ([heard(None), heard(4 * DAY_S)], 0, False, ["Tidak ada kabar 4 hari"]),
        ([heard(60), heard(4 * DAY_S)], 0, False, ["1 komputer tidak ada kabar"]),
        ([heard(60, result="mengirim"), heard(60, result="")], 0, False, []),
        ([heard(60, result="bad_proof", parity="beda")], 0, False, ["Kiriman ditolak", "Isi berbeda"]),
        ([heard(60, clock="Jam X"), heard(60, clock="Jam X")], 0, False, ["Jam X"]),
    ],
)
def test_what_needs_somebody_is_said_the_gravest_first(
    contacts: list[Contact], waiting: int, is_open: bool, texts: list[str]
) -> None:
    remarks = find_remarks(10 * DAY_S, contacts, QUIET, waiting, is_open)
    assert [remark.text for remark in remarks] == texts
    assert sorted(remarks, key=lambda remark: not remark.is_grave) == remarks


@pytest.mark.parametrize(
    ("version", "begins"),
    [(None, "Belum diketahui"), (PROTOCOL_VERSION, f"Versi {PROTOCOL_VERSION}, sama"),
     (PROTOCOL_VERSION + 1, f"Versi {PROTOCOL_VERSION + 1}, kecamatan versi")],
)
def test_a_version_is_told_against_that_of_the_kecamatan(version: int | None, begins: str) -> None:
    assert describe_version(version).startswith(begins)
    assert version != PROTOCOL_VERSION + 1 or describe_version(version).endswith("program di kecamatan")


def test_every_result_has_its_words() -> None:
    assert not is_refused("") and not is_refused(DONE) and not is_refused(SENDING)
    assert {describe_result(result) for result in ("", DONE, SENDING)} == set(RESULTS.values())
    assert REFUSALS.keys() <= {name for name, code in CODES.items() if not code.retry}
    assert is_refused("bad_proof") and describe_result("bad_proof") and describe_result("lain sama sekali")


@pytest.mark.parametrize(
    ("heard", "device", "text"),
    [
        (1000, 1600, ""), (1000, 1601, "Jam komputer 10 menit terlalu cepat"),
        (90000, 0, "Jam komputer 1 hari terlalu lambat"), (None, None, ""),
    ],
)
def test_a_clock_is_told_when_it_is_ten_minutes_off(heard: int | None, device: int | None, text: str) -> None:
    assert describe_clock(heard, device) == text


def test_words_for_queue_parity_and_age() -> None:
    assert (describe_queue(None), describe_queue(0), describe_queue(3000)) == (
        "", "Tidak ada antrean", "3.000 perubahan menunggu"
    )
    assert (describe_parity("sama"), describe_parity("")) == ("Isi sama", "Belum dibandingkan")
    times = (None, 10 * DAY_S + 5, 9 * DAY_S, 10 * DAY_S - 300)
    assert [describe_age(10 * DAY_S, then) for then in times] == [
        "belum pernah", "baru saja", "1 hari yang lalu", "5 menit yang lalu"
    ]


@pytest.mark.parametrize(
    ("last", "begins"),
    [
        ([], "Belum ada komputer"), ([99 * DAY_S], "Satu-satunya komputer desa yang terdaftar menghubungi"),
        ([None, 99 * DAY_S], "1 dari 2 komputer desa tidak menghubungi"), ([None], "1 dari 1"),
    ],
)
def test_contacts_are_told_in_one_sentence(last: list[int | None], begins: str) -> None:
    assert describe_contacts(99 * DAY_S + 60, last, 3 * DAY_S).startswith(begins)


# Accounts


ACCOUNT = {"nama": "Rina Wulandari", "jabatan": "Kasi pemerintahan", "nama_pengguna": "rina", "peran": "wali_data"}
CHOSEN = "empat ekor sapi merah"


def read_code(client: FlaskClient, answer: Any) -> str:
    """Read the code on the page where a form has led; it is there once."""
    assert answer.status_code == 303
    found = re.search(r'<p class="kata">([^<]+)<', client.get(answer.headers["Location"]).text)
    assert found and found[1] not in client.get(answer.headers["Location"]).text
    return found[1]


def set_password(site: HubSite, name: str, code: str) -> None:
    form = {"nama_pengguna": name, "kode": code, "kata_sandi": CHOSEN, "kata_sandi_ulang": CHOSEN}
    assert send(site.client(), "/sandi-baru", form, page="/sandi-baru").status_code == 303


def log_in(site: HubSite, name: str) -> FlaskClient:
    client = site.client()
    send(client, "/masuk", {"nama_pengguna": name, "kata_sandi": CHOSEN}, page="/masuk")
    return client


def test_an_account_is_added_stopped_and_let_in_again(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    client = site.client(SITI)
    set_password(site, "rina", read_code(client, send(client, "/akun/", ACCOUNT, page="/akun/")))
    assert "Rina Wulandari" in client.get("/akun/").text
    running = log_in(site, "rina")
    assert running.get("/verval").status_code == 200
    with site.hub.database.read() as conn:
        no = conn.execute("SELECT no FROM account WHERE name = 'rina'").fetchone()[0]
    for active, status in (("tidak", 303), ("ya", 200)):
        send(client, f"/akun/{no}/aktif", {"aktif": active}, page="/akun/")
        assert running.get("/verval").status_code == 303
        assert log_in(site, "rina").get("/verval").status_code == status
        with site.hub.database.read() as conn:
            row = conn.execute("SELECT aktif FROM petugas WHERE nama = 'Rina Wulandari'").fetchone()
        assert bool(row[0]) is (active == "ya")
    page = client.get("/akses").text
    assert "Membuat akun" in page and "Menghentikan akun" in page and "Rina Wulandari" in page


def test_an_account_of_the_camat_is_offered_and_sees_no_nodes_and_accounts(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    client = site.client(SITI)
    assert '<option value="camat">Camat</option>' in client.get("/akun/").text
    form = {**ACCOUNT, "nama_pengguna": "sekcam", "peran": "camat"}
    set_password(site, "sekcam", read_code(client, send(client, "/akun/", form, page="/akun/")))
    menu = log_in(site, "sekcam").get("/").text
    assert "sekcam (Camat)" in menu and 'href="/simpul"' not in menu and 'href="/akun/"' not in menu


def test_the_command_offers_every_role() -> None:
    option = next(param for param in hub_commands.commands["akun"].params if param.name == "peran")
    assert [option.type.convert(role.name, None, None) for role in ROLES] == [role.name for role in ROLES]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nama": ""}, "Nama lengkap wajib"), ({"nama_pengguna": "r!"}, "3 sampai 40 huruf"),
        ({"nama_pengguna": "BUDI"}, "sudah dipakai"), ({"peran": "raja"}, "Peran ini tidak dikenal"),
    ],
)
def test_an_account_that_cannot_be_is_refused_and_leaves_nothing(
    hub: tuple[HubSite, Villages], change: dict[str, str], message: str
) -> None:
    site, _ = hub
    with site.hub.database.read() as conn:
        before = conn.execute("SELECT count(*) FROM petugas").fetchone()
    answer = send(site.client(SITI), "/akun/", {**ACCOUNT, **change}, page="/akun/")
    assert answer.status_code == 400 and message in answer.text
    assert 'value="Kasi pemerintahan"' in answer.text
    with site.hub.database.read() as conn:
        assert conn.execute("SELECT count(*) FROM petugas").fetchone() == before


def test_the_last_admin_cannot_be_stopped(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    client = site.client(SITI)
    send(client, "/akun/1/aktif", {"aktif": "tidak"}, page="/akun/")
    assert "satu-satunya akun Admin" in client.get("/akun/").text


# Programmes


PROGRAM = {
    "nama": "BLT Uji", "sasaran": "2", "mulai": "01-01-2026", "selesai": "31-12-2026", "kuota": "1.500",
}


def read_program(site: HubSite, nama: str) -> dict[str, Any]:
    with site.hub.database.read() as conn:
        cursor = conn.execute("SELECT * FROM program_bantuan WHERE nama = ?", (nama,))
        return dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))


def test_a_programme_is_published_and_changed(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    client = site.client(BUDI)
    form = {**PROGRAM, "meniadakan": villages.program}
    answer = send(client, "/program/baru", form, page="/program/baru")
    assert answer.status_code == 303
    found = read_program(site, "BLT Uji")
    assert (found["desa"], found["kuota"], found["mulai"]) == ("33.03.04", 1500, "2026-01-01")
    assert villages.program in found["meniadakan"]
    address = answer.headers["Location"]
    page = client.get(address).text
    assert "Bantuan Uji" in page and "1.500 penerima untuk setiap periode" in page
    version = hidden(client.get(f"{address}/ubah").text, "versi")[0]
    changed = {**PROGRAM, "kuota": "2000", "versi": version}
    assert send(client, f"{address}/ubah", changed, page=f"{address}/ubah").status_code == 303
    found = read_program(site, "BLT Uji")
    assert (found["kuota"], found["meniadakan"]) == (2000, None)
    late = send(client, f"{address}/ubah", {**changed, "kuota": "1"}, page=f"{address}/ubah")
    assert late.status_code == 400 and "diubah petugas lain" in late.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nama": " "}, "Nama program"), ({"selesai": "31-12-2025"}, "tidak boleh sebelum"),
        ({"kuota": "banyak"}, "angka bulat"), ({"sasaran": "9"}, "Sasaran"),
        ({"mulai": "31-02-2026"}, "kalender"), ({"sasaran": ""}, "pilih penduduk atau keluarga"),
        ({"sasaran": "4"}, "pilih penduduk atau keluarga"),
    ],
)
def test_a_programme_that_cannot_be_is_refused(
    hub: tuple[HubSite, Villages], change: dict[str, str], message: str
) -> None:
    site, _ = hub
    answer = send(site.client(BUDI), "/program/baru", {**PROGRAM, **change}, page="/program/baru")
    assert answer.status_code == 400 and message in answer.text


def test_recipients_are_counted_by_desa_and_against_the_quota_by_period(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    path = f"/program/{villages.program}"
    page = site.client(BUDI).get(path).text
    assert "<strong>1</strong> penerima" in page and f"desa={KREO}" in page
    assert "1 menerima, 1 diusulkan; sisa 8" in page and 'class="isi" width="20"' in page
    for _ in range(11):
        site.create(
            villages.lain, "penerima_bantuan", "", False, program=villages.program, periode="2027", status="aktif",
            penduduk=site.hub.new_id(),
        )
    page = site.client(BUDI).get(path).text
    assert "Lebih dari kuota" in page and "11 menerima; lebih 1 dari kuota" in page
    assert "1 menerima, 1 diusulkan; sisa 8" in page and "semua periode dijumlahkan" in page
    listed = site.client(BUDI).get("/program").text
    assert "11 dari 10" in listed and "(2027)" in listed and 'class="isi" width="100"' in listed


def test_a_programme_is_ended_and_its_recipients_stay(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    client, path = site.client(BUDI), f"/program/{villages.program}/akhiri"
    page = client.get(path).text
    day = format_time(site.clock.now)[:10]
    assert f'value="{day}"' in page
    form = {"versi": hidden(page, "versi")[0]}
    for typed, message in (("31-12-2025", "tidak boleh sebelum"), ("", "Isi hari terakhir"), ("besok", "hari-bulan")):
        answer = send(client, path, {**form, "selesai": typed}, page=path)
        assert answer.status_code == 400 and message in answer.text
    assert send(client, path, {"selesai": "01-02-2026", "versi": "lama"}, page=path).status_code == 400
    assert send(client, path, {**form, "selesai": "01-02-2026"}, page=path).status_code == 303
    found = read_program(site, "Bantuan Uji")
    assert (found["mulai"], found["selesai"], found["kuota"]) == ("2026-01-01", "2026-02-01", 10)
    page = client.get(f"/program/{villages.program}").text
    assert "Sudah selesai" in page and "Akhiri program" not in page and "<strong>1</strong> penerima" in page


def test_the_subject_of_a_programme_is_fixed_once_somebody_receives(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    client, path = site.client(BUDI), f"/program/{villages.program}/ubah"
    version = hidden(client.get(path).text, "versi")[0]
    form = {"nama": "Bantuan Uji", "mulai": "01-01-2026", "kuota": "12", "versi": version}
    answer = send(client, path, {**form, "sasaran": "2"}, page=path)
    assert answer.status_code == 400 and "sudah ada penerimanya" in answer.text
    assert send(client, path, {**form, "sasaran": "1"}, page=path).status_code == 303
    assert read_program(site, "Bantuan Uji")["kuota"] == 12


@pytest.mark.parametrize(
    ("aktif", "usulan", "kuota", "percent", "sentence"),
    [
        (0, 0, None, 0, "0 menerima; tanpa kuota"), (3, 2, 10, 50, "3 menerima, 2 diusulkan; sisa 5"),
        (11, 0, 10, 110, "11 menerima; lebih 1 dari kuota"), (0, 0, 0, 0, "0 menerima; sisa 0"),
        (1, 0, 0, 101, "1 menerima; lebih 1 dari kuota"),
    ],
)
def test_the_use_of_a_quota_in_words_and_per_cent(
    aktif: int, usulan: int, kuota: int | None, percent: int, sentence: str
) -> None:
    use = Use("2026", aktif, usulan, kuota)
    assert (use.percent, use.sentence, use.is_over) == (percent, sentence, "lebih" in sentence)
    assert find_fullest([use, Use("2027", 0, 0, kuota)], kuota) == use or not use.used
    assert find_fullest([], kuota).used == 0


def test_a_programme_of_a_desa_is_shown_and_not_changed_here(hub: tuple[HubSite, Villages]) -> None:
    site, villages = hub
    own = site.create(villages.kantor, "program_bantuan", nama="Bantuan Desa Sendiri")
    client = site.client(BUDI)
    assert "Bantuan Desa Sendiri" in client.get("/program").text
    assert "hanya desa itu yang mengubahnya" in client.get(f"/program/{own}").text
    assert client.get(f"/program/{own}/ubah").status_code == 404


def test_what_is_said_of_period_and_quota() -> None:
    day = date(2026, 11, 21)
    assert find_period_problem({"mulai": "2026-02-01", "selesai": "2026-01-01"})
    assert find_period_problem({"mulai": "2026-02-01"}) is None
    spans = (("2027-01-01", None), (None, "2026-01-01"), (None, None))
    assert [describe_period(begins, ends, day) for begins, ends in spans] == [
        "Belum mulai", "Sudah selesai", "Berjalan"
    ]
    assert [describe_quota(3, quota) for quota in (None, 2, 5)] == [
        "tanpa kuota", "lebih 1 dari kuota", "sisa 2"
    ]


def test_the_code_of_a_slot_is_kept_nowhere(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    client = site.client(SITI)
    form = {"desa": KREO, "alamat": "https://hub.uji"}
    address = send(client, "/simpul/pendaftaran", form, page="/simpul/pendaftaran").headers["Location"]
    client.get(address)
    with site.hub.database.read() as conn:
        assert read_setting(conn, "wilayah") == "33.03.04"
        secret = conn.execute("SELECT secret FROM slot").fetchone()[0]
    assert len(secret) == 32


def test_the_owner_of_an_account_sets_a_new_password_with_a_code(hub: tuple[HubSite, Villages]) -> None:
    site, _ = hub
    client = site.client(SITI)
    with site.hub.database.read() as conn:
        no = conn.execute("SELECT no FROM account WHERE name = ?", (BUDI,)).fetchone()[0]
    code = read_code(client, send(client, f"/akun/{no}/kode", {}, page="/akun/"))
    typed = {"nama_pengguna": BUDI, "kode": code, "kata_sandi": CHOSEN}
    fresh = site.client()
    assert send(fresh, "/sandi-baru", {**typed, "kata_sandi_ulang": "lain"}, page="/sandi-baru").status_code == 400
    set_password(site, BUDI, code)
    right = {**typed, "kata_sandi_ulang": CHOSEN}
    assert send(fresh, "/sandi-baru", right, page="/sandi-baru").status_code == 400
    assert log_in(site, BUDI).get("/verval").status_code == 200


@pytest.mark.parametrize("path", ["/akun/99/kode", "/akun/99/aktif"])
def test_an_account_that_is_not_there_is_not_found(hub: tuple[HubSite, Villages], path: str) -> None:
    site, _ = hub
    assert send(site.client(SITI), path, {}, page="/akun/").status_code == 404

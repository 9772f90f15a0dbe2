"""The monthly report over real computers: closed on two, returned, closed again, locked; moves between two desa."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.app import make_hub_app
from hub.commands import add_petugas
from hub.lampid import decide
from hub.lampid.pairs import list_pairs
from hub.lampid.rules import find_bar
from hub.verval import findings
from hub.verval.cases import list_findings
from hub.verval.daily import judge_today
from node.penduduk.writing import choose_version
from node.services import NodeServices
from shared.clock import today
from shared.errors import UserError
from shared.lampid.book import make_short
from shared.lampid.cells import Pilih
from shared.lampid.report import Kolom, name_laporan
from shared.lampid.state import Taraf, Tutup
from shared.store.bulan import read_months
from shared.store.lampid import read_buku, read_roster, read_vectors
from shared.store.records import load_state
from shared.web.passwords import Cost
from shared.web.services import Web
from shared.web.sessions import PROOF_S
from tests.support.federation import DESA, Federation
from tests.support.lampid import close, happen, months
from tests.support.office import create

LAIN = "33.03.04.2001"
BULAN = "2026-08"


def state_of(node: NodeServices, bulan: str = BULAN) -> Tutup:
    with node.database.read() as conn:
        return next(month for month in read_months(conn, node.catalogue, node.wilayah) if month.bulan == bulan)


def examine(federation: Federation, act: str, note: str = "", bulan: str = BULAN, seen: str = "") -> None:
    with federation.hub.database.read() as conn:
        found = [m for m in read_months(conn, federation.hub.catalogue, DESA) if m.bulan == bulan]
    decide.examine(
        federation.hub, DESA, bulan, act, note, seen or found[0].digest, author=federation.hub.new_id(), account="uji"
    )


def test_a_month_closed_on_two_computers_is_settled_by_people_and_what_it_lacks_comes_late(
    federation: Federation,
) -> None:
    one, two = federation.add_node("satu"), federation.add_node("dua")
    happen(one, "lahir", "2026-08-03", jenis_kelamin=1)
    _, other = happen(two, "lahir", "2026-08-04", jenis_kelamin=2)
    close(one, BULAN)
    close(two, BULAN)
    federation.sync_all(3)
    for node in (one, two):
        assert state_of(node).taraf is Taraf.SENGKETA
    kind, id = one.catalogue["laporan_lampid"], name_laporan(DESA, BULAN)
    with one.database.read() as conn:
        group = load_state(conn, one.catalogue, kind, DESA, id).groups["laporan"]
    names = kind.groups["laporan"]
    mine = next(ref for ref, values in group.versions
                if values and other not in str(dict(zip(names, values, strict=True))["isi"]))
    assert choose_version(one, kind, id, "laporan", mine, one.new_id())
    federation.sync_all(3)
    for node in (one, two):
        assert state_of(node).taraf is Taraf.DIKIRIM
        seen = months(node)
        assert seen[BULAN].count([Kolom.LAHIR], Pilih()) == 1
        (late,) = seen["2026-09"].gerak
        assert late.peristiwa == other and seen["2026-09"].is_late(late)
    one.rebuild()
    assert state_of(one).taraf is Taraf.DIKIRIM


def test_all_computers_count_the_same_months_and_find_the_same_names(federation: Federation) -> None:
    one, two = federation.add_node("satu"), federation.add_node("dua")
    people = [happen(one, "datang", f"2026-08-0{at + 1}", jenis_kelamin=1 + at % 2)[0] for at in range(5)]
    close(one, BULAN)
    federation.sync_all()
    happen(two, "mati", "2026-08-30", people[0])
    happen(one, "pindah", "2026-09-02", people[1])
    federation.sync_all(3)
    assert months(one) == months(two)
    for side in (one, two, federation.hub):
        with side.database.read() as conn:
            buku = read_buku(conn, side.catalogue, DESA)
            roster = read_roster(conn, side.catalogue, DESA, buku.in_force[0], ())
            start = read_vectors(conn, side.catalogue, DESA, buku, (), BULAN, True)
        assert sorted(roster) == sorted(people) and start == {}


def test_the_kecamatan_returns_a_month_and_locks_it_when_it_is_right(federation: Federation) -> None:
    node = federation.add_node("satu")
    close(node, BULAN)
    close(node, "2026-09")
    federation.sync_all()
    examine(federation, "dikembalikan", "Kematian Pak Karto belum dilaporkan")
    federation.sync_all()
    assert state_of(node).taraf is Taraf.DIKEMBALIKAN and state_of(node).catatan.startswith("Kematian")
    happen(node, "datang", "2026-08-09", jenis_kelamin=1)
    with pytest.raises(UserError, match="Tutup dulu Agustus"):
        close(node, "2026-09")
    assert close(node, BULAN).count([Kolom.DATANG], Pilih()) == 1
    close(node, "2026-09")
    federation.sync_all()
    assert state_of(node).taraf is Taraf.DIKIRIM
    assert months(node)["2026-09"].awal == months(node)[BULAN].akhir
    examine(federation, "diverval")
    examine(federation, "terkunci")
    federation.sync_all()
    assert state_of(node).taraf is Taraf.TERKUNCI
    with pytest.raises(UserError):
        close(node, BULAN)


def test_an_officer_decides_on_what_he_has_seen_and_in_order(federation: Federation) -> None:
    node = federation.add_node("satu")
    close(node, BULAN)
    close(node, "2026-09")
    federation.sync_all()
    for act, note, bulan, seen, word in (
        ("diverval", "", BULAN, "0" * 64, "menutup ulang"), ("terkunci", "", BULAN, "", "berubah keadaannya"),
        ("dikembalikan", " ", BULAN, "", "apa yang harus"), ("hapus", "", BULAN, "", "berubah keadaannya"),
    ):
        with pytest.raises(UserError, match=word):
            examine(federation, act, note, bulan, seen)
    for bulan in ("2026-09", BULAN):
        examine(federation, "diverval", bulan=bulan)
    client = open_hub_pages(federation)
    page = client.get(f"/lampid/2026-09/{DESA}").text
    assert "Kunci dulu Agustus 2026" not in page, "who may not lock is not told how to"
    with pytest.raises(UserError, match="Kunci dulu Agustus 2026"):
        examine(federation, "terkunci", bulan="2026-09")
    for bulan in (BULAN, "2026-09"):
        examine(federation, "terkunci", bulan=bulan)
        with pytest.raises(UserError, match="berubah keadaannya"):
            examine(federation, "dikembalikan", "salah", bulan)
    federation.sync_all()
    assert {state_of(node, bulan).taraf for bulan in (BULAN, "2026-09")} == {Taraf.TERKUNCI}


def test_the_page_names_the_month_that_is_to_be_locked_first(federation: Federation) -> None:
    node = federation.add_node("satu")
    for bulan in (BULAN, "2026-09"):
        close(node, bulan)
    federation.sync_all()
    for bulan in (BULAN, "2026-09"):
        examine(federation, "diverval", bulan=bulan)
    client = open_hub_pages(federation, "camat")
    lock = f'formaction="/lampid/2026-09/{DESA}/kunci"'
    page = client.get(f"/lampid/2026-09/{DESA}").text
    assert "Kunci dulu Agustus 2026" in page and lock not in page
    examine(federation, "terkunci")
    page = client.get(f"/lampid/2026-09/{DESA}").text
    assert "Kunci dulu" not in page and lock in page


def test_a_month_is_locked_by_somebody_who_says_once_more_who_that_is(federation: Federation) -> None:
    """What is locked is never opened again: not by the form that examines, not without a proof, not by a wali data."""
    node = federation.add_node("satu")
    close(node, BULAN)
    federation.sync_all()
    examine(federation, "diverval")
    clerk, camat = open_hub_pages(federation), open_hub_pages(federation, "camat", "hartono")
    path = f"/lampid/{BULAN}/{DESA}"

    def send(client: FlaskClient, to: str, **sent: str) -> TestResponse:
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
        assert token
        form = {"csrf_token": token[1], "dilihat": state_of(node).digest, "catatan": "Cocok <b>semua</b>", **sent}
        return client.post(to, data=form)

    assert send(camat, path, putusan="terkunci").status_code == send(clerk, path, putusan="terkunci").status_code == 400
    assert send(clerk, f"{path}/kunci").status_code == 403
    federation.hub.clock.now += PROOF_S + 1
    asked = send(camat, f"{path}/kunci")
    assert asked.status_code == 401 and "Pastikan ini Anda" in asked.text
    assert "Cocok &lt;b&gt;semua&lt;/b&gt;" in asked.text
    assert send(camat, f"{path}/kunci", bukti_sandi="bukan ini sandinya").status_code == 401
    federation.sync_all()
    assert state_of(node).taraf is Taraf.DIVERVAL
    assert send(camat, f"{path}/kunci", bukti_sandi=PASSWORD).status_code == 303
    page = camat.get(path).text
    assert "Terkunci" in page and "Catatan kecamatan: Cocok &lt;b&gt;semua" in page and 'id="putusan"' not in page
    federation.sync_all()
    assert state_of(node).taraf is Taraf.TERKUNCI and state_of(node).catatan == "Cocok <b>semua</b>"


def test_a_month_below_a_locked_one_is_not_returned(federation: Federation) -> None:
    """A kecamatan of before may have locked in any order."""
    close(federation.add_node("satu"), BULAN)
    month = state_of(next(iter(federation.nodes.values())))
    bar = find_bar(month, "dikembalikan", "salah", month.digest, is_reopened=False, locked_after=["2026-09"])
    assert bar and "sudah terkunci" in bar
    assert find_bar(month, "dikembalikan", "salah", month.digest, is_reopened=False) is None


PASSWORD = "kuda lumping di tengah sawah"


def open_hub_pages(federation: Federation, role: str = "wali_data", name: str = "budi") -> FlaskClient:
    """Log in at the hub, as a wali data unless another role is named."""
    hub, app = federation.hub, make_hub_app(federation.hub, Cost(memory_kib=32, rounds=1))
    shell: Web = app.extensions["sipande"]
    prepared = shell.accounts.prepare(name, PASSWORD, role)
    with hub.database.write() as conn:
        shell.accounts.add(conn, name, prepared, role, add_petugas(hub, name.capitalize(), "", role), "uji")
    client = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/masuk").text)
    assert token
    form = {"csrf_token": token[1], "nama_pengguna": name, "kata_sandi": PASSWORD}
    assert client.post("/masuk", data=form).status_code == 303
    return client


def test_the_sum_of_the_kecamatan_is_the_sum_of_the_names(federation: Federation) -> None:
    nodes = federation.add_node("satu"), federation.add_node("lain", LAIN)
    for at, node in enumerate(nodes):
        for number in range(3 + at):
            happen(node, "datang", f"2026-08-1{number}", jenis_kelamin=1 + number % 2, hubungan=1)
        happen(node, "mati", "2026-08-20", happen(node, "lahir", "2026-08-19", jenis_kelamin=2)[0])
        close(node, BULAN)
    federation.sync_all()
    client = open_hub_pages(federation)
    page = unescape(client.get(f"/lampid/?bulan={BULAN}").text)
    assert "2 dari 18 desa" in page and "Belum lapor: 16" in page
    links = set(re.findall(r'<a href="(/lampid/[^"]+/nama[^"]*)">([0-9.]+)</a>', page))
    assert len(links) > 15
    for address, shown in links:
        html = client.get(address).text
        stated = re.search(r'class="jumlah">([0-9.]+)<', html)
        assert stated and stated[1] == shown, address
        assert html.count(">+1</td>") - html.count(">−1</td>") == int(shown), address
    total = next(row for row in make_short(months(nodes[0])[BULAN]) if row.judul == "Pendatang")
    other = next(row for row in make_short(months(nodes[1])[BULAN]) if row.judul == "Pendatang")
    assert f"bulan={BULAN}" not in page and total.angka[6].nilai + other.angka[6].nilai == 7
    assert f'href="/lampid/{BULAN}/nama?angka=datang">7</a>' in page
    seen = "SELECT desa, count(DISTINCT record) FROM look JOIN look_record ON look = id WHERE tentang = ? GROUP BY desa"
    with federation.hub.database.read() as conn:
        kept = conn.execute(seen, ("Nama di balik angka LAMPID",)).fetchall()
    assert dict(kept) == {DESA: 4, LAIN: 5}, "each desa is told of those of its own who stood in a list"


def test_who_reported_nothing_is_told_from_who_is_silent_and_a_returned_month_does_not_count(
    federation: Federation,
) -> None:
    node = federation.add_node("satu")
    close(node, BULAN)
    federation.sync_all()
    client = open_hub_pages(federation)
    page = client.get(f"/lampid/?bulan={BULAN}").text
    assert "Nihil: 1" in page and "Belum lapor: 17" in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(f"/lampid/{BULAN}/{DESA}").text)
    assert token
    refused = client.post(f"/lampid/{BULAN}/{DESA}", data={"csrf_token": token[1], "putusan": "dikembalikan"})
    assert refused.status_code == 409 and "Belum disimpan" in refused.text
    sent = {"csrf_token": token[1], "putusan": "dikembalikan", "catatan": "Periksa", "dilihat": state_of(node).digest}
    assert client.post(f"/lampid/{BULAN}/{DESA}", data=sent).status_code == 303
    page = client.get(f"/lampid/?bulan={BULAN}").text
    assert "Dikembalikan (nihil): 1" in page and "0 dari 18 desa" in page


def test_a_move_between_two_desa_is_paired_by_the_code_of_its_letter(federation: Federation) -> None:
    here, there = federation.add_node("satu"), federation.add_node("lain", LAIN)
    nik = "3303990101900001"
    person, _ = happen(here, "datang", "2026-05-01", jenis_kelamin=1, nik=nik)
    happen(here, "pindah", "2026-07-01", person, desa_lain=LAIN, token="AB-CD 12")
    federation.sync_all()
    hub = federation.hub

    def find() -> list[str]:
        with hub.database.read() as conn:
            return [item.ringkasan for item in list_findings(conn, kode="V8")]

    assert find() == []
    assert judge_today(hub) and not judge_today(hub)
    (summary,) = find()
    assert "belum tercatat datang" in summary
    hub.rebuild()
    assert find() == [summary]
    happen(there, "datang", "2026-09-01", jenis_kelamin=1, desa_lain=DESA, token="abcd12")
    federation.sync_all()
    assert find() == []
    with hub.database.read() as conn:
        (pair,) = [pair for pair in list_pairs(conn, hub.wilayah, today(hub.clock)) if pair.pindah]
    assert pair.is_whole and pair.datang and pair.datang.desa == LAIN
    assert open_hub_pages(federation).get("/lampid/pindahan").status_code == 200
    with hub.database.read() as conn:
        kept = conn.execute("SELECT desa, record FROM look JOIN look_record ON look = id ORDER BY desa").fetchall()
    assert kept == [(LAIN, pair.datang.penduduk), (DESA, person)], "of a move each end is told to its own desa"


def test_who_comes_back_to_a_former_desa_closes_the_move(federation: Federation) -> None:
    here, there = federation.add_node("satu"), federation.add_node("lain", LAIN)
    nik = "3303990101900001"
    before, _ = happen(there, "datang", "2025-01-01", jenis_kelamin=1, nik=nik)
    happen(there, "pindah", "2025-02-01", before)
    person, _ = happen(here, "datang", "2026-05-01", jenis_kelamin=1, nik=nik)
    happen(here, "pindah", "2026-07-01", person, desa_lain=LAIN, token="AB-CD 12")
    federation.sync_all()
    hub = federation.hub
    judge_today(hub)
    with hub.database.read() as conn:
        assert len(list_findings(conn, kode="V8")) == 1
    happen(there, "kembali", "2026-07-05", before, token="abcd12")
    federation.sync_all()
    for _ in range(2):
        with hub.database.read() as conn:
            assert list_findings(conn, kode="V8") == []
            pairs = list_pairs(conn, hub.wilayah, today(hub.clock))
        (whole,) = [pair for pair in pairs if pair.pindah and pair.pindah.token]
        assert whole.datang and (whole.datang.jenis, whole.datang.penduduk) == ("kembali", before)
        hub.rebuild()


def test_thirty_days_are_counted_on_the_day_that_is_handed_in(federation: Federation) -> None:
    here = federation.add_node("satu")
    person, _ = happen(here, "datang", "2026-05-01", jenis_kelamin=1)
    happen(here, "pindah", "2026-07-01", person, desa_lain=LAIN)
    federation.sync_all()
    hub, counts = federation.hub, []
    for day in ("2026-07-31", "2026-08-01", "2026-07-15"):
        with hub.database.write() as conn:
            findings.judge_until(conn, day)
            counts.append(len(list_findings(conn, kode="V8")))
    # The day never moves back.
    assert counts == [0, 1, 1]


def test_a_letter_for_somebody_who_is_dead_is_found_unless_it_is_about_the_death(federation: Federation) -> None:
    here = federation.add_node("satu")
    people = [happen(here, "datang", "2026-05-01", jenis_kelamin=1)[0] for _ in range(2)]
    for person in people:
        happen(here, "mati", "2026-07-01", person)
    letter = {"tahun": 2026, "tanggal": "2026-07-20"}
    # Neither slug says it: an office calls its own letters what it likes.
    create(here, "surat", nomor="1", urut=1, penduduk=people[0], jenis="surat-duka", tentang="mati", **letter)
    create(here, "surat", nomor="2", urut=2, penduduk=people[1], jenis="pengantar-makam", tentang="biasa", **letter)
    federation.sync_all()
    with federation.hub.database.read() as conn:
        (found,) = list_findings(conn, kode="V8")
    assert "sudah meninggal" in found.ringkasan and people[1] in str(found.rekaman)


def test_a_life_goes_on_after_death_is_found(federation: Federation) -> None:
    here, there = federation.add_node("satu"), federation.add_node("lain", LAIN)
    nik = "3303990101900001"
    person, _ = happen(here, "datang", "2026-05-01", jenis_kelamin=1, nik=nik)
    happen(here, "mati", "2026-07-01", person)
    other, _ = happen(there, "datang", "2026-08-01", jenis_kelamin=1, nik=nik)
    federation.sync_all()
    with federation.hub.database.read() as conn:
        (found,) = list_findings(conn, kode="V8")
    assert "masih hidup di desa lain" in found.ringkasan
    happen(there, "mati", "2026-09-01", other)
    federation.sync_all()
    with federation.hub.database.read() as conn:
        assert list_findings(conn, kode="V8") == []

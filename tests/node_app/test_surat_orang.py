"""People of a letter: somebody from elsewhere, whose number is not shown to everybody; other residents; who signs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from node.laporan.queries import read_kepala
from node.surat.queries import list_signers
from shared.web.forms import CLEAR_SUFFIX
from tests.node_app.test_pages_kit import NIK, NIK_LUAR, Browser, Desa, read_form
from tests.node_app.test_pages_surat import compose, issue, name_office, pick_kind, say


@pytest.fixture(autouse=True)
def office(desa: Desa) -> None:
    name_office(desa)


def value_of(desa: Desa, path: str, name: str) -> str:
    return str(desa.value("konsep_surat", path.rsplit("/", 1)[1], name))


# Numbers.


def test_the_number_of_somebody_from_elsewhere_is_kept_without_being_shown(desa: Desa, siti: Browser) -> None:
    path = compose(desa, siti, person="", nama="SLAMET RIYADI", nik=NIK_LUAR)
    page = siti.get(f"{path}/ubah")
    assert NIK_LUAR not in page.text and "Tersimpan: 3303••••••••0007" in say(page)
    form = read_form(page, f"{path}/ubah")
    assert form["nik"] == ""
    assert siti.post(f"{path}/ubah", form | {"nama": "SLAMET RIYADI TUA"}).status_code == 303
    assert value_of(desa, path, "nik") == NIK_LUAR and value_of(desa, path, "nama") == "SLAMET RIYADI TUA"
    form = read_form(siti.get(f"{path}/ubah"), f"{path}/ubah")
    assert siti.post(f"{path}/ubah", form | {"nik": NIK}).status_code == 303 and value_of(desa, path, "nik") == NIK
    form = read_form(siti.get(f"{path}/ubah"), f"{path}/ubah")
    assert siti.post(f"{path}/ubah", form | {f"nik{CLEAR_SUFFIX}": "1"}).status_code == 303
    assert value_of(desa, path, "nik") == "None"


def test_a_replacement_takes_the_number_over_unseen(desa: Desa, siti: Browser) -> None:
    letter = issue(desa, siti, compose(desa, siti, person="", nama="SLAMET RIYADI", nik=NIK_LUAR))
    siti.post(f"{letter}/batal", alasan="salah ketik")
    begin = f"/surat/baru/{desa.value('surat', letter.rsplit('/', 1)[1], 'jenis')}/isi"
    page = siti.get(f"{begin}?pengganti={letter.rsplit('/', 1)[1]}")
    assert NIK_LUAR not in page.text
    answer = siti.post(begin, read_form(page, begin))
    assert answer.status_code == 303 and value_of(desa, answer.headers["Location"], "nik") == NIK_LUAR


def test_a_number_is_masked_wherever_a_template_puts_it(desa: Desa, siti: Browser) -> None:
    form = read_form(siti.get("/surat/templat/baru"), "/surat/templat/baru")
    text = "Bahwa [nama] (NIK [nik]), anak dari [isian.ket].\nNomor : NIK=[nik];"
    siti.post("/surat/templat/baru", form | {"nama": "Surat Uji", "judul": "Surat Uji", "isi": text,
                                             "bukan_penduduk": "ya", "isian-0-nama": "ket",
                                             "isian-0-label": "Keterangan", "isian-0-tipe": "teks"})
    with desa.node.database.read() as conn:
        slug = conn.execute("SELECT slug FROM templat_surat").fetchone()[0]
    draft = compose(desa, siti, slug, isian_ket=f"SLAMET ({NIK_LUAR})")
    letter = issue(desa, siti, draft)
    kept = json.loads(desa.value("surat", letter.rsplit("/", 1)[1], "cetakan"))["bagian"]
    assert json.dumps(kept).count(NIK) == 2 and NIK_LUAR in json.dumps(kept)
    for page in (siti.get(draft), siti.get(letter)):
        assert "(NIK 3303••••••••0001)," in say(page) and "NIK=3303••••••••0001;" in say(page)
        assert NIK not in page.text and NIK_LUAR not in page.text


# What to know before it is signed.


def leave(desa: Desa, person: str, status: int) -> None:
    """Let somebody be gone and wait for verval."""
    desa.change("penduduk", person, status_dasar=status, tanggal_status="2026-01-01")
    with desa.node.database.write() as conn:
        conn.execute("UPDATE penduduk SET konflik = 'alamat' WHERE id = ?", (person,))
    desa.change("penduduk", desa.anak, tempat_lahir="PURBALINGGA")  # the list of people follows the log


def test_who_is_a_resident_after_all_is_found_by_his_number(desa: Desa, siti: Browser) -> None:
    told = "NIK ini milik penduduk desa: KREYO SANTOSO, masih tinggal di desa. Buat suratnya dari biodatanya"
    path = compose(desa, siti, person="", nama="KREYO", nik=NIK)
    for page in (siti.get(path), siti.get(f"{path}/ubah")):
        assert told in say(page) and f'href="/penduduk/{desa.ayah}">Buka biodata' in page.text
    leave(desa, desa.ayah, 2)
    page = say(siti.get(path))
    assert "KREYO SANTOSO, meninggal" in page and "KREYO SANTOSO tercatat: meninggal" in page
    assert "menunggu verval" in page
    other = say(siti.get(compose(desa, siti, person="", nama="SLAMET RIYADI", nik=NIK_LUAR)))
    assert "NIK ini" not in other and "menunggu verval" not in other


def test_other_residents_of_a_letter_are_looked_at_like_the_applicant(desa: Desa, siti: Browser) -> None:
    desa.write("templat_surat", slug="kuasa", nama="Surat Kuasa", judul="Surat Kuasa", isi="Kepada [isian.wakil.nama]",
               isian=json.dumps([{"nama": "wakil", "label": "Penerima kuasa", "tipe": "penduduk", "wajib": True}]),
               aktif=True)
    path = "/surat/baru/kuasa/isi"
    form = read_form(siti.get(f"{path}?penduduk={desa.ayah}"), path)
    answer = siti.post(path, form | {"isian_wakil__cari": "WATI LESTARI"})
    assert answer.status_code == 303, say(answer)
    draft = str(answer.headers["Location"])
    assert "Penerima kuasa:" not in say(siti.get(draft))
    leave(desa, desa.lajang, 3)
    for page in (siti.get(draft), siti.get(f"{draft}/ubah")):
        assert "Penerima kuasa: WATI LESTARI tercatat: pindah" in say(page) and "kuasa: Data orang ini" in say(page)
        assert f'href="/penduduk/{desa.lajang}">Buka biodata' in page.text


# Who signs.


def test_nobody_signs_on_behalf_of_himself(desa: Desa, siti: Browser) -> None:
    terms = {"boleh_tanda_tangan": True, "mulai": "2020-01-01"}
    chief = desa.write("perangkat", nama="PAK KADES", jabatan="kades", **terms)
    clerk = desa.write("perangkat", nama="BU SEKDES", jabatan="sekdes", **terms)
    head = desa.write("perangkat", nama="PAK KASI", jabatan="kasi", sebutan="Kasi Pemerintahan", **terms)
    for signer, between in ((head, head), (clerk, clerk), (clerk, ""), (head, chief)):
        path = compose(desa, siti, cara="ub", penandatangan=signer, atas_nama=between)
        page = siti.get(path)
        answer = siti.post(f"{path}/setujui", read_form(page, f"{path}/setujui") | {"terbit": "1"})
        assert answer.status_code == 409 and "Atas nama" in say(answer), (signer, between)
    assert desa.count("SELECT count(*) FROM surat") == 0
    for between in ("", clerk):
        letter = issue(desa, siti, compose(desa, siti, cara="ub", penandatangan=head, atas_nama=between))
        kept = json.loads(desa.value("surat", letter.rsplit("/", 1)[1], "cetakan"))["tanda_tangan"]["jabatan"]
        assert kept[1:] == ["Sekretaris Desa", "u.b.", "Kasi Pemerintahan"]


GONE = ({"sampai": "2026-08-31", "sk_henti": "SK 1", "boleh_tanda_tangan": True}, {"boleh_tanda_tangan": False}, {})


@pytest.mark.parametrize("ending", GONE)
def test_a_kades_who_may_not_sign_does_not_come_back_by_the_settings(
    desa: Desa, siti: Browser, ending: dict[str, Any]
) -> None:
    desa.write("perangkat", nama="SUGENG KADES", jabatan="kades", mulai="2020-01-01", **ending)
    form = siti.get(f"/surat/baru/{pick_kind(desa)}/isi?penduduk={desa.ayah}")
    assert "Tidak ada kepala desa yang berhak" in say(form) and "SUGENG KADES" not in say(form)
    assert "Ditandatangani kepala desa" not in say(form) and 'href="/perangkat/">Buka Perangkat desa' in form.text
    path = compose(desa, siti)
    page = siti.get(path)
    assert say(page).count("Tidak ada kepala desa yang berhak") == 1 and "SUGENG KADES" not in say(page)
    assert "Nama kepala desa belum diisi" not in say(page) and 'href="/perangkat/">Buka Perangkat desa' in page.text
    answer = siti.post(f"{path}/setujui", read_form(page, f"{path}/setujui") | {"terbit": "1"})
    assert answer.status_code == 409 and "Plt. atau Plh." in say(answer)
    assert desa.count("SELECT count(*) FROM surat") == 0
    # Somebody acts in his place.
    clerk = desa.write("perangkat", nama="BU SEKDES", jabatan="sekdes", mulai="2020-01-01", boleh_tanda_tangan=True)
    letter = issue(desa, siti, compose(desa, siti, penandatangan=clerk, cara="plt"))
    kept = json.loads(desa.value("surat", letter.rsplit("/", 1)[1], "cetakan"))["tanda_tangan"]
    assert (kept["nama"], kept["jabatan"][0][:4], kept["cara"]) == ("BU SEKDES", "Plt.", "plt")


@pytest.mark.parametrize(("status", "word"), [(2, "meninggal"), (3, "pindah")])
def test_a_signer_who_is_dead_or_gone_is_warned_of(desa: Desa, siti: Browser, status: int, word: str) -> None:
    terms = {"boleh_tanda_tangan": True, "mulai": "2020-01-01"}
    chief = desa.write("perangkat", nama="PAK KADES", jabatan="kades", penduduk=desa.lajang, **terms)
    desa.write("perangkat", nama="BU SEKDES", jabatan="sekdes", penduduk=desa.ibu, **terms)
    kasi = desa.write("perangkat", nama="PAK KASI", jabatan="kasi", **terms)
    path = compose(desa, siti)
    assert "Penanda tangan PAK KADES tercatat" not in say(siti.get(path))
    left = {"status_dasar": status, "tanggal_status": "2026-09-01"}
    desa.change("penduduk", desa.lajang, **left)
    for address in (path, f"{path}/ubah", f"/surat/baru/{pick_kind(desa)}/isi?penduduk={desa.ayah}"):
        page = siti.get(address)
        assert f"Penanda tangan PAK KADES tercatat: {word}" in say(page), address
        assert f'href="/perangkat/{chief}">Buka Perangkat desa' in page.text
    other = compose(desa, siti, penandatangan=kasi, cara="an")
    assert "tercatat:" not in say(siti.get(other))
    # He who stands in between is looked at as well.
    clerk = next(id for id, nama in read_signers(desa) if nama == "BU SEKDES")
    between = compose(desa, siti, penandatangan=kasi, cara="ub", atas_nama=clerk)
    desa.change("penduduk", desa.ibu, **left)
    assert f"Penanda tangan BU SEKDES tercatat: {word}" in say(siti.get(between))


def test_a_signer_whose_term_ended_since_is_named(desa: Desa, siti: Browser) -> None:
    terms = {"boleh_tanda_tangan": True, "mulai": "2020-01-01"}
    desa.write("perangkat", nama="PAK KADES", jabatan="kades", **terms)
    clerk = desa.write("perangkat", nama="BU SEKDES", jabatan="sekdes", **terms)
    path = compose(desa, siti, penandatangan=clerk, cara="an")
    desa.change("perangkat", clerk, sampai="2026-09-20")
    page = say(siti.get(path))
    assert "Masa jabatan BU SEKDES berakhir 20-09-2026" in page and "tidak berhak lagi" in page
    assert siti.post(f"{path}/setujui", terbit="1").status_code == 409
    desa.change("perangkat", clerk, sampai=None, boleh_tanda_tangan=False)
    assert "BU SEKDES tidak diberi hak menandatangani" in say(siti.get(path))


def read_signers(desa: Desa) -> list[tuple[str, str]]:
    with desa.node.database.read() as conn:
        return [(signer.id, signer.nama) for signer in list_signers(conn, desa.node.wilayah, "2026-09-21")]


def test_who_was_dismissed_does_not_stand_under_the_books(desa: Desa) -> None:
    with desa.node.database.read() as conn:
        assert read_kepala(conn, desa.node.wilayah)[0] == "SUGENG KADES"
    desa.write("perangkat", nama="SUGENG KADES", jabatan="kades", mulai="2020-01-01", sampai="2026-08-31")
    with desa.node.database.read() as conn:
        assert read_kepala(conn, desa.node.wilayah) == ("", "Jalan Raya 1")

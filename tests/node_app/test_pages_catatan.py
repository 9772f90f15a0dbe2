"""Who looked at whom: the page *Dilihat kecamatan*, as the hub tells it, and prints of letters on the own page."""

from __future__ import annotations

import json
import re
from io import BytesIO
from typing import Any

from flask import g
from python_calamine import CalamineWorkbook

from node.catatan.dilihat import PAGE, _name
from node.commands import add_petugas
from node.roles import ROLES
from shared.web.audit import record_access
from shared.web.factory import make_accounts
from shared.web.sessions import User
from tests.node_app.test_pages_kit import CHEAP, NIK, NO_KK, PASSWORD, Browser, Desa, read_text
from tests.node_app.test_pages_surat import compose, issue, name_office
from tests.support.pictures import draw_crest

PLACE = "/catatan/kecamatan"


def tell(desa: Desa, **more: Any) -> None:
    """Put a row where the hub's channel would have projected it."""
    values: dict[str, Any] = {
        "id": desa.node.new_id(), "desa": desa.node.wilayah, "tanggal": "2026-11-20", "nama": "Budi Santoso",
        "peran": "Wali data", "kegiatan": "Membuka daftar nama", "tentang": "Daftar penduduk", "penduduk": 1, **more,
    }
    values["rekaman"] = json.dumps(values.get("rekaman", []))
    with desa.node.database.write() as conn:
        conn.execute(
            f"INSERT INTO akses ({','.join(values)}) VALUES ({','.join('?' * len(values))})", tuple(values.values())
        )


def add_account(desa: Desa, name: str, role: str) -> Browser:
    accounts = make_accounts(desa.node.folder, desa.node.database, desa.clock, desa.node.random, ROLES, None, CHEAP)
    prepared = accounts.prepare(name, PASSWORD, role)
    with desa.node.database.write() as conn:
        accounts.add(conn, name, prepared, role, add_petugas(desa.node, name, "", role), "uji")
    return desa.browser(name)


def test_the_page_says_who_looked_at_whom_when_and_what_for(desa: Desa, siti: Browser) -> None:
    tell(desa, kegiatan="Menampilkan NIK dan nomor KK", tentang="Kasus verval", keperluan="Memutuskan kasus verval",
         penduduk=1, keluarga=1, rekaman=[desa.ayah, desa.keluarga])
    page = siti.get(PLACE)
    text = " ".join(read_text(page).split())
    for said in (
        "20-11-2026", "Budi Santoso (Wali data)", "Menampilkan NIK dan nomor KK (Kasus verval)",
        "1 penduduk, 1 keluarga : KREYO SANTOSO , Keluarga KREYO SANTOSO", "Memutuskan kasus verval",
    ):
        assert said in text, (said, text)
    assert f'href="/penduduk/{desa.ayah}"' in page.text and f'href="/keluarga/{desa.keluarga}"' in page.text
    assert NIK not in page.text and NO_KK not in page.text


def test_who_is_not_named_is_counted(desa: Desa, siti: Browser) -> None:
    people = [desa.write("penduduk", nama=f"WARGA {at}") for at in range(5)]
    tell(desa, penduduk=1200, rekaman=[*people, desa.node.new_id()])
    page = siti.get(PLACE)
    text = " ".join(read_text(page).split())
    assert "1.200 penduduk" in text and "1.197 lainnya" in text and "1.195 lagi tidak disebut satu per satu" in text
    assert page.text.count('href="/penduduk/0') == 5
    tell(desa, tanggal="2026-11-21", penduduk=3210, keluarga=812, bantuan=44, tentang=None)
    assert "3.210 penduduk, 812 keluarga, 44 data bantuan" in " ".join(read_text(siti.get(PLACE)).split())


def test_the_list_is_filtered_and_stands_on_pages(desa: Desa, siti: Browser) -> None:
    for at in range(PAGE + 3):
        tell(desa, tentang=f"Daftar {at}")
    tell(desa, nama="Tari Lestari", kegiatan="Melihat pindaian", tanggal="2026-11-21", rekaman=[desa.ibu])
    rows = 'data-judul="Hari"'
    assert siti.get(PLACE).text.count(rows) == PAGE and siti.get(f"{PLACE}?hal=2").text.count(rows) == 4
    assert siti.get(f"{PLACE}?hal=99").text.count(rows) == 4 and siti.get(f"{PLACE}?hal=x").status_code == 200
    for narrowed in ("petugas=Tari+Lestari", "kegiatan=Melihat+pindaian", "hari=21-11-2026", f"tentang={desa.ibu}"):
        page = siti.get(f"{PLACE}?{narrowed}").text
        assert page.count(rows) == 1 and "SITI AMINAH" in page, narrowed
    assert "Belum ada catatan" in siti.get(f"{PLACE}?tentang={desa.anak}").text


def test_from_the_biodata_a_link_leads_to_who_looked_at_the_person(desa: Desa, siti: Browser) -> None:
    tell(desa, rekaman=[desa.ayah])
    tell(desa, nama="Tari Lestari", rekaman=[desa.ibu])
    address = f"{PLACE}?tentang={desa.ayah}"
    assert f'href="{address}"' in siti.get(f"/penduduk/{desa.ayah}").text
    page = siti.get(address)
    assert "Budi Santoso" in page.text and "Hanya tentang KREYO SANTOSO" in " ".join(read_text(page).split())
    table = page.text.partition("<tbody>")[2]
    assert "Tari Lestari" not in table
    # The other page of the audit stays with the person.
    assert f'href="/catatan?tentang={desa.ayah}"' in page.text


def test_the_list_leaves_as_a_file_and_that_is_written_down(desa: Desa, siti: Browser) -> None:
    tell(desa, rekaman=[desa.ayah], keperluan="Menjawab permintaan dinas")
    tell(desa, nama="Tari Lestari")
    siti.get(PLACE)
    answer = siti.post(f"{PLACE}/ekspor", petugas="Budi Santoso")
    assert CalamineWorkbook.from_filelike(BytesIO(answer.data)).get_sheet_by_index(0).to_python() == [
        ["Hari", "Petugas", "Peran", "Kegiatan", "Daftar", "Jumlah", "Siapa", "Keperluan"],
        ["20-11-2026", "Budi Santoso", "Wali data", "Membuka daftar nama", "Daftar penduduk", "1 penduduk",
         "KREYO SANTOSO", "Menjawab permintaan dinas"],
    ]
    assert "dilihat kecamatan, 1 baris" in read_text(siti.get("/catatan"))


def test_only_who_reads_the_audit_reads_it(desa: Desa) -> None:
    tell(desa, rekaman=[desa.ayah])
    for name, role, status in (("sek", "sekdes", 200), ("kades", "kades", 200), ("oper", "operator", 403),
                               ("kadus", "kadus", 403)):
        browser = add_account(desa, name, role)
        assert browser.get(PLACE).status_code == status, role
        assert ("catatan/kecamatan" in browser.get("/").text) is False, "it is a part of a page, not of the menu"
    assert desa.browser(None).get(PLACE).status_code == 303


def test_nobody_outside_the_own_dusun_is_named_to_who_is_held_to_it(desa: Desa) -> None:
    """No role of today is both held to a dusun and reads the audit; the names follow the reader all the same."""
    desa.change("penduduk", desa.lajang, dusun=desa.dusun)
    other = desa.write("penduduk", nama="ORANG LAIN", dusun=desa.write("dusun", nama="KALIWUNI"))
    with desa.app.test_request_context():
        g.sipande_user = User(1, "kadus", "kadus", "x", 1, 0, desa.dusun)
        assert [one.nama for one in _name([desa.lajang, other])] == ["WATI LESTARI"]


def list_lines(browser: Browser, address: str) -> list[str]:
    """List the rows of the audit that are about letters, as they are read."""
    lines = re.findall(r"<tr>.*?</tr>", browser.get(address).text, re.S)
    found = [" ".join(re.sub(r"<[^>]+>", " ", line).split()) for line in lines]
    return [line for line in found if "Mencetak surat" in line or "pindaian" in line]


def test_who_printed_a_letter_has_seen_its_person(desa: Desa, siti: Browser) -> None:
    name_office(desa)
    path = compose(desa, siti)
    siti.get(f"{path}/konsep.pdf")
    letter = issue(desa, siti, path)
    number = desa.value("surat", letter.rsplit("/", 1)[1], "nomor")
    siti.get(f"{letter}/surat.pdf")
    siti.get(letter)
    siti.follow(siti.post(f"{letter}/pindaian", {"pindaian": (BytesIO(draw_crest()), "surat.png")}))
    siti.get(f"{letter}/pindaian")
    siti.get(f"{issue(desa, siti, compose(desa, siti, person=desa.ibu))}/surat.pdf")
    assert ["SITI AMINAH" in line for line in list_lines(siti, "/catatan")] == [True, False, False, False]
    about = list_lines(siti, f"/catatan?tentang={desa.ayah}")
    assert len(about) == 3 and all("KREYO SANTOSO" in line for line in about)
    assert [number in line for line in about] == [True, True, False] and "konsep Surat" in about[2]
    # Rows from before named the letter or the draft; they are told with its person as well.
    with desa.node.database.write() as conn:
        for record in (letter, path):
            record_access(conn, desa.clock, "dulu", "surat_dicetak", record.rsplit("/", 1)[1], "surat")
    assert len(list_lines(siti, f"/catatan?tentang={desa.ayah}")) == 5
    assert len(list_lines(siti, f"/catatan?tentang={desa.ibu}")) == 1
    assert "Hanya tentang KREYO SANTOSO" in " ".join(read_text(siti.get(f"/catatan?tentang={desa.ayah}")).split())
    file = siti.post("/catatan/ekspor", tentang=desa.ayah).data
    assert sum("Mencetak" in str(row) for row in CalamineWorkbook.from_filelike(BytesIO(file)).get_sheet_by_index(0)
               .to_python()) == 4


def test_the_letter_of_somebody_from_elsewhere_is_named_by_itself_and_no_long_number_gets_in(
    desa: Desa, siti: Browser
) -> None:
    name_office(desa)
    letter = issue(desa, siti, compose(desa, siti, person="", nama="TAMU"))
    id = letter.rsplit("/", 1)[1]
    with desa.node.database.write() as conn:
        conn.execute("UPDATE surat SET nomor = ? WHERE id = ?", (f"001/{NIK}/2026", id))
    assert siti.get(f"{letter}/surat.pdf").status_code == 200
    with desa.node.database.read() as conn:
        row = conn.execute("SELECT subject, detail FROM access_audit WHERE action = 'surat_dicetak'").fetchone()
    assert tuple(row) == (id, "surat 001/…/2026")

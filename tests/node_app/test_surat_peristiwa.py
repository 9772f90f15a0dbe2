"""Letters and the events that they speak of: what is taken over, and what an undo says on both sides."""

from __future__ import annotations

import pytest

from tests.node_app.test_pages_kit import Browser, Desa, read_form
from tests.node_app.test_pages_lampid import event_of, say, send
from tests.node_app.test_pages_surat import compose, give_block, issue, name_office


@pytest.fixture(autouse=True)
def office(desa: Desa) -> None:
    name_office(desa)
    give_block(desa)


def move_family(desa: Desa, siti: Browser) -> str:
    """Let the whole family move; return the event of its head."""
    answer = send(
        siti, f"/peristiwa/catat/pindah/{desa.ayah}", jenis_pindah="2", ikut=[desa.ibu, desa.anak],
        alamat_lain="JL. JAUH",
    )
    return event_of(answer)


def event_for(desa: Desa, person: str) -> str:
    with desa.node.database.read() as conn:
        row = conn.execute("SELECT id FROM peristiwa WHERE penduduk = ? AND jenis <> 'batal'", (person,)).fetchone()
    return str(row[0])


def undo(browser: Browser, event: str) -> str:
    browser.get(f"/peristiwa/{event}")
    answer = browser.post(f"/peristiwa/{event}/batal", alasan="salah catat", tanggal_lapor="21-09-2026")
    assert answer.status_code == 303, say(answer)
    return str(answer.headers["Location"])


def move_letter(desa: Desa, browser: Browser, event: str) -> str:
    """Write the draft of the letter of a move as its page begins it."""
    path = "/surat/baru/pengantar-pindah/isi"
    fields = read_form(browser.get(f"{path}?penduduk={desa.ayah}&peristiwa={event}"), path)
    fields |= {name: "-" for name, text in fields.items() if name.startswith("isian_") and not text}
    answer = browser.post(path, fields | {"isian_alasan": "lainnya"})
    assert answer.status_code == 303, say(answer)
    return str(answer.headers["Location"])


def test_who_stays_after_all_is_in_no_letter_of_the_move(desa: Desa, siti: Browser) -> None:
    event = move_family(desa, siti)
    path = "/surat/baru/pengantar-pindah/isi"
    begin = f"{path}?penduduk={desa.ayah}&peristiwa={event}"
    assert read_form(siti.get(begin), path)["isian_pengikut"].split("\n") == ["SITI AMINAH", "ANDI SANTOSO"]
    undo(siti, event_for(desa, desa.anak))
    assert read_form(siti.get(begin), path)["isian_pengikut"] == "SITI AMINAH"
    page = say(siti.get(f"/peristiwa/{event}"))
    assert "ANDI SANTOSO (dibatalkan)" in page and "SITI AMINAH (dibatalkan)" not in page


def test_a_letter_is_not_begun_from_an_event_that_was_taken_back(desa: Desa, siti: Browser) -> None:
    event = move_family(desa, siti)
    undo(siti, event)
    path = "/surat/baru/pengantar-pindah/isi"
    assert "kode_pindah=" not in siti.get(f"/peristiwa/{event}").text
    assert "Buat surat pengantar pindah" not in say(siti.get(f"/peristiwa/{event}"))
    assert not read_form(siti.get(f"{path}?penduduk={desa.ayah}&peristiwa={event}"), path)["isian_kode_pindah"]


def test_the_undo_of_a_death_names_its_letter_and_the_letter_the_undo(desa: Desa, siti: Browser) -> None:
    event = event_of(send(siti, f"/peristiwa/catat/mati/{desa.lajang}"))
    other = issue(desa, siti, compose(desa, siti, "pengantar-umum"))
    letter = issue(desa, siti, compose(desa, siti, "keterangan-kematian", person=desa.lajang, isian_nik_pelapor=""))
    number = desa.value("surat", letter.rsplit("/", 1)[1], "nomor")
    before = siti.get(f"/peristiwa/{event}")
    assert f"tidak ikut batal ( {number} )" in say(before) and other not in before.text
    assert "sudah dibatalkan" not in say(siti.get(letter))
    voiding = undo(siti, event)
    for page in (siti.get(voiding), siti.get(f"/peristiwa/{event}")):
        assert "masih berlaku" in say(page) and f'href="{letter}#batal">{number}</a>' in page.text
    shown = siti.get(letter)
    assert "Peristiwa yang disebut surat ini sudah dibatalkan" in say(shown) and f'href="{voiding}"' in shown.text
    assert "sudah dibatalkan" not in say(siti.get(other))
    siti.post(f"{letter}/batal", alasan="peristiwanya dibatalkan")
    assert "masih berlaku" not in say(siti.get(voiding)) and "Peristiwa yang disebut" not in say(siti.get(letter))


def test_the_letter_of_a_death_that_was_recorded_anew_stands(desa: Desa, siti: Browser) -> None:
    early = event_of(send(siti, f"/peristiwa/catat/mati/{desa.lajang}"))
    undo(siti, early)
    late = event_of(send(siti, f"/peristiwa/catat/mati/{desa.lajang}", tanggal_lapor="21-09-2026"))
    letter = issue(desa, siti, compose(desa, siti, "keterangan-kematian", person=desa.lajang, isian_nik_pelapor=""))
    assert "sudah dibatalkan" not in say(siti.get(letter))
    assert letter in siti.get(f"/peristiwa/{late}").text and letter not in siti.get(f"/peristiwa/{early}").text


def test_the_letter_of_the_head_is_named_when_a_follower_stays(desa: Desa, siti: Browser) -> None:
    event = move_family(desa, siti)
    draft = move_letter(desa, siti, event)
    letter = issue(desa, siti, move_letter(desa, siti, event))
    voiding = undo(siti, event_for(desa, desa.anak))
    assert letter in siti.get(voiding).text
    assert "sudah dibatalkan (ANDI SANTOSO)" in say(siti.get(letter))
    assert "Peristiwa ANDI SANTOSO yang disebut konsep ini sudah dibatalkan" in say(siti.get(draft))


def test_the_letter_of_a_birth_is_named_by_the_child_and_not_by_its_twin(desa: Desa, siti: Browser) -> None:
    path = f"/peristiwa/catat/lahir/{desa.keluarga}"
    first, second = (
        event_of(send(siti, path, nama=name, jenis_kelamin="1", ibu_nama="SITI AMINAH", ayah_nama="KREYO SANTOSO"))
        for name in ("DEWA", "DEWANGGA")
    )
    form = "/surat/baru/keterangan-kelahiran/isi"
    fields = read_form(siti.get(f"{form}?penduduk={desa.ayah}&peristiwa={second}"), form)
    answer = siti.post(form, fields | {"isian_tempat_lahir_anak": "PURBALINGGA"})
    assert answer.status_code == 303, say(answer)
    letter = issue(desa, siti, str(answer.headers["Location"]))
    assert letter in siti.get(f"/peristiwa/{second}").text and letter not in siti.get(f"/peristiwa/{first}").text
    voiding = undo(siti, second)
    assert letter in siti.get(voiding).text and "sudah dibatalkan (DEWANGGA)" in say(siti.get(letter))


def test_the_kades_reads_whom_to_ask_and_the_operator_too(desa: Desa, siti: Browser) -> None:
    event = event_of(send(siti, f"/peristiwa/catat/mati/{desa.lajang}"))
    letter = issue(desa, siti, compose(desa, siti, "keterangan-kematian", person=desa.lajang, isian_nik_pelapor=""))
    voiding = undo(siti, event)
    budi = desa.browser("budi")
    assert "Minta kepala desa, sekretaris desa, atau admin membatalkannya" in say(budi.get(voiding))
    assert "minta kepala desa, sekretaris desa, atau admin membatalkannya" in say(budi.get(letter))

"""What an approval binds: a letter prints what was approved, or asks for the approval again and says what changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from node.penduduk.index import PeopleIndex
from node.penduduk.writing import choose_version
from node.services import NodeServices
from node.surat.drafts import create_draft, find_draft, move_draft
from node.surat.issue import issue as issue_draft
from node.surat.rules import DISETUJUI, KONSEP, take_sidik
from node.surat.setuju import tell_approved
from shared.errors import UserError
from shared.store.records import load_state
from tests.node_app.test_pages_conflict import open_browser
from tests.node_app.test_pages_kit import NIK, NIK_LUAR, Browser, Desa, both, read_form
from tests.node_app.test_pages_surat import compose, name_office, say
from tests.support.federation import Federation
from tests.support.office import create, update

AGAIN = "Periksa lagi, lalu setujui lagi."


@pytest.fixture(autouse=True)
def office(request: pytest.FixtureRequest) -> None:
    if "desa" in request.fixturenames:
        name_office(request.getfixturevalue("desa"))


def approve(browser: Browser, path: str) -> None:
    answer = browser.post(f"{path}/setujui", read_form(browser.get(path), f"{path}/setujui") | {"terbit": ""})
    assert answer.status_code == 303, say(answer)


def sign(browser: Browser, path: str, fields: dict[str, str] | None = None) -> Any:
    if fields is None:
        browser.get(path)
    return browser.post(f"{path}/terbit", fields or {})


def test_what_was_changed_since_the_approval_is_said_and_approved_again(desa: Desa, siti: Browser) -> None:
    path = compose(desa, siti)
    approve(siti, path)
    page = siti.get(path)
    assert "Disetujui, siap terbit".lower() in say(page).lower() and "Sejak disetujui" not in say(page)
    fields = read_form(page, f"{path}/terbit")
    desa.change("penduduk", desa.ayah, nama="BUKAN YANG DISETUJUI", nik=NIK_LUAR)
    answer = sign(siti, path, fields)
    told = say(answer)
    assert answer.status_code == 409 and "bukan lagi yang disetujui" in told and AGAIN in told
    assert "Nama: KREYO SANTOSO → BUKAN YANG DISETUJUI" in told and "NIK: 3303••••••••0001 → 3303••••••••0007" in told
    assert not any(number in answer.text for number in (NIK, NIK_LUAR))
    assert desa.count("SELECT count(*) FROM surat") == 0
    assert f'action="{path}/terbit"' not in siti.get(path).text
    # The operator reads the same, and who may approves again.
    assert "Nama: KREYO SANTOSO → BUKAN" in say(desa.browser("budi").get(path))
    approve(siti, path)
    answer = sign(siti, path)
    assert answer.status_code == 303
    assert "BUKAN YANG DISETUJUI" in desa.value("surat", answer.headers["Location"].rsplit("/", 1)[1], "cetakan")


def test_a_death_after_the_page_was_opened_stops_the_letter(desa: Desa, siti: Browser) -> None:
    path, left = compose(desa, siti), {"status_dasar": 2, "tanggal_status": "2026-09-20"}
    fields = read_form(siti.get(path), f"{path}/setujui")
    desa.change("penduduk", desa.ayah, **left)
    answer = siti.post(f"{path}/setujui", fields | {"terbit": "1"})
    assert answer.status_code == 409 and "baru saja berubah" in say(answer) and "meninggal" in say(answer)
    other = compose(desa, siti, person=desa.ibu)
    approve(siti, other)
    fields = read_form(siti.get(other), f"{other}/terbit")
    desa.change("penduduk", desa.ibu, **left)
    answer = sign(siti, other, fields)
    assert answer.status_code == 409 and "peringatan baru: SITI AMINAH tercatat: meninggal" in say(answer)
    assert desa.count("SELECT count(*) FROM surat") == 0


def test_a_warning_that_is_gone_a_template_an_office_and_a_signer_count_too(desa: Desa, siti: Browser) -> None:
    chief = desa.write("perangkat", nama="PAK KADES", jabatan="kades", mulai="2020-01-01", boleh_tanda_tangan=True)
    slug = "keterangan-usaha"
    template = desa.write("templat_surat", slug=slug, nama="Usaha", isi="[nama] dari [desa]", isian="[]", aktif=True)
    desa.change("penduduk", desa.ayah, status_dasar=3, tanggal_status="2026-09-20")
    path = compose(desa, siti, slug)
    with desa.node.database.read() as conn:
        kantor = conn.execute("SELECT id FROM desa").fetchone()[0]
    for kind, id, changed, said in (
        ("penduduk", desa.ayah, {"status_dasar": 1, "tanggal_status": None}, "peringatan ini sudah tidak ada: KREYO"),
        ("templat_surat", template, {"isi": "[nama] saja"}, "berubah: Naskah templat surat."),
        ("templat_surat", template, {"berlaku": 3, "satuan": "bulan"}, "Masa berlaku: tanpa batas → 3 bulan"),
        ("desa", kantor, {"telepon": "0281-1"}, "Telepon kantor: (kosong) → 0281-1"),
        ("perangkat", chief, {"nama": "PAK LAIN"}, "Penanda tangan: PAK KADES → PAK LAIN"),
    ):
        approve(siti, path)
        desa.change(kind, id, **changed)
        answer = sign(siti, path)
        assert answer.status_code == 409 and said in say(answer), said
    # What is not printed asks nobody.
    approve(siti, path)
    desa.change("penduduk", desa.ayah, telepon="0812")
    desa.change("desa", kantor, pola_nomor="[nomor]/[tahun]")
    assert sign(siti, path).status_code == 303


def test_the_day_and_an_age_do_not_ask_again(desa: Desa, siti: Browser) -> None:
    text = "[nama] berumur [umur], [hari] [tanggal_surat], sampai [berlaku_sampai], [nomor], [tahun]"
    desa.write("templat_surat", slug="keterangan-usaha", nama="Usaha", isi=text, isian="[]", berlaku=1, aktif=True)
    path = compose(desa, siti, "keterangan-usaha")
    approve(siti, path)
    desa.change("penduduk", desa.ayah, tanggal_lahir="1981-01-01")
    assert "Tanggal lahir: 1 Januari 1980 → 1 Januari 1981" in say(sign(siti, path))
    approve(siti, path)
    desa.clock.now += 200 * 86_400
    siti = desa.browser("siti")
    assert sign(siti, path).status_code == 303, "a year older, on another day"


def test_an_approval_of_an_older_program_is_given_again(desa: Desa, siti: Browser) -> None:
    path = compose(desa, siti)
    id = path.rsplit("/", 1)[1]
    with desa.node.database.read() as conn:
        names = [row[1] for row in conn.execute("PRAGMA table_info(konsep_surat)")]
        row = conn.execute("SELECT * FROM konsep_surat WHERE id = ?", (id,)).fetchone()
    values = dict(zip(names, row, strict=True))
    desa.change("konsep_surat", id, status="disetujui", sidik=take_sidik(values))
    page = siti.get(path)
    assert "program yang lebih lama" in say(page) and f'action="{path}/terbit"' not in page.text
    assert sign(siti, path).status_code == 409
    for broken in ("{", "[]", '{"baris": 1}', '{"sidik": "x", "baris": [["a"]]}'):
        desa.change("konsep_surat", id, disetujui=broken)
        assert "program yang lebih lama" in say(siti.get(path)), broken
    desa.change("konsep_surat", id, disetujui='{"sidik": "x", "baris": []}')
    assert "ada yang berubah: isi suratnya." in say(siti.get(path))
    approve(siti, path)
    assert sign(siti, path).status_code == 303


def test_what_is_kept_is_masked(desa: Desa, siti: Browser) -> None:
    path = compose(desa, siti)
    approve(siti, path)
    kept = desa.value("konsep_surat", path.rsplit("/", 1)[1], "disetujui")
    assert NIK not in kept and "3303••••••••0001" in kept and "NIK: 3303••••••••0001" in tell_approved(kept)
    assert len(json.loads(kept)["sidik"]) == 64


def test_an_approval_holds_on_the_other_computer(dunia: Federation) -> None:
    kantor, laptop = both(dunia)
    create(kantor, "perangkat", nama="PAK KADES", jabatan="kades", mulai="2020-01-01", boleh_tanda_tangan=True)
    people = [create(kantor, nama=f"WARGA {at}", nik=f"330399010190000{at}", status_dasar=1) for at in (1, 2)]
    author = kantor.new_id()
    drafts = [
        create_draft(kantor, {"jenis": "keterangan-usaha", "pemohon": id, "cara": "langsung"}, author) for id in people
    ]
    for id in drafts:
        move_draft(kantor, id, DISETUJUI, author, PeopleIndex(kantor))
    dunia.sync_all(3)
    dunia.clock.now += 86_400
    assert issue_draft(laptop, drafts[0], author, PeopleIndex(laptop))
    update(laptop, people[1], nama="WARGA LAIN")
    with pytest.raises(UserError, match="bukan lagi yang disetujui"):
        issue_draft(laptop, drafts[1], author, PeopleIndex(laptop))
    # Approved there, it is issued here.
    move_draft(laptop, drafts[1], DISETUJUI, author, PeopleIndex(laptop))
    dunia.sync_all(3)
    assert issue_draft(kantor, drafts[1], author, PeopleIndex(kantor))


def test_two_approvals_of_two_texts_wait_for_a_choice_and_the_choice_is_compared(dunia: Federation) -> None:
    kantor, laptop = both(dunia)
    create(kantor, "perangkat", nama="PAK KADES", jabatan="kades", mulai="2020-01-01", boleh_tanda_tangan=True)
    person, (siti, budi) = create(kantor, nama="WARGA", status_dasar=1), (kantor.new_id(), kantor.new_id())
    draft = create_draft(kantor, {"jenis": "keterangan-usaha", "pemohon": person, "cara": "langsung"}, siti)
    dunia.sync_all(3)
    move_draft(kantor, draft, DISETUJUI, siti, PeopleIndex(kantor))
    update(laptop, person, nama="WARGA LAIN")
    move_draft(laptop, draft, DISETUJUI, budi, PeopleIndex(laptop))
    dunia.sync_all(3)
    with pytest.raises(UserError, match="Dua komputer mengubah"):
        issue_draft(kantor, draft, siti, PeopleIndex(kantor))
    assert _conflicts(kantor, draft) == {"alur", "disetujui"}
    _take(kantor, draft, "alur", "", siti)
    _take(kantor, draft, "disetujui", "WARGA LAIN", siti)
    assert issue_draft(kantor, draft, siti, PeopleIndex(kantor))


def test_the_page_shows_both_approvals_in_words_and_a_text_that_is_taken_settles_them(dunia: Federation) -> None:
    kantor, laptop = both(dunia)
    create(kantor, "perangkat", nama="PAK KADES", jabatan="kades", mulai="2020-01-01", boleh_tanda_tangan=True)
    person, author = create(kantor, nama="WARGA", nik=NIK_LUAR, status_dasar=1), kantor.new_id()
    for is_typed in (False, True):
        draft = create_draft(kantor, {"jenis": "keterangan-usaha", "pemohon": person, "cara": "langsung"}, author)
        dunia.sync_all(3)
        for node, name in ((kantor, f"SATU {is_typed}"), (laptop, f"DUA {is_typed}")):
            update(node, person, nama=name)
            if is_typed:
                update(node, draft, of="konsep_surat", keperluan=f"untuk {name}")
            move_draft(node, draft, DISETUJUI, node.new_id() if is_typed else author, PeopleIndex(node))
        dunia.sync_all(3)
        browser, page = open_browser(kantor, f"siti{is_typed}".lower()), f"/surat/konsep/{draft}"
        told = say(browser.get(page)).split("Buka biodata")[0]
        assert "program yang lebih lama" not in told and "sidik" not in told and "Setujui dan terbitkan" not in told
        if not is_typed:
            assert "Nama: SATU False" in told and "Nama: DUA False" in told and NIK_LUAR not in told
            clerk = open_browser(kantor, "budi", "operator")
            clerk.get(page)
            assert clerk.post(f"{page}/pilih", grup="disetujui", versi="x").status_code == 403
            continue
        assert "untuk SATU True" in told and "Isi yang disetujui" not in told, "first what it says"
        with kantor.database.read() as conn:
            (ref, _), *_ = load_state(conn, kantor.catalogue, KONSEP, kantor.wilayah, draft).groups["isi"].versions
        answer = browser.post(f"{page}/pilih", grup="isi", versi=ref)
        assert not _conflicts(kantor, draft) and "Setujui dan terbitkan" in say(browser.follow(answer))


def _conflicts(node: NodeServices, draft: str) -> set[str]:
    with node.database.read() as conn:
        found = find_draft(node, conn, draft)
    assert found is not None
    return set(found.conflicts)


def _take(node: NodeServices, draft: str, group: str, word: str, author: str) -> None:
    """Take the version of a group that has a word in it."""
    with node.database.read() as conn:
        versions = load_state(conn, node.catalogue, KONSEP, node.wilayah, draft).groups[group].versions
    choose_version(node, KONSEP, draft, group, next(ref for ref, value in versions if word in str(value)), author)

"""Two computers wrote one record differently: on the page of every kind both values stand, and a button takes one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from node.commands import add_petugas
from node.penduduk.history import cut_shared_lines
from node.services import NodeServices
from node.tindakan.berbeda import PAGES
from shared.records.catalogue import CATALOGUE
from shared.records.fields import Writer
from shared.store.blobs import store_of
from shared.store.changes import list_logs
from shared.store.records import load_history, load_state
from tests.node_app.test_pages_conflict import open_browser
from tests.node_app.test_pages_kit import Browser, both, read_form, read_text
from tests.support.federation import DESA, Federation
from tests.support.office import create, update, value

JENIS = "keterangan-usaha"
LETTER = {
    "nomor": "400/001/IX/2026", "urut": 1, "tahun": 2026, "jenis": JENIS, "judul": "SURAT KETERANGAN USAHA",
    "tanggal": "2026-09-21",
}


@dataclass(frozen=True)
class Kind:
    """A record, what each computer makes of it, and where a clerk meets it; ``says`` is what the page tells."""

    name: str
    start: dict[str, Any]
    here: dict[str, Any]
    there: dict[str, Any]
    page: str
    says: tuple[str, str]
    listed: str = ""


INCOMING = {"tanggal_terima": "2026-09-20", "pengirim": "Camat Kaligondang", "isi_singkat": "Undangan"}
TEXT = "Yang bertanda tangan di bawah ini menerangkan:\n\n[identitas]\n\n"
KINDS = {
    "surat_masuk": Kind(
        "surat_masuk", INCOMING, {"isi_singkat": "Undangan rapat"}, {"isi_singkat": "Undangan musyawarah"},
        "/surat/masuk/{id}", ("Undangan rapat", "Undangan musyawarah"), "/surat/masuk/",
    ),
    "disposisi": Kind(
        "surat_masuk", INCOMING, {"disposisi": "Hadiri"}, {"disposisi": "Arsipkan"}, "/surat/masuk/{id}",
        ("Hadiri", "Arsipkan"),
    ),
    "surat": Kind(
        "surat", LETTER, {"tanggal_kirim": "2026-09-22", "penerima": "Bank"},
        {"tanggal_kirim": "2026-09-23", "penerima": "Bank"}, "/surat/terbit/{id}", ("22-09-2026", "23-09-2026"),
        "/surat/",
    ),
    "batal": Kind(
        "surat", {**LETTER, "urut": 2}, {"batal": True, "alasan_batal": "salah nama"},
        {"batal": True, "alasan_batal": "salah orang"}, "/surat/terbit/{id}", ("salah nama", "salah orang"),
    ),
    "konsep_surat": Kind(
        "konsep_surat", {"jenis": JENIS, "nama": "TAMU", "keperluan": "modal", "status": "konsep"},
        {"keperluan": "pinjaman"}, {"keperluan": "tabungan"}, "/surat/konsep/{id}", ("pinjaman", "tabungan"),
        "/surat/",
    ),
    "templat_surat": Kind(
        "templat_surat", {"slug": JENIS, "nama": "Usaha", "isi": f"{TEXT}Usahanya baik."},
        {"isi": f"{TEXT}Usahanya maju."}, {"isi": f"{TEXT}Usahanya sepi."}, f"/surat/templat/{JENIS}",
        ("Usahanya maju.", "Usahanya sepi."), "/surat/templat",
    ),
    "kantor": Kind(
        "desa", {}, {"telepon": "0281-111"}, {"telepon": "0281-222"}, "/surat/pengaturan", ("0281-111", "0281-222"),
    ),
    "dusun": Kind(
        "dusun", {"nama": "Krajan"}, {"nama": "Krajan Lor"}, {"nama": "Krajan Kidul"}, "/keluarga/dusun/{id}",
        ("Krajan Lor", "Krajan Kidul"), "/keluarga/dusun",
    ),
    "perangkat": Kind(
        "perangkat", {"nama": "Wiryo", "jabatan": "kades", "mulai": "2022-01-01"}, {"nama": "Wiryo Utomo"},
        {"nama": "Wiryo Utama"}, "/perangkat/{id}", ("Wiryo Utomo", "Wiryo Utama"), "/perangkat/",
    ),
    "program_bantuan": Kind(
        "program_bantuan", {"nama": "BLT Desa", "sasaran": 1}, {"kuota": 10}, {"kuota": 20}, "/bantuan/{id}",
        ("10", "20"), "/bantuan/",
    ),
    "penerima_bantuan": Kind(
        "penerima_bantuan", {"periode": "2026", "status": "aktif"}, {"nomor_kartu": "A-17"}, {"nomor_kartu": "A-71"},
        "/bantuan/penerima/{id}", ("A-17", "A-71"),
    ),
    "peristiwa": Kind(
        "peristiwa", {"jenis": "hilang", "tanggal_peristiwa": "2026-09-01", "tanggal_lapor": "2026-09-02"},
        {"keterangan_susulan": "Dicari di Tegal"}, {"keterangan_susulan": "Dicari di Brebes"}, "/peristiwa/{id}",
        ("Dicari di Tegal", "Dicari di Brebes"),
    ),
    "keluarga": Kind(
        "keluarga", {"alamat": "Jl. Melati"}, {"alamat": "Jl. Melati 3"}, {"alamat": "Jl. Melati 8"}, "/keluarga/{id}",
        ("Jl. Melati 3", "Jl. Melati 8"), "/keluarga/",
    ),
    "penduduk": Kind(
        "penduduk", {"nama": "SAMIRAH", "status_dasar": 1}, {"suku": "SUNDA"}, {"suku": "BATAK"}, "/penduduk/{id}",
        ("SUNDA", "BATAK"), "/penduduk/",
    ),
}


@dataclass
class Sengketa:
    """Two computers of one desa that have met, with one disputed record of each kind."""

    federation: Federation
    kantor: NodeServices
    laptop: NodeServices
    ids: dict[str, str]
    heads: dict[str, tuple[str, str]]
    browser: Browser


@pytest.fixture(scope="module")
def sengketa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sengketa]:
    made = Federation(tmp_path_factory.mktemp("sengketa"))
    made.add_node("kantor")
    made.add_node("laptop")
    kantor, laptop = made.nodes["kantor"], made.nodes["laptop"]
    ids = {name: create(kantor, kind.name, **kind.start) for name, kind in KINDS.items() if kind.start}
    made.sync_all()
    ids["kantor"] = value(kantor, "SELECT id FROM desa ORDER BY id LIMIT 1")
    program = create(kantor, "program_bantuan", nama="Beras", sasaran=1)
    update(kantor, ids["penerima_bantuan"], of="penerima_bantuan", program=program)
    gone = create(kantor, "penduduk", nama="KASMAN", status_dasar=4, peristiwa=ids["peristiwa"])
    update(kantor, ids["peristiwa"], of="peristiwa", penduduk=gone)
    made.sync_all()
    rini, tono = add_petugas(kantor, "Rini", "", "operator"), add_petugas(laptop, "Tono", "", "operator")
    heads = {
        name: (
            update(kantor, ids[name], of=kind.name, author=rini, **kind.here),
            update(laptop, ids[name], of=kind.name, author=tono, **kind.there),
        )
        for name, kind in KINDS.items()
    }
    made.sync_all()
    yield Sengketa(made, kantor, laptop, ids, heads, open_browser(kantor))
    made.close()


def say(browser: Browser, path: str) -> str:
    return " ".join(read_text(browser.get(path)).split())


def test_perlu_tindakan_leads_to_each_of_them(sengketa: Sengketa) -> None:
    """The front page counts them, and who opens a link finds the dispute: no setting waits where nobody looks."""
    front = " ".join(read_text(sengketa.browser.get("/")).split())
    assert f"{len(KINDS)} data dengan isian berbeda di dua komputer" in front
    cases, shown = sengketa.browser.get("/tindakan/").text.split('id="berbeda"')
    assert "diisi berbeda secara bersamaan" not in cases, "the kecamatan's case of it is not a second thing to do"
    for name, kind in KINDS.items():
        page = kind.page.format(id=sengketa.ids[name])
        listed = {"templat_surat": "/surat/templat"}.get(name, page)
        assert f'href="{listed}"' in shown, name
    assert "SAMIRAH" in shown and "Penerima Beras" in shown and "Surat dari Camat Kaligondang" in shown


def test_every_kind_that_a_desa_writes_has_a_page_for_its_disputes() -> None:
    of_the_kecamatan = {kind.name for kind in CATALOGUE if kind.writer is Writer.HUB}
    assert PAGES.keys() == {kind.name for kind in CATALOGUE} - of_the_kecamatan - {"petugas"}


@pytest.mark.parametrize("name", KINDS)
def test_both_values_stand_with_who_wrote_them_and_one_is_taken(sengketa: Sengketa, name: str) -> None:
    kind, id, (here, there) = KINDS[name], sengketa.ids[name], sengketa.heads[name]
    page = kind.page.format(id=id)
    if kind.listed:
        cells = sengketa.browser.get(kind.listed).text.split(f'href="{page}"')[1:]
        assert any("tanda-konflik" in cell.split("</td>")[0] for cell in cells), "whoever looks through the list sees"
    answer = sengketa.browser.get(page)
    text = " ".join(read_text(answer).split())
    assert "menunggu verval" in text and "Rini" in text and "Tono" in text, text[:600]
    assert "laptop" in text and "kantor (komputer ini)" in text
    assert all(said in text for said in kind.says), text[:900]
    form = read_form_of(answer.text, there)
    done = sengketa.browser.post(f"{page}/pilih", **form)
    text = read_text(sengketa.browser.follow(done))
    assert "Pilihan sudah disimpan" in text and "menunggu verval" not in text
    with sengketa.kantor.database.read() as conn:
        entries = load_history(conn, sengketa.kantor.catalogue, DESA, id)
    newest = max((one for one in entries if one.header.log == own_log(sengketa.kantor)), key=lambda one: one.header.seq)
    assert {here, there} <= set(newest.header.parents), "a new change that has seen both"


def read_form_of(html: str, ref: str) -> dict[str, str]:
    """Read the hidden fields beside the button of one version."""
    (form,) = [part for part in html.split("<form")[1:] if f'value="{ref}"' in part.split("</form>")[0]]
    group = form.split('name="grup" value="')[1].split('"')[0]
    return {"grup": group, "versi": ref}


def own_log(node: NodeServices) -> str:
    with node.database.read() as conn:
        return next(log.id for log in list_logs(conn) if log.own)


def test_the_other_computer_has_what_was_taken(sengketa: Sengketa) -> None:
    """Behind the tests above each kind is settled; where this one is asked alone, it settles them itself."""
    for name, (_, there) in sengketa.heads.items():
        page = KINDS[name].page.format(id=sengketa.ids[name])
        answer = sengketa.browser.get(page)
        if "menunggu verval" in answer.text:
            sengketa.browser.post(f"{page}/pilih", **read_form_of(answer.text, there))
    sengketa.federation.sync_all()
    sengketa.federation.sync_all()
    for node in (sengketa.kantor, sengketa.laptop):
        for name, kind in KINDS.items():
            spec = node.catalogue[kind.name]
            with node.database.read() as conn:
                state = load_state(conn, node.catalogue, spec, DESA, sengketa.ids[name])
            values = state.values(spec)
            assert not state.conflicts, name
            assert {field: values[field] for field in kind.there} == kind.there, name


# What a choice does beside taking a value.


def quarrel(dunia: Federation, kind: str, id: str, here: dict[str, Any], there: dict[str, Any]) -> tuple[str, str]:
    """Let both computers change a record before they meet."""
    kantor, laptop = both(dunia)
    dunia.sync_all()
    refs = update(kantor, id, of=kind, **here), update(laptop, id, of=kind, **there)
    dunia.sync_all()
    return refs


def test_a_third_value_that_is_typed_closes_it_too(dunia: Federation) -> None:
    kantor, _ = both(dunia)
    id = create(kantor, "surat_masuk", **INCOMING)
    quarrel(dunia, "surat_masuk", id, {"isi_singkat": "satu"}, {"isi_singkat": "dua"})
    browser, page = open_browser(kantor), f"/surat/masuk/{id}"
    assert f'href="{page}/ubah"' in browser.get(page).text.split("Tidak ada yang benar?")[1][:80]
    fields = read_form(browser.get(f"{page}/ubah"), f"{page}/ubah")
    text = read_text(browser.follow(browser.post(f"{page}/ubah", {**fields, "isi_singkat": "tiga"})))
    assert "tiga" in text and "menunggu verval" not in text


def test_a_text_that_is_taken_makes_a_draft_begin_again(dunia: Federation) -> None:
    """The extra fields stand in words, only where they differ; who wrote last is no second question."""
    kantor, laptop = both(dunia)
    isian = {"nama_usaha": "Warung", "alamat_usaha": "Jl. Mawar"}
    id = create(kantor, "konsep_surat", jenis=JENIS, nama="TAMU", isian=json.dumps(isian), status="konsep")
    begin = {"status": "konsep", "catatan": None, "sidik": None}
    mine, theirs = (
        {**begin, "isian": json.dumps({**isian, "nama_usaha": usaha}), "oleh": node.new_id()}
        for usaha, node in (("Toko", kantor), ("Kios", laptop))
    )
    _, there = quarrel(dunia, "konsep_surat", id, mine, theirs)
    browser, page = open_browser(kantor), f"/surat/konsep/{id}"
    text = say(browser, page)
    told = text.split("menunggu verval")[1].split("Lihat PDF konsep")[0]
    assert text.count("menunggu verval") == 1 and "Toko" in told and "Kios" in told
    assert "{" not in told and "Jl. Mawar" not in told and "Setujui dan terbitkan" not in text
    assert browser.post(f"{page}/setujui").status_code == 409, "first it is settled what it says"
    browser.get(page)
    text = read_text(browser.follow(browser.post(f"{page}/pilih", grup="isi", versi=there)))
    assert "menunggu verval" not in text and "Setujui dan terbitkan" in text
    assert "Kios" in str(value(kantor, "SELECT isian FROM konsep_surat WHERE id = ?", id))


def test_who_may_not_approve_does_not_choose_an_approval(dunia: Federation) -> None:
    kantor, _ = both(dunia)
    id = create(kantor, "konsep_surat", jenis=JENIS, nama="TAMU", keperluan="modal", status="konsep")
    ref, _ = quarrel(
        dunia, "konsep_surat", id, {"status": "disetujui", "sidik": "0" * 64},
        {"status": "dikembalikan", "catatan": "kurang"},
    )
    admin, page = open_browser(kantor), f"/surat/konsep/{id}"
    clerk = open_browser(kantor, "budi", "operator")
    assert "Dikembalikan" in say(clerk, page) and "Pakai yang ini" not in say(clerk, page)
    assert clerk.post(f"{page}/pilih", grup="alur", versi=ref).status_code == 403
    assert "Pakai yang ini" in say(admin, page)


def test_a_template_that_is_saved_settles_only_what_was_touched(dunia: Federation) -> None:
    kantor, _ = both(dunia)
    id = create(kantor, "templat_surat", slug=JENIS, nama="Usaha", isi=f"{TEXT}Usahanya baik.", kertas="F4")
    quarrel(dunia, "templat_surat", id, {"isi": f"{TEXT}Satu."}, {"isi": f"{TEXT}Dua."})
    browser, page = open_browser(kantor), f"/surat/templat/{JENIS}"
    answer = browser.get(page)
    assert "Berlaku sementara" in answer.text and "[identitas]" not in answer.text.split("<form")[1]
    fields = read_form(answer, page)
    text = read_text(browser.follow(browser.post(page, {**fields, "kertas": "A4", "aksi": "simpan"})))
    assert "menunggu verval" in text and value(kantor, "SELECT kertas FROM templat_surat") == "A4"


def test_a_letter_removed_here_and_edited_there_can_stay_removed(dunia: Federation) -> None:
    kantor, laptop = both(dunia)
    id = create(kantor, "surat_masuk", **INCOMING)
    dunia.sync_all()
    browser, page = open_browser(kantor), f"/surat/masuk/{id}"
    browser.get(page)
    browser.post(f"{page}/hapus", alasan="Salah catat")
    update(laptop, id, of="surat_masuk", disposisi="Hadiri")
    dunia.sync_all()
    answer = browser.get(page)
    assert "Keberadaan data: menunggu verval" in " ".join(read_text(answer).split())
    rows = answer.text.split('<tr><td class="pokok')[1:]
    (ref,) = [row.split('name="versi" value="')[1].split('"')[0] for row in rows if ">Dihapus<" in row]
    done = browser.post(f"{page}/pilih", grup="_", versi=ref)
    assert done.headers["Location"] == "/surat/masuk/" and "sudah disimpan" in read_text(browser.follow(done))


def test_two_scans_are_shown_beside_their_buttons(dunia: Federation) -> None:
    kantor, laptop = both(dunia)
    id = create(kantor, "surat_masuk", **INCOMING)
    hashes = [store_of(node).add(DESA, draw(shade)) for node, shade in ((kantor, 30), (laptop, 200))]
    quarrel(dunia, "surat_masuk", id, {"pindaian": hashes[0]}, {"pindaian": hashes[1]})
    browser, page = open_browser(kantor), f"/surat/masuk/{id}"
    shown = browser.get(page).text
    for digest in hashes:
        assert f'src="{page}/pindaian?kecil=1&amp;versi={digest[:8]}"' in shown
    assert browser.get(f"{page}/pindaian?kecil=1&versi={hashes[0][:8]}").mimetype == "image/jpeg"
    assert browser.get(f"{page}/pindaian?kecil=1&versi=00000000").status_code == 404


def draw(shade: int) -> bytes:
    out = BytesIO()
    Image.new("L", (300, 200), shade).save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("texts", "cut"),
    [
        (["satu", "satu"], ["satu", "satu"]),
        (["a\nb\nc", "a\nx\nc"], ["…\nb\n…", "…\nx\n…"]),
        (["a\nb", "a"], ["…\nb", "…"]),
        (["", "a\nb"], ["", "a\nb"]),
        (["a\nb", "a\nb"], ["…", "…"]),
    ],
)
def test_of_long_texts_only_what_differs_is_shown(texts: list[str], cut: list[str]) -> None:
    assert cut_shared_lines(texts) == cut

"""What a clerk sees when two computers of one desa disagree: both values, their states, and how it ends."""

from __future__ import annotations

from hub.verval.decide import hold_versions
from node.app import make_node_app
from node.change import write_drafts
from node.commands import add_petugas
from node.roles import ROLES
from node.services import NodeServices
from node.sinkron.transport import Answer
from shared.errors import TransportError
from shared.merge.fold import RecordState
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state
from shared.web.factory import make_accounts
from tests.node_app.test_pages_kit import CHEAP, PASSWORD, Browser, read_form, read_text
from tests.support.federation import DESA, Federation, seeded
from tests.support.office import find, heads, officers, update, version_of


def create(dunia: Federation, node: NodeServices) -> str:
    id = node.new_id()
    values = {"nama": "SAMIRAH", "suku": "JAWA", "tanggal_lahir": "1980-01-01", "status_dasar": 1}
    write_drafts(node, [draft_create(node.catalogue["penduduk"], id, values)], author=dunia.author(node))
    return id


def change(dunia: Federation, node: NodeServices, id: str, **values: str) -> None:
    kind = node.catalogue["penduduk"]
    with node.database.write() as conn:
        draft = draft_update(kind, load_state(conn, node.catalogue, kind, DESA, id), id, values)
        assert draft is not None
        write_drafts(node, [draft], author=dunia.author(node))


def open_browser(node: NodeServices, name: str = "siti", role: str = "admin") -> Browser:
    accounts = make_accounts(node.folder, node.database, node.clock, seeded(f"akun {name}"), ROLES, None, CHEAP)
    prepared = accounts.prepare(name, PASSWORD, role)
    with node.database.write() as conn:
        accounts.add(conn, name, prepared, role, add_petugas(node, name.title(), "", role), "uji")
    browser = Browser(make_node_app(node, CHEAP).test_client())
    browser.get("/masuk")
    assert browser.post("/masuk", nama_pengguna=name, kata_sandi=PASSWORD).status_code == 303
    return browser


def read(browser: Browser, id: str) -> str:
    return " ".join(read_text(browser.get(f"/penduduk/{id}")).split())


def test_a_change_goes_from_local_to_received(dunia: Federation) -> None:
    kantor = dunia.nodes["kantor"]
    id = create(dunia, kantor)
    browser = open_browser(kantor)
    assert "belum dikirim" in read(browser, id)
    dunia.sync(kantor)
    text = read(browser, id)
    assert "Diterima kecamatan" in text and "belum dikirim" not in text


def test_what_was_handed_out_without_an_answer_is_sent_and_not_received(dunia: Federation) -> None:
    kantor = dunia.nodes["kantor"]
    dunia.sync(kantor)
    id = create(dunia, kantor)

    def lose(path: str, answer: Answer) -> Answer:
        if path.endswith("/push"):
            raise TransportError("the line is cut")
        return answer

    transport = dunia.transport(kantor)
    transport.after = lose
    dunia.sync(kantor, transport)
    browser = open_browser(kantor)
    assert "Terkirim, menunggu tanda terima" in read(browser, id)
    dunia.sync(kantor)
    assert "Diterima kecamatan" in read(browser, id)


def test_both_values_stand_side_by_side_until_one_is_chosen(dunia: Federation) -> None:
    kantor, laptop = dunia.nodes["kantor"], dunia.nodes["laptop"]
    id = create(dunia, kantor)
    dunia.sync_all()
    change(dunia, kantor, id, suku="SUNDA")
    change(dunia, laptop, id, suku="BATAK")
    dunia.sync_all()
    browser = open_browser(kantor)
    text = read(browser, id)
    assert "Suku: menunggu verval" in text and "Berlaku sementara: JAWA" in text
    assert "SUNDA" in text and "BATAK" in text and "kantor (komputer ini)" in text and "laptop" in text
    assert "Konflik: menunggu verval" in text
    assert "verval" in read_text(browser.get("/penduduk/?hanya=konflik"))
    state = _state(kantor, id)
    ref = next(ref for ref, values in state.groups["suku"].versions if values == ("BATAK",))
    browser.get(f"/penduduk/{id}")
    done = browser.follow(browser.post(f"/penduduk/{id}/pilih", grup="suku", versi=ref))
    assert "Pilihan sudah disimpan" in read_text(done) and "menunggu verval" not in read_text(done)
    assert _state(kantor, id).values(kantor.catalogue["penduduk"])["suku"] == "BATAK"


def test_a_choice_about_identity_is_only_a_proposal(dunia: Federation) -> None:
    kantor, laptop = dunia.nodes["kantor"], dunia.nodes["laptop"]
    id = create(dunia, kantor)
    dunia.sync_all()
    change(dunia, kantor, id, nama="SAMIRA")
    change(dunia, laptop, id, nama="SAMINAH")
    dunia.sync_all()
    browser = open_browser(kantor)
    browser.get(f"/penduduk/{id}")
    ref = _state(kantor, id).groups["identitas"].heads[0]
    text = read_text(browser.follow(browser.post(f"/penduduk/{id}/pilih", grup="identitas", versi=ref)))
    assert "dicatat sebagai usulan" in text and "menunggu putusan kecamatan" in text


def test_the_decision_of_the_kecamatan_ends_the_chain_with_its_reason(dunia: Federation) -> None:
    kantor, laptop = dunia.nodes["kantor"], dunia.nodes["laptop"]
    id = create(dunia, kantor)
    dunia.sync_all()
    change(dunia, kantor, id, nama="SAMIRA")
    change(dunia, laptop, id, nama="SAMINAH")
    dunia.sync_all()
    finding = find(dunia.hub, "V1")
    chosen = version_of(dunia.hub, finding, laptop)
    for officer in officers(dunia):
        hold_versions(dunia.hub, finding.id, chosen, heads(dunia.hub, finding), officer, "sesuai KTP-el")
    dunia.sync_all()
    text = read(open_browser(kantor), id)
    assert "Diputus kecamatan: tidak dipakai (sesuai KTP-el)" in text
    assert "Diputus kecamatan: dipakai (sesuai KTP-el)" in text and "SRI dan JOKO" in text
    assert "menunggu verval" not in text and "SAMINAH" in text


def test_who_died_is_among_those_who_wait_for_verval(dunia: Federation) -> None:
    kantor, laptop = dunia.nodes["kantor"], dunia.nodes["laptop"]
    id = create(dunia, kantor)
    update(kantor, id, status_dasar=2, tanggal_status="2026-01-01")
    dunia.sync_all()
    change(dunia, kantor, id, suku="SUNDA")
    change(dunia, laptop, id, suku="BATAK")
    dunia.sync_all()
    browser = open_browser(kantor)
    assert "1 data dengan isian berbeda" in " ".join(read_text(browser.get("/")).split())
    assert "SAMIRAH" in read_text(browser.get("/penduduk/?hanya=konflik"))


def test_a_version_that_is_gone_cannot_be_chosen(dunia: Federation) -> None:
    kantor = dunia.nodes["kantor"]
    id = create(dunia, kantor)
    browser = open_browser(kantor)
    browser.get(f"/penduduk/{id}")
    answer = browser.follow(browser.post(f"/penduduk/{id}/pilih", grup="suku", versi="x"))
    assert "Pilihan ini sudah tidak ada" in read_text(answer)


def test_editing_one_field_does_not_settle_the_conflict_of_another(dunia: Federation) -> None:
    kantor, laptop = dunia.nodes["kantor"], dunia.nodes["laptop"]
    id = create(dunia, kantor)
    dunia.sync_all()
    change(dunia, kantor, id, suku="SUNDA")
    change(dunia, laptop, id, suku="BATAK")
    dunia.sync_all()
    browser = open_browser(kantor)
    path = f"/penduduk/{id}/ubah"
    fields = read_form(browser.get(path), path)
    assert browser.post(path, {**fields, "telepon": "0800 001"}).status_code == 303
    assert "suku" in _state(kantor, id).conflicts


def _state(node: NodeServices, id: str) -> RecordState:
    with node.database.read() as conn:
        return load_state(conn, node.catalogue, node.catalogue["penduduk"], DESA, id)

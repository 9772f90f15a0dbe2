"""The kabupaten as witness: what it cosigns, what it refuses and keeps, and what the hub believes of it."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.change import current_log, write_common
from hub.commands import COMMANDS, run_status, run_token, run_verify
from hub.ekspor.manifest import export_vkey
from hub.ekspor.tokens import make_reader, revoke_reader
from hub.kabupaten import cli
from hub.kabupaten.audit import audit_hub
from hub.kabupaten.transport import Reply
from hub.kabupaten.witness import (
    PATH,
    WitnessAlarm,
    WitnessReport,
    open_witness,
    verifier_of,
    witness_hub,
)
from hub.saksi.view import describe_witnesses, list_contradictions
from hub.services import HubServices, open_hub
from shared.changelog.checkpoint import Checkpoint, Signer, cosign, format_vkey, open_receipt, sign_checkpoint
from shared.changelog.keys import KeyFileError, SigningKey, fingerprint
from shared.changelog.tree import CompactRange, consistency_proof, node_hash
from shared.changelog.witness import Offer, add_signatures, parse_offer
from shared.cli import explain_error
from shared.errors import DamageError, TransportError, UserError
from shared.merge.scope import Role
from shared.store.changes import find_log, hasher_of, list_logs
from shared.store.drafts import draft_create
from shared.store.evidence import SENTENCES
from tests.hub_app.test_kabupaten import ADDRESS, Office, run, served
from tests.hub_app.test_pages_site import BUDI, SITI, HubSite, make_site, send
from tests.support.export_hub import DESA, KECAMATAN, make_app, make_hub, seeded


class Court(Office):
    """An office whose kabupaten witnesses."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.announce("BLT")
        with self.hub.database.write() as conn:
            current_log(self.hub, conn, DESA[0], Role.SALURAN)
        self.signer = open_witness(self.lake, seeded("saksi"))

    def announce(self, nama: str) -> None:
        """Let the common channel grow by one change."""
        draft = draft_create(self.hub.catalogue["program_bantuan"], self.hub.new_id(), {"nama": nama})
        write_common(self.hub, [draft], author="")

    def witness(self) -> WitnessReport:
        self.clock.now += 60
        return witness_hub(self.lake, self.entry, self.signer, self.wire, self.clock)

    @property
    def state_file(self) -> Path:
        return self.lake.path / KECAMATAN / "saksi.json"

    def state(self) -> dict[str, str]:
        notes: dict[str, str] = json.loads(self.state_file.read_text())
        return notes

    def evidence(self) -> list[dict[str, str]]:
        return [json.loads(path.read_text()) for path in sorted(self.state_file.parent.glob("bukti-*.json"))]

    def held(self) -> dict[str, int]:
        """Give what the hub has stored of this witness, by the role of the channel."""
        (found,) = describe_witnesses(self.hub)
        return {channel.origin.split("/")[2]: channel.witnessed for channel in found.channels}

    def copy_database(self) -> bytes:
        self.hub.database.checkpoint()
        return self.hub.folder.database.read_bytes()

    def restore(self, copy: bytes) -> None:
        """Put an older copy of the hub's database back; its keys and anchor stay."""
        self.hub.close()
        for left in self.hub.folder.path.glob("data.sqlite*"):
            left.unlink()
        self.hub.folder.database.write_bytes(copy)
        self.hub = open_hub(self.hub.folder.path, clock=self.hub.clock, random=self.hub.random)
        self.wire.app = make_app(self.hub)


@pytest.fixture
def court(tmp_path: Path) -> Iterator[Court]:
    made = Court(tmp_path)
    yield made
    made.close()


def offers_of(body: bytes) -> list[Offer]:
    return [parse_offer(text.encode()) for text in json.loads(body)["offers"]]


# Cosigning ------------------------------------------------------------------------------------------------


def test_the_heads_of_the_hubs_channels_are_cosigned_and_stored_there(court: Court) -> None:
    assert court.witness() == WitnessReport(logs=2, grown=2, stored=2)
    verifier = verifier_of(court.signer)
    with court.hub.database.read() as conn:
        logs = {log.origin: log for log in list_logs(conn) if log.peran is not Role.DESA}
        stored = conn.execute("SELECT log, size, note FROM cosignature").fetchall()
    assert {row[0]: row[1] for row in stored} == {log.no: log.size for log in logs.values()}
    for _, _, note in stored:
        checkpoint, time_s = open_receipt(note, verifier)
        assert checkpoint.root == logs[checkpoint.origin].root() and time_s == court.clock.now
    assert court.held() == {"umum": 2, "saluran": 1}


def test_growth_is_cosigned_with_a_proof_from_the_size_cosigned_last(court: Court) -> None:
    court.witness()
    bodies: list[bytes] = []
    court.wire.change_reply = lambda body: bodies.append(body) or body  # type: ignore[func-returns-value]
    for number in range(5):
        court.announce(f"Program {number}")
    assert court.witness() == WitnessReport(logs=2, grown=1, stored=2)
    grown = [offer for offer in offers_of(bodies[0]) if "/umum/" in offer.note.decode()]
    assert [offer.old for offer in grown] == [2] and grown[0].proof
    assert court.held()["umum"] == 7


def test_nothing_new_is_cosigned_again_with_a_later_time(court: Court) -> None:
    court.witness()
    before = {origin: open_receipt(note.encode(), verifier_of(court.signer)) for origin, note in court.state().items()}
    assert court.witness() == WitnessReport(logs=2, grown=0, stored=2)
    for origin, note in court.state().items():
        point, time_s = open_receipt(note.encode(), verifier_of(court.signer))
        assert (point, time_s) == (before[origin][0], before[origin][1] + 60)


def test_the_key_of_the_witness_is_made_once_and_readable_by_its_owner_alone(court: Court) -> None:
    path = court.lake.path / "kunci.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert open_witness(court.lake, seeded("lain")).key.public == court.signer.key.public
    assert court.signer.name == "sipande/33.03/saksi"
    path.chmod(0o644)
    with pytest.raises(KeyFileError):
        open_witness(court.lake, seeded("lain"))
    path.unlink()
    # A lost key is not made anew: that would be another witness under the old name.
    with pytest.raises(KeyFileError):
        open_witness(court.lake, seeded("lain"))


def test_a_state_that_this_witness_did_not_sign_is_damage(court: Court) -> None:
    court.witness()
    court.state_file.write_text(court.state_file.read_text().replace("\\n2\\n", "\\n3\\n"))
    with pytest.raises(DamageError):
        court.witness()


# Crashes --------------------------------------------------------------------------------------------------


def test_the_state_is_on_disk_before_the_cosignature_leaves(court: Court) -> None:
    seen: list[bool] = []
    post = court.wire.post

    def watch(url: str, headers: Any, body: bytes) -> Reply:
        notes = json.loads(body)["notes"]
        on_disk = set(court.state().values()) if court.state_file.exists() else set()
        seen.append(set(notes) <= on_disk)
        return post(url, headers, body)

    court.wire.post = watch  # type: ignore[method-assign]
    court.witness()
    court.announce("BPNT")
    court.witness()
    assert seen == [True] * 4


def test_a_crash_between_state_and_post_is_made_up_for_by_the_next_pull(court: Court) -> None:
    post, calls = court.wire.post, []

    def die(url: str, headers: Any, body: bytes) -> Reply:
        calls.append(url)
        if len(calls) == 2:
            raise TransportError("crash")
        return post(url, headers, body)

    court.wire.post = die  # type: ignore[method-assign]
    with pytest.raises(TransportError):
        court.witness()
    state = court.state()
    assert len(state) == 2 and set(court.held().values()) == {0}
    court.announce("BPNT")
    assert court.witness().stored == 2
    assert court.held() == {"umum": 3, "saluran": 1}
    # What had been cosigned before the crash was proven to be a beginning of what is cosigned now.
    assert open_receipt(court.state()[_origin(court.hub, Role.UMUM)].encode(), verifier_of(court.signer))[0].size == 3


def _origin(hub: HubServices, peran: Role) -> str:
    with hub.database.read() as conn:
        return next(log.origin for log in list_logs(conn) if log.peran is peran)


# A hub that contradicts itself ----------------------------------------------------------------------------


def test_a_hub_that_was_rolled_back_is_not_cosigned_and_both_notes_are_kept(court: Court) -> None:
    copy = court.copy_database()
    court.announce("BPNT")
    court.witness()
    before = court.state()
    court.restore(copy)
    with pytest.raises(WitnessAlarm) as caught:
        court.witness()
    assert "menyusut dari 3 menjadi 2" in explain_error(caught.value) and caught.value.exit_code == 4
    assert court.state() == before
    (kept,) = court.evidence()
    assert kept["disaksikan"] == before[_origin(court.hub, Role.UMUM)]
    assert kept["ditawarkan"].splitlines()[1] == "2"
    with pytest.raises(WitnessAlarm):
        court.witness()
    assert len(court.evidence()) == 1
    # The hub has learnt from its own signature that it once held more.
    (found,) = list_contradictions(court.hub)
    assert found.is_shorter and "/umum/" in found.origin
    assert run_verify(court.hub, {}, lambda _: None)["masalah"] == [found.sentence()]


def test_a_rolled_back_hub_that_has_all_back_is_witnessed_again(court: Court) -> None:
    copy = court.copy_database()
    court.announce("BPNT")
    court.witness()
    newest = court.copy_database()
    court.restore(copy)
    with pytest.raises(WitnessAlarm):
        court.witness()
    court.restore(newest)
    assert court.witness().stored == 2
    assert list_contradictions(court.hub) == [] and run_verify(court.hub, {}, lambda _: None)["baik"]


def forge(court: Court, size: int, old: int, proof: tuple[bytes, ...] = ()) -> Offer:
    """Make an offer of another history of the common channel that the hub's own key signed."""
    origin = _origin(court.hub, Role.UMUM)
    note = sign_checkpoint(Checkpoint(origin, size, b"\x07" * 32), Signer(origin, court.hub.keys.signing))
    return Offer(old, proof, note)


@pytest.mark.parametrize("name", ["saksi.json", "state.json"])
def test_a_file_that_is_gone_beside_deliveries_is_damage_and_nothing_is_cosigned(
    court: Court, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = court.copy_database()
    court.announce("BPNT")
    cli.pull_all(court.lake, [court.entry], court.wire, court.clock, signer=court.signer)
    assert audit_hub(court.lake, court.entry, verifier_of(court.signer)) == []
    path = court.state_file.with_name(name)
    content = path.read_bytes()
    path.unlink()
    court.restore(copy)
    for _ in range(2):
        with pytest.raises(DamageError) as caught:
            cli.pull_all(court.lake, [court.entry], court.wire, court.clock, signer=court.signer)
        assert f"{name} hilang" in explain_error(caught.value) and "cadangan" in explain_error(caught.value)
    assert describe_witnesses(court.hub) == [] and not path.exists(), "nothing was cosigned of the rolled back hub"
    (problem,) = audit_hub(court.lake, court.entry, verifier_of(court.signer))
    assert problem == explain_error(caught.value)
    path.write_bytes(content)
    with pytest.raises(WitnessAlarm, match="fork"):
        court.witness()


@pytest.mark.parametrize("is_shorter", [True, False])
def test_an_offer_behind_the_deliveries_taken_is_not_cosigned(court: Court, is_shorter: bool) -> None:
    court.witness()
    before = court.state_file.read_bytes()
    court.announce("BPNT")
    court.announce("PKH")
    court.pull()
    # As a kabupaten whose saksi.json was put back from an older copy.
    court.state_file.write_bytes(before)
    hub = court.hub
    with hub.database.read() as conn:
        log = find_log(conn, _origin(hub, Role.UMUM).rsplit("/", 1)[-1])
        assert log is not None
        proof = tuple(consistency_proof(2, 3, hasher_of(conn, log)))
        point = Checkpoint(log.origin, 3, hasher_of(conn, log)(0, 3))
    if is_shorter:
        offer = Offer(2, proof, sign_checkpoint(point, Signer(log.origin, hub.keys.signing)))
    else:
        leaf = b"\x07" * 32
        # One that does continue what was cosigned, of the size that was pulled, and is another.
        tree = CompactRange(2, [open_receipt(court.state()[log.origin].encode(), verifier_of(court.signer))[0].root])
        tree.extend([leaf, leaf])
        note = sign_checkpoint(Checkpoint(log.origin, 4, tree.root()), Signer(log.origin, hub.keys.signing))
        offer = Offer(2, (node_hash(leaf, leaf),), note)
    answer_with(court, offer)
    with pytest.raises(WitnessAlarm) as caught:
        court.witness()
    assert ("menyusut dari 4 menjadi 3" if is_shorter else "dua catatan berbeda") in explain_error(caught.value)
    assert court.state_file.read_bytes() == before
    (kept,) = court.evidence()
    assert kept["ditawarkan"] == offer.note.decode() and "sipande" in kept["ditarik"]


def test_a_folder_from_before_there_was_a_witness_is_witnessed(court: Court) -> None:
    court.pull()
    for name in ("kunci.json", "saksi.json"):
        (court.lake.path / name).unlink()
    court.signer = open_witness(court.lake, seeded("baru"))
    assert court.witness() == WitnessReport(logs=2, grown=2, stored=2)


def answer_with(court: Court, *offers: Offer) -> None:
    def change(body: bytes) -> bytes:
        answer = json.loads(body)
        others = [text for text in answer["offers"] if "/umum/" not in text]
        return json.dumps({**answer, "offers": [*others, *(offer.encode().decode() for offer in offers)]}).encode()

    court.wire.change_reply = change


@pytest.mark.parametrize(("size", "proof"), [(2, ()), (9, (bytes(32),)), (9, ())])
def test_a_hub_that_forked_is_not_cosigned_and_both_notes_are_kept(
    court: Court, size: int, proof: tuple[bytes, ...]
) -> None:
    court.witness()
    before = court.state()
    answer_with(court, forge(court, size, 2, proof))
    with pytest.raises(WitnessAlarm) as caught:
        court.witness()
    assert "dua catatan berbeda" in explain_error(caught.value) and str(caught.value.evidence) in explain_error(
        caught.value
    )
    assert explain_error(caught.value).count(".") == str(caught.value.evidence).count(".") + 1
    assert court.state() == before
    (kept,) = court.evidence()
    assert kept["disaksikan"] == before[_origin(court.hub, Role.UMUM)]
    assert kept["ditawarkan"] == forge(court, size, 2, proof).note.decode()


def test_two_offers_for_one_log_are_never_both_cosigned(court: Court) -> None:
    answer_with(court, forge(court, 5, 0), forge(court, 4, 0))
    with pytest.raises(WitnessAlarm):
        court.witness()
    assert not court.state_file.exists()
    answer_with(court, forge(court, 5, 0), forge(court, 6, 0))
    with pytest.raises(TransportError):
        court.witness()
    assert not court.state_file.exists()


def test_a_log_that_the_hub_hides_is_missed(court: Court) -> None:
    court.witness()
    answer_with(court)
    with pytest.raises(WitnessAlarm) as caught:
        court.witness()
    assert "hilang" in explain_error(caught.value)
    court.wire.post = lambda url, headers, body: Reply(404, b"")  # type: ignore[method-assign]
    with pytest.raises(TransportError):
        court.witness()


def test_a_hub_that_forked_hands_over_no_data_and_the_command_fails(
    court: Court, capsys: pytest.CaptureFixture[str]
) -> None:
    court.witness()
    answer_with(court, forge(court, 2, 2))
    with pytest.raises(WitnessAlarm):
        cli.pull_all(court.lake, [court.entry], court.wire, court.clock, signer=court.signer)
    assert json.loads(capsys.readouterr().out) == {"hub": KECAMATAN, "terverifikasi": False, "kode_keluar": 4}
    assert court.lake.read_state(KECAMATAN).last == 0


def test_offers_that_are_no_channels_of_this_hub_or_under_another_key_are_refused(court: Court) -> None:
    stranger = SigningKey.generate(seeded("asing"))
    origin = _origin(court.hub, Role.UMUM)
    for name, key in (
        (origin, stranger), (f"sipande/33.03.98/umum/{'0' * 32}", court.hub.keys.signing),
        (f"sipande/{DESA[0]}/desa/{'0' * 32}", court.hub.keys.signing), ("x", court.hub.keys.signing),
    ):
        note = sign_checkpoint(Checkpoint(name, 3, b"\x07" * 32), Signer(name, key))
        answer_with(court, Offer(0, (), note))
        with pytest.raises(Exception) as caught:
            court.witness()
        assert getattr(caught.value, "code", "") == "bad_note"
        assert not court.state_file.exists() and not court.evidence()


def test_answers_of_any_other_shape_are_no_answer(court: Court) -> None:
    for body in (b"", b"[]", b"{}", b'{"offers":[1],"witnessed":{}}', b'{"offers":["x"],"witnessed":{}}', b"<html>"):
        court.wire.change_reply = lambda _: body
        with pytest.raises(TransportError):
            court.witness()
    assert not court.state_file.exists()


# What the hub believes ------------------------------------------------------------------------------------


def call(court: Court, vkey: str, notes: list[str], token: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {court.token if token is None else token}"}
    return make_app(court.hub).test_client().post(PATH, json={"vkey": vkey, "notes": notes}, headers=headers)


def test_another_key_than_the_pinned_one_is_refused_until_an_operator_forgets_it(court: Court) -> None:
    court.witness()
    mine, other = court.signer, Signer(court.signer.name, SigningKey.generate(seeded("lain")))
    court.signer = other
    court.state_file.unlink()
    with pytest.raises(UserError, match="sidik jari"):
        court.witness()
    with court.hub.database.read() as conn:
        keys = conn.execute("SELECT vkey FROM witness").fetchall()
    assert keys == [(format_vkey(verifier_of(mine)),)]
    revoke_reader(court.hub, "bappeda")
    court.lake.add_hub(ADDRESS, export_vkey(court.hub), make_reader(court.hub, "bappeda"), is_change=True)
    assert court.witness().stored == 2


def test_a_cosignature_under_another_key_or_of_other_bytes_is_refused(court: Court) -> None:
    court.witness()
    vkey = format_vkey(verifier_of(court.signer))
    origin = _origin(court.hub, Role.UMUM)
    other = Signer(court.signer.name, SigningKey.generate(seeded("lain")))
    point = open_receipt(court.state()[origin].encode(), verifier_of(court.signer))[0]
    unsigned = Checkpoint(origin, point.size, b"\x09" * 32)
    before = court.held()
    for note in (
        cosign(point, other, 1_800_000_000), cosign(unsigned, court.signer, 1_800_000_000), b"x",
        cosign(Checkpoint(origin, 99, b"\x09" * 32), court.signer, 1_800_000_000),
    ):
        assert call(court, vkey, [note.decode()]).status_code == 422
    assert court.held() == before and list_contradictions(court.hub) == []


def test_a_witness_proves_to_the_hub_that_its_own_key_signed_something_else(court: Court) -> None:
    court.witness()
    note = forge(court, 2, 0).note
    point = Checkpoint(_origin(court.hub, Role.UMUM), 2, b"\x07" * 32)
    proof = add_signatures(note, cosign(point, court.signer, court.clock.now))
    assert call(court, format_vkey(verifier_of(court.signer)), [proof.decode()]).status_code == 200
    (found,) = list_contradictions(court.hub)
    assert not found.is_shorter
    answer = run_verify(court.hub, {}, lambda _: None)
    assert answer["masalah"] == [found.sentence()] and "menyaksikan isi yang lain" in found.sentence()
    events = COMMANDS["pemulihan"](court.hub, {}, lambda _: None)["kejadian"]
    assert [event["kalimat"] for event in events] == [SENTENCES["saksi_cabang"]]


def test_an_older_cosignature_never_replaces_a_newer_one(court: Court) -> None:
    court.witness()
    old = list(court.state().values())
    court.announce("BPNT")
    court.witness()
    assert call(court, format_vkey(verifier_of(court.signer)), old).status_code == 200
    assert court.held() == {"umum": 3, "saluran": 1}


def test_a_key_can_be_pinned_with_the_token_and_first_use_is_told_apart(court: Court) -> None:
    court.witness()
    vkey = format_vkey(verifier_of(court.signer))
    made = run_token(court.hub, {"nama": "dinkominfo", "saksi": vkey}, lambda _: None)
    first, second = describe_witnesses(court.hub)
    assert (first.reader, first.is_first_use) == ("bappeda", True)
    assert (second.reader, second.is_first_use) == ("dinkominfo", False)
    other = format_vkey(verifier_of(Signer("lain", SigningKey.generate(seeded("lain")))))
    assert call(court, other, [], made["token"]).status_code == 409
    with pytest.raises(UserError, match="vkey"):
        run_token(court.hub, {"nama": "x", "saksi": export_vkey(court.hub)}, lambda _: None)
    assert len(describe_witnesses(court.hub)) == 2


def test_nobody_without_a_token_and_nothing_of_another_shape_is_served(court: Court) -> None:
    vkey = format_vkey(verifier_of(court.signer))
    assert call(court, vkey, [], "salah").status_code == 401
    client, headers = make_app(court.hub).test_client(), {"Authorization": f"Bearer {court.token}"}
    for body in (b"", b"[]", b'{"vkey":1,"notes":[]}', b'{"vkey":"x","notes":[]}', b'{"vkey":"x","notes":[1]}'):
        assert client.post(PATH, data=body, headers=headers).status_code == 400
    assert describe_witnesses(court.hub) == []


def test_verify_finds_a_cosignature_that_does_not_fit_its_log(court: Court) -> None:
    court.witness()
    assert run_verify(court.hub, {}, lambda _: None)["baik"]
    with court.hub.database.write() as conn:
        log = find_log(conn, _origin(court.hub, Role.UMUM).rsplit("/", 1)[-1])
        assert log is not None
        note = cosign(Checkpoint(log.origin, 1, b"\x01" * 32), court.signer, court.clock.now)
        conn.execute("UPDATE cosignature SET note = ?, size = 1 WHERE log = ?", (note, log.no))
    problems = run_verify(court.hub, {}, lambda _: None)["masalah"]
    assert len(problems) == 1 and "cosignature" in problems[0]


def test_the_status_says_up_to_when_the_kabupaten_has_witnessed(court: Court) -> None:
    assert run_status(court.hub, {}, lambda _: None)["saksi"] == []
    court.witness()
    court.announce("BPNT")
    (found,) = run_status(court.hub, {}, lambda _: None)["saksi"]
    assert found["sidik_jari"] == fingerprint(court.signer.key.public)
    assert re.match(r"Disaksikan kabupaten sampai .* WIB: 1 dari 2 catatan", found["keterangan"])


# The commands and the page --------------------------------------------------------------------------------


def test_the_command_witnesses_and_pulls_over_http(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub = make_hub(tmp_path / "hub")
    draft = draft_create(hub.catalogue["program_bantuan"], hub.new_id(), {"nama": "BLT"})
    write_common(hub, [draft], author="")
    token, folder = make_reader(hub, "bappeda"), str(tmp_path / "danau")
    assert run(capsys, "--data", folder, "saksi")[0] == 2
    with served(make_app(hub)) as address:
        run(capsys, "--data", folder, "tambah-hub", address, "--kunci", export_vkey(hub), "--token", token)
        code, (line,), _ = run(capsys, "--data", folder, "pull")
        assert code == 0
        assert line["saksi"] == {"didukung": True, "catatan": 1, "bertambah": 1, "diterima_hub": 1}
        _, (shown,), _ = run(capsys, "--data", folder, "saksi")
    (found,) = describe_witnesses(hub)
    assert shown["sidik_jari"] == found.fingerprint and "sipande/33.03/saksi+" in shown["vkey"]
    hub.close()


def test_a_hub_that_knows_of_no_witness_is_pulled_all_the_same(
    court: Court, capsys: pytest.CaptureFixture[str]
) -> None:
    court.wire.post = lambda url, headers, body: Reply(404, b"<html>")  # type: ignore[method-assign]
    cli.pull_all(court.lake, [court.entry], court.wire, court.clock, signer=court.signer)
    assert json.loads(capsys.readouterr().out)["saksi"] == {"didukung": False}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    made = make_site(tmp_path)
    yield made
    made.close()


def test_the_page_shows_the_fingerprint_and_forgets_a_key(site: HubSite) -> None:
    vkey = format_vkey(verifier_of(Signer("sipande/33.03/saksi", SigningKey.generate(seeded("saksi")))))
    token = make_reader(site.hub, "bappeda")
    headers = {"Authorization": f"Bearer {token}"}
    answer = site.client().post(PATH, json={"vkey": vkey, "notes": []}, headers=headers)
    assert answer.status_code == 200 and len(answer.json["offers"]) == 1
    client = site.client(SITI)
    page = client.get("/saksi").text
    assert describe_witnesses(site.hub)[0].fingerprint in page and "bandingkan sidik jarinya" in page
    assert send(client, "/saksi/bappeda/lupakan", {}, page="/saksi").status_code == 303
    assert "Belum ada kabupaten yang menyaksikan" in client.get("/saksi").text
    assert send(site.client(BUDI), "/saksi/bappeda/lupakan", {}).status_code == 403

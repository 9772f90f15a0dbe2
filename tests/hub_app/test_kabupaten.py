"""The puller: what it believes, what it refuses, and that a refused delivery leaves nothing behind."""

from __future__ import annotations

import ast
import base64
import gzip
import io
import json
import socket
import stat
import sys
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import pytest
import waitress
from flask import Flask

from hub.change import write_common
from hub.ekspor.manifest import export_signer, export_vkey
from hub.ekspor.tokens import make_reader, revoke_reader
from hub.kabupaten import cli
from hub.kabupaten.check import LogAlarm, PullRefused
from hub.kabupaten.current import count_current, each_current
from hub.kabupaten.lake import HubEntry, Lake
from hub.kabupaten.manifest import Manifest, parse_manifest
from hub.kabupaten.pull import PullReport, pull_hub
from hub.kabupaten.transport import Answer, HttpTransport, PullLimits, Reply, check_address
from hub.penghapusan.erase import erase
from hub.penghapusan.rules import Target
from hub.services import open_hub
from shared.changelog.checkpoint import (
    Checkpoint,
    NoteError,
    Signer,
    format_vkey,
    open_note,
    parse_vkey,
    sign_note,
)
from shared.changelog.keys import SigningKey
from shared.cli import explain_error, run_cli
from shared.errors import DamageError, EnvironmentProblem, ProtocolError, TransportError, UserError
from shared.store.drafts import draft_create
from tests.support.export_hub import DESA, KECAMATAN, StillClock, Village, make_app, make_hub, person, seeded

ADDRESS = "https://hub.uji"
Change = Callable[[bytes], bytes]


class WsgiTransport:
    """Carries requests to an app in this process; ``change`` gets the plain body before it is packed."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.change: Change = lambda body: body
        self.pack: Change = gzip.compress
        self.answer: Answer | None = None
        self.bodies: list[bytes] = []
        self.change_reply: Change = lambda body: body

    @contextmanager
    def open(self, url: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        if self.answer is not None:
            yield self.answer
            return
        path = url.removeprefix(ADDRESS)
        response = self.app.test_client().get(path, headers=dict(headers), base_url=ADDRESS, buffered=True)
        body = response.data
        if response.headers.get("Content-Encoding") == "gzip":
            self.bodies.append(gzip.decompress(body))
            body = self.pack(self.change(self.bodies[-1]))
        blocks = (body[at : at + 1000] for at in range(0, len(body), 1000))
        yield Answer(
            response.status_code, response.content_type, response.headers.get("Content-Encoding", ""), blocks
        )

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        path = url.removeprefix(ADDRESS)
        response = self.app.test_client().post(path, headers=dict(headers), data=body, base_url=ADDRESS)
        return Reply(response.status_code, self.change_reply(response.data))


class Office:
    """A hub with a village, and a kabupaten that has registered it."""

    def __init__(self, path: Path) -> None:
        self.hub = make_hub(path / "hub")
        self.village = Village(self.hub)
        self.token = make_reader(self.hub, "bappeda")
        self.lake = Lake(path / "danau")
        self.lake.lock()
        self.entry = self.lake.add_hub(ADDRESS, export_vkey(self.hub), self.token)
        self.wire = WsgiTransport(make_app(self.hub))
        self.clock = StillClock()

    def pull(self, **options: Any) -> PullReport:
        return pull_hub(self.lake, self.entry, self.wire, self.clock, **options)

    def files(self) -> dict[str, bytes]:
        """Read everything that is stored."""
        return {
            str(path.relative_to(self.lake.path)): path.read_bytes()
            for path in sorted(self.lake.path.rglob("*")) if path.is_file()
        }

    def sign(self, manifest: Manifest, **more: Any) -> bytes:
        """Make an answer that the hub's own key signed, whatever it says."""
        note = sign_note(manifest.text(), export_signer(self.hub))
        return json.dumps({"manifest": note.decode(), **more}).encode() + b"\n"

    def close(self) -> None:
        self.lake.unlock()
        self.hub.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.close()


def read_manifest(body: bytes, entry: HubEntry) -> Manifest:
    note = json.loads(body.partition(b"\n")[0])["manifest"].encode()
    return parse_manifest(open_note(note, entry.verifier))


def refuses(office: Office, error: type[Exception], change: Change, **options: Any) -> Exception:
    """Pull a changed answer; what is stored must stay as it is to the last byte."""
    before = office.files()
    office.wire.change = change
    with pytest.raises(error) as caught:
        office.pull(**options)
    office.wire.change = lambda body: body
    assert office.files() == before
    return caught.value


# Pulling --------------------------------------------------------------------------------------------------


def test_a_second_pull_after_one_change_moves_one_record(office: Office) -> None:
    ids = [office.village.create("penduduk", **person(number)) for number in range(30)]
    assert office.pull().count == 30
    assert office.pull().count == 0
    office.village.update("penduduk", ids[4], agama=2)
    report = office.pull()
    assert report.count == 1 and not report.is_full and report.wire_bytes > 0
    (line,) = office.lake.data_file(KECAMATAN, 2).read_bytes().splitlines()
    assert json.loads(line)["id"] == ids[4]
    assert report.message()["terverifikasi"] is True and report.message()["baris"] == 1


def test_a_pull_of_nothing_new_writes_no_delivery(office: Office) -> None:
    office.village.create("penduduk", **person(1))
    office.pull()
    for _ in range(3):
        office.pull()
    assert office.lake.read_state(KECAMATAN).last == 1
    assert not office.lake.data_file(KECAMATAN, 2).exists()


def test_the_current_rows_follow_changes_and_deletions(office: Office) -> None:
    ids = [office.village.create("penduduk", **person(number)) for number in range(4)]
    second = Village(office.hub, DESA[1])
    second.create("dusun", nama="Krajan")
    office.pull()
    office.village.update("penduduk", ids[0], agama=3)
    office.village.delete("penduduk", ids[1])
    office.pull()
    assert count_current(office.lake, office.entry) == {"dusun": {DESA[1]: 1}, "penduduk": {DESA[0]: 3}}
    rows = {row["id"]: row["data"] for row in each_current(office.lake, office.entry)}
    assert rows[ids[0]]["agama"] == 3 and ids[1] not in rows


def test_a_full_delivery_replaces_the_earlier_lines_and_keeps_their_manifests(office: Office) -> None:
    id = office.village.create("penduduk", **person(1))
    office.pull()
    office.village.update("penduduk", id, agama=3)
    office.pull()
    trusted = make_reader(office.hub, "dukcapil", identified=True)
    office.lake.add_hub(ADDRESS, export_vkey(office.hub), trusted, is_change=True)
    assert office.pull(alasan="Pemadanan bantuan").is_full
    names = {Path(name).name for name in office.files()}
    assert {"000001.manifest", "000002.manifest", "000003.manifest", "000003.jsonl"} <= names
    assert not names & {"000001.jsonl", "000002.jsonl"}
    (row,) = each_current(office.lake, office.entry)
    assert row["data"]["nik"] == person(1)["nik"]


def test_left_overs_of_a_broken_off_pull_are_overwritten(office: Office) -> None:
    office.village.create("penduduk", **person(1))
    office.lake.prepare(KECAMATAN)
    office.lake.data_file(KECAMATAN, 1).write_bytes(b"separuh")
    office.lake.manifest_file(KECAMATAN, 1).write_bytes(b"separuh")
    assert count_current(office.lake, office.entry) == {}
    office.pull()
    assert count_current(office.lake, office.entry) == {"penduduk": {DESA[0]: 1}}


def test_what_is_stored_is_readable_by_its_owner_alone(office: Office) -> None:
    office.village.create("penduduk", **person(1))
    office.pull()
    for path in office.lake.path.rglob("*"):
        if path.is_file() and path.name != "lock":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    (office.lake.path / KECAMATAN / "token").chmod(0o644)
    with pytest.raises(EnvironmentProblem):
        office.pull()


# Refusing -------------------------------------------------------------------------------------------------


def test_a_changed_line_is_refused(office: Office) -> None:
    office.village.create("penduduk", **person(1))
    for change in (
        lambda body: body.replace(b'"agama":1', b'"agama":2'),
        lambda body: body + body.splitlines(keepends=True)[-1],
        lambda body: body.partition(b"\n")[0] + b"\n",
        lambda body: body.replace(b"Purbalingga", b"Purbalinggo"),
    ):
        error = refuses(office, PullRefused, change)
        assert getattr(error, "code") == "bad_proof"
    assert office.pull().count == 1


def test_a_changed_manifest_is_refused(office: Office) -> None:
    office.village.create("penduduk", **person(1))
    for old, new in ((b"\\n1\\n", b"\\n2\\n"), (b"tersamar", b"teridentifikasi"), (b"lengkap", b"perubahan")):
        error = refuses(office, PullRefused, lambda body: body.replace(old, new, 1))
        assert getattr(error, "code") == "bad_note"


def test_a_manifest_under_another_key_is_refused(office: Office) -> None:
    office.village.create("penduduk", **person(1))
    other = Signer(export_signer(office.hub).name, SigningKey.generate(seeded("lain")))

    def sign_again(body: bytes) -> bytes:
        first, _, rest = body.partition(b"\n")
        note = sign_note(read_manifest(body, office.entry).text(), other)
        return json.dumps({"manifest": note.decode()}).encode() + b"\n" + rest

    assert getattr(refuses(office, PullRefused, sign_again), "code") == "bad_note"


def test_an_earlier_delivery_that_is_sent_again_is_refused(office: Office) -> None:
    id = office.village.create("penduduk", **person(1))
    office.pull()
    office.village.update("penduduk", id, agama=2)
    office.pull()
    for old in list(office.wire.bodies):
        # Recognised by its cursor, so that a stale cache raises no alarm about the hub.
        assert not isinstance(refuses(office, PullRefused, lambda body: old), LogAlarm)


def test_an_answer_older_than_the_last_one_is_refused(office: Office) -> None:
    office.village.create("penduduk", **person(1))
    office.pull()
    manifest_now = office.lake.read_state(KECAMATAN)
    clock = office.hub.clock
    assert isinstance(clock, StillClock)
    clock.now -= 1
    refuses(office, PullRefused, lambda body: body)
    clock.now += 1
    assert office.pull().cursor == manifest_now.cursor


def test_a_hub_that_answers_for_another_kecamatan_is_refused(office: Office) -> None:
    office.village.create("penduduk", **person(1))

    def lie(body: bytes) -> bytes:
        rest = body.partition(b"\n")[2].replace(b'"desa":"33.03.99.', b'"desa":"33.03.04.')
        manifest = read_manifest(body, office.entry)
        changed = Manifest(**{**vars(manifest), "digest": sha256(rest).hexdigest()})
        return office.sign(changed) + rest

    assert "another kecamatan" in str(refuses(office, PullRefused, lie))


def test_a_log_that_shrank_or_is_gone_raises_the_alarm(office: Office) -> None:
    for number in range(3):
        office.village.create("penduduk", **person(number))
    office.pull()
    heads = tuple(office.lake.read_state(KECAMATAN).heads.values())
    for fewer in ((), tuple(Checkpoint(head.origin, head.size - 1, head.root) for head in heads)):
        assert lies_about_heads(office, fewer).exit_code == 4


def test_another_root_at_a_known_size_raises_the_alarm(office: Office) -> None:
    office.village.create("penduduk", **person(1))
    office.pull()
    heads = office.lake.read_state(KECAMATAN).heads.values()
    lies_about_heads(office, tuple(Checkpoint(head.origin, head.size, bytes(32)) for head in heads))


def test_a_log_that_grew_out_of_another_one_raises_the_alarm(office: Office) -> None:
    office.village.create("penduduk", **person(1))
    office.pull()
    heads = tuple(office.lake.read_state(KECAMATAN).heads.values())
    grown = tuple(Checkpoint(head.origin, head.size + 1, b"\x01" * 32) for head in heads)
    lies_about_heads(office, grown)
    proof = {head.origin: [base64.b64encode(bytes(32)).decode()] for head in heads}
    lies_about_heads(office, grown, bukti=proof)


def lies_about_heads(office: Office, heads: tuple[Checkpoint, ...], **more: Any) -> LogAlarm:
    def lie(body: bytes) -> bytes:
        manifest = Manifest(**{**vars(read_manifest(body, office.entry)), "heads": heads})
        return office.sign(manifest, **more) + body.partition(b"\n")[2]

    error = refuses(office, LogAlarm, lie)
    assert isinstance(error, LogAlarm) and "PERINGATAN" in explain_error(error)
    return error


def test_a_hub_restored_from_an_old_copy_raises_the_alarm(office: Office, tmp_path: Path) -> None:
    """The same key and logs, but less of them: what a restored database really answers."""
    id = office.village.create("penduduk", **person(1))
    office.hub.database.checkpoint()
    copy = office.hub.folder.database.read_bytes()
    office.village.update("penduduk", id, agama=2)
    office.pull()
    office.hub.close()
    for left in office.hub.folder.path.glob("data.sqlite*"):
        left.unlink()
    office.hub.folder.database.write_bytes(copy)
    office.hub = open_hub(office.hub.folder.path, clock=office.hub.clock, random=office.hub.random)
    office.wire.app = make_app(office.hub)
    refuses(office, LogAlarm, lambda body: body)


def test_a_first_delivery_that_is_not_full_is_refused(office: Office) -> None:
    def lie(body: bytes) -> bytes:
        manifest = Manifest(**{**vars(read_manifest(body, office.entry)), "is_full": False})
        return office.sign(manifest) + body.partition(b"\n")[2]

    refuses(office, PullRefused, lie)


def test_identified_data_that_nobody_asked_for_are_refused(office: Office) -> None:
    def lie(body: bytes) -> bytes:
        manifest = Manifest(**{**vars(read_manifest(body, office.entry)), "is_identified": True})
        return office.sign(manifest) + body.partition(b"\n")[2]

    refuses(office, PullRefused, lie)


def test_an_answer_cut_at_any_byte_stores_nothing(office: Office) -> None:
    for number in range(5):
        office.village.create("penduduk", **person(number))
    office.pull()
    office.village.create("penduduk", **person(9))
    before = office.files()
    for missing in (1, 2, 8, 9, 50, 200, 400, 10_000):
        office.wire.pack = lambda body: gzip.compress(body)[:-missing]
        with pytest.raises(TransportError):
            office.pull()
        assert office.files() == before
    office.wire.pack = gzip.compress
    assert office.pull().count == 1


def test_a_first_line_of_any_other_shape_is_refused(office: Office) -> None:
    wrong = (b"[]", b"{}", b'{"manifest":1}', b"\xff", b'{"manifest":"x","bukti":[1]}', b"<html>")
    for body in (line + b"\n" for line in wrong):
        refuses(office, PullRefused, lambda _: body)
    refuses(office, TransportError, lambda _: b"")


def test_a_bomb_and_endless_answers_are_broken_off(office: Office) -> None:
    office.village.create("penduduk", **person(1))
    refuses(office, TransportError, lambda body: body + b" " * (20 << 20) + b"\n")
    refuses(office, TransportError, lambda body: body + body.splitlines(keepends=True)[-1] * 60_000)
    refuses(office, TransportError, lambda body: body, limits=PullLimits(plain_bytes_max=100))
    refuses(office, TransportError, lambda body: body, limits=PullLimits(wire_bytes_max=100))
    refuses(office, TransportError, lambda body: body, limits=PullLimits(line_bytes_max=100))


def test_bytes_after_the_packed_answer_are_refused(office: Office) -> None:
    office.wire.pack = lambda body: gzip.compress(body) + b"more"
    with pytest.raises(TransportError):
        office.pull()
    office.wire.pack = lambda body: zlib.compress(body)
    with pytest.raises(TransportError):
        office.pull()


def test_bytes_after_an_answer_that_ends_within_a_block_do_not_turn_for_ever(office: Office) -> None:
    # zlib keeps handing out the same rest when a stream ends inside what it was given in parts.
    packed = gzip.compress(b" " * 300_000) * 2
    office.wire.answer = Answer(200, "application/x-ndjson", "gzip", iter([packed]))
    with pytest.raises(TransportError):
        office.pull()


def test_what_a_captive_portal_answers_is_no_answer(office: Office) -> None:
    before = office.files()
    html, lines = "text/html", "application/x-ndjson"
    for status, kind in ((200, html), (302, html), (502, html), (204, lines)):
        office.wire.answer = Answer(status, kind, "", iter([b"<html>"]))
        with pytest.raises(TransportError):
            office.pull()
    assert office.files() == before


def test_a_refusal_of_the_hub_says_what_to_do(office: Office) -> None:
    with pytest.raises(UserError, match="--alasan"):
        office.pull(alasan="Pemadanan")
    revoke_reader(office.hub, "bappeda")
    with pytest.raises(UserError, match="token baru"):
        office.pull()


def test_a_stored_delivery_that_was_changed_is_noticed(office: Office) -> None:
    office.village.create("penduduk", **person(1))
    office.pull()
    path = office.lake.data_file(KECAMATAN, 1)
    path.write_bytes(path.read_bytes().replace(b"Purbalingga", b"Purbalinggo"))
    with pytest.raises(DamageError):
        count_current(office.lake, office.entry)
    path.unlink()
    with pytest.raises(DamageError):
        count_current(office.lake, office.entry)


def test_a_delivery_signed_by_an_earlier_key_stays_readable(office: Office) -> None:
    office.village.create("penduduk", **person(1))
    office.pull()
    key = SigningKey.generate(seeded("baru"))
    vkey = export_vkey(office.hub)
    office.hub.keys = type(office.hub.keys)(key, office.hub.keys.seal)
    entry = office.lake.add_hub(ADDRESS, export_vkey(office.hub), office.token, is_change=True)
    assert entry.earlier == (parse_vkey(vkey),)
    assert count_current(office.lake, entry) == {"penduduk": {DESA[0]: 1}}
    office.entry = entry
    assert office.pull().count == 0


def test_a_manifest_has_one_spelling(office: Office) -> None:
    office.pull()
    text = read_manifest(office.wire.bodies[0], office.entry).text()
    assert parse_manifest(text).text() == text
    head = text.splitlines()[-1]
    unmasked = text.replace(b"tersamar", b"samar")
    for other in (text + head + b"\n", text + b"\n", text[:-1], unmasked, b"", b"\xff\n"):
        with pytest.raises(NoteError):
            parse_manifest(other)


def test_a_token_never_travels_in_the_clear() -> None:
    assert check_address("https://hub.kecamatan.go.id/") == "https://hub.kecamatan.go.id"
    for local in ("http://127.0.0.1:8080", "http://localhost", "http://192.168.1.20:8080", "http://[::1]"):
        assert check_address(local) == local
    plain = ("http://hub.go.id", "http://8.8.8.8")
    for wrong in (*plain, "ftp://hub", "hub.go.id", "https://a:b@hub", "https://hub/?x=1"):
        with pytest.raises(UserError):
            check_address(wrong)


def test_the_puller_imports_nothing_of_the_hubs_server() -> None:
    for path in (Path(cli.__file__).parent).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [name.name for name in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                assert not module.startswith("node") and (
                    not module.startswith("hub") or module.startswith("hub.kabupaten")
                ), f"{path.name} imports {module}"


# The command ----------------------------------------------------------------------------------------------


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an app on a free port of this machine."""
    server: Any = waitress.create_server(app, host="127.0.0.1", port=0, threads=2)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()
        thread.join(10)
        server.task_dispatcher.shutdown()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    code = cli.main(arguments)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, [json.loads(line) for line in captured.out.splitlines()], captured.err


def test_the_command_pulls_over_http(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub = make_hub(tmp_path / "hub")
    village = Village(hub)
    ids = [village.create("penduduk", **person(number)) for number in range(300)]
    token, folder = make_reader(hub, "bappeda"), str(tmp_path / "danau")
    with served(make_app(hub)) as address:
        vkey = export_vkey(hub)
        registered = run(capsys, "--data", folder, "tambah-hub", address, "--kunci", vkey, "--token", token)
        assert registered[:2] == (0, [{"hub": KECAMATAN, "alamat": address}])
        code, (first,), _ = run(capsys, "--data", folder, "pull")
        assert code == 0 and first["terverifikasi"] is True
        assert first["hub"] == KECAMATAN and first["baris"] == 300
        village.update("penduduk", ids[0], agama=2)
        _, (second,), _ = run(capsys, "--data", folder, "pull", "--hub", KECAMATAN)
        assert second["baris"] == 1 and second["byte"] < first["byte"] and second["cursor"] != first["cursor"]
        _, (state,), _ = run(capsys, "--data", folder, "status")
        assert state["jumlah"] == {"penduduk": {DESA[0]: 300}} and state["kiriman"] == 2
    code, lines, told = run(capsys, "--data", folder, "pull")
    assert code == 5 and lines == [{"hub": KECAMATAN, "terverifikasi": False, "kode_keluar": 5}]
    assert told.count("\n") == 1 and "sambungan internet" in told
    assert token not in told
    hub.close()


def test_one_hub_in_trouble_does_not_hold_up_the_rest(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.village.create("penduduk", **person(1))
    stranger = Signer("sipande/33.03.98/ekspor", SigningKey.generate(seeded("lain")))
    office.lake.add_hub(ADDRESS, format_vkey(stranger.verifier()), office.token)
    with pytest.raises(UserError) as caught:
        cli.pull_all(office.lake, office.lake.list_hubs(), office.wire, office.clock)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = [(line["hub"], line["terverifikasi"]) for line in lines]
    assert found == [("33.03.98", False), (KECAMATAN, True)]
    assert caught.value.exit_code == 4


def test_the_commands_say_what_is_wrong_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, secret = str(tmp_path / "danau"), "spe_" + "rahasia" * 6
    key = export_vkey(make_hub(tmp_path / "hub"))
    cases: list[tuple[int, str, list[str]]] = [
        (2, "Belum ada hub", ["--data", folder, "pull"]),
        (2, "vkey", ["--data", folder, "tambah-hub", "https://hub", "--kunci", secret, "--token", secret]),
        (2, "https://", ["--data", folder, "tambah-hub", "hub", "--kunci", key, "--token", secret]),
        (2, "Token tidak", ["--data", folder, "tambah-hub", "https://hub", "--kunci", key, "--token", "x"]),
        (2, "--kunci wajib diisi", ["--data", folder, "tambah-hub", "https://hub", "--token", secret]),
        (2, "ALAMAT wajib diisi", ["tambah-hub", "--kunci", key, "--token", secret]),
        (2, "tidak dikenal", ["pull", f"--{secret}"]),
        (2, "tidak dikenali", [secret]),
    ]
    for exit_code, sentence, arguments in cases:
        code, lines, told = run(capsys, *arguments)
        assert (code, lines) == (exit_code, []) and sentence in told and secret not in told, arguments
        assert told.count("\n") == 1
    add = ["--data", folder, "tambah-hub", "https://hub", "--kunci", key, "--token", secret]
    assert run(capsys, *add)[0] == 0
    assert "--ganti" in run(capsys, *add)[2]
    assert run(capsys, *add, "--ganti")[0] == 0
    (tmp_path / "danau" / "hubs.json").write_text("{")
    assert run(capsys, "--data", folder, "status")[0] == 6


def test_a_second_command_waits_for_its_turn(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, told = run(capsys, "--data", str(office.lake.path), "pull")
    assert code == 3 and "sedang dipakai" in told


def test_the_token_can_come_from_standard_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("spe_" + "a" * 43 + "\n"))
    key = export_vkey(make_hub(tmp_path / "hub"))
    add = ["--data", str(tmp_path / "danau"), "tambah-hub", "https://hub", "--kunci", key, "--token", "-"]
    assert run(capsys, *add)[0] == 0
    assert Lake(tmp_path / "danau").read_token(KECAMATAN) == "spe_" + "a" * 43


def test_run_cli_turns_every_error_into_a_sentence_and_its_exit_code(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[tuple[BaseException, int]] = [
        (UserError("Isi dulu."), 2), (EnvironmentProblem("Disk penuh."), 3), (ProtocolError("gap"), 4),
        (ProtocolError("entah"), 4), (TransportError("x"), 5), (DamageError("x"), 6), (OSError(28, "x"), 3),
        (PermissionError(13, "x"), 3), (FileNotFoundError(2, "x"), 3), (KeyboardInterrupt(), 130),
        (ValueError("3303991207900042"), 1), (click.BadParameter("3303991207900042"), 2),
    ]
    for error, code in errors:

        @click.command()
        def fail() -> None:
            raise error

        assert run_cli(fail, []) == code
        told = capsys.readouterr().err
        assert told.strip() and "Traceback" not in told and "3303991207900042" not in told
    assert "defect ValueError" in caplog.text and "3303991207900042" not in caplog.text


def test_run_cli_gives_the_code_of_a_command_that_went_well(capsys: pytest.CaptureFixture[str]) -> None:
    @click.group()
    def group() -> None:
        pass

    @group.command()
    def baik() -> None:
        pass

    @group.command()
    @click.pass_context
    def keluar(context: click.Context) -> None:
        context.exit(7)

    assert run_cli(group, ["baik"]) == 0
    assert run_cli(group, ["keluar"]) == 7
    assert run_cli(group, ["--help"]) == 0
    assert run_cli(group, []) == 2
    assert capsys.readouterr().out


def test_nobody_answers_at_a_closed_port(office: Office) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    entry = office.lake.add_hub(address, export_vkey(office.hub), office.token, is_change=True)
    with pytest.raises(TransportError):
        pull_hub(office.lake, entry, HttpTransport(), office.clock)


def test_rows_of_every_exported_kind_arrive(office: Office) -> None:
    catalogue = office.hub.catalogue
    program = office.hub.new_id()
    draft = draft_create(catalogue["program_bantuan"], program, {"nama": "BLT"})
    write_common(office.hub, [draft], author=program)
    office.village.create("penerima_bantuan", program=program, periode="2026", status="aktif")
    office.village.create("desa", kode=DESA[0], nama="Uji")
    office.pull()
    counts = count_current(office.lake, office.entry)
    assert counts == {
        "desa": {DESA[0]: 1}, "penerima_bantuan": {DESA[0]: 1}, "program_bantuan": {KECAMATAN: 1}
    }


def test_what_the_kecamatan_erased_is_gone_from_every_file_of_the_kabupaten_with_the_next_pull(
    office: Office,
) -> None:
    gone = office.village.create("penduduk", **person(1, nama="Sriwulandariyah"))
    stays = office.village.create("penduduk", **person(2))
    office.pull()
    office.village.update("penduduk", stays, telepon="081299909999")
    office.pull()
    assert any(gone.encode() in content for content in office.files().values())
    erase(office.hub, [Target(DESA[0], "penduduk", gone)], "Permintaan warga", ("petugas-a", "petugas-b"))
    report = office.pull()
    assert report.is_full
    assert [row["id"] for row in each_current(office.lake, office.entry) if row["kind"] == "penduduk"] == [stays]
    assert not [name for name, content in office.files().items() if gone.encode() in content]


def test_an_old_delivery_that_a_power_cut_left_goes_with_the_next_pull_that_brings_nothing(office: Office) -> None:
    office.village.create("penduduk", **person(1))
    office.pull()
    left = office.lake.data_file(office.entry.code, 0)
    left.write_bytes(b"{}\n")
    assert office.pull().count == 0 and not left.exists()

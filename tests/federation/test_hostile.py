"""A broken or hostile computer is contained to its own share: the others are served as before."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from benchmarks.hostile import Size, open_scene  # noqa: E402
from benchmarks.stage import Stage  # noqa: E402

from hub.app import make_hub_app  # noqa: E402
from hub.commands import COMMANDS, add_petugas  # noqa: E402
from hub.ingest.unruly import SHOWN_S, WINDOW_S, Floods, list_floods  # noqa: E402
from hub.services import HubServices  # noqa: E402
from node.services import NodeServices  # noqa: E402
from node.sinkron.session import Outcome  # noqa: E402
from shared.changelog.keys import SigningKey  # noqa: E402
from shared.store.changes import list_logs  # noqa: E402
from shared.store.runs import build_run, sign_size  # noqa: E402
from shared.sync import limits, messages  # noqa: E402
from shared.sync.limits import Limit, limit  # noqa: E402
from shared.web.factory import mark_practice  # noqa: E402
from tests.federation.test_histories import check_whole, names  # noqa: E402
from tests.support.federation import Federation, WsgiTransport  # noqa: E402
from tests.hub_app.test_pages_site import CHEAP, PASSWORD, SITI, send  # noqa: E402
from tests.support.office import create, rows, value  # noqa: E402

NONCE = "n" * 22


def ask(transport: WsgiTransport, path: str, body: bytes, nonce: str = NONCE) -> int:
    return transport.post(f"/sync/v1/{path}", body, nonce).status


def greet(transport: WsgiTransport) -> tuple[int, str, bytes]:
    answer = transport.post("/sync/v1/hello", messages.encode({"version": 1, "nonce": NONCE, "logs": []}), NONCE)
    if answer.status != 200:
        return answer.status, "", b""
    said = messages.decode(messages.HelloAnswer, answer.body)
    return 200, said["nonce"], bytes.fromhex(said["segel"])


def whole_log(node: NodeServices, receiver: bytes) -> bytes:
    with node.database.read() as conn:
        log = next(log for log in list_logs(conn) if log.own)
        note = sign_size(conn, log, log.size, node.signer(log))
        return build_run(conn, log, 0, log.size, note=note, note_size=log.size, codec="bz2", receiver=receiver)


def ask_until_refused(transport: WsgiTransport, attack: str, node: NodeServices) -> int:
    """Attack until the hub says 429; give how often it did not."""
    _, nonce, receiver = greet(transport)
    for count in range(limit("requests_burst") * 2):
        status = {
            "hello": lambda: greet(transport)[0],
            "broken": lambda: ask(transport, "push", b"sipande-run/1 {", nonce),
            "push": lambda: ask(transport, "push", whole_log(node, receiver), nonce),
            "pull": lambda: ask(transport, "pull", messages.encode({"logs": pulled, "bytes_max": 1 << 20}), nonce),
        }
        with node.database.read() as conn:
            pulled = [{"id": log.id, "size": 0} for log in list_logs(conn)]
        if status[attack]() == 429:
            return count
    raise AssertionError("never refused")


@pytest.mark.parametrize("attack", ["hello", "broken", "push", "pull"])
def test_a_hostile_computer_is_stopped_and_the_others_are_served(
    federation: Federation, monkeypatch: pytest.MonkeyPatch, attack: str
) -> None:
    # Shares a hundredth of the real ones, so that they are used up in a moment.
    for name, share in (("requests_burst", 60), ("bytes_burst", 300_000)):
        monkeypatch.setitem(limits.LIMITS, name, Limit(share, "", ""))
    a, b = federation.add_node("a"), federation.add_node("b", "33.03.04.2001")
    hostile = federation.add_node("c", "33.03.04.2002")
    for number in range(60):
        create(hostile, nama=f"ORANG {number:03d}")
    federation.sync_all()
    before = len(rows(federation.hub, "SELECT id FROM penduduk"))
    count = ask_until_refused(federation.transport(hostile), attack, hostile)
    assert count < 61
    for node, nama in ((a, "SITI"), (b, "WATI")):
        create(node, nama=nama)
        assert federation.sync(node).outcome is Outcome.SELESAI
    refused = federation.sync(hostile)
    assert (refused.outcome, refused.code) == (Outcome.DITOLAK, "too_many")
    assert len(rows(federation.hub, "SELECT id FROM penduduk")) == before + 2
    federation.clock.now += 3600
    assert federation.sync(hostile).outcome is Outcome.SELESAI and "SITI" in names(federation.hub)
    check_whole(federation, a, b, hostile)


def open_pages(hub: HubServices) -> FlaskClient:
    """Give the browser of an admin of the hub."""
    with hub.database.write() as conn:
        mark_practice(conn)
    app = make_hub_app(hub, CHEAP)
    accounts = app.extensions["sipande"].accounts
    prepared = accounts.prepare(SITI, PASSWORD, "admin")
    with hub.database.write() as conn:
        accounts.add(conn, SITI, prepared, "admin", add_petugas(hub, "Siti", "", "admin"), "uji")
    client = app.test_client()
    form = {"nama_pengguna": SITI, "kata_sandi": PASSWORD}
    assert send(client, "/masuk", form, page="/masuk").status_code == 303
    return client


def test_a_computer_that_floods_is_named_to_the_operator_of_the_hub(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.LIMITS, "requests_burst", Limit(60, "", ""))
    hub = federation.hub
    hostile, honest = federation.add_node("c", "33.03.04.2002"), federation.add_node("a")
    federation.sync_all()
    _, nonce, _ = greet(federation.transport(hostile))
    before = hub.database.generation
    seen = [ask(federation.transport(hostile), "pull", b"{", nonce) for _ in range(900)]
    assert set(seen) == {400, 429} and hub.database.generation - before <= 1, "one write for all of them"
    stranger = federation.transport(hostile).with_key(bytes([7]) * 32, SigningKey(bytes([7]) * 32).public.hex())
    for _ in range(100):
        greet(stranger)
    create(honest, nama="SITI")
    assert federation.sync(honest).outcome is Outcome.SELESAI
    told = COMMANDS["status"](hub, {}, lambda report: None)
    (own,) = [line for line in told["simpul"] if line["simpul"] == name_of(hub, hostile)]
    assert "membanjiri hub" in own["gangguan"] and "cabut kuncinya" in own["gangguan"]
    assert sum("gangguan" in line for line in told["simpul"]) == 1 and "tidak terdaftar" in told["gangguan"]
    client = open_pages(hub)
    assert re.search(r"hub dibanjiri .*\(c\); komputer yang tidak terdaftar", client.get("/").text)
    for page in ("/simpul", "/simpul/desa/33.03.04.2002"):
        assert "embanjiri hub" in client.get(page).text, page
    assert "embanjiri hub" not in client.get("/simpul/desa/33.03.04.2006").text
    assert "tidak terdaftar" in client.get("/simpul").text
    # It is told for some days, and a computer that goes on is counted on.
    with hub.database.read() as conn:
        count = list_floods(conn, hub.clock.now_s())[hostile.keys.signing.public.hex()]
    federation.clock.now += WINDOW_S
    for _ in range(900):
        ask(federation.transport(hostile), "pull", b"{", nonce)
    with hub.database.read() as conn:
        later = list_floods(conn, hub.clock.now_s())[hostile.keys.signing.public.hex()]
        assert list_floods(conn, hub.clock.now_s() + SHOWN_S) == {}
    assert later.since_s == count.since_s and later.broken + later.early >= 900


def test_an_honest_computer_that_waits_as_it_is_told_is_never_a_flood() -> None:
    floods = Floods()
    for turn in range(10_000):
        assert floods.count("a", turn * 3.0, wait_s=3) is None


def name_of(hub: HubServices, node: NodeServices) -> str:
    return str(value(hub, "SELECT id FROM simpul WHERE kunci = ?", node.keys.signing.public.hex()))


def test_strangers_share_one_purse_and_no_computer_of_a_desa_pays(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.LIMITS, "requests_burst", Limit(40, "", ""))
    a = federation.add_node("a")
    federation.sync_all()
    seen = []
    for number in range(60):
        key = SigningKey(bytes([number + 1]) * 32)
        seen.append(greet(federation.transport(a).with_key(key.seed(), key.public.hex()))[0])
    assert set(seen) == {401, 429} and seen[-1] == 429
    create(a, nama="SITI")
    assert federation.sync(a).outcome is Outcome.SELESAI


def test_a_long_push_is_halved_while_others_are_there_and_arrives_whole(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.LIMITS, "turn_changes_max", Limit(80, "", ""))
    a, b = federation.add_node("a"), federation.add_node("b", "33.03.04.2001")
    federation.sync_all()
    for number in range(200):
        create(a, nama=f"ORANG {number:03d}")
    # b has spoken just now.
    federation.sync(b)
    halved = federation.sync(a)
    assert (halved.outcome, halved.sent) == (Outcome.SELESAI, 200) and halved.code == "too_large"
    federation.clock.now += limit("turn_present_s")
    for number in range(200):
        create(b, nama=f"WARGA {number:03d}")
    alone = federation.sync(b)
    assert (alone.outcome, alone.sent, alone.code) == (Outcome.SELESAI, 200, "")
    assert alone.requests < halved.requests
    check_whole(federation, a, b)


def test_honest_computers_do_not_feel_a_flood() -> None:
    """Real requests at fixed prices in virtual time: while others are there, a flood has its small part and no more."""
    parts = []
    for has_turns, seconds in ((True, 20.0), (False, 4.0)):
        stage = Stage(has_turns=has_turns, price=lambda size: 0.004 + size / 1e6)
        with open_scene(stage, Size(honest=2, each=30, hostile=1000, attacks=("flood",))) as scene:
            scene.play(5.0)
            key = scene.hostile["flood"].keys.signing.public.hex()
            before_s = stage.worked_s[key]
            samples = scene.play(seconds, "flood")
            parts.append((stage.worked_s[key] - before_s) / seconds)
            assert scene.answers[200] > 3 and samples and max(samples) < 1
    assert parts[0] < 2 / limit("turn_share") + limit("turn_free_ms") / 20_000 < 0.1 < parts[1], parts

"""The table of rights, the words for devices, and the second factor where the checks of security do not look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Blueprint, Flask

from hub.app import make_hub_app
from hub.commands import make_hub
from hub.policy import POLICY as HUB
from node.commands import COMMANDS
from node.policy import POLICY as NODE
from shared.errors import UserError
from shared.web.devices import describe_device
from shared.web.guards import PolicyError, policy_of, register
from shared.web.policy import Policy, Rule, read_rights
from shared.web.services import Web
from shared.web.sessions import PROOF_S
from shared.web.totp import STEP_S, write_code
from tests.support.federation import TestClock, seeded
from tests.support.security import PASSWORD, Side, make_node_side

TABLE = """
            admin  kadus
lihat         x      x
ubah          x      .
"""


@pytest.fixture
def side(tmp_path: Path) -> Iterator[Side]:
    made = make_node_side(tmp_path)
    yield made
    made.database.close()


def make_blueprint() -> Blueprint:
    blueprint = Blueprint("rak_uji", __name__)
    blueprint.add_url_rule("/buku", "index", lambda: "", methods=["GET"])
    blueprint.add_url_rule("/buku", "tulis", lambda: "", methods=["POST"])
    blueprint.add_url_rule("/buku/cari", "cari", lambda: "", methods=["POST"])
    return blueprint


def test_a_table_gives_each_role_its_rights() -> None:
    policy = Policy(read_rights(TABLE))
    assert policy.allows("kadus", "lihat") and not policy.allows("kadus", "ubah") and not policy.allows("lain", "lihat")
    with pytest.raises(PolicyError, match="hapus"):
        policy.allows("admin", "hapus")


@pytest.mark.parametrize("line", ["hapus x", "hapus x x x", "hapus x ya", "lihat x x"])
def test_a_table_that_does_not_fit_is_a_defect(line: str) -> None:
    with pytest.raises(PolicyError):
        read_rights(TABLE + line)


def test_reading_writing_and_exceptions_get_their_guards() -> None:
    policy = Policy(read_rights(TABLE), {"rak_uji": Rule("lihat", "ubah", {"lihat": "cari"}, proof="tulis")})
    app = Flask("uji")
    (line,) = policy.register(make_blueprint())
    register(app, line.blueprint, line.guard)
    guards = {name: policy_of(app, f"rak_uji.{name}") for name in ("index", "tulis", "cari")}
    admitted = {name: guard.admits("kadus") if guard else None for name, guard in guards.items()}
    assert admitted == {"index": True, "tulis": False, "cari": True}
    assert {name for name, guard in guards.items() if guard and guard.proof} == {"tulis"}


@pytest.mark.parametrize("rule", [
    Rule("lihat", "ubah", {"lihat": "tidak_ada"}), Rule("lihat", "ubah", proof="tidak_ada"), Rule("salah", "ubah"),
])
def test_a_rule_that_names_nothing_keeps_the_app_from_starting(rule: Rule) -> None:
    (line,) = Policy(read_rights(TABLE), {"rak_uji": rule}).register(make_blueprint())
    with pytest.raises(PolicyError):
        register(Flask("uji"), line.blueprint, line.guard)


def test_a_blueprint_without_a_rule_keeps_the_app_from_starting() -> None:
    for policy in (NODE, HUB, Policy(read_rights(TABLE))):
        with pytest.raises(PolicyError, match="rak_uji"):
            policy.register(make_blueprint())


@pytest.mark.parametrize(("agent", "words"), [
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36",
     "Chrome di komputer Windows"),
    ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0",
     "Edge di komputer Windows"),
    ("Mozilla/5.0 (Linux; Android 13; SM-A045F) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36",
     "Chrome di HP Android"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox di komputer Linux"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari di iPhone"),
    ("curl/8", "Program lain"), ("", "Program lain"), ("Windows", "Komputer Windows"),
])
def test_a_device_is_named_in_words(agent: str, words: str) -> None:
    assert describe_device(agent) == words


def set_up_code(side: Side, name: str) -> str:
    codes, no = side.shell.accounts.codes, side.numbers[name]
    with side.database.write() as conn:
        codes.begin(conn, no)
        secret = codes.read_pending(conn, no)
        assert secret is not None and codes.confirm(conn, no, write_code(secret, side.clock.now_s() // STEP_S))
    side.clock.now += STEP_S
    return secret


def test_with_a_second_factor_the_proof_is_its_code_and_not_the_password(side: Side) -> None:
    secret = set_up_code(side, "operator")
    client = side.client()
    client.log_in("operator")
    client.get("/masuk/kode")
    assert client.post("/masuk/kode", kode=write_code(secret, side.clock.now_s() // STEP_S)).status_code == 303
    side.clock.now += PROOF_S + 1
    client.get("/penduduk/")
    asked = client.post("/penduduk/ekspor", format="csv")
    assert asked.status_code == 401 and "bukti_kode" in asked.text and "bukti_sandi" not in asked.text
    assert client.post("/penduduk/ekspor", format="csv", bukti_sandi=PASSWORD).status_code == 401
    code = write_code(secret, side.clock.now_s() // STEP_S)
    assert client.post("/penduduk/ekspor", format="csv", bukti_kode=code).status_code == 303


def test_a_right_password_alone_waits_five_minutes_and_opens_nothing(side: Side) -> None:
    secret = set_up_code(side, "operator")
    client = side.client()
    assert client.log_in("operator").headers["Location"] == "/masuk/kode"
    assert client.get("/penduduk/").status_code == 303 and client.get("/akun-saya").status_code == 303
    client.get("/masuk/kode")
    side.clock.now += 301
    late = client.post("/masuk/kode", kode=write_code(secret, side.clock.now_s() // STEP_S))
    assert late.headers["Location"] == "/masuk" and client.get("/akun-saya").status_code == 303


def test_the_command_at_the_machine_helps_who_has_lost_phone_and_paper(side: Side) -> None:
    assert side.desa is not None
    set_up_code(side, "admin")
    assert COMMANDS["lepas-kode"](side.desa.node, {"pengguna": "Admin "}, lambda report: None)["kode_hp"] == "dilepas"
    assert side.client().log_in("admin").headers["Location"] == "/"
    with pytest.raises(UserError):
        COMMANDS["lepas-kode"](side.desa.node, {"pengguna": "tidak.ada"}, lambda report: None)


@pytest.mark.parametrize("is_practice", [False, True])
def test_only_a_hub_for_trying_out_asks_for_no_second_factor_and_says_so(tmp_path: Path, is_practice: bool) -> None:
    hub, _ = make_hub(tmp_path / "hub", "33.03.04", TestClock(), seeded("percobaan"), is_practice=is_practice)
    app = make_hub_app(hub)
    shell: Web = app.extensions["sipande"]
    page = app.test_client().get("/publik").text
    assert shell.is_practice is is_practice and ("PERCOBAAN" in page) is is_practice
    assert {role.name for role in shell.roles.values() if role.needs_code} == {"admin", "wali_data", "camat", "sekcam"}
    hub.close()

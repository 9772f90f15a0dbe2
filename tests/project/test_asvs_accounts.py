"""The checks 1–10 and 36 of the security list: passwords, guessing, second factor, codes (OWASP ASVS 5.0, 6)."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from hub.commands import make_hub
from hub.roles import ROLES as HUB_ROLES
from node.commands import make_node
from node.roles import ROLES as NODE_ROLES
from shared.store.side import Side as Services
from shared.sync import enrolment
from shared.web import onetime, pengguna, throttle
from shared.web.accounts import LoginRefused, Role
from shared.web.factory import make_accounts, make_app
from shared.web.onetime import make_code
from shared.web.passwords import Cost, Hasher, _common_words, find_password_problem
from shared.web.sessions import PROOF_S
from shared.web.totp import STEP_S, write_code
from tests.node_app.test_pages_kit import CHEAP
from tests.support.federation import TestClock, seeded
from tests.support.security import PASSWORD, Side


def take_phone(side: Side, name: str) -> tuple[str, list[str]]:
    """Set a second factor up through the pages; give the secret and the codes for paper."""
    client = side.client(name)
    client.get("/akun-saya/kode")
    client.post("/akun-saya/kode/mulai")
    page = client.get("/akun-saya/kode").text
    found = re.search(r'class="kata">([A-Z2-7 ]+)<', page)
    assert found and "<svg" in page
    secret = found[1].replace(" ", "")
    answer = client.post("/akun-saya/kode", kode=write_code(secret, side.clock.now_s() // STEP_S))
    assert answer.status_code == 303
    shown = client.get(answer.headers["Location"]).text
    papers = re.findall(r"<li>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){6})</li>", shown)
    assert len(papers) == 10 and papers[0] not in client.get(answer.headers["Location"]).text, "shown once"
    side.clock.now += STEP_S
    return secret, papers


def test_asvs_01_passwords_are_long_and_follow_no_recipe(side: Side) -> None:
    accounts = side.shell.accounts
    for role in side.shell.roles.values():
        least = 15 if side.name == "hub" and role.name == "admin" else 12
        long = "gunting kelapa sembilan pagar biru"
        assert accounts.find_password_problem(long[:least - 1].ljust(least - 1, "z"), "orang", role.name)
        assert accounts.find_password_problem(long[:least], "orang", role.name) is None
        for whole in ("gunting kelapa pagar " * 4, "aaaabbbbccccddddeeee zebra kuping", "ХОРОШИЙ ПАРОЛЬ ДЛЯ СЕЛА"):
            assert accounts.find_password_problem(whole[:100], "orang", role.name) is None


def test_asvs_02_common_passwords_are_refused() -> None:
    words = sorted(word for word in _common_words() if 4 <= len(word) <= 11)
    assert len(_common_words()) >= 3000
    through = [word for word in words if find_password_problem(f"{word}1234567890"[:16]) is None]
    assert not through
    for password in ("admin123admin123", "desa2024desa2024", "rahasia123456", "bismillah123", "b1sm1llah2024"):
        assert find_password_problem(password), password


def test_asvs_03_words_of_the_place_are_refused(side: Side) -> None:
    wali = "kades" if side.name == "node" else "camat"
    side.add_petugas("Darsono Wirya", wali)
    place = ("selakambang", "3303042006") if side.name == "node" else ("3303.04", "330304")
    for word in (*place, "kaligondang", "siti.aminah", "darsono", "wirya"):
        password = f"{word} gunting kelapa sembilan"
        assert side.shell.accounts.find_password_problem(password, "siti.aminah", "admin"), word


def test_asvs_04_a_fresh_installation_has_no_account_and_wants_a_code_from_its_screen(tmp_path: Path) -> None:
    made: list[tuple[Services, tuple[Role, ...]]] = [
        (make_node(tmp_path / "desa", "33.03.04.2006", "PC", TestClock(), seeded("a")), NODE_ROLES),
        (make_hub(tmp_path / "hub", "33.03.04", TestClock(), seeded("b"))[0], HUB_ROLES),
    ]
    for services, roles in made:
        with services.database.read() as conn:
            assert conn.execute("SELECT count(*) FROM account").fetchone()[0] == 0
        accounts = make_accounts(services.folder, services.database, services.clock, services.random, roles)
        code = accounts.issue_first_code()
        assert code is not None and len(code.replace("-", "")) == 28
        for name, password in (("admin", "admin"), ("admin", ""), ("root", "root")):
            with pytest.raises(LoginRefused):
                accounts.check_login(name, password, "10.0.0.1")
        services.close()


def test_asvs_05_guessing_is_slow_survives_a_restart_and_locks_nobody_out(side: Side) -> None:
    hasher, client = side.shell.accounts.hasher, side.client()
    client.get("/masuk")
    before = hasher.computations
    guesses = [f"tebakan {number}" for number in range(1000)]
    answers = [client.post("/masuk", nama_pengguna="operator", kata_sandi=guess).status_code for guess in guesses]
    assert hasher.computations - before <= 5 and answers[5:] == [429] * 995
    for n in range(40):
        client.post("/masuk", nama_pengguna=f"siapa{n}", kata_sandi="tebakan")
    assert hasher.computations - before <= 20
    # The counters stand in the database, under names that only the key of the folder finds again: whoever starts the
    # program anew has won nothing, with the right password neither.
    again = make_accounts(
        side.shell.folder, side.database, side.clock, seeded("mulai lagi"), list(side.shell.roles.values()), cost=CHEAP
    )
    assert again._throttle is not side.shell.accounts._throttle
    for password in ("tebakan", PASSWORD):
        with pytest.raises(LoginRefused) as refused:
            again.check_login("operator", password, "10.9.9.9")
        assert refused.value.wait_s > 0, password
    assert throttle.DELAY_S_MAX <= 900
    side.clock.now += 2 * throttle.DELAY_S_MAX
    assert client.log_in("operator" if side.name == "node" else "pengamat").status_code == 303
    side.clock.now += 86_401


def test_asvs_06_unknown_user_and_wrong_password_look_and_cost_the_same(side: Side) -> None:
    hasher, seen = side.shell.accounts.hasher, []
    for name in ("tidak.ada", "admin"):
        client = side.client()
        client.get("/masuk")
        before = hasher.computations
        answer = client.post("/masuk", nama_pengguna=name, kata_sandi="salah sekali ini")
        text = re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text).replace(f'value="{name}"', "")
        seen.append((answer.status_code, text, hasher.computations - before))
    assert seen[0] == seen[1] and seen[0][0] == 401 and seen[0][2] == 1


def test_asvs_07_the_hub_wants_a_second_factor_and_a_desa_offers_one(side: Side) -> None:
    if side.name == "node":
        assert not any(role.needs_code for role in side.shell.roles.values())
        _check_exports_of_a_desa(side)
        return
    side.shell.is_practice = False
    try:
        for role in side.shell.roles.values():
            client = side.client(role.name)
            answer = client.get("/sipande")
            if not role.needs_code:
                assert (role.name, answer.status_code) == ("pengamat", 200)
                continue
            assert answer.headers["Location"] == "/akun-saya/kode", role.name
            assert "wajib" in client.get("/akun-saya").text
            client.get("/akun-saya/kode")
            assert client.post("/verval/saring", nama="x").status_code == 403
        take_phone(side, "admin")
        assert side.client().log_in("admin").headers["Location"] == "/masuk/kode"
    finally:
        side.shell.is_practice = True
        with side.database.write() as conn:
            side.shell.accounts.forget_code(conn, side.numbers["admin"], "uji")


def _check_exports_of_a_desa(side: Side) -> None:
    """Nothing that names people leaves without a proof, and with a phone no password is one."""
    for name in ("tanpa.hp", "dengan.hp"):
        side.add(name, "admin")
    secret, papers = take_phone(side, "dengan.hp")
    plain, phone = side.client("tanpa.hp"), side.client("dengan.hp")
    phone.get("/masuk/kode")
    assert phone.post("/masuk/kode", kode=papers[0]).status_code == 303
    makers = [path for endpoint, path, guard in side.rules("POST")
              if guard.proof and endpoint.partition(".")[2] in ("export", "make_book")]
    assert len(makers) > 5
    whole = {"format": "csv", "lengkap": "1", "keperluan": "layanan"}
    side.clock.now += PROOF_S + 1
    for client, field, other in ((plain, "bukti_sandi", "bukti_kode"), (phone, "bukti_kode", "bukti_sandi")):
        client.get("/penduduk/")
        for path in makers:
            asked = client.post(path, whole)
            assert asked.status_code == 401 and field in asked.text and other not in asked.text, path
    for list_ in ("penduduk", "keluarga"):
        assert phone.post(f"/{list_}/ekspor", whole, bukti_sandi=PASSWORD).status_code == 401
    assert phone.post("/penduduk/ekspor", whole, bukti_sandi=PASSWORD, bukti_kode="000000").status_code == 401
    for client, proof in (
        (plain, {"bukti_sandi": PASSWORD}), (phone, {"bukti_kode": write_code(secret, side.clock.now_s() // STEP_S)}),
    ):
        made = client.post("/penduduk/ekspor", whole, **proof)
        assert made.status_code == 303 and re.search(r"[0-9]{16}", client.get(made.headers["Location"]).text)


def test_asvs_08_a_code_counts_once_and_for_thirty_seconds_and_paper_helps_a_wrong_clock(side: Side) -> None:
    name = "pemakai.kode"
    side.add(name, "pengamat" if side.name == "hub" else "operator")
    secret, papers = take_phone(side, name)
    assert STEP_S == 30

    def enter(code: str) -> int:
        client = side.client()
        assert client.log_in(name).headers["Location"] == "/masuk/kode"
        client.get("/masuk/kode")
        status = client.post("/masuk/kode", kode=code).status_code
        assert (client.get("/akun-saya").status_code == 200) is (status == 303)
        side.clock.now += 86_401  # what was counted against guessing is forgotten
        return status

    now = side.clock.now_s() // STEP_S
    assert enter(write_code(secret, now)) == 303
    for drift in (-2, -1, 1, 2):
        now = side.clock.now_s() // STEP_S
        assert enter(write_code(secret, now + drift)) == 401, drift
    client = side.client()
    client.log_in(name)
    client.get("/masuk/kode")
    code = write_code(secret, side.clock.now_s() // STEP_S)
    assert client.post("/masuk/kode", kode=code).status_code == 303
    assert enter(code) == 401, "the same code again"
    assert enter(papers[3].lower()) == 303 and enter(papers[3]) == 401 and enter(papers[4]) == 303
    with side.database.read() as conn:
        stored = conn.execute("SELECT secret FROM second_factor").fetchone()[0]
    assert secret.encode() not in stored, "a stolen database holds no second factor"


def test_asvs_09_first_passwords_and_codes_have_128_bits_expire_and_count_once(side: Side) -> None:
    code = make_code(seeded("kode"))
    assert 5 * len(code.replace("-", "")) >= 128 and onetime.VALID_S <= 86_400
    assert enrolment.SECRET_BYTES * 8 >= 128
    no = side.add("pelupa", side.roles[-1])
    accounts = side.shell.accounts
    with side.database.write() as conn:
        code = accounts.issue_reset_code(conn, no, "uji")
    client = side.client()
    form = {"nama_pengguna": "pelupa", "kode": code, "kata_sandi": PASSWORD, "kata_sandi_ulang": PASSWORD}
    client.get("/sandi-baru")
    assert client.post("/sandi-baru", form).status_code == 303 and client.post("/sandi-baru", form).status_code == 400
    with side.database.write() as conn:
        late = accounts.issue_reset_code(conn, no, "uji")
    side.clock.now += onetime.VALID_S + 1
    assert client.post("/sandi-baru", {**form, "kode": late}).status_code == 400


def test_asvs_10_an_admin_hands_out_a_code_and_never_sets_a_password(side: Side) -> None:
    admin = side.client("admin")
    base = "/pengguna/" if side.name == "node" else "/akun/"
    admin.get(base)
    before = read_password(side, "admin")
    name = "baru.orang"
    admin.post(base, nama="Orang Baru", nama_pengguna=name, peran=side.roles[1], kata_sandi="pilihan admin sendiri")
    client = side.client()
    client.get("/masuk")
    refused = client.post("/masuk", nama_pengguna=name, kata_sandi="pilihan admin sendiri")
    assert refused.status_code == 401 and read_password(side, "admin") == before
    assert "kata_sandi" not in inspect.getsource(pengguna)


def read_password(side: Side, name: str) -> str:
    with side.database.read() as conn:
        return str(conn.execute("SELECT password FROM account WHERE name = ?", (name,)).fetchone()[0])


def test_asvs_36_passwords_are_hashed_with_argon2id_two_at_a_time() -> None:
    hasher = Hasher(seeded("hash"))
    stored = hasher.hash(PASSWORD)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$") and hasher.verify(stored, PASSWORD)
    assert Hasher(seeded("hash"), Cost(32768, 2)).is_outdated(stored) and not hasher.is_outdated(stored)
    assert hasher._turns._value == 2
    assert inspect.signature(make_app).parameters["cost"].default == Cost()

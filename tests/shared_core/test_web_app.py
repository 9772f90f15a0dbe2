"""The web shell through its test client: policies, headers, CSRF, login, sessions, first run."""

from __future__ import annotations

import json
import logging
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, request
from flask.testing import FlaskClient

from shared.errors import EnvironmentProblem, UserError
from shared.store.connection import Database
from shared.store.folder import DataFolder
from shared.store.migrations import apply_migrations
from shared.web import queries
from shared.web.accounts import Role
from shared.web.audit import verify_audit
from shared.web.factory import make_app
from shared.web.guards import (
    LOKAL, MASUK, TANDA_TANGAN, UMUM, Guard, PolicyError, Registration, check_policies, peran, policy_of,
    register, safe_target,
)
from shared.web.headers import SECURITY_HEADERS
from shared.web.passwords import Cost
from shared.web.services import NavItem, Web, require_user

ROLES = (Role("admin", "Admin"), Role("operator", "Operator"))
CHEAP = Cost(memory_kib=32, rounds=1)
PASSWORD = "kuda lumping di sawah"
HTTP = "http://localhost"
HTTPS = "https://localhost"
SITI, BUDI = "siti.aminah", "budi"


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000

    def now_s(self) -> int:
        return self.seconds

    def monotonic_s(self) -> float:
        return float(self.seconds)


class Site:
    """One installation of a small app; ``reopen`` is a restart of the program."""

    def __init__(self, path: Path) -> None:
        self.clock = FakeClock()
        self.random = Random(7).randbytes
        self.folder = DataFolder(path)
        self.folder.make()
        self.signature: Response | None = None
        self.calls: list[str] = []
        self.app: Flask
        self.open()

    def open(self) -> None:
        self.database = Database(self.folder.database)
        apply_migrations(self.database)
        self.app = self.make()

    def make(self, *more: Registration) -> Flask:
        return make_app(
            __name__, title="Uji Desa", database=self.database, folder=self.folder, clock=self.clock,
            random=self.random, roles=ROLES, cost=CHEAP, enrol_first=self.enrol,
            context_words=lambda conn: ["Selakambang", "Kaligondang"], check_signature=lambda: self.signature,
            commands={"gema": lambda services, args, progress: dict(args)},
            navigation=[NavItem("Penduduk", "kerja.daftar"), NavItem("Pengguna", "kerja.pengguna")],
            registry=[
                Registration(
                    self.blueprint(), MASUK,
                    {"depan": UMUM, "gambar": UMUM, "pengguna": peran("admin"), "tulis_umum": UMUM,
                     "terima": TANDA_TANGAN},
                ),
                *more,
            ],
        )

    def enrol(self, conn: Any, person: Any) -> str:
        self.calls.append(person.nama)
        return "petugas-1"

    def blueprint(self) -> Blueprint:
        kerja = Blueprint("kerja", __name__)

        @kerja.get("/")
        def depan() -> str:
            return "halaman depan"

        @kerja.get("/gambar")
        def gambar() -> Response:
            response = Response(b"x", mimetype="image/png")
            response.cache_control.public = True
            return response

        @kerja.get("/penduduk")
        def daftar() -> str:
            return require_user().name

        @kerja.get("/pengguna")
        def pengguna() -> str:
            return "daftar pengguna"

        @kerja.post("/penduduk")
        def simpan() -> str:
            self.calls.append(request.form.get("nama", ""))
            return "tersimpan"

        @kerja.post("/umum")
        def tulis_umum() -> str:
            self.calls.append("umum")
            return "ditulis"

        @kerja.post("/sync/v1/push")
        def terima() -> str:
            return "diterima"

        @kerja.get("/rusak/<jenis>")
        def rusak(jenis: str) -> str:
            if jenis == "orang":
                raise UserError("Bulan ini sudah ditutup.")
            if jenis == "disk":
                raise EnvironmentProblem("Disk penuh.")
            raise ValueError("NIK 3303990101800001 tidak terduga")

        return kerja

    def reopen(self) -> None:
        self.database.close()
        self.open()

    def add(self, name: str, role: str) -> int:
        accounts = self.shell.accounts
        prepared = accounts.prepare(name, PASSWORD, role)
        with self.database.write() as conn:
            return accounts.add(conn, name, prepared, role, f"petugas-{name}", "uji")

    @property
    def shell(self) -> Web:
        shell: Web = self.app.extensions["sipande"]
        return shell

    def client(self, **options: Any) -> FlaskClient:
        client = self.app.test_client()
        client.environ_base.update(options)
        return client


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "data")
    site.add(SITI, "admin")
    site.add(BUDI, "operator")
    yield site
    site.database.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "data")
    yield site
    site.database.close()


def token_of(client: FlaskClient, path: str = "/masuk", **options: Any) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path, **options).text)
    assert found, path
    return found[1]


def log_in(
    client: FlaskClient, name: str = BUDI, password: str = PASSWORD, base_url: str = HTTP, **more: str
) -> Any:
    token = token_of(client, base_url=base_url)
    form = {"csrf_token": token, "nama_pengguna": name, "kata_sandi": password, **more}
    return client.post("/masuk", data=form, base_url=base_url)


def session_cookie(client: FlaskClient, site: Site) -> str | None:
    cookie = client.get_cookie(site.shell.sessions.cookie_name(False))
    return None if cookie is None else cookie.value


# Policies


def test_a_route_without_policy_keeps_the_app_from_starting(site: Site) -> None:
    stray = Blueprint("liar", __name__)
    stray.add_url_rule("/liar", "liar", lambda: "liar")
    assert policy_of(site.app, "liar.liar") is None
    app = site.make(Registration(stray, MASUK))
    assert policy_of(app, "liar.liar") == MASUK
    app.add_url_rule("/lain", "lain", lambda: "lain")
    with pytest.raises(PolicyError, match="/lain"):
        check_policies(app, ["admin", "operator"])


def test_a_route_that_slips_in_later_answers_403(site: Site) -> None:
    site.app.add_url_rule("/lain", "lain", lambda: "lain")
    client = site.client()
    log_in(client, SITI)
    assert client.get("/lain").status_code == 403


@pytest.mark.parametrize("guard", [peran("camat"), peran("admin", "oprator")])
def test_a_guard_that_names_an_unknown_role_keeps_the_app_from_starting(site: Site, guard: Guard) -> None:
    blueprint = Blueprint("lain", __name__)
    blueprint.add_url_rule("/lain", "lain", lambda: "lain")
    with pytest.raises(PolicyError, match="unknown roles"):
        site.make(Registration(blueprint, guard))


def test_an_override_that_names_no_endpoint_keeps_the_app_from_starting(site: Site) -> None:
    blueprint = Blueprint("lain", __name__)
    with pytest.raises(PolicyError, match="no endpoint"):
        register(Flask("x"), blueprint, MASUK, {"salah": UMUM})


@pytest.mark.parametrize(
    ("path", "who", "status"),
    [
        ("/", None, 200), ("/penduduk", None, 303), ("/pengguna", None, 303),
        ("/penduduk", BUDI, 200), ("/pengguna", BUDI, 403), ("/pengguna", SITI, 200),
    ],
)
def test_each_route_lets_only_those_pass_whom_its_guard_names(
    site: Site, path: str, who: str | None, status: int
) -> None:
    client = site.client()
    if who:
        assert log_in(client, who).status_code == 303
    assert client.get(path).status_code == status


def test_a_page_for_others_sends_to_the_login_and_back_without_the_query(site: Site) -> None:
    client = site.client()
    answer = client.get("/penduduk?cari=Siti")
    assert answer.headers["Location"] == "/masuk?lanjut=/penduduk"
    assert log_in(client, lanjut="/penduduk").headers["Location"] == "/penduduk"


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil", "/a\nb", "", None, "x", "/" * 2]
)
def test_a_target_outside_of_the_site_is_not_followed(target: str | None) -> None:
    assert safe_target(target) is None


def test_a_script_without_session_gets_401_and_no_login_page(site: Site) -> None:
    answer = site.client().get("/penduduk", headers={"Sec-Fetch-Mode": "cors"})
    assert (answer.status_code, "kata_sandi" in answer.text) == (401, False)


def test_the_menu_shows_only_what_the_user_may_open(site: Site) -> None:
    client = site.client()
    log_in(client, BUDI)
    page = client.get("/tidak-ada").text
    assert "/penduduk" in page and "/pengguna" not in page


def test_a_signed_route_asks_the_signature_check_and_no_csrf_token(site: Site) -> None:
    assert site.client().post("/sync/v1/push", data=b"x").text == "diterima"
    site.signature = Response("tolak", 401)
    assert site.client().post("/sync/v1/push", data=b"x").status_code == 401


# Headers


HEADER_CASES = [
    ("GET", "/", 200), ("GET", "/masuk", 200), ("GET", "/tidak-ada", 404), ("GET", "/penduduk", 303),
    ("POST", "/", 405), ("POST", "/umum", 400), ("GET", "/aset/sipande.css", 200),
    ("GET", "/aset/x.css", 404), ("GET", "/aset/../galat.html", 404), ("POST", "/_lokal/v1/gema", 403),
    ("TRACE", "/", 405), ("OPTIONS", "/penduduk", 303), ("HEAD", "/", 200),
]


@pytest.mark.parametrize(("method", "path", "status"), HEADER_CASES)
def test_every_answer_carries_the_security_headers(site: Site, method: str, path: str, status: int) -> None:
    answer = site.client().open(path, method=method, buffered=True)
    assert answer.status_code == status
    for name, value in SECURITY_HEADERS:
        assert answer.headers[name] == value
    assert answer.headers.get("Strict-Transport-Security") is None
    is_kept = path == "/aset/sipande.css"
    assert (answer.headers["Cache-Control"] == "no-store") is not is_kept


def test_a_signed_answer_carries_few_headers_because_every_byte_counts_there(site: Site) -> None:
    answer = site.client().post("/sync/v1/push", data=b"x")
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Cache-Control"] == "no-store"
    assert "Content-Security-Policy" not in answer.headers


@pytest.mark.parametrize(("kind", "status"), [("cacat", 500), ("orang", 400), ("disk", 503)])
def test_a_failure_gives_a_plain_page_with_all_headers_and_no_trace(
    site: Site, kind: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    client = site.client()
    log_in(client)
    with caplog.at_level(logging.INFO):
        answer = client.get(f"/rusak/{kind}?cari=Siti")
    assert answer.status_code == status
    assert all(answer.headers[name] == value for name, value in SECURITY_HEADERS)
    assert not re.search(r"Traceback|ValueError|3303990101800001|Error", answer.text)
    assert "3303990101800001" not in caplog.text and "Siti" not in caplog.text
    assert "/rusak/<jenis>" in caplog.text


def test_the_error_page_holds_when_the_database_does_not(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    client = site.client()
    log_in(client)

    def broken(token: str | None, may_write: bool = False) -> None:
        raise OSError("disk gone")

    monkeypatch.setattr(site.shell.sessions, "find", broken)
    answer = client.get("/penduduk")
    assert answer.status_code == 500 and "Ada gangguan" in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_https_gets_strict_transport_and_host_cookies(site: Site) -> None:
    answer = log_in(site.client(), base_url=HTTPS)
    assert answer.headers["Strict-Transport-Security"]
    name = site.shell.sessions.cookie_name(True)
    line = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith(name))
    assert name.startswith("__Host-")
    assert all(part in line for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"))
    assert "Domain" not in line


def test_plain_http_has_a_cookie_of_another_name_and_warns_beyond_this_machine(site: Site) -> None:
    client = site.client()
    line = next(line for line in log_in(client).headers.getlist("Set-Cookie") if "isian" not in line)
    assert not line.startswith("__Host-") and "HttpOnly" in line and "SameSite=Strict" in line
    assert "tidak disandikan" not in site.client().get("/masuk").text
    assert "tidak disandikan" in site.client(REMOTE_ADDR="192.168.1.9").get("/masuk").text


def test_a_public_picture_may_be_kept_and_a_static_file_has_its_version(site: Site) -> None:
    client = site.client()
    assert client.get("/gambar").headers["Cache-Control"] == "public"
    found = re.search(r'href="(/aset/sipande.css\?v=[0-9a-f]+)"', client.get("/masuk").text)
    assert found and "max-age=31536000" in client.get(found[1], buffered=True).headers["Cache-Control"]


def test_too_large_a_request_is_refused_with_413(site: Site) -> None:
    site.app.config["MAX_CONTENT_LENGTH"] = 1000
    answer = site.client().post("/umum", data={"csrf_token": "x" * 2000})
    assert answer.status_code == 413 and "terlalu besar" in answer.text


def test_no_page_holds_inline_script_or_style(site: Site) -> None:
    for path in ("/masuk", "/tidak-ada"):
        page = site.client().get(path).text
        assert not re.search(r"<script(?! src)|<style|style=|\son[a-z]+=", page)


# CSRF


def test_a_post_without_or_with_a_foreign_token_changes_nothing(site: Site) -> None:
    client, other = site.client(), site.client()
    log_in(client)
    for token in ("", "salah", token_of(other)):
        answer = client.post("/penduduk", data={"csrf_token": token, "nama": "x"})
        assert answer.status_code == 400 and "belum disimpan" in answer.text
    assert site.calls == []


def test_a_post_from_another_site_is_refused_even_with_a_token(site: Site) -> None:
    client = site.client()
    form = {"csrf_token": token_of(client)}
    assert client.post("/umum", data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 400
    assert client.post("/umum", data=form, headers={"Sec-Fetch-Site": "same-origin"}).text == "ditulis"


def test_a_form_works_over_https_without_a_referrer(site: Site) -> None:
    client = site.client()
    form = {"csrf_token": token_of(client, base_url=HTTPS)}
    assert client.post("/umum", data=form, base_url=HTTPS).status_code == 200


# Sessions


def test_login_gives_a_new_session_id_and_kills_the_old_one(site: Site) -> None:
    client = site.client()
    log_in(client)
    first = session_cookie(client, site)
    client.delete_cookie(site.shell.sessions.cookie_name(False))
    form = {"csrf_token": token_of(client), "nama_pengguna": BUDI, "kata_sandi": PASSWORD}
    client.set_cookie(site.shell.sessions.cookie_name(False), first or "")
    client.post("/masuk", data=form)
    second = session_cookie(client, site)
    assert first and second and first != second and len(bytes.fromhex(second)) == 32
    assert site.shell.sessions.find(first) is None and site.shell.sessions.find(second) is not None


def test_the_session_id_is_stored_only_as_a_hash(site: Site) -> None:
    client = site.client()
    log_in(client)
    token = session_cookie(client, site) or ""
    dump = b"".join(path.read_bytes() for path in site.folder.path.iterdir() if path.is_file())
    assert token.encode() not in dump and bytes.fromhex(token) not in dump


def end_by_logout(site: Site, client: FlaskClient) -> None:
    client.post("/keluar", data={"csrf_token": token_of(client, "/tidak-ada")})


def end_by_stopping(site: Site, client: FlaskClient) -> None:
    with site.database.write() as conn:
        account = queries.find_account(conn, BUDI)
        assert account
        site.shell.accounts.set_active(conn, account.no, False, SITI)


def end_by_admin(site: Site, client: FlaskClient) -> None:
    with site.database.write() as conn:
        (row,) = site.shell.sessions.list_open(conn)
        site.shell.sessions.end_one(conn, row.no)


def end_by_new_password(site: Site, client: FlaskClient) -> None:
    with site.database.read() as conn:
        account = queries.find_account(conn, BUDI)
    assert account
    site.shell.accounts.change_password(account.no, "sawah kuda lumping itu", SITI)


def end_by_idling(site: Site, client: FlaskClient) -> None:
    site.clock.seconds += 30 * 60 + 1


def end_by_a_clock_set_back(site: Site, client: FlaskClient) -> None:
    site.clock.seconds -= 3600


@pytest.mark.parametrize(
    "end",
    [
        end_by_logout, end_by_stopping, end_by_admin, end_by_new_password, end_by_idling,
        end_by_a_clock_set_back,
    ],
)
def test_after_its_end_a_copied_cookie_is_worth_nothing(
    site: Site, end: Callable[[Site, FlaskClient], None]
) -> None:
    client, thief = site.client(), site.client()
    log_in(client)
    thief.set_cookie(site.shell.sessions.cookie_name(False), session_cookie(client, site) or "")
    assert thief.get("/penduduk").status_code == 200
    end(site, client)
    assert thief.get("/penduduk").status_code == 303


def test_a_used_session_lives_on_but_not_beyond_twelve_hours(site: Site) -> None:
    client = site.client()
    log_in(client)
    for _ in range(35):
        site.clock.seconds += 20 * 60
        assert client.get("/penduduk").status_code == 200
    site.clock.seconds += 20 * 60 + 1
    assert client.get("/penduduk").status_code == 303


def test_a_get_writes_nothing(site: Site) -> None:
    client = site.client()
    log_in(client)
    before = site.database.generation
    for path in ("/", "/penduduk", "/masuk", "/tidak-ada", "/akun-saya", "/akun-saya/kode", "/masuk/kode", "/mulai"):
        site.clock.seconds += 100
        client.get(path)
    assert site.database.generation == before


def test_a_login_elsewhere_does_not_end_a_session_that_only_reads(site: Site) -> None:
    reader, other = site.client(), site.client()
    log_in(reader)
    for _ in range(3):
        site.clock.seconds += 25 * 60
        assert reader.get("/penduduk").status_code == 200
    log_in(other, SITI)
    assert reader.get("/penduduk").status_code == 200


def test_a_session_survives_a_restart(site: Site) -> None:
    client = site.client()
    log_in(client)
    cookie = session_cookie(client, site) or ""
    site.reopen()
    after = site.client()
    after.set_cookie(site.shell.sessions.cookie_name(False), cookie)
    assert after.get("/penduduk").status_code == 200


def test_what_was_typed_survives_the_end_of_the_session(site: Site) -> None:
    client = site.client()
    log_in(client)
    token = token_of(client, "/tidak-ada")
    site.clock.seconds += 3600
    answer = client.post("/penduduk", data={"csrf_token": token, "nama": "Siti <b>", "kata_sandi": "rahasia"})
    assert answer.status_code == 401 and "belum disimpan" in answer.text
    assert "Siti &lt;b&gt;" in answer.text and ">rahasia" not in answer.text
    log_in(client)
    assert client.post("/penduduk", data={"csrf_token": token, "nama": "Siti <b>"}).text == "tersimpan"


def test_a_form_left_open_is_void_for_the_next_person(site: Site) -> None:
    client = site.client()
    log_in(client, SITI)
    token = token_of(client, "/tidak-ada")
    site.clock.seconds += 3600
    log_in(client, BUDI)
    assert client.post("/penduduk", data={"csrf_token": token, "nama": "x"}).status_code == 400


# Login


def test_unknown_user_stopped_account_and_wrong_password_get_one_answer_for_one_hash(site: Site) -> None:
    with site.database.write() as conn:
        account = queries.find_account(conn, BUDI)
        assert account
        site.shell.accounts.set_active(conn, account.no, False, SITI)
    answers = set()
    hasher = site.shell.accounts.hasher
    for name, password in ((SITI, "salah sekali ini"), ("tidak.ada", PASSWORD), (BUDI, PASSWORD)):
        before = hasher.computations
        answer = log_in(site.client(), name, password)
        answers.add((answer.status_code, re.sub(r'value="[^"]*"', "", answer.text)))
        assert hasher.computations == before + 1
    assert len(answers) == 1 and answers.pop()[0] == 401


def test_a_thousand_guesses_cost_at_most_twenty_hashes_and_lock_nobody_out(site: Site) -> None:
    client = site.client()
    token = token_of(client)
    before = site.shell.accounts.hasher.computations
    statuses = set()
    for guess in range(1000):
        name = f"{BUDI}{guess % 50 or ''}"
        form = {"csrf_token": token, "nama_pengguna": name, "kata_sandi": f"tebakan {guess}"}
        statuses.add(client.post("/masuk", data=form).status_code)
    assert site.shell.accounts.hasher.computations - before <= 20
    assert statuses == {401, 429}
    site.clock.seconds += 901
    assert log_in(client).status_code == 303


def test_the_throttle_survives_a_restart(site: Site) -> None:
    client = site.client()
    for _ in range(5):
        log_in(client, BUDI, "salah sekali ini")
    assert log_in(client).status_code == 429
    site.reopen()
    answer = log_in(site.client())
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
    site.clock.seconds += 61
    assert log_in(site.client()).status_code == 303


def test_a_login_is_audited_and_the_chain_holds(site: Site) -> None:
    client = site.client()
    log_in(client)
    end_by_logout(site, client)
    with site.database.read() as conn:
        actions = [row[3] for row in queries.list_audit(conn, queries.AuditFilter(), None, 10)]
        assert actions[:2] == ["keluar", "masuk"]
        assert verify_audit(conn).is_intact


def test_the_secret_stands_in_the_key_folder_for_its_owner_alone(site: Site) -> None:
    path = site.folder.keys / "web.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and len(path.read_bytes()) == 32
    key = site.app.config["SECRET_KEY"]
    site.reopen()
    assert site.app.config["SECRET_KEY"] == key


# First run


def first_form(client: FlaskClient, code: str, **more: str) -> dict[str, str]:
    return {
        "csrf_token": token_of(client, "/mulai"), "kode": code, "nama": "Siti Aminah", "jabatan": "Sekdes",
        "nama_pengguna": SITI, "kata_sandi": PASSWORD, "kata_sandi_ulang": PASSWORD, **more,
    }


def test_a_fresh_installation_has_no_account_and_asks_for_the_code(fresh: Site) -> None:
    client = fresh.client()
    assert client.get("/masuk").headers["Location"] == "/mulai"
    assert log_in_blind(client).status_code == 401


def log_in_blind(client: FlaskClient) -> Any:
    form = {"csrf_token": token_of(client, "/mulai"), "nama_pengguna": "admin", "kata_sandi": "admin"}
    return client.post("/masuk", data=form)


def test_the_code_makes_the_first_admin_once(fresh: Site) -> None:
    client = fresh.client()
    code = fresh.shell.accounts.issue_first_code()
    assert code and re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}", code)
    answer = client.post("/mulai", data=first_form(client, code.lower().replace("-", " ")))
    assert answer.status_code == 303 and client.get("/pengguna").status_code == 200
    assert fresh.calls == ["Siti Aminah"]
    again = fresh.client()
    token = token_of(again)
    assert again.post("/mulai", data={"csrf_token": token, "kode": code}).headers["Location"] == "/masuk"
    assert fresh.shell.accounts.issue_first_code() is None


@pytest.mark.parametrize(
    "more",
    [
        {"kata_sandi_ulang": "lain lagi sekali"}, {"nama": " "}, {"nama_pengguna": "Siti Aminah"},
        {"kata_sandi": "selakambang maju terus", "kata_sandi_ulang": "selakambang maju terus"},
        {"kata_sandi": "pendek", "kata_sandi_ulang": "pendek"},
    ],
)
def test_a_refused_first_form_keeps_what_was_typed_and_the_code(fresh: Site, more: dict[str, str]) -> None:
    client = fresh.client()
    code = fresh.shell.accounts.issue_first_code() or ""
    answer = client.post("/mulai", data=first_form(client, code, **more))
    assert answer.status_code == 400 and code in answer.text and 'value="Sekdes"' in answer.text
    assert PASSWORD not in answer.text and fresh.calls == []
    assert client.post("/mulai", data=first_form(client, code)).status_code == 303


def test_five_wrong_codes_close_the_code_even_for_the_right_one(fresh: Site) -> None:
    client = fresh.client()
    code = fresh.shell.accounts.issue_first_code() or ""
    for _ in range(5):
        assert client.post("/mulai", data=first_form(client, "AAAA-BBBB")).status_code == 400
    fresh.reopen()
    client = fresh.client()
    answer = client.post("/mulai", data=first_form(client, code))
    assert answer.status_code == 400 and "ditutup" in answer.text
    code = fresh.shell.accounts.issue_first_code() or ""
    assert client.post("/mulai", data=first_form(client, code)).status_code == 303


def test_an_expired_or_replaced_code_is_refused(fresh: Site) -> None:
    client = fresh.client()
    old = fresh.shell.accounts.issue_first_code() or ""
    new = fresh.shell.accounts.issue_first_code() or ""
    assert client.post("/mulai", data=first_form(client, old)).status_code == 400
    fresh.clock.seconds += 24 * 3600
    answer = client.post("/mulai", data=first_form(client, new))
    assert answer.status_code == 400 and "tidak berlaku" in answer.text


# Local commands


def local_headers(site: Site, token: str = "a" * 64) -> dict[str, str]:
    site.folder.write_server_file({"address": "http://127.0.0.1:1", "token": "a" * 64, "pid": 1})
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("token", "address", "status"),
    [
        ("a" * 64, "127.0.0.1", 200), ("a" * 64, "::1", 200), ("a" * 64, "::ffff:127.0.0.1", 200),
        ("b" * 64, "127.0.0.1", 403), ("", "127.0.0.1", 403), ("ä", "127.0.0.1", 403),
        ("a" * 64, "192.168.1.9", 403), ("a" * 64, "", 403),
    ],
)
def test_local_commands_want_the_token_and_this_machine(
    site: Site, token: str, address: str, status: int
) -> None:
    headers = local_headers(site, token)
    answer = site.client(REMOTE_ADDR=address).post("/_lokal/v1/gema", json={"a": 1}, headers=headers)
    assert answer.status_code == status
    line = json.loads(answer.text)
    assert line == {"hasil": {"a": 1}} if status == 200 else line["exit"] == 1


def test_local_commands_are_closed_while_no_server_file_says_otherwise(site: Site) -> None:
    answer = site.client().post("/_lokal/v1/gema", json={}, headers={"Authorization": "Bearer "})
    assert answer.status_code == 403


def test_a_local_route_is_no_way_in_for_people(site: Site) -> None:
    assert not LOKAL.admits("admin") and not TANDA_TANGAN.admits("admin")

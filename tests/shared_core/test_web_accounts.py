"""Passwords, throttle, one-time codes and the access audit, without HTTP."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from shared.errors import UserError
from shared.store.connection import Database
from shared.store.migrations import apply_migrations
from shared.web import queries
from shared.web.accounts import Accounts, LoginRefused, Role, find_name_problem
from shared.web.audit import audit_head, record_access, verify_audit
from shared.web.onetime import CodeOutcome, check_code, issue_code, redeem_code
from shared.web.passwords import Cost, Hasher, find_password_problem
from shared.web.throttle import DELAY_S_MAX, PER_USER, Throttle, delay_s

CHEAP = Cost(memory_kib=32, rounds=1)


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000

    def now_s(self) -> int:
        return self.seconds

    def monotonic_s(self) -> float:
        return float(self.seconds)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "data.sqlite")
    apply_migrations(database)
    yield database
    database.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def make_accounts(database: Database, clock: FakeClock, cost: Cost = CHEAP) -> Accounts:
    roles = {role.name: role for role in (Role("admin", "Admin", 15), Role("operator", "Operator"))}
    random = Random(3).randbytes
    return Accounts(database, clock, random, Hasher(random, cost), Throttle(clock, b"k" * 32), roles)


# Passwords


@pytest.mark.parametrize(
    "password",
    [
        "admin123", "desa2024", "rahasia", "bismillah", "", "kuda lumpin",
        "admin123admin", "desa2024desa2024", "rahasia12345", "Bismillah2024!", "R4h4s14-2024", "passw0rd1234",
        "operatordesa1", "qwertyuiop123", "aaaaaaaaaaaa", "abcabcabcabc", "123456789012", "3303990101800001",
        "indonesiaraya45", "sayangkamu123",
    ],
)
def test_short_common_and_guessable_passwords_are_refused(password: str) -> None:
    assert find_password_problem(password)


@pytest.mark.parametrize(
    "password",
    [
        "kuda lumping di sawah", "hujan sore bulan juni", "x7Gq-2mTz9-aLw", "nasi jagung ikan asin sambal",
        "ķuća na brěgu jezera", "p" * 30 + "qrstu" * 10, "sepeda onthel kakek hijau",
    ],
)
def test_long_uncommon_passwords_are_taken_whatever_signs_they_hold(password: str) -> None:
    assert find_password_problem(password) is None


@pytest.mark.parametrize(
    "password",
    ["Selakambang jaya raya", "orang-selakambang-asli", "s3l4k4mb4ng di bukit", "siti.aminah di sini"],
)
def test_words_of_the_context_are_refused(password: str) -> None:
    assert find_password_problem(password, context=["Selakambang", "siti.aminah"])


def test_the_role_decides_how_long_a_password_must_be(database: Database, clock: FakeClock) -> None:
    accounts = make_accounts(database, clock)
    assert accounts.find_password_problem("sawah hijau 7", "budi", "operator") is None
    assert "15" in (accounts.find_password_problem("sawah hijau 7", "budi", "admin") or "")


@pytest.mark.parametrize("length", [64, 200])
def test_a_long_passphrase_is_taken_and_verifies(length: int) -> None:
    password = ("sawah hijau di kaki gunung " * 20)[:length].strip().ljust(length, "x")
    assert find_password_problem(password) is None
    hasher = Hasher(Random(1).randbytes, CHEAP)
    stored = hasher.hash(password)
    assert hasher.verify(stored, password) and not hasher.verify(stored, password[:-1])


def test_a_hash_is_a_phc_string_of_at_least_owasp_cost() -> None:
    hasher = Hasher(Random(1).randbytes)
    stored = hasher.hash("kuda lumping di sawah")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hasher.verify(stored, "kuda lumping di sawah") and not hasher.is_outdated(stored)


def test_no_password_fits_nobody_and_a_damaged_hash_fits_nothing() -> None:
    hasher = Hasher(Random(1).randbytes, CHEAP)
    assert not hasher.verify(None, "") and not hasher.verify("rusak", "rusak")
    assert hasher.is_outdated("rusak")


def test_a_login_renews_a_hash_of_older_parameters(database: Database, clock: FakeClock) -> None:
    old = make_accounts(database, clock)
    prepared = old.prepare("budi", "kuda lumping di sawah", "operator")
    with database.write() as conn:
        old.add(conn, "budi", prepared, "operator", "p1", "uji")
    make_accounts(database, clock, Cost(64, 2)).check_login("BUDI ", "kuda lumping di sawah", "::1")
    with database.read() as conn:
        account = queries.find_account(conn, "budi")
    assert account and "m=64,t=2" in account.password


@pytest.mark.parametrize(
    "name", ["ab", "Siti Aminah", "", "-budi", "b" * 41, "budi@desa", "3303990101800001"]
)
def test_unusable_user_names_are_refused(name: str) -> None:
    assert find_name_problem(name)


def test_a_name_is_given_once(database: Database, clock: FakeClock) -> None:
    accounts = make_accounts(database, clock)
    prepared = accounts.prepare("budi", "kuda lumping di sawah", "operator")
    with database.write() as conn:
        accounts.add(conn, "budi", prepared, "operator", "p1", "uji")
        with pytest.raises(UserError, match="sudah dipakai"):
            accounts.add(conn, "Budi", prepared, "operator", "p2", "uji")


def test_the_last_admin_cannot_be_stopped_nor_lose_the_role(database: Database, clock: FakeClock) -> None:
    accounts = make_accounts(database, clock)
    prepared = accounts.prepare("siti", "kuda lumping di sawah", "admin")
    with database.write() as conn:
        first = accounts.add(conn, "siti", prepared, "admin", "p1", "uji")
        with pytest.raises(UserError, match="satu-satunya"):
            accounts.set_active(conn, first, False, "uji")
        with pytest.raises(UserError, match="satu-satunya"):
            accounts.set_role(conn, first, "operator", "uji")
        accounts.add(conn, "budi", prepared, "admin", "p2", "uji")
        accounts.set_active(conn, first, False, "uji")


def test_a_reset_code_sets_a_new_password_once(database: Database, clock: FakeClock) -> None:
    accounts = make_accounts(database, clock)
    prepared = accounts.prepare("budi", "kuda lumping di sawah", "operator")
    with database.write() as conn:
        no = accounts.add(conn, "budi", prepared, "operator", "p1", "uji")
        code = accounts.issue_reset_code(conn, no, "uji")
    with pytest.raises(UserError, match="tidak cocok"):
        accounts.redeem_reset_code("budi", "AAAA", "sawah kuda lumping", "::1")
    with pytest.raises(UserError, match="tidak cocok"):
        accounts.redeem_reset_code("tidak.ada", code, "sawah kuda lumping", "::1")
    accounts.redeem_reset_code("budi", code, "sawah kuda lumping", "::1")
    with pytest.raises(UserError, match="tidak cocok"):
        accounts.redeem_reset_code("budi", code, "sawah kuda lumping", "::1")
    assert accounts.check_login("budi", "sawah kuda lumping", "::1").no == no


# Throttle


def test_waits_double_and_stay_below_a_quarter_of_an_hour() -> None:
    waits = [delay_s(count, PER_USER.free) for count in range(12)]
    assert waits == [0, 0, 0, 0, 0, 60, 120, 240, 480, 900, 900, 900]
    assert delay_s(10**6, PER_USER.free) == DELAY_S_MAX


def test_a_clock_set_back_does_not_lock_out(database: Database, clock: FakeClock) -> None:
    throttle = Throttle(clock, b"k" * 32)
    with database.write() as conn:
        while not throttle.take(conn, "budi", "10.0.0.1"):
            pass
        clock.seconds -= 10 * 365 * 86400
        assert throttle.take(conn, "budi", "10.0.0.1") == 0
        assert 0 < throttle.take(conn, "budi", "10.0.0.1") <= DELAY_S_MAX


def test_success_frees_the_user_but_not_the_address(database: Database, clock: FakeClock) -> None:
    throttle = Throttle(clock, b"k" * 32)
    with database.write() as conn:
        for count in range(19):
            assert throttle.take(conn, f"tebak{count}", "10.0.0.1") == 0
        for _ in range(3):
            assert throttle.take(conn, "budi", "10.0.0.1") == 0
            throttle.succeed(conn, "budi", "10.0.0.1")
        assert throttle.take(conn, "a", "10.0.0.1") == 0
        assert throttle.take(conn, "b", "10.0.0.1") > 0
        assert throttle.take(conn, "b", "10.0.0.2") == 0


def test_no_name_that_was_typed_stands_in_the_counters(database: Database, clock: FakeClock) -> None:
    with database.write() as conn:
        Throttle(clock, b"k" * 32).take(conn, "my secret password", "10.0.0.1")
        rows = conn.execute("SELECT subject FROM login_failure").fetchall()
    assert len(rows) == 2 and not any("secret" in row[0] or "10.0" in row[0] for row in rows)


def test_guesses_at_one_instant_do_not_all_pass(database: Database, clock: FakeClock) -> None:
    accounts = make_accounts(database, clock)

    def guess(number: int) -> int:
        try:
            accounts.check_login("budi", f"tebakan {number}", f"10.0.0.{number % 200}")
        except LoginRefused as refused:
            return refused.wait_s
        return -1

    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(guess, range(60)))
    assert accounts.hasher.computations == waits.count(0) == PER_USER.free


# One-time codes


def test_a_code_is_forgiving_about_how_it_is_typed(database: Database, clock: FakeClock) -> None:
    with database.write() as conn:
        code = issue_code(conn, clock, lambda count: bytes(count), "mulai")
        assert code == "-".join(["0000"] * 7)
        assert check_code(conn, clock, "mulai", " oooo" * 7) is CodeOutcome.BENAR
        assert redeem_code(conn, clock, "mulai", code) is CodeOutcome.BENAR
        assert redeem_code(conn, clock, "mulai", code) is CodeOutcome.KEDALUWARSA


def test_a_code_is_good_for_its_purpose_only_and_stored_as_a_hash(
    database: Database, clock: FakeClock
) -> None:
    with database.write() as conn:
        code = issue_code(conn, clock, Random(1).randbytes, "sandi:1")
        issue_code(conn, clock, Random(2).randbytes, "sandi:2")
        assert check_code(conn, clock, "sandi:2", code) is CodeOutcome.SALAH
        stored = queries.read_code(conn, "sandi:1")
        assert stored and len(stored[0]) == 32 and code.replace("-", "").encode() not in stored[0]


# Access audit


@pytest.fixture
def audited(database: Database, clock: FakeClock) -> Database:
    with database.write() as conn:
        for number in range(5):
            record_access(conn, clock, "siti", "buka_nik", f"rekaman-{number}", "pelayanan")
    return database


def test_an_untouched_audit_verifies(audited: Database) -> None:
    with audited.read() as conn:
        report = verify_audit(conn)
        assert report.is_intact and report.rows == 5 and audit_head(conn).startswith("5 ")


@pytest.mark.parametrize(
    "statement", ["UPDATE access_audit SET account = 'budi'", "DELETE FROM access_audit"]
)
def test_the_audit_refuses_update_and_delete(audited: Database, statement: str) -> None:
    with pytest.raises(sqlite3.DatabaseError, match="append-only"), audited.write() as conn:
        conn.execute(statement)


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE access_audit SET account = 'budi' WHERE no = 3", 3),
        ("UPDATE access_audit SET time_s = time_s + 1 WHERE no = 1", 1),
        ("DELETE FROM access_audit WHERE no = 2", 2),
        ("DELETE FROM access_audit WHERE no = 5", 5),
        ("DELETE FROM access_audit", 1),
        ("UPDATE access_audit SET no = 9 WHERE no = 5", 5),
        ("INSERT INTO access_audit SELECT 6, time_s, account, action, subject, detail, previous, hash"
         " FROM access_audit WHERE no = 5", 6),
    ],
)
def test_tampering_below_the_program_shows(audited: Database, statement: str, broken_at: int) -> None:
    with audited.write() as conn:
        conn.execute("DROP TRIGGER access_audit_no_update")
        conn.execute("DROP TRIGGER access_audit_no_delete")
        conn.execute(statement)
    with audited.read() as conn:
        assert verify_audit(conn).broken_at == broken_at


@pytest.mark.parametrize(("subject", "detail"), [("3303990101800001", ""), ("r-1", "NIK 3303990101800001")])
def test_the_audit_takes_no_number_of_a_person(
    database: Database, clock: FakeClock, subject: str, detail: str
) -> None:
    with pytest.raises(ValueError, match="record ids"), database.write() as conn:
        record_access(conn, clock, "siti", "buka_nik", subject, detail)


def test_line_ends_in_an_entry_are_harmless(database: Database, clock: FakeClock) -> None:
    with database.write() as conn:
        record_access(conn, clock, "siti\r\nadmin", "cetak", "r-1", "a\nb\x00c")
        row = queries.list_audit(conn, queries.AuditFilter(), None, 1)[0]
        assert row[2:] == ("siti  admin", "cetak", "r-1", "a b c")
        assert verify_audit(conn).is_intact

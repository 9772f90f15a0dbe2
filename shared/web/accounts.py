"""Accounts of an installation: who may log in, in what role, as which petugas. Never part of the log.

An unknown user, a stopped account and a wrong password take the same work and get the same answer.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from shared.clock import Clock, Randomness
from shared.errors import UserError
from shared.store.connection import Database
from shared.web import queries
from shared.web.audit import record_access
from shared.web.onetime import VALID_S, CodeOutcome, check_code, issue_code, redeem_code
from shared.web.passwords import LENGTH_MIN, Hasher, find_password_problem
from shared.web.queries import AccountRow
from shared.web.throttle import Throttle
from shared.web.totp import CodeOutcome as FactorOutcome
from shared.web.totp import SecondFactors

FIRST_RUN = "mulai"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,39}", re.ASCII)
_CODE_ANSWERS = {
    CodeOutcome.SALAH:
        "Kode tidak cocok. Periksa lagi huruf dan angkanya; setelah lima kali salah kode ditutup.",
    CodeOutcome.KEDALUWARSA: "Kode sudah tidak berlaku. Minta kode baru, lalu coba lagi.",
    CodeOutcome.HABIS: "Kode sudah lima kali salah dan ditutup. Minta kode baru, lalu coba lagi.",
}


@dataclass(frozen=True)
class Role:
    """A role of an app; ``name`` is the value of account.role, ``label`` what people read."""

    name: str
    label: str
    password_min: int = LENGTH_MIN
    needs_code: bool = False
    """Works only with a second factor; without one its set-up page is the first page."""
    has_area: bool = False
    """Sees one part of the place alone; which one stands in the account."""


@dataclass(frozen=True)
class FirstPerson:
    """What the first-run page asks about the first admin beside name and password of the account."""

    nama: str
    jabatan: str


class LoginRefused(UserError):
    """The login was not accepted; ``wait_s`` is above zero when it was not even tried."""

    def __init__(self, pesan: str, wait_s: int = 0) -> None:
        super().__init__(pesan, "terlalu_sering" if wait_s else "masuk_salah")
        self.wait_s = wait_s


ContextWords = Callable[[sqlite3.Connection], Iterable[str]]


class Accounts:
    """All that is done with accounts; hashing happens outside of transactions, since it is slow.

    The first of ``roles`` is the one that manages accounts; one active account of it always stays.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        random: Randomness,
        hasher: Hasher,
        throttle: Throttle,
        roles: Mapping[str, Role],
        context_words: ContextWords | None = None,
        codes: SecondFactors | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._random = random
        self._throttle = throttle
        self._roles = roles
        self._context_words = context_words
        self._any_account = False
        self.hasher = hasher
        self.codes = codes or SecondFactors(clock, random, bytes(random(32)))

    def has_any(self) -> bool:
        """Tell whether the first run is over; accounts are stopped, never deleted, so yes stays yes."""
        if not self._any_account:
            with self._database.read() as conn:
                self._any_account = queries.has_account(conn)
        return self._any_account

    def check_login(self, name: str, password: str, address: str) -> AccountRow:
        """Check a login and return its account; finish with :meth:`note_login` in the same breath.

        Raises LoginRefused, with the seconds to wait when guesses came too fast.
        """
        name = normalise_name(name)
        with self._database.write() as conn:
            wait_s = self._throttle.take(conn, name, address)
        if wait_s:
            raise _too_often(wait_s)
        with self._database.read() as conn:
            account = queries.find_account(conn, name)
        fits = self.hasher.verify(account.password if account else None, password)
        if account is None or not fits or not account.active:
            # Who is not known is not written down: people type passwords into the field of the name.
            with self._database.write() as conn:
                record_access(
                    conn, self._clock, account.name if account else "tidak dikenal", "masuk_gagal",
                    account.petugas if account else "",
                )
            raise LoginRefused("Nama pengguna atau kata sandi tidak cocok. Periksa keduanya, lalu coba lagi.")
        if self.hasher.is_outdated(account.password):
            renewed = self.hasher.hash(password)
            with self._database.write() as conn:
                queries.set_password(conn, account.no, renewed)
        return account

    def check_password(self, no: int, password: str, address: str) -> None:
        """Check the password of somebody who is logged in; raises LoginRefused."""
        with self._database.read() as conn:
            account = self._require(conn, no)
        try:
            self.check_login(account.name, password, address)
        except LoginRefused as refused:
            if refused.wait_s:
                raise
            raise LoginRefused("Kata sandi tidak cocok. Ketik lagi; perhatikan huruf besar dan kecilnya.") from refused
        with self._database.write() as conn:
            self._throttle.succeed(conn, account.name, address)

    def check_code(self, no: int, typed: str, address: str) -> None:
        """Check the second factor of an account and use the code up; raises LoginRefused.

        Attempts are counted like those of passwords: six figures are few.
        """
        with self._database.write() as conn:
            account = self._require(conn, no)
            wait_s = self._throttle.take(conn, account.name, address)
            outcome = FactorOutcome.SALAH if wait_s else self.codes.check(conn, no, typed)
            if outcome is not FactorOutcome.HP and not wait_s:
                action = "kode_kertas" if outcome is FactorOutcome.KERTAS else "masuk_gagal"
                record_access(conn, self._clock, account.name, action, account.petugas)
        if wait_s:
            raise _too_often(wait_s)
        if outcome is FactorOutcome.SALAH:
            raise LoginRefused(
                "Kode tidak cocok atau sudah dipakai. Tunggu kode berikutnya di HP, lalu ketik lagi;"
                " atau pakai satu kode cadangan dari kertas."
            )

    def prove(self, no: int, password: str, code: str, address: str) -> None:
        """Check again who is at the keyboard: the code where there is a second factor, else the password.

        Raises LoginRefused.
        """
        with self._database.read() as conn:
            account, has_code = self._require(conn, no), self.codes.has(conn, no)
        if not has_code:
            return self.check_password(no, password, address)
        self.check_code(no, code, address)
        with self._database.write() as conn:
            self._throttle.succeed(conn, account.name, address)

    def forget_code(self, conn: sqlite3.Connection, no: int, by: str) -> None:
        """Take the second factor of an account away and end its sessions: phone and paper are lost."""
        account = self._require(conn, no)
        self.codes.remove(conn, no)
        queries.end_sessions(conn, no, None)
        record_access(conn, self._clock, by, "kode_hp_dilepas", account.petugas)

    def note_login(self, conn: sqlite3.Connection, account: AccountRow, address: str) -> None:
        """Forget the failures of a user who has logged in, and audit it."""
        self._throttle.succeed(conn, account.name, address)
        record_access(conn, self._clock, account.name, "masuk", account.petugas)

    def find_password_problem(self, password: str, name: str, role: str) -> str | None:
        """Say in Indonesian why a password is not good enough for an account, or None."""
        context = [name]
        if self._context_words is not None:
            with self._database.read() as conn:
                context.extend(self._context_words(conn))
        return find_password_problem(password, length_min=self._roles[role].password_min, context=context)

    def prepare(self, name: str, password: str, role: str) -> str:
        """Check name, role and password of a new account and hash the password, outside a transaction.

        Raises UserError that says what to type instead.
        """
        if role not in self._roles:
            raise UserError("Peran ini tidak dikenal. Pilih peran dari daftar.", "peran_salah")
        problem = find_name_problem(normalise_name(name)) or self.find_password_problem(password, name, role)
        if problem:
            raise UserError(problem, "akun_salah")
        return self.hasher.hash(password)

    def add(
        self, conn: sqlite3.Connection, name: str, prepared: str, role: str, petugas: str, by: str
    ) -> int:
        """Add an account with a hash from :meth:`prepare`; return its number.

        ``by`` is the account that does it. Raises UserError when the name is taken.
        """
        no = queries.add_account(conn, normalise_name(name), prepared, role, petugas, self._clock.now_s())
        if no is None:
            raise UserError("Nama pengguna ini sudah dipakai. Pilih nama lain.", "nama_dipakai")
        record_access(conn, self._clock, by, "akun_dibuat", petugas, role)
        return no

    def change_password(self, no: int, password: str, by: str, keep_session: int | None = None) -> None:
        """Give an account a new password and end its sessions, all but the one that asked.

        Raises UserError when the password is not good enough.
        """
        with self._database.read() as conn:
            account = queries.get_account(conn, no)
        if account is None:
            raise UserError("Akun ini tidak ada. Muat ulang daftar akun.", "akun_tidak_ada")
        prepared = self.prepare(account.name, password, account.role)
        with self._database.write() as conn:
            queries.set_password(conn, no, prepared)
            queries.end_sessions(conn, no, keep_session)
            record_access(conn, self._clock, by, "sandi_diganti", account.petugas)

    def set_active(self, conn: sqlite3.Connection, no: int, active: bool, by: str) -> None:
        """Let an account log in or stop it; a stopped account is out with its next request."""
        account = self._require(conn, no)
        if not active:
            self._refuse_last_admin(conn, account)
        queries.set_active(conn, no, active)
        if not active:
            queries.end_sessions(conn, no, None)
        action = "akun_diaktifkan" if active else "akun_dihentikan"
        record_access(conn, self._clock, by, action, account.petugas)

    def set_role(self, conn: sqlite3.Connection, no: int, role: str, by: str) -> None:
        """Give an account another role and end its sessions."""
        account = self._require(conn, no)
        if role not in self._roles:
            raise UserError("Peran ini tidak dikenal. Pilih peran dari daftar.", "peran_salah")
        if role != account.role:
            self._refuse_last_admin(conn, account)
        queries.set_role(conn, no, role)
        queries.end_sessions(conn, no, None)
        record_access(conn, self._clock, by, "peran_diganti", account.petugas, role)

    def set_area(self, conn: sqlite3.Connection, no: int, area: str, by: str) -> None:
        """Say which part of the place an account sees (a record id, empty for none)."""
        account = self._require(conn, no)
        if area != account.area:
            queries.set_area(conn, no, area)
            queries.end_sessions(conn, no, None)
            record_access(conn, self._clock, by, "wilayah_akun", account.petugas, area)

    def issue_first_code(self) -> str | None:
        """Make the code for the first-run page, to be printed on the console; None when it is over."""
        with self._database.write() as conn:
            if queries.has_account(conn):
                return None
            return issue_code(conn, self._clock, self._random, FIRST_RUN)

    def issue_reset_code(self, conn: sqlite3.Connection, no: int, by: str, valid_s: int = VALID_S) -> str:
        """Make a code with which the owner of an account sets a new password; admins never set one."""
        account = self._require(conn, no)
        record_access(conn, self._clock, by, "kode_sandi", account.petugas)
        return issue_code(conn, self._clock, self._random, _reset_purpose(no), valid_s)

    def redeem_reset_code(self, name: str, code: str, password: str, address: str) -> None:
        """Set a new password with a code of :meth:`issue_reset_code`; raises UserError otherwise."""
        name = normalise_name(name)
        with self._database.write() as conn:
            wait_s = self._throttle.take(conn, name, address)
            account = queries.find_account(conn, name)
            purpose = _reset_purpose(account.no if account else 0)
            outcome = CodeOutcome.KEDALUWARSA if wait_s else check_code(conn, self._clock, purpose, code)
        if wait_s:
            raise _too_often(wait_s)
        if account is None or outcome is not CodeOutcome.BENAR:
            # One sentence for all, or it would tell which users exist.
            raise UserError(
                "Nama pengguna atau kode tidak cocok, atau kode sudah tidak berlaku.", "kode_salah"
            )
        prepared = self.prepare(account.name, password, account.role)
        with self._database.write() as conn:
            if redeem_code(conn, self._clock, purpose, code) is not CodeOutcome.BENAR:
                raise UserError("Kode ini sudah dipakai. Minta kode baru ke admin.", "kode_salah")
            queries.set_password(conn, account.no, prepared)
            queries.end_sessions(conn, account.no, None)
            self._throttle.succeed(conn, name, address)
            record_access(conn, self._clock, account.name, "sandi_diganti", account.petugas, "kode")

    def make_first(
        self,
        code: str,
        name: str,
        password: str,
        role: str,
        person: FirstPerson,
        enrol: Callable[[sqlite3.Connection, FirstPerson], str],
    ) -> AccountRow:
        """Turn the first-run code into the first account, once.

        ``enrol`` writes the petugas inside the transaction and returns its record id. Raises UserError.
        """
        with self._database.write() as conn:
            self._require_first_run(conn)
            outcome = check_code(conn, self._clock, FIRST_RUN, code)
        _require_right(outcome)
        prepared = self.prepare(name, password, role)
        with self._database.write() as conn:
            self._require_first_run(conn)
            _require_right(redeem_code(conn, self._clock, FIRST_RUN, code))
            no = self.add(conn, name, prepared, role, enrol(conn, person), normalise_name(name))
            return self._require(conn, no)

    def _require_first_run(self, conn: sqlite3.Connection) -> None:
        if queries.has_account(conn):
            raise UserError("Akun pertama sudah dibuat. Silakan masuk.", "sudah_dimulai")

    def _refuse_last_admin(self, conn: sqlite3.Connection, account: AccountRow) -> None:
        """Keep one account of the first role, or nobody could let anybody in again."""
        first = next(iter(self._roles))
        if account.role == first and account.active and queries.count_active(conn, first) == 1:
            raise UserError(
                f"Ini satu-satunya akun {self._roles[first].label} yang aktif. Buat atau aktifkan akun"
                f" {self._roles[first].label} lain lebih dulu.",
                "admin_terakhir",
            )

    def _require(self, conn: sqlite3.Connection, no: int) -> AccountRow:
        account = queries.get_account(conn, no)
        if account is None:
            raise UserError("Akun ini tidak ada. Muat ulang daftar akun.", "akun_tidak_ada")
        return account


def normalise_name(name: str) -> str:
    """Write a user name as it is stored: small letters, no spaces around."""
    return name.strip().lower()[:80]


def find_name_problem(name: str) -> str | None:
    """Say in Indonesian why a user name cannot be taken, or None."""
    if _NAME.fullmatch(name):
        # A number of a person as user name would stand in every list and log.
        has_number = re.search(r"[0-9]{9}", name) is not None
        return "Nama pengguna tidak boleh memakai NIK atau nomor telepon." if has_number else None
    return "Nama pengguna: 3 sampai 40 huruf kecil atau angka, tanpa spasi, misalnya siti.aminah."


def _too_often(wait_s: int) -> LoginRefused:
    minutes = -(-wait_s // 60)
    return LoginRefused(f"Terlalu banyak percobaan. Tunggu {minutes} menit, lalu coba lagi.", wait_s)


def _require_right(outcome: CodeOutcome) -> None:
    if outcome is not CodeOutcome.BENAR:
        raise UserError(_CODE_ANSWERS[outcome], "kode_salah")


def _reset_purpose(no: int) -> str:
    return f"sandi:{no}"

"""The account that the first start ends with: read from its form, added to what was just made, logged in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flask import Flask, redirect, request, session
from flask.typing import ResponseReturnValue

from shared.errors import UserError
from shared.store.side import Side
from shared.web.accounts import ContextWords, Role
from shared.web.factory import make_accounts
from shared.web.masuk import open_session
from shared.web.passwords import Cost
from shared.web.queries import get_account
from shared.web.services import Web

NAME_MAX = 100
FIELDS = ("nama", "jabatan", "nama_pengguna")


@dataclass(frozen=True)
class FirstAccount:
    """What was typed for the account that manages all others."""

    nama: str
    jabatan: str
    nama_pengguna: str
    kata_sandi: str

    def check(self) -> None:
        """Raise UserError for a name that cannot be taken; name of the account and password are checked elsewhere."""
        check_name("Nama lengkap", self.nama)
        if len(self.jabatan) > NAME_MAX:
            raise UserError(f"Jabatan paling banyak {NAME_MAX} huruf.", "isian_salah")


def read_account(typed: Mapping[str, str]) -> FirstAccount:
    """Read the account from the form, of which ``typed`` holds the FIELDS; UserError where its passwords differ."""
    password = request.form.get("kata_sandi", "")
    if password != request.form.get("kata_sandi_ulang", ""):
        raise UserError("Kedua kata sandi tidak sama. Ketik lagi keduanya.")
    return FirstAccount(kata_sandi=password, **{name: typed[name] for name in FIELDS})


def read_typed(*names: str) -> dict[str, str]:
    """Read fields of the form without the spaces around and between words."""
    return {name: " ".join(request.form.get(name, "").split()) for name in names}


def check_name(label: str, text: str) -> None:
    """Raise UserError for a name that is missing or too long."""
    if not text or len(text) > NAME_MAX:
        raise UserError(f"{label} wajib diisi, paling banyak {NAME_MAX} huruf.", "isian_salah")


def add_first_account(
    services: Side, add_petugas: Callable[[str, str, str], str], roles: Sequence[Role], context_words: ContextWords,
    account: FirstAccount, cost: Cost,
) -> int:
    """Add the account in the first of the roles, with its petugas; return its number. UserError says what is wrong."""
    role = roles[0].name
    accounts = make_accounts(
        services.folder, services.database, services.clock, services.random, roles, context_words, cost
    )
    prepared = accounts.prepare(account.nama_pengguna, account.kata_sandi, role)
    with services.database.write() as conn:
        petugas = add_petugas(account.nama, account.jabatan, role)
        return accounts.add(conn, account.nama_pengguna, prepared, role, petugas, by=account.nama_pengguna)


def log_in(app: Flask, account: int) -> ResponseReturnValue:
    """Answer the present request as the app that took over would answer a login."""
    session.clear()
    shell: Web = app.extensions["sipande"]
    with app.request_context(request.environ):
        with shell.database.read() as conn:
            row = get_account(conn, account)
        if row is None:
            return redirect("/masuk", 303)
        return app.process_response(open_session(row, shell.home))

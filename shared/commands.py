"""What both sides can be told alike: accounts, checking, rebuilding, backups."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from shared.changelog.keys import KeySet, load_keys
from shared.clock import Clock, Randomness
from shared.errors import DamageError, UserError
from shared.store.backup.make import back_up_by_command
from shared.store.backup.rehearse import find_newest, rehearse
from shared.store.backup.restore import Kind
from shared.store.backup.state import adopt_code
from shared.store.blobs import describe_damage, sweep_by_command
from shared.store.connection import Database
from shared.store.erasure import Erased, count_erased
from shared.store.folder import DataFolder
from shared.store.migrations import apply_migrations
from shared.store.petugas import S, Write, add_petugas
from shared.store.side import KEY_FILE, Side
from shared.store.telling import listing
from shared.store.verify import compare_with_rebuild, projection_tables, verify_logs
from shared.store.verify_file import find_file_damage
from shared.store.verify_keys import verify_successors
from shared.web.accounts import ContextWords, Role, normalise_name
from shared.web.audit import record_access, verify_audit
from shared.web.factory import make_accounts
from shared.web.queries import find_account

Progress = Callable[[dict[str, Any]], None]


def add_account(
    services: S, write: Write[S], roles: Sequence[Role], context_words: ContextWords, args: Mapping[str, Any]
) -> dict[str, Any]:
    """Add an account and its petugas; the password comes from the person at the keyboard."""
    role = str(args["peran"])
    accounts = make_accounts(services.folder, services.database, services.clock, services.random, roles, context_words)
    prepared = accounts.prepare(str(args["pengguna"]), str(args["kata_sandi"]), role)
    with services.database.write() as conn:
        petugas = add_petugas(services, write, str(args["nama"]), str(args.get("jabatan") or ""), role)
        accounts.add(conn, str(args["pengguna"]), prepared, role, petugas, by="perintah")
    return {"pengguna": str(args["pengguna"]), "petugas": petugas, "peran": role}


def forget_code(
    services: Side, roles: Sequence[Role], args: Mapping[str, Any]
) -> dict[str, Any]:
    """Take the second factor of an account away, for somebody who stands at this machine: phone and paper are lost.

    Raises UserError when there is no account of that name.
    """
    accounts = make_accounts(services.folder, services.database, services.clock, services.random, roles)
    with services.database.write() as conn:
        account = find_account(conn, normalise_name(str(args["pengguna"])))
        if account is None:
            raise UserError("Tidak ada akun dengan nama itu. Periksa nama penggunanya.", "akun_tidak_ada")
        accounts.forget_code(conn, account.no, "perintah")
    return {"pengguna": account.name, "kode_hp": "dilepas"}


ADVICE = (
    "Jangan hapus apa pun. Tabel yang berbeda dan indeks yang tidak cocok disusun lagi dengan perintah rebuild. Log"
    " yang rusak dipulihkan dari cadangan dengan perintah pulihkan, lalu sinkronkan: yang lebih baru kembali dari"
    " seberang."
)
"""What to do about what ``verify`` has found."""


def check_side(services: Side, found: Sequence[str] = ()) -> dict[str, Any]:
    """Verify the file, every log, and every table against what the logs give; nothing that is stored makes it fail.

    ``found`` are problems that only this side knows to look for.
    """
    with services.database.read() as conn:
        problems = _check_file(conn)
        problems += verify_logs(conn, services.cosigners(), services.keys.publics())
        problems += listing("Catatan akses tidak dapat dibaca.", _check_audit, conn)
        notes: list[str] = []
        problems += listing("Tabel penghapusan: ada putusan yang tidak dapat dibaca.", _note_into, notes, conn)
    problems += listing("Tabel belum dapat dibandingkan dengan log: ada isi log yang rusak.", _compare, services)
    problems += listing("Tabel attachment: ada kolom yang tidak dapat dibaca.", describe_damage, services)
    return tell_problems([*found, *problems], notes)


def tell_problems(problems: Sequence[str], notes: Sequence[str] = ()) -> dict[str, Any]:
    """Give the answer of ``verify``: each problem once, what to do about them, and what is none."""
    answer: dict[str, Any] = {"baik": not problems, "masalah": list(dict.fromkeys(problems))}
    if problems:
        answer["saran"] = ADVICE
    return {**answer, **({"catatan": list(notes)} if notes else {})}


UNREADABLE = (
    "Berkas data: ada bagian yang rusak, jadi tidak dapat dibaca seluruhnya. Pulihkan dari cadangan dengan perintah"
    " pulihkan."
)


def check_unopened(folder: DataFolder, error: Exception) -> dict[str, Any]:
    """Verify the logs of a folder that cannot be opened, which ``error`` takes for damage; see :func:`check_side`."""
    keys = load_keys(folder.keys / KEY_FILE)
    problems = listing(UNREADABLE, _check_logs, folder, keys)
    if not problems and isinstance(error, (DamageError, sqlite3.Error)):
        problems = [UNREADABLE]
    return tell_problems(problems)


def _check_logs(folder: DataFolder, keys: KeySet) -> Iterator[str]:
    with closing(Database(folder.database)) as database:
        yield from listing(UNREADABLE, _migrate, database)
        with database.read() as conn:
            yield from _check_file(conn)
            yield from verify_logs(conn, (), keys.publics())


def _migrate(database: Database) -> list[str]:
    # The names of tables and columns are stored in the file like all else: one that is damaged is not there.
    apply_migrations(database)
    return []


def _check_file(conn: sqlite3.Connection) -> list[str]:
    return listing(UNREADABLE, find_file_damage, conn)


def check_successors(conn: sqlite3.Connection, wilayah: str, pemulihan: str) -> list[str]:
    """Check the stored successors of the hub's key; one sentence per problem."""
    return listing(
        "Tabel kunci_hub: ada surat penggantian kunci yang tidak dapat dibaca.",
        verify_successors, conn, wilayah, pemulihan,
    )


def _check_audit(conn: sqlite3.Connection) -> list[str]:
    audit = verify_audit(conn)
    if audit.is_intact:
        return []
    return [f"Catatan akses rusak mulai baris {audit.broken_at}: ada yang diubah atau hilang di luar Sipande."]


def _note_into(notes: list[str], conn: sqlite3.Connection) -> list[str]:
    notes += describe_erased(count_erased(conn))
    return []


def _compare(services: Side) -> list[str]:
    tables = (*projection_tables(services.catalogue), *services.own_tables)
    return [
        f"Tabel {table}: isinya berbeda dengan hasil susun ulang dari log."
        for table in compare_with_rebuild(services.database, tables, services.rebuild)
    ]


def describe_erased(erased: Erased) -> list[str]:
    """Say what is not damage: contents that are gone by a verdict, or whose verdict has not come yet."""
    said = []
    if erased.by_verdict:
        said.append(f"{erased.by_verdict} isi dihapus menurut putusan; catatannya utuh.")
    if erased.unexplained:
        said.append(f"{erased.unexplained} isi tidak ada di sini dan putusannya belum sampai. Sinkronkan dulu.")
    return said


def run_rebuild(services: Side, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Drop every projection and fold all logs again; say where the file stays damaged."""
    answer = {"perubahan": services.rebuild()}
    with services.database.read() as conn:
        left = _check_file(conn)
    return {**answer, **tell_problems(left)} if left else answer


def run_bersihkan_lampiran(services: Side, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Remove pictures that nothing has named for the time of grace."""
    return sweep_by_command(services)


def run_kode_cadangan(services: Side, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Seal to a new code from now on; the code itself was shown by whoever calls, and is not known here."""
    public = bytes.fromhex(str(args["kunci"]))
    with services.database.write() as conn:
        adopt_code(conn, public, services.clock.now_s())
        record_access(conn, services.clock, "perintah", "kode_cadangan", "cadangan")
    return {"kode_cadangan": "berlaku"}


def make_uji_pulih(
    make_kind: Callable[[Clock, Randomness], Kind]
) -> Callable[[Side, Mapping[str, Any], Progress], dict[str, Any]]:
    """Make the command of the rehearsal: the code on paper opens a backup, and what comes out is whole."""

    def run_uji_pulih(services: Side, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        source = Path(str(args["berkas"])) if args.get("berkas") else find_newest(services)
        found = rehearse(services, source, str(args["kode"]), make_kind(services.clock, services.random))
        return {"baik": not found.problems, "berkas": str(source), "kalimat": found.sentences()}

    return run_uji_pulih


def run_cadangan(services: Side, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Write a backup while work goes on; the keys are not in it."""
    return back_up_by_command(services, args)

"""Makes a node with its first account out of what the first start has asked; all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass

from node.commands import add_petugas, make_node
from node.latihan.make import empty_folder
from node.logo.image import Logo
from node.logo.queries import store_logo
from node.roles import ADMIN, ROLES, context_words
from node.services import NodeServices
from shared.clock import Clock, Randomness
from shared.errors import UserError
from shared.store.folder import DataFolder
from shared.store.side import KEY_FILE
from shared.web.factory import make_accounts
from shared.web.passwords import Cost

NAME_MAX = 100


@dataclass(frozen=True)
class Answers:
    """What was typed at the first start; ``komputer`` is the name of this computer."""

    desa: str
    komputer: str
    nama: str
    jabatan: str
    nama_pengguna: str
    kata_sandi: str
    logo: Logo | None = None


def is_empty(folder: DataFolder) -> bool:
    """Tell whether a folder holds neither a village nor the keys of one."""
    return not folder.database.exists() and not (folder.keys / KEY_FILE).exists()


def build_node(
    folder: DataFolder, answers: Answers, clock: Clock, random: Randomness, cost: Cost = Cost()
) -> tuple[NodeServices, int]:
    """Make the node and its first account; return it with the number of the account.

    Raises UserError for what must be typed again; then the folder is as empty as before.
    """
    for label, text in (("Nama komputer", answers.komputer), ("Nama lengkap", answers.nama)):
        if not text or len(text) > NAME_MAX:
            raise UserError(f"{label} wajib diisi, paling banyak {NAME_MAX} huruf.", "isian_salah")
    if len(answers.jabatan) > NAME_MAX:
        raise UserError(f"Jabatan paling banyak {NAME_MAX} huruf.", "isian_salah")
    services = make_node(folder.path, answers.desa, answers.komputer, clock, random)
    try:
        return services, _add_first(services, answers, cost)
    except BaseException:
        services.close()
        empty_folder(folder)
        raise


def _add_first(services: NodeServices, answers: Answers, cost: Cost) -> int:
    accounts = make_accounts(
        services.folder, services.database, services.clock, services.random, ROLES, context_words, cost
    )
    prepared = accounts.prepare(answers.nama_pengguna, answers.kata_sandi, ADMIN.name)
    services.logo = answers.logo
    with services.database.write() as conn:
        store_logo(conn, answers.logo)
        petugas = add_petugas(services, answers.nama, answers.jabatan, ADMIN.name)
        return accounts.add(
            conn, answers.nama_pengguna, prepared, ADMIN.name, petugas, by=answers.nama_pengguna
        )

"""Makes a node with its first account out of what the first start has asked; all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from node.commands import add_petugas, make_node
from node.logo.image import Logo
from node.logo.queries import store_logo
from node.roles import ROLES, context_words
from node.services import NodeServices, open_node
from shared.clock import WIB, Clock, Randomness
from shared.store.folder import DataFolder
from shared.store.side import has_keys, make_in_place
from shared.web.akun_pertama import FirstAccount, add_first_account, check_name
from shared.web.passwords import Cost


@dataclass(frozen=True)
class Answers:
    """What was typed at the first start; ``komputer`` is the name of this computer."""

    desa: str
    komputer: str
    account: FirstAccount
    logo: Logo | None = None


def build_node(
    folder: DataFolder, answers: Answers, clock: Clock, random: Randomness, cost: Cost = Cost()
) -> tuple[NodeServices, int]:
    """Make the node and its first account; return it with the number of the account.

    In a folder that has lost its data and not its keys the node gets keys of its own, and the former ones are kept
    aside: the logs that they have signed are known elsewhere, and one that began anew would be a fork
    (sync_protocol.md 6.3). Raises UserError for what must be typed again; then the folder is as it was.
    """
    check_name("Nama komputer", answers.komputer)
    answers.account.check()

    def make(draft: DataFolder) -> int:
        services = make_node(draft.path, answers.desa, answers.komputer, clock, random)
        try:
            with services.database.write() as conn:
                store_logo(conn, answers.logo)
            return add_first_account(
                services, lambda *person: add_petugas(services, *person), ROLES, context_words, answers.account, cost
            )
        finally:
            services.close()

    aside = ""
    if has_keys(folder):
        aside = f"sebelum-mulai-{datetime.fromtimestamp(clock.now_s(), WIB):%Y%m%d-%H%M%S}-{random(2).hex()}"
    account = make_in_place(folder, make, aside)
    return open_node(folder.path, clock=clock, random=random), account

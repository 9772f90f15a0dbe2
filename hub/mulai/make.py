"""Makes a hub with its first account out of what the first start has asked, new or in the place of one that is gone."""

from __future__ import annotations

from dataclasses import dataclass

from hub.commands import add_petugas, make_hub
from hub.pemulihan.keys import RecoverySheet, name_check_words, take_the_place
from hub.roles import ROLES, context_words
from hub.services import FreshKeys
from shared.clock import Clock, Randomness
from shared.store.folder import DataFolder
from shared.store.side import make_in_place
from shared.web.akun_pertama import FirstAccount, add_first_account
from shared.web.passwords import Cost


@dataclass(frozen=True)
class Sheet:
    """What stands on the sheet for the sealed envelope: keys in hex, and the words that tell a slip.

    ``kunci_pemulihan`` is empty where the hub keeps the recovery key of the one before.
    """

    kunci_pemulihan: str
    kunci: str
    kata_periksa: str


@dataclass
class Plan:
    """One hub that is about to be made: where, under which keys, and in whose place.

    ``sheet`` is what was read off the sheet of the former hub. A new hub ``is_printed`` when its own is on paper.
    """

    kecamatan: str
    is_successor: bool
    fresh: FreshKeys
    sheet: RecoverySheet | None = None
    is_printed: bool = False

    @property
    def is_read(self) -> bool:
        """Tell whether it is known in whose place the hub stands, if in any."""
        return self.sheet is not None or not self.is_successor

    def write_sheet(self) -> Sheet:
        """Write the sheet that belongs into the envelope."""
        recovery = self.fresh.recovery if self.sheet is None else self.sheet.recovery
        kunci = self.fresh.keys.signing.public
        return Sheet(
            recovery.seed().hex() if self.sheet is None else "", kunci.hex(),
            name_check_words(recovery.public, kunci),
        )


def build_hub(
    folder: DataFolder, plan: Plan, account: FirstAccount, is_practice: bool, clock: Clock, random: Randomness,
    cost: Cost = Cost(),
) -> int:
    """Make the hub in its folder, whole or not at all; return the number of the first account.

    Raises UserError for what must be typed again; then the folder is as empty as before.
    """
    account.check()

    def make(draft: DataFolder) -> int:
        services, _ = make_hub(
            draft.path, plan.kecamatan, clock, random, is_practice=is_practice and not plan.is_successor,
            fresh=plan.fresh,
        )
        try:
            if plan.sheet is not None:
                take_the_place(services, plan.sheet)
            return add_first_account(
                services, lambda *person: add_petugas(services, *person), ROLES, context_words, account, cost
            )
        finally:
            services.close()

    return make_in_place(folder, make)


def replace_hub(
    folder: DataFolder, kecamatan: str, sheet: RecoverySheet, clock: Clock, random: Randomness
) -> bytes:
    """Make a hub in the place of one that is gone, without an account; return its public key."""

    def make(draft: DataFolder) -> bytes:
        services, _ = make_hub(draft.path, kecamatan, clock, random)
        try:
            take_the_place(services, sheet)
            return services.keys.signing.public
        finally:
            services.close()

    return make_in_place(folder, make)

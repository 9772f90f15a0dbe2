"""The sheet in the sealed envelope, hubs that burn, and programmes by which one sees what came back of them."""

from __future__ import annotations

from hub.change import write_common
from hub.commands import make_hub
from hub.pemulihan.keys import read_sheet, take_the_place
from hub.services import HubServices
from node.services import NodeServices
from shared.store.drafts import draft_create
from tests.support.federation import HUB, Federation, make_sync_app, seeded
from tests.support.office import rows


class Sheet:
    """A hub whose recovery key is known, so that another one may take its place."""

    def __init__(self, federation: Federation) -> None:
        federation.hub.close()
        self.federation = federation
        self.burned = 0
        made = make_hub(federation.folder / "hub-pertama", HUB, federation.clock, seeded("hub-pertama"))
        federation.hub, self.recovery = made
        federation.app = make_sync_app(federation.hub)
        self.first = federation.hub.keys.signing.public.hex()
        """The hub's key when the sheet was printed."""

    def burn(self, former: str = "") -> HubServices:
        """Destroy the hub, and let a new one take its place; ``former`` is the key on the sheet, or its last one."""
        federation = self.federation
        former = former or federation.hub.keys.signing.public.hex()
        federation.hub.close()
        self.burned += 1
        name = f"hub-baru-{self.burned}"
        hub, _ = make_hub(federation.folder / name, HUB, federation.clock, seeded(name))
        take_the_place(hub, read_sheet(self.recovery, former))
        federation.hub, federation.app = hub, make_sync_app(hub)
        return hub


def publish(hub: HubServices, *programs: str) -> None:
    """Publish aid programmes to every desa."""
    kind = hub.catalogue["program_bantuan"]
    for nama in programs:
        write_common(hub, [draft_create(kind, hub.new_id(), {"nama": nama})], author="")


def programs(side: NodeServices | HubServices) -> set[str]:
    """Name the programmes that a side shows."""
    return {row[0] for row in rows(side, "SELECT nama FROM program_bantuan")}

"""The front page: `/`."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from node.beranda.desk import keep, services
from node.beranda.queries import Counts, count_area, count_village, count_work
from node.beranda.state import read_sync_state
from node.lingkup import own_area
from node.penduduk.queries import list_dusun
from node.services import NodeServices
from node.tindakan.berbeda import count_differing
from shared.clock import today
from shared.store.backup.state import read_backup_state
from shared.web.cadangan import is_backing_up, say_backup
from shared.web.lan import find_office_url

blueprint = Blueprint("beranda", __name__)


class _CountCache:
    """The last counts, of the village and of what is in dispute, with the generation of the database they are of."""

    def __init__(self, node: NodeServices) -> None:
        self.found: tuple[int, Counts, int] | None = None


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Show what waits, where the node stands with kecamatan and backups, and how many people live here."""
    node = services()
    cache = keep("beranda", _CountCache)
    generation = node.database.generation
    with node.database.read() as conn:
        work = count_work(conn, node.wilayah)
        state, backup = read_sync_state(conn, node), read_backup_state(conn)
        if cache.found is None or cache.found[0] != generation:
            differing = sum(count_differing(conn, node.wilayah).values())
            cache.found = (generation, count_village(conn, node.wilayah), differing)
        area = own_area()
        counts = count_area(conn, node.wilayah, area) if area else cache.found[1]
        dusun = list_dusun(conn, node.wilayah).get(area, "dusun yang belum dipilih admin") if area else ""
    return render_template(
        "beranda/index.html", counts=counts, berbeda=cache.found[2], dusun=dusun, work=work, state=state,
        today=today(node.clock).isoformat(), backup=say_backup(backup, node.clock.now_s()),
        has_no_code=backup.code_s is None,
        is_backing_up=is_backing_up(), office_url=find_office_url(node.folder), is_latihan=node.is_latihan,
    )

"""The first page of the hub, ``/`` (``beranda.index``): counts, open cases by code, when nodes were heard."""

from __future__ import annotations

from collections import Counter

from flask import Blueprint, render_template

from hub.beranda.queries import count_candidates, list_contacts
from hub.beranda.shell import list_desa, name_place, remember, services
from hub.beranda.words import describe_age, describe_contacts
from hub.ingest.quota import STRANGERS
from hub.ingest.unruly import list_floods
from hub.pemulihan.state import read_recovery
from hub.pemulihan.succeeded import SENTENCE, find_later_keys
from hub.penghapusan.queries import list_late, list_proposals
from hub.sipande.figures import load_figures
from hub.verval.queue import CODES, load_queue
from shared.store.backup.state import read_backup_state
from shared.web.cadangan import say_backup
from shared.web.services import require_user

blueprint = Blueprint("beranda", __name__)
QUIET_S = 3 * 86400
SILENT_SHOWN = 5


@blueprint.get("/")
def index() -> str:
    """Show what an officer should know first."""
    hub = services()
    with hub.database.read() as conn:
        contacts = list_contacts(conn)
        candidates = count_candidates(conn)
        erasures = len(list_proposals(conn, waiting=True)), len(list_late(conn))
        backup = read_backup_state(conn)
        flooding = list_floods(conn, hub.clock.now_s())
        recovery, is_succeeded = read_recovery(conn), bool(find_later_keys(conn, hub))
    now_s = hub.clock.now_s()
    figures = load_figures()
    waiting = [item for item in remember("queue", load_queue) if item.is_open]
    me = require_user().petugas
    by_code = Counter(item.kode for item in waiting)
    with_node = {contact.desa for contact in contacts}
    return render_template(
        "beranda/index.html",
        figures=figures,
        waiting=len(waiting),
        late=sum(1 for item in waiting if item.due is not None and item.due < figures.day),
        second=sum(1 for item in waiting if item.giliran == "kedua"),
        camat=sum(1 for item in waiting if item.giliran == "camat"),
        mine=sum(1 for item in waiting if item.pemegang == me),
        by_code=[(code, CODES.get(code, code), by_code[code]) for code in CODES if by_code[code]],
        sentence=describe_contacts(now_s, [contact.last_s for contact in contacts], QUIET_S),
        silent=[
            (name_place(contact.desa), contact.nama, describe_age(now_s, contact.last_s))
            for contact in contacts
            if contact.last_s is None or now_s - contact.last_s > QUIET_S
        ][:SILENT_SHOWN],
        floods=[
            *(
                f"{name_place(one.desa)}{f' ({one.nama})' if one.nama else ''}"
                for one in contacts if one.kunci in flooding
            ),
            *(["komputer yang tidak terdaftar"] if STRANGERS in flooding else []),
        ],
        without_node=[nama for kode, nama in list_desa(hub.wilayah) if kode not in with_node],
        candidates=candidates,
        erasures=erasures,
        backup=say_backup(backup, now_s),
        recovery=recovery,
        diganti=SENTENCE if is_succeeded else "",
        disk=hub.disk.describe(hub.folder.path),
    )

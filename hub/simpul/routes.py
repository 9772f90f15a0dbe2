"""The desa and their nodes, for everybody who works here: ``/simpul`` (``simpul.index``) is the list,
``/simpul/desa/<kode>`` (``simpul.show``) one desa with its computers.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, render_template

from hub.beranda.routes import QUIET_S
from hub.beranda.shell import list_desa, name_place, services
from hub.beranda.words import describe_age, describe_contacts
from hub.ingest.quota import STRANGERS
from hub.ingest.unruly import list_floods
from hub.simpul import queries
from hub.simpul.enrol import list_candidates
from hub.simpul.queries import NodeRow
from hub.simpul.rules import (
    Contact, Remark, SlotState, describe_clock, describe_flood, describe_parity, describe_program, describe_queue,
    describe_result, describe_version, find_remarks, is_refused, judge_slot,
)
from hub.sipande.figures import load_figures
from hub.sipande.rules import COMPLETE_MIN, find_completeness
from hub.sipande.targets import load_targets
from shared.store.records import count_newer
from shared.sync.versions import Other

blueprint = Blueprint("simpul", __name__)
_SLOTS_SHOWN = 200


@dataclass(frozen=True)
class DesaLine:
    """One desa as the list shows it; ``nodes`` are those that are not revoked."""

    kode: str
    nama: str
    nodes: list[NodeRow]
    penduduk: int
    target: int | None
    remarks: list[Remark]

    @property
    def last_s(self) -> int | None:
        return max((node.last_s for node in self.nodes if node.last_s is not None), default=None)

    @property
    def queue(self) -> int | None:
        known = [node.queue for node in self.nodes if node.queue is not None]
        return sum(known) if known else None

    @property
    def complete(self) -> int | None:
        return find_completeness(self.penduduk, self.target)


@blueprint.get("/simpul")
def index() -> str:
    """List every desa of the kecamatan: contact, queue, completeness, what needs somebody."""
    hub, lines = services(), _load_lines()
    with hub.database.read() as conn:
        strangers = list_floods(conn, hub.clock.now_s()).get(STRANGERS)
    with_target = [line for line in lines if line.target is not None]
    last = [node.last_s for line in lines for node in line.nodes]
    return render_template(
        "simpul/index.html", lines=lines, candidates=list_candidates(hub), name_place=name_place,
        sentence=describe_contacts(hub.clock.now_s(), last, QUIET_S), line_min=COMPLETE_MIN,
        overall=find_completeness(
            sum(line.penduduk for line in with_target), sum(line.target or 0 for line in with_target)
        ),
        behind=[line.nama for line in lines if line.complete is not None and line.complete < COMPLETE_MIN],
        age=_describe_age, queue=describe_queue, flood=describe_flood(strangers) if strangers else "",
    )


@blueprint.get("/simpul/desa/<kode>")
def show(kode: str) -> str:
    """Show one desa with each of its computers."""
    hub = services()
    line = next((line for line in _load_lines() if line.kode == kode), None)
    if line is None:
        abort(404)
    with hub.database.read() as conn:
        nodes = [(node, queries.find_detail(conn, node.id)) for node in queries.list_nodes(conn, kode)]
        floods = list_floods(conn, hub.clock.now_s())
        held = count_newer(conn, kode)
    now_s = hub.clock.now_s()
    return render_template(
        "simpul/desa.html", line=line, nodes=nodes, line_min=COMPLETE_MIN, age=_describe_age,
        candidates=[found for found in list_candidates(hub) if found["wilayah"] == kode],
        is_silent=lambda node: node.last_s is None or now_s - node.last_s > QUIET_S,
        clock=describe_clock, queue=describe_queue, parity=describe_parity, result=describe_result,
        refused=is_refused, version=describe_version,
        flood=lambda node: describe_flood(floods[node.kunci]) if node.kunci in floods else "",
        program=lambda node: describe_program(hub.program, _other(node), held),
    )


def _load_lines() -> list[DesaLine]:
    hub, figures = services(), load_figures()
    now_s = hub.clock.now_s()
    with hub.database.read() as conn:
        nodes = [node for node in queries.list_nodes(conn) if node.status != "dicabut"]
        slots = queries.list_slots(conn, _SLOTS_SHOWN)
        floods = list_floods(conn, now_s)
        targets = load_targets(conn)
    is_open = {
        slot.desa for slot in slots if judge_slot(slot.status, slot.expires_s, now_s) is SlotState.TERBUKA
    }
    waiting = [found["wilayah"] for found in list_candidates(hub)]
    people = {own.kode: own.penduduk for own in figures.desa}
    lines = []
    for kode, nama in list_desa(hub.wilayah):
        own = [node for node in nodes if node.desa == kode]
        contacts = [
            Contact(
                node.last_s, describe_clock(node.last_s, node.device_time_s), node.parity, node.result,
                node.status == "ditangguhkan", not _other(node).is_same, node.kunci in floods,
            )
            for node in own
        ]
        remarks = find_remarks(now_s, contacts, QUIET_S, waiting.count(kode), kode in is_open)
        lines.append(DesaLine(kode, nama, own, people.get(kode, 0), targets.get(kode), remarks))
    return lines


def _other(node: NodeRow) -> Other:
    """Give what is known of a node's program; one that was never heard counts as the same."""
    return Other(node.program, node.kinds in ("", services().kinds), node.held)


def _describe_age(then_s: int | None) -> str:
    return describe_age(services().clock.now_s(), then_s)

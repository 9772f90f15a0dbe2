"""Settings of the office that wait for a choice: versions of its record, or records from before it had a name."""

from __future__ import annotations

from dataclasses import replace

from node.beranda.desk import author, services
from node.beranda.kantor import DESA, rank_offices, read_office
from node.beranda.queries import OFFICE
from node.change import write_drafts
from node.penduduk.biodata import make_teller
from node.penduduk.editing import list_disputes
from node.penduduk.history import Sengketa
from node.penduduk.kembar import compare_records
from shared.store.drafts import draft_update
from shared.store.records import load_states


def list_office_disputes() -> list[Sengketa]:
    """List the settings of which there is more than one, with what is printed meanwhile."""
    node = services()
    with node.database.read() as conn:
        office, rows = read_office(conn, node.wilayah), rank_offices(conn, node.wilayah)
        found = []
        for name in OFFICE:
            others = [row["id"] for row in rows[1:] if row[name] not in (None, rows[0][name])]
            tellers = {id: make_teller(node, conn, DESA, id) for id in (rows[0]["id"], *others)} if others else {}
            dispute = compare_records(tellers, [name], name, DESA.fields[name].info.label) if tellers else None
            found += [dispute] if dispute is not None else []
    found = [*list_disputes(DESA, str(office["id"])), *found]
    return [replace(one, live=str(office.get(one.group) or one.live)) for one in found]


def keep_setting(name: str, kept: str) -> bool:
    """Let all records of the office say of a field what one of them says; False where that is no record of it."""
    node = services()
    with node.database.write() as conn:
        values = {row["id"]: row[name] for row in rank_offices(conn, node.wilayah)} if name in OFFICE else {}
        if kept not in values:
            return False
        states = load_states(conn, node.catalogue, DESA, node.wilayah, list(values))
        first = next(iter(values))
        drafts = [
            draft_update(DESA, states[id], id, {name: values[kept]})
            for id, value in values.items() if id == first or value is not None
        ]
        write_drafts(node, [draft for draft in drafts if draft is not None], author=author())
    return True

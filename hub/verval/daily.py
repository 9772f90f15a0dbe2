"""The day of judgement: what waits for days (V8) is judged once a day, by the calendar of the hub."""

from __future__ import annotations

from hub.services import HubServices
from hub.verval import findings
from hub.verval.cases import update_cases
from hub.verval.queries import read_as_of
from shared.clock import today


def judge_today(hub: HubServices) -> bool:
    """Judge what has become due by today; tell whether a new day was judged."""
    day = today(hub.clock).isoformat()
    with hub.database.read() as conn:
        if day <= read_as_of(conn):
            return False
    with hub.database.write() as conn:
        findings.judge_until(conn, day)
    update_cases(hub)
    return True

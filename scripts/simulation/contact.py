"""The first session that goes well after a restore must notice what that made of the node's own logs (I8).

Two sides are compared before they meet, because they will not differ afterwards: where the hub has another history of
a log, or more of it. A session that ends well must then have kept both histories, closed the log, and told so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from node.services import NodeServices
from node.sinkron.report import Outcome, Report
from hub.services import HubServices
from shared.store.branch import list_branches
from shared.store.changes import list_logs, read_leaves
from shared.store.evidence import SENTENCES, list_events
from simulation.claims import require
from simulation.machines import NodeMachine

EVENTS_MAX = 10_000


class Contact(NamedTuple):
    """What a node must notice: its own logs with two histories, and those of which the hub holds more."""

    forked: frozenset[str] = frozenset()
    behind: frozenset[str] = frozenset()

    def __or__(self, other: object) -> Contact:
        assert isinstance(other, Contact)
        return Contact(self.forked | other.forked, self.behind | other.behind)


def compare(node: NodeServices, hub: HubServices) -> Contact:
    """Compare the logs of a node's own keys with what the hub holds of them."""
    own_keys = {key.hex() for key in node.keys.publics()}
    forked, behind = set(), set()
    with node.database.read() as conn, hub.database.read() as theirs:
        held = {log.id: log for log in list_logs(conn)}
        for log in list_logs(theirs, node.wilayah):
            if log.kunci.hex() not in own_keys:
                continue
            mine = held.get(log.id)
            size = 0 if mine is None else min(mine.size, log.size)
            # No change stands at one place of two histories once they have parted: each names what was before it.
            if mine is not None and read_leaves(conn, mine, 0, size) != read_leaves(theirs, log, 0, size):
                forked.add(log.id)
            elif size < log.size:
                behind.add(log.id)
    return Contact(frozenset(forked), frozenset(behind))


@dataclass
class Contacts:
    """What nodes have still to notice, by name."""

    expected: dict[str, Contact] = field(default_factory=dict)

    def look_ahead(self, node: NodeMachine, hub: HubServices) -> None:
        """Note what the coming contact must notice, beside what broken ones before it have met."""
        self.expected[node.name] = self.expected.get(node.name, Contact()) | compare(node.services, hub)

    def check(self, node: NodeMachine, report: Report) -> Contact:
        """Check that a session that went well has noticed it, with a sentence for the operator; give what it was."""
        if report.outcome is not Outcome.SELESAI or node.name not in self.expected:
            return Contact()
        expected = self.expected.pop(node.name)
        _check_noticed(node, expected)
        return expected


def _check_noticed(node: NodeMachine, expected: Contact) -> None:
    with node.services.database.read() as conn:
        events = {(event.code, event.log) for event in list_events(conn, EVENTS_MAX)}
        branches = {branch.log for branch in list_branches(conn)}
        logs = {log.id: log for log in list_logs(conn)}
    require(all(code in SENTENCES for code, _ in events), f"{node.name}: an event without a sentence")
    for log in expected.forked:
        require(log in branches, f"{node.name}: of a forked log only one history is kept")
        require(("fork", log) in events, f"{node.name}: a fork was not told")
        require("terbit_ulang" in {code for code, _ in events}, f"{node.name}: a branch was not issued again")
    for log in expected.forked | expected.behind:
        require(logs[log].closed, f"{node.name}: a log is continued that the hub holds more of")
        require(("pulih", log) in events or ("fork", log) in events, f"{node.name}: a restore was not told")

"""What people of an office do in tests, in one line each; and one conversation with the hub, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hub.services import HubServices
from hub.verval import decide
from hub.verval.cases import Finding, list_findings
from node.change import write_drafts
from node.services import NodeServices
from node.sinkron.handover import InlineExecutor, build_next
from node.sinkron.session import Session
from node.sinkron.transport import Answer
from shared.store.changes import Log, list_logs
from shared.store.drafts import draft_create, draft_delete, draft_restore, draft_update
from shared.store.records import load_state
from shared.sync import messages
from tests.support.federation import DESA, Federation, WsgiTransport, make_officer

NIK_A, NIK_B, NIK_C = "3303990101900001", "3303990101900002", "3303990101900003"


def create(node: NodeServices, kind: str = "penduduk", **values: Any) -> str:
    """Create a record; return its id."""
    id = node.new_id()
    write_drafts(node, [draft_create(node.catalogue[kind], id, values)], author=node.new_id())
    return id


def update(node: NodeServices, record: str, *, of: str = "penduduk", author: str = "", **changed: Any) -> str:
    """Change a record as this node sees it; return the reference of the change."""
    kind = node.catalogue[of]
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, kind, node.wilayah, record)
        draft = draft_update(kind, state, record, changed)
        assert draft is not None, "nothing differs"
        return write_drafts(node, [draft], author=author or node.new_id())[0]


def delete(node: NodeServices, record: str) -> None:
    kind = node.catalogue["penduduk"]
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, kind, node.wilayah, record)
        write_drafts(node, [draft_delete(kind, state, record, "salah masuk")], author=node.new_id())


def restore(node: NodeServices, record: str) -> None:
    kind = node.catalogue["penduduk"]
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, kind, node.wilayah, record)
        write_drafts(node, [draft_restore(kind, state, record)], author=node.new_id())


def rows(side: NodeServices | HubServices, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Read rows of one side."""
    with side.database.read() as conn:
        return [tuple(row) for row in conn.execute(sql, values)]


def value(side: NodeServices | HubServices, sql: str, *values: Any) -> Any:
    """Read one value; None where there is no row."""
    found = rows(side, sql, *values)
    return found[0][0] if found else None


def live(side: NodeServices | HubServices, record: str, name: str, desa: str = DESA) -> Any:
    """Give the live value of one field of a penduduk."""
    return value(side, f"SELECT {name} FROM penduduk WHERE id = ? AND desa = ?", record, desa)


def own_log(node: NodeServices) -> Log:
    with node.database.read() as conn:
        return next(log for log in list_logs(conn) if log.own)


def open_log(node: NodeServices) -> Log:
    """Give the log that a node writes now; one that was restored has others that ended."""
    with node.database.read() as conn:
        return max((log for log in list_logs(conn) if log.own and not log.closed), key=lambda log: log.no)


def sizes(side: NodeServices | HubServices) -> dict[str, int]:
    """Give the size of every log that a side holds."""
    return dict(rows(side, "SELECT id, size FROM log"))


def sent_mark(node: NodeServices) -> int:
    """Give the highest receipt of the node's own log."""
    return int(value(node, "SELECT max(size) FROM receipt WHERE log = ?", own_log(node).no) or 0)


def officers(federation: Federation) -> tuple[decide.Officer, decide.Officer]:
    """Two people of the kecamatan."""
    sri, joko = (decide.Officer(make_officer(federation.hub, name), "wali_data") for name in ("SRI", "JOKO"))
    return sri, joko


def find(hub: HubServices, kode: str) -> Finding:
    """Find the only finding of a code."""
    with hub.database.read() as conn:
        (found,) = list_findings(conn, kode=kode)
    return found


def heads(hub: HubServices, finding: Finding) -> list[str]:
    with hub.database.read() as conn:
        return decide.list_heads(conn, hub, finding)


def version_of(hub: HubServices, finding: Finding, node: NodeServices) -> dict[str, str]:
    """Give the version of a V1 finding that one node wrote: group → reference."""
    with hub.database.read() as conn:
        versions = decide.list_versions(conn, hub, finding)
    return dict(next(version.refs for version in versions if version.log == own_log(node).id))


@dataclass
class Talk:
    """One conversation of a node with the hub whose steps a test takes itself."""

    federation: Federation
    node: NodeServices
    transport: WsgiTransport = field(init=False)
    session: Session = field(init=False)
    receiver: bytes = b""

    def __post_init__(self) -> None:
        self.transport = self.federation.transport(self.node)
        self.session = Session(self.node, self.transport, InlineExecutor())
        hub = self.node.hub()
        assert hub is not None
        self.session.hub = hub
        self.receiver = bytes.fromhex(self.session._hello(hub)[1]["segel"])

    def run(self, start: int, end: int | None = None, receiver: bytes | None = None) -> bytes:
        """Build a run of the node's own log."""
        log = open_log(self.node)
        codec, end = self.session.link.codec, log.size if end is None else end
        return build_next(self.session.services, log, start, end, codec, receiver or self.receiver)[0]

    def push(self, body: bytes) -> Answer:
        return self.transport.post("/sync/v1/push", body, self.session.nonce)

    def pull(self, wanted: dict[str, int]) -> Answer:
        listed = [{"id": id, "size": size} for id, size in wanted.items()]
        body = messages.encode({"logs": listed, "bytes_max": 0, "codec": "zlib"})
        return self.transport.post("/sync/v1/pull", body, self.session.nonce)


def refusal(answer: Answer) -> dict[str, Any]:
    """Read a refusal."""
    return messages.decode(messages.Refusal, answer.body)

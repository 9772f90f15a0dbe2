"""A computer with an enrolled key in hostile hands: everything it says is signed, and nothing of it is honest.

What it does must stay in its desa and in its own log: the honest computers are held to every invariant as if it
were not there, its sibling in the same desa included.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from sqlite3 import Connection

from node.change import write_drafts
from node.sinkron.handover import InlineExecutor, build_next
from node.sinkron.session import Session
from node.sinkron.transport import Answer
from shared.changelog.change import Op
from shared.changelog.checkpoint import Checkpoint, Signer, sign_checkpoint
from shared.changelog.keys import SigningKey
from shared.changelog.run import MAGIC, split_runs
from shared.changelog.tree import CompactRange
from shared.errors import SipandeError
from shared.merge.scope import Role
from shared.store.anchor import AnchorFile
from shared.store.changes import SEQ_BITS, SEQ_MASK, Log, cut, find_last_log, find_log, list_logs
from shared.store.drafts import Draft, draft_create
from shared.store.runs import build_run, pack_run
from shared.sync import messages
from simulation.faults import Fault, FaultPlan
from simulation.link import Memory
from simulation.machines import NodeMachine
from simulation.world import World

AT_ONCE = 3
HUGE = (1 << 39, 10**14, (1 << 53) - 1)
PATHS = ("hello", "push", "pull", "compare", "parity", "rotate", "enrol", "blob/have", "blob/put", "blob/get")


class Broken(AssertionError):
    """An attack went through."""


class Talk:
    """One conversation of the enemy, taken step by step; what it sends beyond hello is its own invention."""

    def __init__(self, world: World, node: NodeMachine) -> None:
        self.world, self.node = world, node
        # A link that breaks nothing: what an attack is answered must be the answer to it.
        self.link = replace(world.link(node), plan=FaultPlan(_dice(world), {}), memory=Memory())
        self.session = Session(node.services, self.link, InlineExecutor())
        hub = node.services.hub()
        assert hub is not None
        self.receiver = bytes.fromhex(self.session._hello(hub)[1]["segel"])

    def build(self, log: Log, receiver: bytes) -> bytes:
        """Build an honest run of a whole log."""
        return build_next(self.node.services, log, 0, log.size, self.session.link.codec, receiver)[0]

    def post(self, path: str, body: bytes) -> Answer:
        """Post anything; a defect of the hub in answer to it is a finding."""
        answer = self.link.post(f"/sync/v1/{path}", body, self.session.nonce)
        if answer.status == 500:
            raise Broken(f"{path}: the hub answers with a defect")
        return answer


def _dice(world: World) -> random.Random:
    return world.plan.dice_of(Fault.HOSTILE)


def _own_log(node: NodeMachine) -> Log | None:
    with node.services.database.read() as conn:
        return find_last_log(conn, node.desa, Role.DESA)


def _size_at_hub(world: World, log: Log) -> int:
    with world.hub.services.database.read() as conn:
        held = find_log(conn, log.id)
    return 0 if held is None else held.size


def _some_refs(conn: Connection, count: int, dice: random.Random) -> list[str]:
    rows = conn.execute(
        "SELECT l.id, c.pos & ?, c.leaf FROM change c JOIN log l ON l.no = c.pos >> ? ORDER BY l.id, c.pos",
        (SEQ_MASK, SEQ_BITS),
    ).fetchall()
    return sorted(f"{id}:{seq}:{leaf[:8].hex()}" for id, seq, leaf in dice.sample(rows, min(count, len(rows))))


def _claim(run: bytes, member: str, dice: random.Random) -> bytes:
    """Write another number into the header of a run."""
    header, _, sealed = run.removeprefix(MAGIC).partition(b"\n")
    members = {**json.loads(header), member: dice.choice((*HUGE, -1))}
    return MAGIC + json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" + sealed


def attack(world: World) -> str:
    """Let the enemy do a few things."""
    node, done = world.hostile[0], []
    for act in _dice(world).sample(ATTACKS, AT_ONCE):
        try:
            done.append(f"{act.__name__} {act(world, node)}")
        except SipandeError as error:
            done.append(f"{act.__name__} {type(error).__name__}")
    return ", ".join(done)


def write_as_hub(world: World, node: NodeMachine) -> str:
    """Write what only the hub may: trust, verdicts, cases, programmes; and hand it over in good order."""
    services, dice = node.services, _dice(world)
    with services.database.read() as conn:
        refs = _some_refs(conn, dice.randrange(1, 4), dice)
        simpul = [row[0] for row in conn.execute("SELECT id FROM simpul ORDER BY id")]
    drafts = {
        "simpul": lambda kind: Draft(kind, dice.choice(simpul), Op.UPDATE, ("status",), {"status": "dicabut"}, ()),
        "adopsi": lambda kind: draft_create(kind, services.new_id(), {"perubahan": refs, "alasan": "x"}),
        "penghapusan": lambda kind: draft_create(kind, services.new_id(), {"perubahan": refs, "alasan": "x"}),
        "program_bantuan": lambda kind: draft_create(kind, services.new_id(), {"nama": "PALSU"}),
        "kunci_hub": lambda kind: draft_create(kind, services.new_id(), {"kunci": "00" * 32, "surat": "x"}),
        "tautan": lambda kind: draft_create(kind, services.new_id(), {"penduduk": services.new_id(), "aktif": True}),
    }
    name = dice.choice(sorted(drafts))
    if name == "simpul" and not simpul:
        return "nothing"
    write_drafts(services, [drafts[name](services.catalogue[name])], author=node.author)
    return f"{name} {world.sync(node).outcome.value}"


def write_onto_others(world: World, node: NodeMachine) -> str:
    """Write residents under record ids of other desa and of siblings, with values of wrong shapes."""
    services, dice = node.services, _dice(world)
    with world.hub.services.database.read() as conn:
        ids = [row[0] for row in conn.execute("SELECT DISTINCT record FROM change WHERE kind = 'penduduk' ORDER BY 1")]
        parents = tuple(_some_refs(conn, 64, dice))
    kind = services.catalogue["penduduk"]
    values = dice.choice((
        {"nama": "PALSU", "nik": 33}, {"nama": ["x"]}, {"nama": "PALSU", "keluarga": "bukan-id"}, {"nama": "A" * 5000},
        {"nama": "PALSU", "nik": "3303990101900001"}, {}, {"nama": "\u202e<script>"},
    ))
    record = dice.choice(ids) if ids else services.new_id()
    op = dice.choice((Op.CREATE, Op.UPDATE, Op.DELETE))
    groups = ("identitas", "nik") if op is Op.UPDATE else ()
    body = {} if op is Op.DELETE else values
    write_drafts(
        services, [Draft(kind, record, op, groups, body, parents if op is not Op.CREATE else ())], author=node.author
    )
    return f"{op.value} {world.sync(node).outcome.value}"


def write_other_log(world: World, node: NodeMachine) -> str:
    """Hand over a log that says it is another desa's, or a channel of the hub."""
    services, dice = node.services, _dice(world)
    others = [desa for desa in world.desa if desa != node.desa] or [node.desa]
    wilayah, peran = dice.choice((
        (dice.choice(others), Role.DESA), (dice.choice(others), Role.SALURAN), (node.desa, Role.SALURAN),
        (world.hub.services.wilayah, Role.UMUM),
    ))
    talk = Talk(world, node)
    genesis, batch = services.begin_batch(wilayah, peran)
    tree = CompactRange()
    tree.extend(batch.leaves)
    log = Log(0, genesis.id, genesis.origin, wilayah, peran, genesis.kunci, True, tree.size, tree, None)
    note = sign_checkpoint(Checkpoint(log.origin, tree.size, tree.root()), services.signer(log))
    run = pack_run(batch.changes, log, 0, note=note, proof=(), codec="zlib", receiver=talk.receiver)
    answer = talk.post("push", run)
    is_own_desa = wilayah == node.desa and peran is Role.DESA
    if answer.status == 200 and not is_own_desa:
        raise Broken(f"the hub took a log of {wilayah} as {peran.value} from a computer of {node.desa}")
    return str(answer.status)


def fork(world: World, node: NodeMachine) -> str:
    """Take back the last change and sign another one in its place."""
    services = node.services
    log = _own_log(node)
    if log is None or log.size < 3:
        return "nothing"
    with services.database.write() as conn:
        cut(conn, log, log.size - 1)
    # The product keeps a memory of what it once signed, against exactly this; the enemy wipes it.
    (services.folder.keys / "puncak.json").unlink(missing_ok=True)
    services.anchor = AnchorFile(services.folder.keys)
    values = {"nama": "CABANG"}
    write_drafts(services, [draft_create(services.catalogue["dusun"], services.new_id(), values)], author=node.author)
    return world.sync(node).outcome.value


def send_garbage(world: World, node: NodeMachine) -> str:
    """Send what is no message, to every address."""
    dice, talk = _dice(world), Talk(world, node)
    texts = (
        b"", b"{", b"null", b"[]", b'{"logs": 1}', b'{"logs": [{"id": 1}]}', b"[" * 3000, b'{"a":' * 2000,
        dice.randbytes(300), json.dumps({"nonce": "x" * 9000}).encode(), b"\xff\xfe{}", b'{"version": 1e400}',
    )
    return " ".join(str(talk.post(path, dice.choice(texts)).status) for path in dice.sample(PATHS, 3))


def send_huge_counts(world: World, node: NodeMachine) -> str:
    """Claim sizes that nothing can have."""
    dice, talk = _dice(world), Talk(world, node)
    log = _own_log(node)
    if log is None:
        return "nothing"
    heads = [{"id": log.id, "size": dice.choice(HUGE), "root": "A" * 43 + "="}]
    talk.post("compare", messages.encode({"id": log.id, "heads": heads}))
    talk.post("pull", messages.encode({"logs": heads, "bytes_max": dice.choice(HUGE), "codec": "zlib"}))
    run = _claim(talk.build(log, talk.receiver), dice.choice(("start", "end", "erased")), dice)
    return str(talk.post("push", run).status)


def send_false_checkpoint(world: World, node: NodeMachine) -> str:
    """Send new changes under a note of another key, or of a size or root that is not theirs."""
    services, dice, talk = node.services, _dice(world), Talk(world, node)
    dusun = draft_create(services.catalogue["dusun"], services.new_id(), {"nama": "TANPA TANDA"})
    write_drafts(services, [dusun], author=node.author)
    log = _own_log(node)
    assert log is not None
    before = _size_at_hub(world, log)
    if before > log.size:
        return "behind"
    signer = Signer(log.origin, dice.choice((node.services.keys.signing, SigningKey(dice.randbytes(32)))))
    note = sign_checkpoint(Checkpoint(log.origin, log.size + dice.randrange(2), dice.randbytes(32)), signer)
    with node.services.database.read() as conn:
        run = build_run(
            conn, log, before, log.size, note=note, note_size=log.size, codec="zlib", receiver=talk.receiver
        )
    answer = talk.post("push", run)
    if _size_at_hub(world, log) != before:
        raise Broken("the hub took changes under a false checkpoint")
    return str(answer.status)


def seal_wrongly(world: World, node: NodeMachine) -> str:
    """Seal a run to somebody else than the hub."""
    talk, log = Talk(world, node), _own_log(node)
    seal = node.services.keys.seal
    if log is None or seal is None:
        return "nothing"
    answer = talk.post("push", talk.build(log, seal.public))
    if answer.status == 200:
        raise Broken("the hub took a run that is not sealed to it")
    return str(answer.status)


def spy(world: World, node: NodeMachine) -> str:
    """Ask for everything that the hub holds; only what this desa may read may come."""
    talk = Talk(world, node)
    with world.hub.services.database.read() as conn:
        logs = list_logs(conn)
        readable = {log.id for log in logs if log.wilayah in (node.desa, world.hub.services.wilayah)}
        pictures = conn.execute(
            "SELECT foto FROM penduduk WHERE foto IS NOT NULL AND desa <> ? ORDER BY foto", (node.desa,)
        ).fetchall()
    wanted = [{"id": log.id, "size": 0} for log in logs]
    answer = talk.post("pull", messages.encode({"logs": wanted, "bytes_max": 0, "codec": "zlib"}))
    if answer.status == 200:
        for header, _ in split_runs(answer.body):
            if header.log not in readable:
                raise Broken("a computer was given a log of another desa")
    with world.hub.services.database.read() as conn:
        own = {row[0] for row in conn.execute("SELECT foto FROM penduduk WHERE desa = ?", (node.desa,))}
    for (digest,) in pictures[:3]:
        got = talk.post("blob/get", messages.encode({"hash": digest, "offset": 0, "bytes_max": 4096}))
        if got.status == 200 and digest not in own:
            raise Broken("a computer was given a picture of another desa")
    return str(answer.status)


ATTACKS: tuple[Callable[[World, NodeMachine], str], ...] = (
    write_as_hub, write_onto_others, write_other_log, fork, send_garbage, send_huge_counts, send_false_checkpoint,
    seal_wrongly, spy,
)

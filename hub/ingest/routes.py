"""The protocol's endpoints: signature over raw bytes first, then parse, then act (sync_protocol.md 8)."""

from __future__ import annotations

import base64
import functools
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, current_app, g, request

from hub.downlink.answer import build_answer, find_differing, list_heads, readable_logs
from hub.downlink.owed import write_owed
from hub.ingest.accept import Sender, accept_run
from hub.ingest.branches import list_missing
from hub.ingest.contact import note_contact, note_handed_over, note_refusal
from hub.ingest.gate import Gate
from hub.ingest.quota import STRANGERS, Busy, Quota
from hub.ingest.sender import describe_program, judge_parity, look_up_helper, look_up_sender
from hub.ingest.sessions import SyncSession, sessions
from hub.ingest.unruly import Floods, note_flood
from hub.pemulihan.rotation import accept_rotation
from hub.pemulihan.state import learn_successors, name_successors, read_recovery
from hub.pemulihan.succeeded import note_successors, refuse_to_speak
from hub.pemulihan.watch import watch_histories
from hub.services import HubServices
from hub.simpul.enrol import accept_candidate
from hub.verval.cases import update_cases
from shared.changelog.run import split_runs
from shared.errors import DamageError, EnvironmentProblem, ProtocolError
from shared.merge.scope import Role
from shared.store.changes import find_log, root_at
from shared.store.lines import list_roots
from shared.store.parity import Comparison, digest_range, list_range
from shared.store.runs import encode_root
from shared.store.side import find_own_log
from shared.sync import messages, signature
from shared.sync.checks import ForkError
from shared.sync.codes import CODES
from shared.sync.limits import limit

blueprint = Blueprint("sync", __name__, url_prefix="/sync/v1")
log = logging.getLogger(__name__)
CONTENT_TYPE = "application/x-sipande"


def services() -> HubServices:
    found: HubServices = current_app.extensions["services"]
    return found


def _gate() -> Gate:
    """Give the gate of this app; where no server has set one (a simulated hub) no work costs time."""
    gate: Gate = current_app.extensions.setdefault("sync_gate", Gate(services().clock.monotonic_s, lambda: 0.0))
    return gate


Handler = Callable[[bytes, signature.Signed], Response]


def signed(handler: Handler) -> Callable[[], Response]:
    """Check size, digest and signature of the raw body before the handler reads a byte of it."""

    @functools.wraps(handler)
    def view() -> Response:
        try:
            if (request.content_length or 0) > limit("push_bytes_max"):
                raise ProtocolError("too_large")
            body = request.get_data(cache=False)
            headers = signature.header_subset(dict(request.headers))
            message = signature.RequestMessage(request.method, request.url, headers)
            caller = signature.verify(message, body)
            return _work(handler, body, caller)
        except ProtocolError as error:
            return refuse(error)
        except EnvironmentProblem as problem:
            hub = services()
            hub.disk.note_refused(hub.clock.now_s(), problem.kode)
            return refuse(ProtocolError("disk_full"))
        except Exception:
            log.exception("sync request failed")
            return refuse(ProtocolError("broken"))

    return view


def _work(handler: Handler, body: bytes, caller: signature.Signed) -> Response:
    """Let a request pass when its turn has come, within the share of its key; one that was broken costs more."""
    hub = services()
    quota: Quota = current_app.extensions.setdefault("sync_quota", Quota(hub.clock.monotonic_s))
    with hub.database.read() as conn:
        if request.endpoint != "sync.succeeded":
            refuse_to_speak(conn, hub)
        is_known = conn.execute("SELECT 1 FROM simpul WHERE kunci = ?", (caller.key,)).fetchone() is not None
    purse = caller.key if is_known else STRANGERS
    share = limit("bytes_blob") if (request.endpoint or "").startswith("sync_blob.") else 1
    # The turn first: who asks without end waits for each refusal too.
    try:
        with _gate().pass_through(purse), quota.spend(purse, len(body) // share):
            try:
                response = handler(body, caller)
            except ProtocolError as error:
                response = refuse(error)
    except Busy as error:
        _count_flood(hub, purse, error.wait_s)
        raise
    # What a request costs the others is what it makes this hub do: changes to fold, an answer to build and seal.
    quota.charge(purse, g.pop("changes", 0) * limit("bytes_change") + len(response.data) // share)
    if response.status_code in (400, 422):
        quota.fine(purse)
        _count_flood(hub, purse)
    return response


def _count_flood(hub: HubServices, purse: str, wait_s: int | None = None) -> None:
    """Count what was broken or came too soon, for the operator."""
    floods: Floods = current_app.extensions.setdefault("sync_floods", Floods())
    found = floods.count(purse, hub.clock.monotonic_s(), wait_s=wait_s)
    if found is not None:
        with suppress(EnvironmentProblem):
            note_flood(hub, purse, *found)


def refuse(error: ProtocolError, **more: Any) -> Response:
    """Answer a refusal with its code, status and what the sender needs to act on it."""
    code = CODES.get(error.code, CODES["broken"])
    content = {"code": code.name, "detail": error.detail[:200], **more}
    response = Response(messages.encode(content), status=code.status, content_type="application/json")
    if code.name in ("too_many", "disk_full", "broken", "succeeded"):
        wait_s = error.wait_s if isinstance(error, Busy) else limit("retry_after_s")
        response.headers["Retry-After"] = str(wait_s)
    return response


def answer_error(status: int, error: BaseException) -> Response:
    """Word an error that never reached a view (no such route, body too large) as a refusal."""
    return refuse(ProtocolError({404: "not_found", 405: "not_found", 413: "too_large"}.get(status, "broken")))


def find_sender(key: str) -> Sender:
    """Find the enrolled node behind a key; ProtocolError when it may not speak."""
    return look_up_sender(services(), key)


def find_helper(key: str, body: bytes) -> Sender | None:
    """Tell whether a stranger may hand over the common channel, and nothing else."""
    try:
        announced = messages.decode(messages.HelloRequest, body)["logs"]
    except ProtocolError:
        return None
    return look_up_helper(services(), key, announced)


@blueprint.post("/enrol")
@signed
def enrol(body: bytes, caller: signature.Signed) -> Response:
    version = agree_version(body)
    answer = accept_candidate(services(), decode_signed(messages.EnrolRequest, body, caller), caller.key)
    return _signed_answer(answer | {"version": version}, caller.nonce)


@blueprint.post("/hello")
@signed
def hello(body: bytes, caller: signature.Signed) -> Response:
    hub = services()
    try:
        sender = find_sender(caller.key)
    except ProtocolError as error:
        helper = find_helper(caller.key, body) if error.code == "unknown_key" else None
        if helper is None:
            raise
        sender = helper
    try:
        version = agree_version(body)
    except ProtocolError as error:
        note_refusal(hub, sender, error.code)
        raise
    asked = decode_signed(messages.HelloRequest, body, caller)
    learn_successors(hub, asked["rantai"])
    nonce = base64.urlsafe_b64encode(hub.random(16)).decode().rstrip("=")
    heads = list_heads(hub, sender.wilayah)
    announced = {head["id"]: head["size"] for head in asked["logs"]}
    told = {head["id"]: head["size"] for head in heads}
    answer: dict[str, Any] = {
        "version": version, "nonce": nonce, "echo": asked["nonce"], "logs": heads,
        "time": hub.clock.now_s(), "segel": hub.seal_key.public.hex(), **Comparison().message(),
    }
    if sender.simpul:
        common = find_own_log(hub, hub.wilayah, Role.UMUM)
        answer |= judge_parity(hub, sender, asked).message() | describe_program(hub, sender, asked)
        note_contact(
            hub, sender, asked, queue=_count_queue(announced, told), parity=answer["parity"],
            common_size=0 if common is None else announced.get(common.id, 0),
        )
    else:
        answer["known"] = False
    with hub.database.read() as conn:
        readable = {log.id: log for log in readable_logs(conn, hub, sender.wilayah)} if asked["branches"] else {}
        more: dict[str, Any] = {
            "differs": find_differing(conn, told, asked["logs"]), "rantai": name_successors(conn),
            "branches": list_missing(conn, readable, asked["branches"]) if sender.simpul else [],
        }
        is_recovering = read_recovery(conn) is not None
    if sender.simpul:
        watch_histories(hub, sender, asked["logs"], more["differs"])
        if not more["differs"] and not _count_queue(announced, told):
            # The last computer that a recovering hub has waited for may have nothing to push.
            written = update_cases(hub) if is_recovering else 0
            if write_owed(hub, sender) or written:
                answer["logs"] = list_heads(hub, sender.wilayah)
                told = {head["id"]: head["size"] for head in answer["logs"]}
    expires_s = hub.clock.monotonic_s() + limit("session_s_max")
    sessions().open(nonce, SyncSession(caller.key, expires_s, sender, announced, told))
    # Left out where there is nothing to say: most sessions are this one answer.
    return _signed_answer(answer | {name: value for name, value in more.items() if value}, caller.nonce)


def agree_version(body: bytes) -> int:
    """Find the version of the protocol to speak, before anything else of a message is read (0.8).

    Raises ProtocolError: malformed, node_too_old, hub_too_old.
    """
    offer = messages.decode(messages.Offer, body)
    return services().program.agree(offer["version"], offer["version_min"])


def decode_signed(schema: type[messages.Message], body: bytes, caller: signature.Signed) -> dict[str, Any]:
    """Read a message that opens a conversation; its nonce must be the one that its sender has signed (0.6).

    The answer is signed over that nonce and repeats it: two of them would leave open which request it answers.
    """
    asked = messages.decode(schema, body)
    if asked["nonce"] != caller.nonce:
        raise ProtocolError("malformed", "nonce is not that of the signature")
    return asked


def _count_queue(announced: dict[str, int], held: dict[str, int]) -> int:
    """Count the changes that a node has and this hub lacks."""
    return sum(max(0, size - held.get(id, 0)) for id, size in announced.items())


@blueprint.post("/push")
@signed
def push(body: bytes, caller: signature.Signed) -> Response:
    hub = services()
    session = find_session(caller)
    sender = session.sender
    receipts: list[str] = []
    at = 0
    try:
        runs = split_runs(body)
        changes = sum(header.end - header.start for header, _ in runs)
        if changes > limit("turn_changes_max") and _gate().is_anyone_else_present(caller.key):
            raise ProtocolError("too_large", "others wait")
        g.changes = changes
        for at, (header, sealed) in enumerate(runs):
            receipts.append(accept_run(hub, sender, header, sealed).decode())
    except ProtocolError as error:
        note_refusal(hub, sender, error.code)
        more: dict[str, Any] = {"run": at, "receipts": receipts}
        if isinstance(error, ForkError) or error.code == "gap":
            more.update(_held_size(hub, runs[at][0].log))
        return refuse(error, **more)
    if runs:
        hub.disk.note_stored()
    pushed = {header.log: header.end for header, _ in runs}
    sizes = {head["id"]: head["size"] for head in list_heads(hub, sender.wilayah)}
    is_all_here = not _count_queue(session.announced, sizes)
    if is_all_here:
        note_handed_over(hub, sender)
    if all(end >= session.announced.get(id, 0) for id, end in pushed.items()) and update_cases(hub):
        # Only when the node has handed over all it announced: half a family is no finding.
        sizes = {head["id"]: head["size"] for head in list_heads(hub, sender.wilayah)}
    if is_all_here:
        if sender.simpul and write_owed(hub, sender):
            sizes = {head["id"]: head["size"] for head in list_heads(hub, sender.wilayah)}
    grown = [
        {"id": id, "size": size}
        for id, size in sizes.items()
        if id not in pushed and size != session.told.get(id)
    ]
    answer = {"receipts": receipts, "logs": grown}
    return Response(messages.encode(answer), content_type="application/json")


def _held_size(hub: HubServices, id: str) -> dict[str, Any]:
    with hub.database.read() as conn:
        held = find_log(conn, id)
    return {"log": id, "size": held.size if held else 0}


@blueprint.post("/pull")
@signed
def pull(body: bytes, caller: signature.Signed) -> Response:
    hub = services()
    session = find_session(caller)
    sender, asked = session.sender, messages.decode(messages.PullRequest, body)
    with hub.database.read() as conn:
        row = conn.execute("SELECT segel FROM simpul WHERE kunci = ?", (caller.key,)).fetchone()
    if row is None:
        raise ProtocolError("unknown_key")
    segel = row[0]
    wanted = {entry["id"]: entry["size"] for entry in asked["logs"]}
    runs = build_answer(
        hub, sender, bytes.fromhex(segel), wanted, bytes_max=asked["bytes_max"], codec=asked["codec"],
        told=session.told,
    )
    return Response(runs, content_type=CONTENT_TYPE)


@blueprint.post("/parity")
@signed
def parity(body: bytes, caller: signature.Signed) -> Response:
    """Lead down to the record that differs: digests of a range, or its rows when they are few."""
    hub = services()
    sender = find_session(caller).sender
    asked = messages.decode(messages.ParityRequest, body)
    kind = hub.catalogue.kinds.get(asked["kind"])
    if kind is None:
        raise ProtocolError("not_found", "kind")
    with hub.database.read() as conn:
        count, digest = digest_range(conn, kind, sender.wilayah, asked["low"], asked["high"])
        answer: dict[str, Any] = {"count": count, "digest": digest, "rows": []}
        if count <= limit("parity_rows_max"):
            answer["rows"] = [list(row) for row in list_range(conn, kind, sender.wilayah, asked["low"], asked["high"])]
    return Response(messages.encode(answer), content_type="application/json")


@blueprint.post("/compare")
@signed
def compare(body: bytes, caller: signature.Signed) -> Response:
    """Find the largest sizes, of those asked for, at which this hub's log is the node's, and at which a branch is."""
    hub = services()
    sender = find_session(caller).sender
    asked = messages.decode(messages.CompareRequest, body)
    with hub.database.read() as conn:
        log = next((log for log in readable_logs(conn, hub, sender.wilayah) if log.id == asked["id"]), None)
        if log is None:
            raise ProtocolError("not_found", "log")
        same = [
            head["size"] for head in asked["heads"]
            if head["size"] <= log.size and encode_root(root_at(conn, log, head["size"])) == head["root"]
        ]
        held: set[tuple[int, str]] = set()
        with suppress(DamageError):  # verify tells; then what is kept may come once more
            roots = list_roots(conn, log, [head["size"] for head in asked["heads"]])
            held = {(at, encode_root(root)) for at, root in roots}
    kept = [head["size"] for head in asked["heads"] if (head["size"], head["root"]) in held]
    size = max(same, default=0)
    answer = {"size": size, **({"kept": max(kept)} if max(kept, default=0) > size else {})}
    return Response(messages.encode(answer), content_type="application/json")


@blueprint.post("/rotate")
@signed
def rotate(body: bytes, caller: signature.Signed) -> Response:
    """Let a node's new key follow its old one, which signs this request."""
    version = agree_version(body)
    asked = decode_signed(messages.RotateRequest, body, caller)
    return _signed_answer(accept_rotation(services(), caller.key, asked) | {"version": version}, caller.nonce)


@blueprint.post("/succeeded")
@signed
def succeeded(body: bytes, caller: signature.Signed) -> Response:
    """Take the proof, from whoever has it, that this hub speaks under a key that was followed by another."""
    note_successors(services(), messages.decode(messages.SucceededRequest, body)["rantai"])
    raise ProtocolError("succeeded")


def find_session(caller: signature.Signed) -> SyncSession:
    """Find the session of a request; what has become of its key since hello counts at once."""
    hub = services()
    found = sessions().find(caller.nonce, caller.key, hub.clock.monotonic_s())
    if found.sender.simpul:
        find_sender(caller.key)
    return found


def _signed_answer(answer: dict[str, Any], nonce: str) -> Response:
    """Answer in the hub's name, over the nonce that the caller chose."""
    hub = services()
    body = messages.encode(answer)
    key = hub.keys.signing
    headers = signature.sign(
        signature.AnswerMessage(200), body, key.seed(), key.public.hex(), nonce, hub.clock.now_s()
    )
    return Response(body, headers=headers, content_type="application/json")

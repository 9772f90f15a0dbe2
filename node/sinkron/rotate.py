"""This computer takes new keys: at once, offline too; the hub hears of it at the next contact.

What was written under the old key is handed over under the old key. Then the old key asks that the new
one may follow it, and is forgotten once the hub has said so (sync_protocol.md section 4.5).
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace

from node.services import NodeServices, write_hub
from node.sinkron.hubkey import follow_hub
from node.sinkron.refusal import Refused, check_version, read_refusal
from node.sinkron.session import Outcome, Report, Session
from node.sinkron.transport import Transport
from shared.changelog.keys import SigningKey
from shared.errors import TransportError
from shared.store.evidence import note_event
from shared.sync import messages
from shared.sync.enrolment import rotation_text
from shared.sync.limits import limit

OpenTransport = Callable[[bytes, str], Transport]
"""(seed, public key in hex) → a transport that signs with that key."""


def take_new_keys(services: NodeServices) -> None:
    """Change keys here and now; the logs of the old key end, and the next change opens one of the new key."""
    if services.keys.previous is not None:
        return  # the hub has not heard of the last change yet
    kept_s = limit("seal_key_kept_days") * 24 * 3600
    with services.database.write():
        services.replace_keys(services.keys.rotate(services.random, services.clock.now_s(), kept_s))


def doubt_new_keys(services: NodeServices) -> None:
    """Tell the hub of the last change of keys once more: it was restored from before it had heard of it."""
    if services.keys.former and services.keys.is_told:
        services.replace_keys(replace(services.keys, is_told=False))


def tell_new_keys(services: NodeServices, open_transport: OpenTransport, executor: Executor) -> Report | None:
    """Hand over what former keys have signed, and let the hub put each next key in its place.

    Begins with the newest key that the hub knows: a hub that was restored may have forgotten some.
    Returns the report of a session that failed, None when the key of today may speak.
    """
    keys = services.keys
    if keys.previous is None or services.hub() is None:
        return None
    chain = (*keys.former, keys.signing)
    known = len(keys.former) - 1
    while (report := _follow(services, open_transport, executor, chain[known], chain[known + 1])) is not None:
        if report.code != "unknown_key" or known == 0:
            return report
        known -= 1
    for old, new in zip(chain[known + 1:], chain[known + 2:], strict=False):
        if (report := _follow(services, open_transport, executor, old, new)) is not None:
            return report
    services.replace_keys(replace(services.keys, is_told=True))
    return None


def _follow(
    services: NodeServices, open_transport: OpenTransport, executor: Executor, old: SigningKey, new: SigningKey
) -> Report | None:
    """Run a session under one key and let another follow it; None when the hub has said so."""
    transport = open_transport(old.seed(), old.public.hex())
    try:
        report = Session(services, transport, executor, speaker=old.public).run()
        # Revoked may mean: replaced already, and the answer was lost. Asking again tells.
        if report.outcome is not Outcome.SELESAI and report.code != "key_revoked":
            return report
        _ask(services, transport, old, new)
    except Refused as error:
        return Report(outcome=Outcome.DITOLAK, code=error.code, detail=error.refusal["detail"])
    except TransportError as error:
        return Report(detail=str(error))
    finally:
        transport.close()
    return None


def _ask(services: NodeServices, transport: Transport, old: SigningKey, new: SigningKey) -> None:
    keys, hub = services.keys, services.hub()
    assert keys.seal is not None and hub is not None
    nonce = base64.urlsafe_b64encode(services.random(16)).decode().rstrip("=")
    kunci, segel = new.public.hex(), keys.seal.public.hex()
    body = messages.encode({
        **services.program.offer(), "nonce": nonce, "kunci": kunci, "segel": segel,
        "bukti": new.sign(rotation_text(services.wilayah, old.public.hex(), kunci, segel)).hex(),
    })
    answer = transport.post("/sync/v1/rotate", body, nonce)
    if answer.status != 200:
        raise read_refusal(answer)
    if answer.signed is None or answer.signed.nonce != nonce:
        raise TransportError("answer is not signed by the hub")
    loaded = messages.decode(messages.RotateAnswer, answer.body)
    if answer.signed.key != hub.kunci:
        hub = follow_hub(services, hub, loaded["rantai"], answer.signed.key)
    check_version(services, loaded["version"])
    if (loaded["kunci"], loaded["echo"]) != (kunci, nonce):
        raise TransportError("answer to another question")
    with services.database.write() as conn:
        write_hub(conn, replace(hub, simpul=loaded["simpul"]))
        note_event(conn, services.clock.now_s(), "kunci", "", f"kunci {kunci[:16]}")

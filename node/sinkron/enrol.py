"""The node's half of enrolment: prove the code, pin the hub, show six words."""

from __future__ import annotations

import base64
import hmac
from dataclasses import replace

from node.services import KnownHub, NodeServices, refuse_practice, write_hub
from node.sinkron.transport import Transport
from shared.errors import ProtocolError, UserError
from shared.sync import messages
from shared.sync.codes import CODES
from shared.sync.enrolment import EnrolmentCode, derive_proof_key, fingerprint_of, prove_code, words_of
from shared.sync.limits import PROTOCOL_VERSION


def enrol(services: NodeServices, code: EnrolmentCode, transport: Transport) -> tuple[KnownHub, tuple[str, ...]]:
    """Ask the hub for admission; return the pinned hub and the six words to compare by phone.

    Raises UserError when the hub refuses, or when what answers is not the hub of the code; TransportError
    when nothing answers.
    """
    refuse_practice(services)
    assert services.keys.seal is not None
    nonce = base64.urlsafe_b64encode(services.random(16)).decode().rstrip("=")
    proof_key = derive_proof_key(code.secret)
    kunci, segel = services.keys.signing.public.hex(), services.keys.seal.public.hex()
    body = messages.encode(
        {
            "version": PROTOCOL_VERSION, "slot": code.slot_id, "wilayah": services.wilayah, "kunci": kunci,
            "segel": segel, "nama": services.nama, "nonce": nonce,
            "bukti": prove_code(proof_key, wilayah=services.wilayah, kunci=kunci, segel=segel, nonce=nonce),
        }
    )
    answer = transport.post("/sync/v1/enrol", body, nonce)
    if answer.status != 200:
        raise _refused(answer.body)
    if answer.signed is None:
        # A captive portal answers 200 too; only a signature can be a stranger's.
        raise _refused(answer.body)
    if answer.signed.nonce != nonce:
        raise _stranger()
    hub_public = bytes.fromhex(answer.signed.key)
    if not hmac.compare_digest(fingerprint_of(hub_public), code.fingerprint):
        raise _stranger()
    loaded = messages.decode(messages.EnrolAnswer, answer.body)
    hub = KnownHub(
        address=code.address, wilayah=loaded["wilayah"], nama=loaded["nama"], kunci=answer.signed.key,
        segel=loaded["segel"], pemulihan=loaded["pemulihan"], simpul=loaded["simpul"], status=loaded["status"],
        kunci_lama=tuple(loaded["kunci_lama"]),
    )
    with services.database.write() as conn:
        write_hub(conn, hub)
    if services.keys.previous is not None:
        # The new key is admitted by its own code; nothing has to follow the old one.
        services.replace_keys(replace(services.keys, is_told=True))
    words = words_of(hub_public, services.keys.signing.public, services.keys.seal.public, proof_key)
    return hub, words


def _refused(body: bytes) -> UserError:
    try:
        name = messages.decode(messages.Refusal, body)["code"]
    except ProtocolError:
        name = ""
    if name in CODES:
        return UserError(CODES[name].sentence, name)
    return UserError(
        "Alamat pada kode ini tidak menjawab sebagai hub kecamatan. Periksa sambungan internet (mungkin harus"
        " masuk dulu ke Wi-Fi), lalu coba lagi.",
        "bukan_hub",
    )


def _stranger() -> UserError:
    return UserError(
        "Yang menjawab bukan kecamatan pemilik kode ini (kuncinya berbeda). Jangan lanjutkan; hubungi operator"
        " kecamatan dan minta kode baru.",
        "kunci_hub_berbeda",
    )

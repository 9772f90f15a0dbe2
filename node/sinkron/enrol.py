"""The node's half of enrolment: prove the code, pin the hub, show six words."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from node.services import KnownHub, NodeServices, refuse_practice, write_hub
from node.sinkron.transport import Transport
from shared.errors import ProtocolError, UserError
from shared.sync import messages
from shared.sync.address import check_address
from shared.sync.codes import CODES
from shared.sync.enrolment import EnrolmentCode, derive_proof_key, fingerprint_of, prove_code, words_of


@dataclass(frozen=True)
class Admission:
    """A request for admission and what its answer is checked with; ``proof_key`` stands for the code's secret."""

    request: dict[str, Any]
    nonce: str
    address: str
    fingerprint: bytes
    proof_key: bytes
    is_office: bool = False

    def check_hub(self, kunci: str) -> None:
        """Raise UserError unless a key (hex) is that of the hub which gave the code."""
        if not hmac.compare_digest(fingerprint_of(bytes.fromhex(kunci)), self.fingerprint):
            raise refuse_stranger()


def ask_admission(services: NodeServices, code: EnrolmentCode, *, is_office: bool = False) -> Admission:
    """Write the request for admission with a code, whatever road it takes.

    ``is_office``: a person has said that the hub is in the same office network. Raises UserError where the hub would
    be called in the clear elsewhere.
    """
    refuse_practice(services)
    check_address(code.address, allow_office=is_office)
    assert services.keys.seal is not None
    nonce = base64.urlsafe_b64encode(services.random(16)).decode().rstrip("=")
    proof_key = derive_proof_key(code.secret)
    kunci, segel = services.keys.signing.public.hex(), services.keys.seal.public.hex()
    request = {
        **services.program.offer(), "kinds": services.kinds, "slot": code.slot_id,
        "wilayah": services.wilayah, "kunci": kunci,
        "segel": segel, "nama": services.nama, "nonce": nonce,
        "bukti": prove_code(proof_key, wilayah=services.wilayah, kunci=kunci, segel=segel, nonce=nonce),
    }
    return Admission(request, nonce, code.address, code.fingerprint, proof_key, is_office)


def pin_hub(
    services: NodeServices, asked: Admission, kunci: str, answer: Mapping[str, Any]
) -> tuple[KnownHub, tuple[str, ...]]:
    """Pin the hub whose key has signed the answer; UserError when it is not the hub of the code.

    Returns it with the six words to compare by phone.
    """
    asked.check_hub(kunci)
    try:
        services.program.check_agreed(answer["version"])
    except ProtocolError as error:
        raise UserError(CODES[error.code].sentence, error.code) from None
    hub = KnownHub(
        address=asked.address, wilayah=answer["wilayah"], nama=answer["nama"], kunci=kunci,
        segel=answer["segel"], pemulihan=answer["pemulihan"], simpul=answer["simpul"], status=answer["status"],
        kunci_lama=tuple(answer["kunci_lama"]), is_office=asked.is_office,
    )
    with services.database.write() as conn:
        write_hub(conn, hub)
    if services.keys.previous is not None:
        # The new key is admitted by its own code; nothing has to follow the old one.
        services.replace_keys(replace(services.keys, is_told=True))
    return hub, list_words(services, asked, kunci)


def list_words(services: NodeServices, asked: Admission, kunci: str) -> tuple[str, ...]:
    """Give the six words of this node and a hub's key (hex)."""
    assert services.keys.seal is not None
    own, segel = services.keys.signing.public, services.keys.seal.public
    return words_of(bytes.fromhex(kunci), own, segel, asked.proof_key)


def enrol(
    services: NodeServices, code: EnrolmentCode, transport: Transport, *, is_office: bool = False
) -> tuple[KnownHub, tuple[str, ...]]:
    """Ask the hub for admission; return the pinned hub and the six words to compare by phone.

    Raises UserError when the hub refuses, or when what answers is not the hub of the code; TransportError
    when nothing answers.
    """
    asked = ask_admission(services, code, is_office=is_office)
    answer = transport.post("/sync/v1/enrol", messages.encode(asked.request), asked.nonce)
    # A captive portal answers 200 too; only a signature can be a stranger's.
    if answer.status != 200 or answer.signed is None:
        raise _refused(answer.body)
    if answer.signed.nonce != asked.nonce:
        raise refuse_stranger()
    asked.check_hub(answer.signed.key)
    return pin_hub(services, asked, answer.signed.key, messages.decode(messages.EnrolAnswer, answer.body))


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


def refuse_stranger() -> UserError:
    """Word the refusal of a hub that is not the one of the code."""
    return UserError(
        "Yang menjawab bukan kecamatan pemilik kode ini (kuncinya berbeda). Jangan lanjutkan; hubungi operator"
        " kecamatan dan minta kode baru.",
        "kunci_hub_berbeda",
    )

"""RFC 9421 request and answer signatures (Ed25519) with the RFC 9530 body digest.

Freshness comes from nonces that the two sides gave each other, never from a clock: a village PC with an
empty CMOS battery must sync like any other, so the library's check of ``created`` is bypassed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from cryptography.exceptions import InvalidSignature as BadKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    MappingKeyResolver,
)
from http_message_signatures.algorithms import ED25519

from shared.errors import ProtocolError

REQUEST_COMPONENTS = ("@method", "@authority", "@path", "content-digest")
ANSWER_COMPONENTS = ("@status", "content-digest")
TAG = "sipande-sync-1"
LABEL = "sipande"


@dataclass
class RequestMessage:
    """A request as the signature library reads it; ``headers`` is filled by signing."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class AnswerMessage:
    """An answer as the signature library reads it."""

    status_code: int
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Signed:
    """Who signed (hex of the public key) and with which nonce."""

    key: str
    nonce: str


class _Verifier(HTTPMessageVerifier):
    """Leaves time out of it: nonces prove freshness here."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None, **options: Any) -> None:
        return None


def sign(
    message: RequestMessage | AnswerMessage, body: bytes, seed: bytes, key: str, nonce: str, created_s: int
) -> dict[str, str]:
    """Sign a message and give the headers to send with it (content-digest, signature-input, signature)."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    signer = HTTPMessageSigner(
        signature_algorithm=ED25519, key_resolver=MappingKeyResolver(public_keys={}, private_keys={key: private})
    )
    signer.sign(
        message,
        key_id=key,
        created=datetime.fromtimestamp(created_s, timezone.utc),
        nonce=nonce,
        tag=TAG,
        label=LABEL,
        include_alg=False,
        covered_component_ids=_components(message),
        body=body,
    )
    return message.headers


def verify(message: RequestMessage | AnswerMessage, body: bytes) -> Signed:
    """Check a signature over the raw body; the caller decides whether that key may speak.

    The key id *is* the hex of the public key, so the signature is checked before anything is looked up.
    Raises ProtocolError (bad_signature).
    """
    verifier = _Verifier(signature_algorithm=ED25519, key_resolver=_SelfDescribedKeys(public_keys={}, private_keys={}))
    try:
        results = verifier.verify(
            message, expect_tag=TAG, max_age=None, require_components=_components(message), body=body
        )
    except (HTTPMessageSignaturesException, ProtocolError, BadKey, ValueError, KeyError, TypeError) as error:
        raise ProtocolError("bad_signature", type(error).__name__) from None
    if len(results) != 1:
        raise ProtocolError("bad_signature", "one signature expected")
    parameters = results[0].parameters
    return Signed(str(parameters.get("keyid", "")), str(parameters.get("nonce", "")))


class _SelfDescribedKeys(MappingKeyResolver):
    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(key_id))


def _components(message: RequestMessage | AnswerMessage) -> tuple[str, ...]:
    return REQUEST_COMPONENTS if isinstance(message, RequestMessage) else ANSWER_COMPONENTS


def header_subset(headers: Mapping[str, str]) -> dict[str, str]:
    """Keep the headers that signatures need, names in lower case."""
    wanted = ("content-digest", "signature-input", "signature")
    lowered = {name.lower(): value for name, value in headers.items()}
    return {name: lowered[name] for name in wanted if name in lowered}

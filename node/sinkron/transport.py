"""The wire as the session sees it: a Protocol, and the real one over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import requests

from shared.errors import ProtocolError, TransportError
from shared.sync import signature
from shared.sync.limits import limit

CONTENT_TYPE = "application/x-sipande"
_CONNECT_S_MAX = 10.0
_FIRST_S_MAX = 20.0
_FIRST = ("/sync/v1/hello", "/sync/v1/enrol")
"""The first words of a conversation: short both ways, so whoever is silent for longer is not there."""


@dataclass(frozen=True)
class Answer:
    """What came back; ``signed`` names the key that signed it, where it is signed and verifies."""

    status: int
    body: bytes
    signed: signature.Signed | None = None
    retry_s: int = 0
    """Seconds after which it pays to ask again (Retry-After), 0 where nothing was said."""


@dataclass
class Traffic:
    """Bytes of HTTP both ways, headers included as far as they are visible, and requests made."""

    sent: int = 0
    received: int = 0
    requests: int = 0
    bodies_sent: int = 0


class Transport(Protocol):
    """Carries one signed request; raises TransportError when no answer came that can be read."""

    traffic: Traffic

    def post(self, path: str, body: bytes, nonce: str) -> Answer: ...

    def with_key(self, seed: bytes, key: str) -> Transport:
        """Make another transport to the same hub, which signs with another key."""
        ...

    def close(self) -> None: ...


class HttpTransport:
    """Signed requests over one kept-alive connection. Redirects and proxies of the environment are ignored."""

    def __init__(self, address: str, seed: bytes, key: str, now_s: int, timeout_s: float = 60.0) -> None:
        self.address = address.rstrip("/")
        self._seed, self._key, self._now_s, self._timeout_s = seed, key, now_s, timeout_s
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers.clear()
        self._host = urlsplit(self.address).netloc
        self.traffic = Traffic()

    def post(self, path: str, body: bytes, nonce: str) -> Answer:
        url = self.address + path
        headers = signature.sign(
            signature.RequestMessage("POST", url), body, self._seed, self._key, nonce, self._now_s
        )
        headers["Content-Type"] = CONTENT_TYPE
        self.traffic.requests += 1
        self.traffic.sent += len(body) + _header_bytes(headers) + len(path) + len(self._host) + 60
        self.traffic.bodies_sent += len(body)
        timeout_s = min(self._timeout_s, _FIRST_S_MAX) if path in _FIRST else self._timeout_s
        try:
            with self._http.post(
                url, data=body, headers=headers, timeout=(_CONNECT_S_MAX, timeout_s), allow_redirects=False,
                stream=True,
            ) as response:
                content = _read_limited(response, limit("push_bytes_max"))
                status, answer_headers = response.status_code, dict(response.headers)
        except (requests.RequestException, OSError) as error:
            raise TransportError(type(error).__name__) from None
        self.traffic.received += len(content) + _header_bytes(answer_headers) + 20
        signed = _read_signature(status, answer_headers, content)
        return Answer(status, content, signed, _read_retry(answer_headers))

    def with_key(self, seed: bytes, key: str) -> HttpTransport:
        return HttpTransport(self.address, seed, key, self._now_s, self._timeout_s)

    def close(self) -> None:
        self._http.close()


def _read_limited(response: requests.Response, ceiling: int) -> bytes:
    parts, size = [], 0
    for part in response.iter_content(64 * 1024):
        size += len(part)
        if size > ceiling:
            raise TransportError("answer too large")
        parts.append(part)
    return b"".join(parts)


def _header_bytes(headers: dict[str, str]) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers.items())


def _read_retry(headers: dict[str, str]) -> int:
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return min(int(text), 24 * 3600) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _read_signature(status: int, headers: dict[str, str], body: bytes) -> signature.Signed | None:
    message = signature.AnswerMessage(status, signature.header_subset(headers))
    if "signature" not in message.headers:
        return None
    try:
        return signature.verify(message, body)
    except ProtocolError:
        return None

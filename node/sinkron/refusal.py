"""What a hub refuses, as a session acts on it."""

from __future__ import annotations

from typing import Any

from node.services import NodeServices
from node.sinkron.transport import Answer
from shared.errors import ProtocolError, SipandeError, TransportError
from shared.sync import messages
from shared.sync.codes import CODES


class Refused(SipandeError):
    """The hub refused, with one of the protocol's codes."""

    def __init__(self, status: int, refusal: dict[str, Any], retry_s: int = 0) -> None:
        super().__init__(refusal["code"])
        self.status = status
        self.retry_s = retry_s
        self.code: str = refusal["code"]
        self.refusal = refusal


def read_refusal(answer: Answer) -> Refused:
    """Read an answer that is not 200; TransportError when it is no refusal of ours."""
    try:
        refusal = messages.decode(messages.Refusal, answer.body)
    except ProtocolError:
        raise TransportError(f"status {answer.status}") from None
    if refusal["code"] not in CODES:
        raise TransportError(f"status {answer.status}")
    return Refused(answer.status, refusal, answer.retry_s)


def check_version(services: NodeServices, agreed: int) -> None:
    """Check the version of the protocol that a hub has agreed on; Refused when we do not speak it."""
    try:
        services.program.check_agreed(agreed)
    except ProtocolError as error:
        raise Refused(426, {"code": error.code, "detail": error.detail}) from None

"""A story between people, computers and one hub, written down as the steps of a vector ``exchange``."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vectors.hub_stage import HubStage, encode_body
from vectors.plain import Code, Plain, PlainLog, Said, canonical

DESA = "33.03.04.2006"
BEFORE = "before"
"""The form of a request that only leads to the next one."""


@dataclass
class Story:
    """What goes on between people, computers and one hub, written down as steps."""

    stage: HubStage
    steps: list[dict[str, Any]] = field(default_factory=list)
    _next: dict[str, str] = field(default_factory=dict)

    def people(self, does: str, **more: Any) -> str:
        """Let people act at the hub; give what its screen shows."""
        self.steps.append({"people": does, **more})
        return str(self.stage.take(self.steps[-1]).get("shows", ""))

    def tell(self, form: str, why: str) -> None:
        """Say what the next request or file is a case of."""
        self._next = {"form": form, "why": why}

    def post(self, path: str, body: bytes, headers: Mapping[str, str], method: str = "POST") -> Said:
        request = {"path": path, "headers": dict(headers), **encode_body(body)}
        if method != "POST":
            request["method"] = method
        self.steps.append({"endpoint": path.removeprefix("/sync/v1/"), **self._take_next(), "request": request})
        answer = self.stage.take(self.steps[-1])
        return Said(answer["status"], answer["headers"], answer.get("text", "").encode())

    def carry(self, data: bytes, endpoint: str) -> None:
        """Let people carry a file to the hub."""
        self.steps.append({"endpoint": endpoint, **self._take_next(), "file": base64.b64encode(data).decode()})
        self.stage.take(self.steps[-1])

    def _take_next(self) -> dict[str, str]:
        told, self._next = self._next or {"form": BEFORE, "why": ""}, {}
        return told

    def computer(self, desa: str = DESA, seed: str = "a") -> Plain:
        return Plain(desa, self.post, seed)

    def enrol(self, desa: str = DESA, seed: str = "a") -> Plain:
        """Let a computer be admitted."""
        one = self.computer(desa, seed)
        code, nonce = Code.read(self.people("open_slot", desa=desa)), one.nonce()
        one.ask("enrol", canonical(one.enrolment(code, nonce)), nonce)
        self.people("confirm", kunci=one.public)
        return one

    def greet(self, one: Plain, *logs: PlainLog) -> dict[str, Any]:
        """Say hello, as the way to a session; give the answer."""
        return one.say("hello", {"logs": [log.head() for log in logs]}).message

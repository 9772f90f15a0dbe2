"""A hub for exchanges: requests and files go in as bytes, people act at it, and what it answers comes out.

A fresh one that is given the same steps answers the same, but for what it seals: HPKE is randomised, so of runs and
chunks that the hub gives only the header lines are told.
"""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hub.app import make_hub_app
from hub.ekspor.tokens import make_reader
from hub.pemulihan.revoke import revoke
from hub.simpul.enrol import confirm_candidate, list_candidates, open_slot, refuse_candidate
from hub.usb.receive import take_file
from running.memory import make_folder
from shared.changelog.keys import KEY_BYTES, SigningKey
from shared.changelog.keychain import Successor, sign_successor
from shared.changelog.run import MAGIC, split_runs
from shared.errors import UserError
from shared.store.carried import unbounded
from shared.sync.bundle import open_file
from shared.sync.chunk import split_chunk
from shared.sync.limits import LIMITS, Limit
from shared.sync.versions import Program
from shared.web.passwords import Cost
from tests.support.federation import ADDRESS, HUB, Federation

Step = Mapping[str, Any]
_NAMED = ("Content-Digest", "Signature-Input", "Signature", "Retry-After")
_CHEAP = Cost(memory_kib=32, rounds=1)


def encode_body(body: bytes) -> dict[str, str]:
    """Write bytes into a vector: as text where they are one."""
    try:
        text = body.decode()
        return {"text": text} if text.isprintable() else {"base64": base64.b64encode(body).decode()}
    except ValueError:
        return {"base64": base64.b64encode(body).decode()}


def decode_body(given: Mapping[str, str]) -> bytes:
    return given["text"].encode() if "text" in given else base64.b64decode(given["base64"])


class HubStage:
    """A hub of the kecamatan 33.03.04 that nobody has talked to yet; ``close`` it."""

    def __init__(self) -> None:
        self._folder = make_folder()
        self.federation = Federation(Path(self._folder.name), seed=0)
        self.hub = self.federation.hub
        # The vectors must not change with every release.
        self.hub.program = Program("0.1.0")
        self._client = make_hub_app(self.hub, _CHEAP).test_client()
        self._limits = dict(LIMITS)
        self._log = logging.getLogger("hub.ingest.routes")
        self._log.disabled = True  # a defect that a step asks for is none to be told

    def close(self) -> None:
        LIMITS.update(self._limits)
        self._log.disabled = False
        self.federation.close()
        self._folder.cleanup()

    def take(self, step: Step) -> dict[str, Any]:
        """Do one step of an exchange, and give what comes of it."""
        if "people" in step:
            act: Callable[..., str | None] = getattr(self, f"_do_{step['people']}")
            shown = act(**{name: value for name, value in step.items() if name not in ("people", "why")})
            return {"shows": shown} if shown else {}
        if "file" in step:
            return self._take_file(base64.b64decode(step["file"]))
        return self._answer(step["request"])

    def _answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        response = self._client.open(
            request["path"], method=request.get("method", "POST"), data=decode_body(request),
            headers=request.get("headers", {}), base_url=ADDRESS,
        )
        headers = {name: response.headers[name] for name in _NAMED if name in response.headers}
        return {"status": response.status_code, "headers": headers, **_told(response.data)}

    def _take_file(self, data: bytes) -> dict[str, Any]:
        try:
            taken = take_file(self.hub, io.BytesIO(data))
        except UserError as error:
            return {"code": error.kode.removeprefix("usb_")}
        answer = b"".join(taken.answer(unbounded))
        _, runs = open_file(io.BytesIO(answer))
        begins = answer.find(MAGIC)
        lines = [header.encode().decode() for header, _ in runs]
        return {"text": answer[: begins if begins >= 0 else None].decode(), "runs": lines}

    # What people do at the hub ---------------------------------------------------------------------------

    def _do_open_slot(self, desa: str) -> str:
        return open_slot(self.hub, desa, ADDRESS, "operator").format()

    def _candidate(self, kunci: str) -> dict[str, Any]:
        with self.hub.database.read() as conn:
            simpul = conn.execute("SELECT simpul FROM candidate WHERE kunci = ?", (kunci,)).fetchone()[0]
        return next(one for one in list_candidates(self.hub) if one["simpul"] == simpul)

    def _do_confirm(self, kunci: str) -> str:
        waiting = self._candidate(kunci)
        confirm_candidate(self.hub, waiting["simpul"], waiting["kata"], "")
        return str(waiting["kata"])

    def _do_refuse(self, kunci: str) -> None:
        refuse_candidate(self.hub, self._candidate(kunci)["simpul"], "asing", "", "operator")

    def _do_revoke(self, kunci: str) -> None:
        with self.hub.database.read() as conn:
            simpul = conn.execute("SELECT id FROM simpul WHERE kunci = ?", (kunci,)).fetchone()[0]
        revoke(self.hub, simpul, "dicuri", {}, "")

    def _do_wait(self, s: int) -> None:
        self.federation.clock.now += s

    def _do_limit(self, name: str, value: int) -> None:
        LIMITS[name] = Limit(value, "", "")

    def _do_speak(self, version_min: int, version: int) -> None:
        self.hub.program = Program("0.1.0", version, version_min)

    def _do_make_token(self, name: str) -> str:
        return make_reader(self.hub, name)

    def _do_fill_disk(self) -> None:
        with self.hub.database.write() as conn:
            conn.execute("PRAGMA max_page_count = 1")

    def _do_break(self) -> None:
        def fail(size: int) -> bytes:
            raise RuntimeError("a defect that was asked for")

        self.hub.random = fail

    def _do_name_later_key(self) -> str:
        """Sign, as the hub had done on the day that it forgot, that another key has followed its own."""
        later = SigningKey(b"\x03" * KEY_BYTES).public.hex()
        successor = Successor(HUB, self.hub.keys.signing.public.hex(), later, "04" * KEY_BYTES)
        return sign_successor(successor, self.hub.keys.signing)


def _told(body: bytes) -> dict[str, Any]:
    if body.startswith(MAGIC):
        return {"runs": [header.encode().decode() for header, _ in split_runs(body)]}
    if body.startswith(b"sipande-chunk/"):
        header, sealed = split_chunk(body)
        return {"chunk": body[: len(body) - len(sealed)].decode()}
    if body.startswith(b"<"):
        return {"page": True}
    return {"text": body.decode()} if body else {}


def read_refusal(answer: Mapping[str, Any]) -> str:
    """Give the code of an answer that is a refusal, else an empty text."""
    if "code" in answer:
        return str(answer["code"])
    if answer.get("status", 200) < 400:
        return ""
    said = json.loads(answer["text"])
    # Sides that are no part of a session are refused in words for people, with a code in theirs.
    return str(said.get("code") or said["kode"])

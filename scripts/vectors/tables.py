"""The tables of sync_protocol.md that code decides, between ``<!-- name:begin -->`` and ``<!-- name:end -->``."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from node.sinkron.blobs import TROUBLES_MAX as BLOB_TROUBLES_MAX
from node.sinkron.session import REPEATS_MAX, SILENCES_MAX, TROUBLES_MAX
from shared.changelog import change, checkpoint, run, tree, witness
from shared.records.catalogue import CATALOGUE
from shared.records.fields import Bilangan, Daftar, Kode, Lampiran, RecordField, Ya
from shared.records.kind import Kind
from shared.store import parity
from shared.sync import chunk, messages
from shared.sync.codes import CODES
from shared.sync.limits import LIMITS
from shared.sync.states import STATES, STEPS, TROUBLES, State
from vectors.evaluate_exchange import list_exchanges
from vectors.exchange_cases import FORMS, GOOD, NO_PATH, REFUSED
from vectors.members import list_messages
from vectors.session import write_session

FORMAT_NUMBERS: tuple[tuple[str, int, str], ...] = (
    ("SALT_BYTES", change.SALT_BYTES, "random bytes before every body"),
    ("PARENTS_MAX", change.PARENTS_MAX, "references in one header"),
    ("GROUPS_MAX", change.GROUPS_MAX, "groups in one header"),
    ("TILE_LEAVES", tree.TILE_LEAVES, "leaves under one stored subtree hash; local, not on the wire"),
    ("RUN_BYTES_MAX", run.RUN_BYTES_MAX, "sealed bytes of one run that a receiver accepts"),
    ("RUN_PLAIN_BYTES_MAX", run.RUN_PLAIN_BYTES_MAX, "bytes of one run once inflated"),
    ("RUN_CHANGES_MAX", run.RUN_CHANGES_MAX, "changes in one run"),
    ("RUN_HEADER_BYTES_MAX", run.RUN_HEADER_BYTES_MAX, "header line of a run, line feed included"),
    ("NOTE_BYTES_MAX", checkpoint.NOTE_BYTES_MAX, "bytes of a signed note"),
    ("NOTE_SIGNATURES_MAX", checkpoint.NOTE_SIGNATURES_MAX, "signature lines of a signed note"),
    ("TROUBLES_MAX", TROUBLES_MAX, "failures in a row, with nothing moved, that end a session"),
    ("SILENCES_MAX", SILENCES_MAX, "the same while no signed hello has come at all"),
    ("REPEATS_MAX", REPEATS_MAX, "rounds of one session that end well and leave more to say; two are honest"),
    ("CHUNK_HEADER_BYTES_MAX", chunk.CHUNK_HEADER_BYTES_MAX, "header line of a chunk, line feed included"),
    ("OFFER_HASHES_MAX", witness.OFFER_HASHES_MAX, "hashes in the proof of an offer to a witness"),
    ("BLOB_TROUBLES_MAX", BLOB_TROUBLES_MAX, "losses in a row that end the attachments of a session"),
    ("LOGS_MAX", messages.LOGS_MAX, "logs in one message"),
    ("HEADS_MAX", messages.HEADS_MAX, "heads in one comparison"),
    ("BRANCHES_MAX", messages.BRANCHES_MAX, "heads of second histories in one message"),
    ("SUCCESSORS_MAX", messages.SUCCESSORS_MAX, "successors of the hub's key in one message"),
    ("DIGEST_LETTERS", parity.DIGEST_LETTERS, "hex digits of a parity digest"),
)


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def limits_table() -> str:
    rows = [(f"`{name}`", limit.value, limit.unit, limit.why) for name, limit in LIMITS.items()]
    return _table(("name", "value", "unit", "why"), rows)


def format_table() -> str:
    return _table(("name", "value", "what"), [(f"`{name}`", value, what) for name, value, what in FORMAT_NUMBERS])


def codes_table() -> str:
    rows = [
        (f"`{code.name}`", code.status, code.meaning, code.sender, "yes" if code.retry else "no")
        for code in CODES.values()
    ]
    return _table(("code", "status", "meaning", "the sender", "retry helps"), rows)


def kinds_table() -> str:
    rows = [
        (f"`{kind.name}`", kind.version, kind.writer.value, _groups(kind), ", ".join(sorted(kind.protected)) or "–")
        for kind in CATALOGUE
    ]
    return _table(("kind", "version", "writer", "groups (members)", "protected"), rows)


def _groups(kind: Kind) -> str:
    shown = []
    for name, fields in kind.groups.items():
        since = {kind.fields[field].info.since for field in fields}
        told = [field + (f" {own}" if len(since) > 1 and (own := kind.fields[field].info.since) > 1 else "")
                for field in fields]
        members = "" if fields == (name,) else f" ({', '.join(told)})"
        members += f" {min(since)}" if min(since) > 1 else ""
        own = kind.writer_of(name)
        shown.append(f"{name}{members}" + ("" if own is kind.writer else f" [{own.value}]"))
    return " · ".join(shown)


def members_table() -> str:
    rows = []
    for kind in CATALOGUE:
        shapes: dict[str, list[str]] = {}
        for name, member in kind.fields.items():
            shapes.setdefault(_shape(member), []).append(name)
        told = [f"{shape}: {', '.join(names)}" for shape, names in shapes.items() if shape != _shape(RecordField(""))]
        rows.append((f"`{kind.name}`", " · ".join(told) or "–"))
    return _table(("kind", "members"), rows)


def _shape(member: RecordField) -> str:
    """Say what :meth:`RecordField.has_shape` takes."""
    if isinstance(member, Daftar):
        return f"at most {member.items_max} texts of at most 200"
    if isinstance(member, Lampiran):
        return "64 hex digits"
    if isinstance(member, Kode):
        return "integer, 0 to 2^31 − 1"
    if isinstance(member, Bilangan):
        return "integer"
    return "truth value" if isinstance(member, Ya) else f"≤ {member.length_max}"


def messages_table() -> str:
    rows = [(f"`{name}`", where, must, may) for name, where, must, may in list_messages()]
    return _table(("message", "where", "must be there", "may be absent (and stands then for)"), rows)


def attachments_table() -> str:
    return "".join(
        f"`{kind.name}`.`{name}` · " for kind in CATALOGUE for name, member in kind.fields.items()
        if isinstance(member, Lampiran)
    ).removesuffix(" · ")


def states_table() -> str:
    rows = []
    for row in STATES:
        leads = [f"{step.event} → {step.next}: {step.when}" for step in STEPS
                 if step.state is row.state and step.event not in TROUBLES]
        rows.append((row.state.value, row.does, "; ".join(leads), row.stored))
    common = [f"*{step.event}* → {step.next}: {step.when}" for step in STEPS
              if step.state is State.GREETING and step.event in TROUBLES]
    return _table(("state", "what is done", "what follows", "what is stored"), rows) + (
        "\n\nFrom each of them besides: " + "; ".join(common) + "."
    )


def states_diagram() -> str:
    """Draw the table for Mermaid; what leads back to greeting or to an end from everywhere is drawn once."""
    lines = ["stateDiagram-v2", "    [*] --> idle", "    idle --> greeting: due, or a person asks"]
    lines.append("    state session {")
    for step in STEPS:
        if step.event not in TROUBLES and not step.next.is_final:
            lines.append(f"        {step.state} --> {step.next}: {step.event}")
    lines.append("    }")
    lines += [f"    {step.state} --> {step.next}: {step.event}" for step in STEPS
              if step.event not in TROUBLES and step.next.is_final]
    lines += [f"    session --> {step.next}: {step.event}" for step in STEPS
              if step.state is State.GREETING and step.event in TROUBLES]
    lines += [f"    {state} --> idle: later (10.3)" for state in State if state.is_final]
    return "```mermaid\n" + "\n".join(lines) + "\n```"


def vectors_table(topics: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    by_codes: dict[str, list[str]] = {}
    for topic, vectors in topics.items():
        if topic == "exchange":
            continue  # told by exchanges_table
        bad = sum("error" in vector for vector in vectors)
        codes = ", ".join(f"`{code}`" for code in sorted({vector["error"] for vector in vectors if "error" in vector}))
        by_codes.setdefault(codes or "–", []).append(f"`{topic}.json` {len(vectors) - bad} + {bad}")
    rows = [(" · ".join(files), codes) for codes, files in by_codes.items()]
    return _table(("file, good + bad vectors", "refused with"), rows)


def exchanges_table(vectors: Sequence[Mapping[str, Any]]) -> str:
    """Say for each endpoint in which stories its exchanges stand, and with which codes it is refused there."""
    found: dict[str, dict[str, dict[str, None]]] = {}
    for story, step, _, code in list_exchanges(vectors):
        told = found.setdefault(step["endpoint"], {form: {} for form in FORMS})
        if step["form"] in told:
            told[step["form"]].setdefault(f"`{code}`" if step["form"] == REFUSED else story)
    rows = []
    for endpoint, told in sorted(found.items()):
        name = f"`{endpoint}`" if endpoint != NO_PATH else "a path that is none"
        rows.append((name, *(", ".join(told[form]) or "–" for form in FORMS)))
    return _table(("endpoint", "good in", "empty in", "refused with"), rows)


def exchanges_shown(vectors: Sequence[Mapping[str, Any]]) -> str:
    """Write the first good exchange of each endpoint that section 0 does not show."""
    lines: list[str] = []
    seen = {"hello", "push", "pull", "bundle", "enrol (file)"}
    for _, step, answer, _ in list_exchanges(vectors):
        if step["form"] == GOOD and step["endpoint"] not in seen:
            seen.add(step["endpoint"])
            lines += ["", f"C: {step['request'].get('method', 'POST')} {step['request']['path']}"]
            lines += [f"   {shown}" for shown in [_shown(step["request"])] if shown]
            lines += [f"S: {answer['status']}", f"   {_shown(answer)}"]
    return "```\n" + "\n".join(lines[1:]) + "\n```"


def _shown(said: Mapping[str, Any]) -> str:
    if "text" in said:
        return str(said["text"]).rstrip()
    line = said.get("chunk") or base64.b64decode(said["base64"]).partition(b"\n")[0].decode()
    return f"{line.rstrip()}\n   … sealed bytes"


def fill_tables(document: str, topics: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Put the tables between their markers; ValueError when the document lacks a marker."""
    makers: dict[str, Callable[[], str]] = {
        "limits": limits_table, "format": format_table, "codes": codes_table, "kinds": kinds_table,
        "members": members_table, "messages": messages_table, "attachments": attachments_table,
        "states": states_table, "diagram": states_diagram, "vectors": lambda: vectors_table(topics),
        "exchanges": lambda: exchanges_table(topics["exchange"]),
        "shown": lambda: exchanges_shown(topics["exchange"]),
    }
    written = {name: make() for name, make in makers.items()} | write_session()
    for name, content in written.items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        if document.count(begin) != 1 or document.count(end) != 1:
            raise ValueError(f"marker {name}")
        pattern = re.escape(begin) + ".*?" + re.escape(end)
        text = f"{begin}\n{content}\n{end}"
        document = re.sub(pattern, lambda match: text, document, flags=re.DOTALL)
    return document

"""sync_protocol.md says what the code says: its tables, codes, limits, examples and the tests that it names."""

from __future__ import annotations

import base64
import json
import re
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from make_vectors import DOCUMENT, make_files  # noqa: E402
from vectors.members import ENDPOINTS, describe, list_messages  # noqa: E402
from vectors.tables import FORMAT_NUMBERS  # noqa: E402

from shared.changelog.change import decode_bodies, decode_headers  # noqa: E402
from shared.changelog.checkpoint import SignatureType, Verifier, open_checkpoint, open_receipt  # noqa: E402
from shared.changelog.run import MAGIC, decode_run_header  # noqa: E402
from shared.changelog.tree import leaf_hash  # noqa: E402
from shared.records.catalogue import CATALOGUE  # noqa: E402
from shared.records.kind import Kind  # noqa: E402
from shared.sync import bundle, messages, signature  # noqa: E402
from shared.sync.codes import CODES, Code  # noqa: E402
from shared.sync.limits import LIMITS  # noqa: E402

TEXT = DOCUMENT.read_text(encoding="utf-8")
WRITTEN = re.sub(r"<!-- (\w+):begin -->.*?<!-- \1:end -->", "", TEXT, flags=re.DOTALL)
"""The document without what is generated."""

SESSION = TEXT.split("## 1. ", 1)[0]
HUB_KEY = re.findall(r'"@status".*?keyid="([0-9a-f]{64})"', SESSION)[0]
NODE_KEY = re.findall(r'"@method".*?keyid="([0-9a-f]{64})"', SESSION)[0]


def section(number: int) -> str:
    """Give the text of one section."""
    return re.split(r"(?m)^## ", TEXT)[number + 1]


def blocks(number: int) -> list[str]:
    return re.findall(r"```\n(.*?)```", section(number), flags=re.DOTALL)


def test_the_sections_are_numbered_from_0_to_21() -> None:
    numbers = [int(number) for number in re.findall(r"(?m)^## (\d+)\. ", TEXT)]
    assert numbers == list(range(22))


def test_the_tables_are_what_the_script_writes() -> None:
    assert make_files()[DOCUMENT] == TEXT, "run scripts/make_vectors.py"


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.name)
def test_every_code_stands_in_the_table_with_its_status(code: Code) -> None:
    assert f"| `{code.name}` | {code.status} |" in section(13)


@pytest.mark.parametrize("name", LIMITS)
def test_every_limit_stands_in_the_table_with_its_value(name: str) -> None:
    assert f"| `{name}` | {LIMITS[name].value} |" in section(11)


@pytest.mark.parametrize("kind", list(CATALOGUE), ids=lambda kind: kind.name)
def test_every_kind_stands_in_the_table_with_its_groups(kind: Kind) -> None:
    start = f"| `{kind.name}` | {kind.version} |"
    row = next(line for line in section(9).splitlines() if line.startswith(start))
    assert all(group in row for group in kind.groups)


def test_every_message_of_the_code_is_in_the_table_of_members() -> None:
    schemas = {
        value.__name__ for module in (messages, bundle) for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, messages.Message) and value.__module__ == module.__name__
        and value.__name__ not in ("Message", "Offer", "Speaker")
    }
    assert schemas == {schema.__name__ for schema, _ in ENDPOINTS}


def _rows_of_members() -> list[tuple[str, str, bool, int]]:
    """Every member of a message whose length the table bounds: message, member, whether it is a list, its bound."""
    found = []
    for name, _, must, may in list_messages():
        for member, many, most in re.findall(r"`(\w+)` (text|list) ≤ (\d+)", f"{must} · {may}"):
            found.append((name, member, many == "list", int(most)))
    return found


def _sample(shape: str) -> Any:
    """Give something that is what a member of the table may be."""
    if digits := re.match(r"(\d+) hex digits", shape):
        return "a" * int(digits[1])
    part = {"id": "a" * 32, "root": "A" * 44, "size": 1, "hash": "a" * 64, "offset": 1}
    named = {"LogHead": ("id", "root", "size"), "LogSize": ("id", "size"), "BlobOffset": ("hash", "offset")}
    if "alone" in shape:
        return {"root": part["root"], "size": 1}
    if shape == "`RefusedLog`":
        return {"log": "a" * 32, "start": 1, "code": "gap"}
    return {name: part[name] for name in named[shape.strip("`")]} if shape.startswith("`") else "x"


@pytest.mark.parametrize(("name", "member", "is_list", "most"), _rows_of_members())
def test_every_bound_of_a_member_is_the_one_in_the_table(name: str, member: str, is_list: bool, most: int) -> None:
    schema = next(schema for schema, _ in ENDPOINTS if schema.__name__ == name)
    for length, is_refused in ((most, False), (most + 1, True)):
        shown = schema()
        item = shown.fields[member].inner if is_list else None
        value = [_sample(describe(item))] * length if item is not None else "x" * length
        assert (member in shown.validate({member: value})) == is_refused


def test_codes_that_are_refused_with_are_codes() -> None:
    refused = set(re.findall(r"\b[45]\d\d `([a-z_]+)`", WRITTEN))
    assert refused and refused <= CODES.keys()


def test_every_code_is_spoken_of_outside_its_table() -> None:
    assert [name for name in CODES if f"`{name}`" not in WRITTEN] == []


def test_statuses_in_the_text_are_those_of_the_codes() -> None:
    for status, name in re.findall(r"\b([45]\d\d) `([a-z_]+)`", WRITTEN):
        assert CODES[name].status == int(status), name


def test_numbers_in_capitals_are_in_the_table() -> None:
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", WRITTEN))
    assert named <= {name for name, _, _ in FORMAT_NUMBERS}


def test_limits_that_are_named_exist() -> None:
    named = set(re.findall(r"`([a-z_]+_(?:max|min|start|s|after|shown|days))`", WRITTEN))
    members = {"bytes_max", "version_min"}
    assert {name for name in named if not name.startswith("test_")} - members <= LIMITS.keys()


@pytest.mark.parametrize("number", [4, 6, 7, 8, 10, 14])
def test_times_are_told_by_the_names_of_their_limits(number: int) -> None:
    written = re.sub(r"<!-- (\w+):begin -->.*?<!-- \1:end -->", "", section(number), flags=re.DOTALL)
    assert re.findall(r"\b(?:[0-9.]+|[a-z]+teen|five|ten) (?:s|seconds?|minutes?|hours?|days?)\b", written) == []


def list_tests() -> set[str]:
    names: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        names.update(re.findall(r"(?m)^def (test_\w+)\(", path.read_text(encoding="utf-8")))
    return names


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"\b(test_[a-z0-9_]+)\b", TEXT))
    assert named and sorted(named - list_tests()) == []


def test_every_failure_names_a_federation_test() -> None:
    rows = [line for line in section(14).splitlines() if re.match(r"\| F\d+ ", line)]
    known = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "federation").glob("test_*.py"))
    assert len(rows) >= 15
    for row in rows:
        cited = re.findall(r"`(test_\w+)`", row)
        assert cited and all(f"def {name}(" in known for name in cited), row


def test_every_must_names_a_test() -> None:
    for paragraph in WRITTEN.split("\n\n"):
        if re.search(r"\bMUST\b", paragraph) and "BCP 14" not in paragraph:
            assert "test_" in paragraph, paragraph


def test_every_vector_file_that_is_named_exists() -> None:
    named = set(re.findall(r"`([a-z_]+)\.json`", TEXT))
    assert named == {path.stem for path in (ROOT / "tests" / "vectors").glob("*.json")}


def test_every_term_is_used_outside_its_definition() -> None:
    terms = re.findall(r"(?m)^\| \*\*(\w[\w ]*)\*\*", section(3))
    assert len(terms) >= 20
    rest = TEXT.replace(section(3), "").lower()
    assert [term for term in terms if term.lower() not in rest] == []


def test_no_step_has_two_numbers() -> None:
    steps = re.findall(r"(?m)^\| (\d\.\d+|[RBA]\d+) \|", section(8))
    assert steps and len(set(steps)) == len(steps)


def test_failures_have_numbers_of_their_own_and_stand_in_order() -> None:
    groups = re.split(r"(?m)^### ", section(14))[1:]
    numbers = [[int(number) for number in re.findall(r"(?m)^\| F(\d+) ", group)] for group in groups]
    assert len(groups) > 5 and all(group and group == sorted(group) for group in numbers)
    everyone = sum(numbers, [])
    assert len(set(everyone)) == len(everyone)


def test_every_step_names_a_test() -> None:
    rows = re.findall(r"(?m)^\| (?:\d\.\d+|[RBA]\d+) \|.*$", section(8))
    assert len(rows) > 60
    assert [row for row in rows if "`test_" not in row] == []


# The examples ----------------------------------------------------------------------------------------------


def test_the_messages_of_the_session_decode() -> None:
    lines = [line.strip() for line in SESSION.splitlines() if line.startswith("   {")]
    order = ("HelloRequest", "HelloAnswer", "PushAnswer", "PullRequest", "HelloRequest", "HelloAnswer")
    for line, name in zip(lines, order, strict=True):
        assert messages.decode(getattr(messages, name), line.encode())


@pytest.mark.parametrize("which", [0, 1])
def test_the_signed_messages_of_the_session_verify(which: int) -> None:
    body = [line.strip() for line in SESSION.splitlines() if line.startswith("   {")][which].encode()
    names = ("Content-Digest", "Signature-Input", "Signature")
    found = {name.lower(): re.findall(rf"(?m)^   {name}: (.*)$", SESSION)[which] for name in names}
    message: signature.RequestMessage | signature.AnswerMessage
    if which == 0:
        message = signature.RequestMessage("POST", "http://hub.uji/sync/v1/hello", found)
    else:
        message = signature.AnswerMessage(200, found)
    signed = signature.verify(message, body)
    assert signed.key == (NODE_KEY, HUB_KEY)[which]
    assert signed.nonce == json.loads(body)[("nonce", "echo")[which]]


def test_the_runs_of_the_session_are_headed_and_signed() -> None:
    lines = [line.strip().encode() for line in SESSION.splitlines() if line.strip().startswith(MAGIC.decode())]
    assert len(lines) == 3
    for line in lines:
        header = decode_run_header(line)
        origin = header.checkpoint.split(b"\n", 1)[0].decode()
        key = NODE_KEY if "/desa/" in origin else HUB_KEY
        checkpoint = open_checkpoint(header.checkpoint, Verifier(origin, bytes.fromhex(key)))
        assert (checkpoint.origin, checkpoint.size) == (origin, header.end)


def test_the_receipt_of_the_session_verifies() -> None:
    answer = json.loads(re.findall(r'(?m)^   (\{.*"receipts".*\})$', SESSION)[0])
    verifier = Verifier("sipande/33.03.04/hub", bytes.fromhex(HUB_KEY), SignatureType.COSIGNATURE_V1)
    checkpoint, _ = open_receipt(answer["receipts"][0].encode(), verifier)
    hello = json.loads(re.findall(r'(?m)^   (\{"kinds".*\})$', SESSION)[0])
    assert base64.b64encode(checkpoint.root).decode() == hello["logs"][0]["root"]


def test_the_example_of_a_change_hashes_to_its_leaf() -> None:
    example, hashes = blocks(5)[:2]
    header, salt, body = example.splitlines()
    content = bytes.fromhex(salt) + body.encode()
    read = decode_headers([header.encode()])[0]
    assert decode_bodies([content])
    leaf = leaf_hash(header.encode(), sha256(content).digest())
    assert [line.split("= ")[1] for line in hashes.splitlines()] == [
        sha256(content).hexdigest(), leaf.hex(), read.ref(leaf)
    ]

"""The vectors of the protocol: what the files say is what the production code does, byte for byte."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from make_vectors import FOLDER, list_cases, make_files  # noqa: E402
from vectors.case import Case  # noqa: E402
from vectors.evaluate import EVALUATORS, evaluate  # noqa: E402

from shared.changelog.keys import SealKey, SigningKey  # noqa: E402
from shared.sync.codes import CODES  # noqa: E402

FILES = sorted(FOLDER.glob("*.json"))
SIGN_PUBLIC = "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"
"""Of the seed of 32 zero bytes; typed from RFC 8032 implementations, not made here."""

NO_WIRE_CODES = {"alamat_salah", "kode_salah_ketik", "tanda_tidak_terbaca"}
DEFECTS = (
    ("header", "float"), ("body", "duplicate member"), ("body", "unsorted members"), ("body", "NaN"),
    ("header", "2^53"), ("header", "whitespace"), ("header", "parents not sorted"), ("header", "unknown op"),
    ("prove", "log of another"),
    ("prove", "gap"), ("prove", "fork"), ("prove", "one byte of a header changed"), ("prove", "one body changed"),
    ("checkpoint", "one bit of the signature flipped"), ("prove", "one bit of the proof flipped"),
    ("prove", "signed by another key"), ("inflate", "cut zlib"), ("inflate", "bomb"), ("inflate", "trailing bytes"),
    ("bundle", "cut in its note"), ("bundle", "message changed"), ("bundle", "title of the other direction"),
    ("prove", "wrong origin"), ("sealed_run", "one bit of the sealed payload flipped"),
)


def read_vectors(path: Path) -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return vectors


VECTORS = [
    pytest.param(path.stem, vector, id=f"{path.stem}: {vector['name']}")
    for path in FILES
    for vector in read_vectors(path)
]


@pytest.mark.parametrize(("topic", "vector"), VECTORS)
def test_vectors_are_answered_by_the_production_code(topic: str, vector: dict[str, Any]) -> None:
    answer = json.loads(json.dumps(evaluate(topic, vector["input"])))
    assert answer == {name: vector[name] for name in ("intermediate", "output", "error") if name in vector}


def test_every_file_is_what_the_script_writes() -> None:
    files = {path: text for path, text in make_files().items() if path.parent == FOLDER}
    assert {path.name for path in files} == {path.name for path in FILES}
    assert [path.name for path, text in files.items() if path.read_text(encoding="utf-8") != text] == []


@pytest.mark.parametrize("topic", EVALUATORS)
def test_every_topic_has_a_good_vector(topic: str) -> None:
    assert any("output" in vector for vector in read_vectors(FOLDER / f"{topic}.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_vectors_have_their_members_and_names_of_their_own(path: Path) -> None:
    vectors = read_vectors(path)
    for vector in vectors:
        ends = {"error"} if "error" in vector else {"intermediate", "output"}
        assert vector.keys() == {"name", "why", "input"} | ends
    assert len({vector["name"] for vector in vectors}) == len(vectors)


def test_bad_vectors_are_refused_with_codes_of_the_protocol() -> None:
    errors = {vector["error"] for path in FILES for vector in read_vectors(path) if "error" in vector}
    assert errors - NO_WIRE_CODES <= CODES.keys()


@pytest.mark.parametrize(("topic", "name"), DEFECTS)
def test_every_defect_that_was_thought_of_has_a_vector(topic: str, name: str) -> None:
    assert any(vector["name"] == name and "error" in vector for vector in read_vectors(FOLDER / f"{topic}.json"))


def test_the_keys_are_the_fixed_ones() -> None:
    assert SigningKey(bytes(32)).public.hex() == SIGN_PUBLIC
    run = read_vectors(FOLDER / "sealed_run.json")[0]
    assert run["intermediate"]["seal_public"] == SealKey(b"\x01" * 32).public.hex()


def test_cases_tell_topics_that_there_are() -> None:
    cases: list[Case] = list(list_cases())
    assert {case.topic for case in cases} == EVALUATORS.keys()

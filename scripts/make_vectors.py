"""Writes tests/vectors/*.json and the generated tables of sync_protocol.md from the production code.

With ``--check`` nothing is written: what differs from the files is named and the exit code is 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from vectors import (  # noqa: E402
    bytes_cases,
    exchange_cases,
    merge_cases,
    tanda_cases,
    trust_cases,
    version_cases,
    wire_cases,
)
from vectors.case import Case  # noqa: E402
from vectors.evaluate import VectorError, evaluate  # noqa: E402
from vectors.tables import fill_tables  # noqa: E402

FOLDER = ROOT / "tests" / "vectors"
DOCUMENT = ROOT / "sync_protocol.md"


def list_cases() -> Iterator[Case]:
    yield from bytes_cases.all_cases()
    yield from wire_cases.all_cases(FOLDER)
    yield from merge_cases.all_cases()
    yield from version_cases.all_cases()
    yield from trust_cases.all_cases()
    yield from tanda_cases.all_cases()
    yield from exchange_cases.all_cases()


def make_vector(case: Case) -> dict[str, Any]:
    """Answer a case; VectorError when it is not answered as it must be."""
    answer = evaluate(case.topic, case.input)
    found, wanted = answer.get("error", ""), case.error
    if found != wanted:
        raise VectorError(f"{case.topic}: {case.name}: {found or 'accepted'}, not {wanted or 'accepted'}")
    return {"name": case.name, "why": case.why, "input": case.input, **answer}


def make_files() -> dict[Path, str]:
    """Give the text of every file that this script writes."""
    topics: dict[str, list[dict[str, Any]]] = {}
    for case in list_cases():
        topics.setdefault(case.topic, []).append(make_vector(case))
    files = {FOLDER / f"{topic}.json": _dump(vectors) for topic, vectors in topics.items()}
    if DOCUMENT.exists():
        files[DOCUMENT] = fill_tables(DOCUMENT.read_text(encoding="utf-8"), topics)
    return files


def _dump(vectors: list[dict[str, Any]]) -> str:
    return json.dumps(vectors, ensure_ascii=False, indent=1) + "\n"


@click.command()
@click.option("--check", is_flag=True, help="Compare only; exit code 1 when a file is out of date.")
def main(check: bool) -> None:
    """Write the test vectors and the tables of the protocol document."""
    files = make_files()
    strays = set(FOLDER.glob("*.json")) - files.keys()
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if check:
        for path in sorted([*stale, *strays]):
            click.echo(f"out of date: {path.relative_to(ROOT)}")
        sys.exit(1 if stale or strays else 0)
    FOLDER.mkdir(exist_ok=True)
    for path in stale:
        path.write_text(files[path], encoding="utf-8")
        click.echo(f"written: {path.relative_to(ROOT)}")
    for path in strays:
        path.unlink()


if __name__ == "__main__":
    main()

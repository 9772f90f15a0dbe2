"""What a broken program puts into changes: values that fit no field, or fit it and mean nothing; and who looks."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from node.change import write_drafts
from node.services import NodeServices
from shared.changelog.change import Op
from shared.records.kind import EXISTENCE, Kind, Writer
from shared.store.drafts import Draft
from shared.store.records import load_state

SHAPES: Mapping[str, Any] = {
    "angka": 7, "negatif": -1, "besar": 2**53 - 1, "benar": True, "kosong": "", "daftar": ["x"], "daftar kosong": [],
    "benda": {"a": 1}, "bersarang": [[["x"], {"a": [7]}], 7, True], "hari yang tidak ada": "2020-02-31",
    "panjang": "x" * 5_000, "pendek": "x" * 30, "kendali": "\x00\x1b\u202e", "json": '{"a":',
}
"""Every JSON type but null and fractions, which no change may carry (*malformed*)."""

_RECORD = re.compile(r"[0-9a-f-]{20,}|[0-9]+")
_WITH_ID = re.compile(r"<uuid:[a-z]+>")
_VISITS_MAX = 8


def write_unchecked(monkeypatch: pytest.MonkeyPatch, node: NodeServices, made: Sequence[Draft]) -> list[str]:
    """Write as a program would that does not check what it writes; readers are as they are."""
    with monkeypatch.context() as patch:
        patch.setattr("node.change.refuse_misshapen", lambda drafts: None)
        return write_drafts(node, made, author=node.new_id())


def draft_misshapen(node: NodeServices, kind: Kind, good: str | None) -> tuple[list[Draft], list[str]]:
    """Draft changes of one kind that carry every shape in every field; of a good record too, where there is one.

    Returns the drafts, and the records that they make.
    """
    found, ids = [], []
    for shape in SHAPES.values():
        ids.append(node.new_id())
        found.append(Draft(kind, ids[-1], Op.CREATE, (), dict.fromkeys(kind.fields, shape)))
    for at, name in enumerate(kind.fields):
        # Of a field alone the others are as they should be, or empty.
        ids.append(node.new_id())
        found.append(Draft(kind, ids[-1], Op.CREATE, (), {name: list(SHAPES.values())[at % len(SHAPES)]}))
    if good is not None:
        with node.database.read() as conn:
            parents = load_state(conn, node.catalogue, kind, node.wilayah, good).frontier((*kind.groups, EXISTENCE))
        for op in (Op.UPDATE, Op.DELETE, Op.DECIDE):
            groups = () if op == Op.DELETE else tuple(sorted(kind.groups))
            for shape in SHAPES.values():
                more = {"alasan": shape, "pilih": shape, "petugas": shape, "temuan": shape}
                values = dict.fromkeys(kind.fields, shape) | (more if op != Op.UPDATE else {})
                found.append(Draft(kind, good, op, groups, values, parents))
        for shape in SHAPES.values():
            # One group alone: of a case a desa may write the answer.
            found += [
                Draft(kind, good, Op.UPDATE, (group,), dict.fromkeys(names, shape), parents)
                for group, names in kind.groups.items() if kind.writer_of(group) is not Writer.HUB
            ]
    return found, ids


def list_addresses(client: FlaskClient, records: Mapping[str, Sequence[str]], desa: str) -> list[str]:
    """Give the addresses of all pages of one record; a page that knows nothing of the last of a kind is not its own."""
    rules = [rule.rule for rule in client.application.url_map.iter_rules() if "GET" in (rule.methods or ())]
    found = []
    for rule in (rule for rule in rules if len(_WITH_ID.findall(rule)) == 1):
        for kind, ids in records.items():
            paths = [_WITH_ID.sub(id, rule).replace("<jenis>", kind).replace("<desa>", desa) for id in ids]
            if "<" not in paths[-1] and client.get(paths[-1]).status_code != 404:
                found += paths
    return found


def crawl(client: FlaskClient, *starts: str) -> tuple[int, list[str]]:
    """Follow links from some pages, a few of each shape; count what was read, and name what failed."""
    waiting, known, visits, faults, read = deque(starts), set(starts), Counter[str](), [], 0
    while waiting:
        path = waiting.popleft()
        shape = _RECORD.sub("*", path.split("?")[0])
        visits[shape] += path not in starts
        if visits[shape] > _VISITS_MAX:
            continue
        answer = client.get(path)
        read += answer.status_code == 200
        faults += [f"{path}: {answer.status_code}"] if answer.status_code >= 500 else []
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        faults += [f"{path}: says None"] if ">None<" in answer.text else []
        for link in map(unescape, re.findall(r'<a[^>]* href="(/[^"#]*)', answer.text)):
            if link not in known and not link.startswith(("/aset/", "/panduan")):
                known.add(link)
                waiting.append(link)
    return read, faults

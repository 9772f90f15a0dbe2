"""The vectors of whole exchanges: nothing of the protocol is left out of them, and no code of ours asks."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest
from flask import Flask

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from make_vectors import FOLDER  # noqa: E402
from vectors import plain, plain_seal  # noqa: E402
from vectors.evaluate_exchange import list_exchanges  # noqa: E402
from vectors.exchange_cases import FORMS, GOOD, REFUSED  # noqa: E402

from hub.ingest.blobs import blueprint as blobs  # noqa: E402
from hub.ingest.routes import blueprint as sync  # noqa: E402
from shared.sync.codes import CODES  # noqa: E402

EXCHANGES = list(list_exchanges(json.loads((FOLDER / "exchange.json").read_text(encoding="utf-8"))))
OTHERS = ("/witness/v1/exchange", "bundle", "enrol (file)")


def list_endpoints() -> list[str]:
    app = Flask("uji", static_folder=None)
    app.register_blueprint(sync)
    app.register_blueprint(blobs)
    return sorted(rule.rule.removeprefix("/sync/v1/") for rule in app.url_map.iter_rules())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("endpoint", [*list_endpoints(), *OTHERS])
def test_every_endpoint_has_a_good_an_empty_and_a_refused_exchange(endpoint: str, form: str) -> None:
    found = [one for one in EXCHANGES if (one.step["endpoint"], one.step["form"]) == (endpoint, form)]
    assert found
    if endpoint != "succeeded":  # which has no other answer than a refusal
        assert all(bool(one.code) == (form == REFUSED) for one in found)


def test_the_key_of_today_is_told_to_whom_has_a_token() -> None:
    found = [one for one in EXCHANGES if one.step["endpoint"] == "/ekspor/v1/kunci"]
    assert {(one.step["form"], one.answer["status"]) for one in found} == {(GOOD, 200), (REFUSED, 401)}


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_answered_in_an_exchange(code: str) -> None:
    found = [one for one in EXCHANGES if one.code == code]
    assert found and all(one.answer.get("status", CODES[code].status) == CODES[code].status for one in found)


def test_every_refusal_names_the_step_that_refuses_or_says_why() -> None:
    assert [one for one in EXCHANGES if one.step["form"] in FORMS and not one.step["why"]] == []


@pytest.mark.parametrize("module", [plain, plain_seal])
def test_the_computer_of_the_exchanges_uses_nothing_of_the_product(module: object) -> None:
    tree = ast.parse(Path(str(getattr(module, "__file__"))).read_text(encoding="utf-8"))
    named = {item.module or "" for item in ast.walk(tree) if isinstance(item, ast.ImportFrom)}
    named |= {name.name for item in ast.walk(tree) if isinstance(item, ast.Import) for name in item.names}
    ours = {name for name in named if name.split(".")[0] not in {*sys.stdlib_module_names, "cryptography"}}
    assert ours <= {"vectors.plain_seal"}


def test_the_good_exchanges_are_answered_well() -> None:
    assert {one.answer.get("status") for one in EXCHANGES if one.step["form"] == GOOD} == {200, 503, None}

"""The laws of the house, read off the source: who imports whom, who appends, who commits, who reads time."""

from __future__ import annotations

import ast
import configparser
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from shared.codes import wilayah as codes
from shared.store import changes

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCT = ("shared", "node", "hub")
TREES = (*PRODUCT, "scripts", "tests")
TEXT = {".py", ".md", ".cfg", ".html", ".css", ".js", ".json", ".csv", ".txt", ".svg", ".sh", ".toml", ""}


def _modules(*trees: str) -> list[Path]:
    return sorted(path for tree in trees for path in (ROOT / tree).rglob("*.py") if "__pycache__" not in path.parts)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _texts() -> Iterator[Path]:
    """Every file of the project that people read; what others wrote stands in folders called vendor."""
    for path in sorted(ROOT.iterdir()):
        if path.is_file() and path.suffix in TEXT and not path.name.startswith(".git"):
            yield path
    for tree in (*TREES, "docs"):
        for path in sorted((ROOT / tree).rglob("*")):
            if path.is_file() and path.suffix in TEXT and not {"__pycache__", "seeds", "vendor"} & set(path.parts):
                yield path


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for item in ast.walk(_parse(path)):
        if isinstance(item, ast.Import):
            found.update(alias.name for alias in item.names)
        elif isinstance(item, ast.ImportFrom):
            assert item.level == 0, f"{_name(path)}: relative import"
            found.add(item.module or "")
    return found


# Imports -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tree", "strangers"), [
    ("shared", {"node", "hub"}), ("node", {"hub"}), ("hub", {"node"}),
])
def test_node_and_hub_never_meet_and_shared_knows_neither(tree: str, strangers: set[str]) -> None:
    outside = {*strangers, "tests", "scripts", "synthetic", "running", "demonstration", "simulation", "benchmarks"}
    found = {
        (_name(path), module) for path in _modules(tree) for module in _imports(path) if module.split(".")[0] in outside
    }
    assert not found


def test_every_folder_with_modules_is_a_package_and_setup_names_it() -> None:
    folders = {path.parent for path in _modules(*PRODUCT)}
    assert not [_name(folder) for folder in folders if not (folder / "__init__.py").exists()]
    top = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert top == set(PRODUCT)
    included = _setup()["options.packages.find"]["include"].split()
    assert {"node", "node.*", "hub", "hub.*", "shared", "shared.*"} == set(included)


def test_every_file_beside_the_modules_is_shipped() -> None:
    patterns = _setup()["options.package_data"]["*"].split()
    packages = {path.parent for path in _modules(*PRODUCT)}
    shipped = {path for package in packages for pattern in patterns for path in package.glob(pattern)}
    files = {
        path for tree in PRODUCT for path in (ROOT / tree).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert not sorted(map(_name, files - shipped))


def _setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


# Writing -----------------------------------------------------------------------------------------------------


def test_append_has_exactly_the_four_callers_that_its_docstring_names() -> None:
    documented = set(re.findall(r"(?:node|hub)/[\w/]+\.py", changes.append.__doc__ or ""))
    callers = {_name(path) for path in _modules(*PRODUCT, "scripts") if _appends(path)}
    assert len(documented) == 4 and callers == documented


def _appends(path: Path) -> bool:
    """Tell the function of the store from the method of a list, under whatever name it was imported."""
    names: dict[str, str] = {}
    for item in ast.walk(_parse(path)):
        if isinstance(item, ast.ImportFrom):
            names.update({alias.asname or alias.name: f"{item.module}.{alias.name}" for alias in item.names})
    for item in ast.walk(_parse(path)):
        if isinstance(item, ast.Call):
            head, _, rest = ast.unparse(item.func).partition(".")
            full = f"{names.get(head, head)}.{rest}" if rest else names.get(head, head)
            if full == "shared.store.changes.append":
                return True
    return False


def test_only_the_connection_begins_and_ends_transactions() -> None:
    found = []
    for path in _modules(*PRODUCT):
        if _name(path) == "shared/store/connection.py":
            continue
        for item in ast.walk(_parse(path)):
            if isinstance(item, ast.With):
                # ``with conn:`` commits; ``with database.write() as conn:`` is the way.
                found += [_place(path, item) for entry in item.items if isinstance(entry.context_expr, ast.Name)
                          and entry.context_expr.id in ("conn", "connection", "writer")]
            if not isinstance(item, ast.Call) or not isinstance(item.func, ast.Attribute):
                continue
            if item.func.attr in ("commit", "rollback", "executescript"):
                found.append(_place(path, item))
            if item.func.attr == "execute" and item.args and isinstance(item.args[0], ast.Constant):
                text = str(item.args[0].value).lstrip().upper()
                if text.startswith(("BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE")):
                    found.append(_place(path, item))
    assert not found


def _place(path: Path, item: ast.stmt | ast.expr) -> str:
    return f"{_name(path)}:{item.lineno}"


# What stands between braces in a statement besides the constants of a module, names from the catalogue, joined
# columns or question marks, and numbers. Each of these is a fixed text, chosen by the code and never by a person.
_BUILT = {
    "hub/akses/queries.py": {"statement"},
    "hub/ekspor/queries.py": {"columns"},
    "hub/penghapusan/queries.py": {"kind.title"},
    "hub/sipande/queries.py": {"where", "statement"},
    "hub/verval/queries.py": {"name", "statement"},
    "hub/verval/rules/queries.py": {"sql", "table"},
    "hub/verval/effects.py": {"statement"},
    "hub/verval/people.py": {"matches", "_NAMES[kind]"},
    "hub/verval/values.py": {"kind"},
    "hub/migrations.py": {"statement"},
    "node/beranda/queries.py": {"among", "alive"},
    "node/migrations.py": {"statement"},
    "node/keluarga/queries.py": {"name"},
    "node/penduduk/queries.py": {"kind.title"},
    "node/tindakan/queries.py": {"sign", "among", "_NAMES[kind.name]"},
    "shared/store/marks.py": {"table"},
    "shared/store/migrations.py": {"statement", "table"},
    "shared/store/parity.py": {"columns"},
    "shared/store/records.py": {"where"},
    "shared/store/rows.py": {"insert_sql(self.catalogue[name], verb)"},
    "shared/store/tables.py": {"name", "listed", "statement", "spec.sql_type"},
    "shared/store/verify.py": {"table"},
}


def test_sql_is_built_from_the_names_of_the_house_alone() -> None:
    found = []
    for path in _modules(*PRODUCT):
        for item in ast.walk(_parse(path)):
            if not isinstance(item, ast.Call) or not isinstance(item.func, ast.Attribute):
                continue
            if item.func.attr in ("execute", "executemany") and item.args:
                built = {text for text in _built(item.args[0]) if text not in _BUILT.get(_name(path), ())}
                found += [f"{_place(path, item)} {text}" for text in sorted(built)]
    assert not found


def _built(sql: ast.expr) -> Iterator[str]:
    """Give the parts of a statement that are neither literal nor one of the permitted forms."""
    if isinstance(sql, ast.Constant):
        return
    if isinstance(sql, ast.JoinedStr):
        for value in sql.values:
            if isinstance(value, ast.FormattedValue):
                yield from _built(value.value)
    elif isinstance(sql, ast.BinOp) and isinstance(sql.op, ast.Add):
        yield from _built(sql.left)
        yield from _built(sql.right)
    elif isinstance(sql, ast.Call) and ast.unparse(sql.func) in ("int", "_name", "','.join", "', '.join"):
        return
    elif isinstance(sql, ast.Call) and isinstance(sql.func, ast.Attribute) and sql.func.attr == "format":
        yield from _built(sql.func.value)
        for argument in (*sql.args, *(keyword.value for keyword in sql.keywords)):
            yield from _built(argument)
    elif isinstance(sql, ast.Attribute) and sql.attr == "name":
        return  # of a kind in the catalogue
    elif not (isinstance(sql, ast.Name) and sql.id.isupper()):
        yield ast.unparse(sql)


# Time and chance ---------------------------------------------------------------------------------------------

_READERS = {"time", "random", "secrets", "uuid"}
_NOW = {"now", "today", "utcnow", "urandom", "getrandom", "token_bytes", "token_hex"}
_MAY_READ = {
    "shared/clock.py": {"time", "uuid", "urandom"},
    # When the next session begins; nothing that is stored or sent depends on it.
    "node/server.py": {"random", "now"},
}


def test_only_the_clock_reads_time_and_chance() -> None:
    found = set()
    for path in _modules(*PRODUCT):
        for item in ast.walk(_parse(path)):
            reads: set[str] = set()
            if isinstance(item, ast.Import):
                reads = {alias.name for alias in item.names} & _READERS
            elif isinstance(item, ast.ImportFrom):
                reads = {item.module or ""} & _READERS
            elif isinstance(item, ast.Attribute) and item.attr in _NOW:
                owner = ast.unparse(item.value)
                reads = {item.attr} if owner in ("datetime", "date", "os", "datetime.datetime") else set()
            found |= {(_name(path), name) for name in reads - _MAY_READ.get(_name(path), set())}
    assert not found


# Texts -------------------------------------------------------------------------------------------------------


def test_every_module_says_what_it_knows() -> None:
    silent = [_name(path) for path in _modules(*TREES) if not ast.get_docstring(_parse(path))]
    assert not silent


_FOREIGN = re.compile(
    # In pieces, so that this file does not find itself.
    r"(?<![\w./<-])/(?:wo" r"rk|ro" r"ot)/|\b(?:TO" r"DO|FIX" r"ME)\b|py" r"pi\.org|files\.python" r"hosted|npm" r"js\."
    r"|cra" r"tes\.io|reg" r"istry\.|conda\.an" r"aconda"
)


def test_no_file_names_the_machine_it_was_written_on_or_leaves_a_task() -> None:
    found = [
        f"{_name(path)}:{number}"
        for path in _texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if _FOREIGN.search(line)
    ]
    assert not found


_NUMBER = re.compile(r"(?<![0-9A-Za-z.])[0-9]{16}(?![0-9A-Za-z])")
INVENTED = "330399"


def test_no_number_can_be_the_nik_or_the_family_card_of_a_living_person() -> None:
    """Invented people carry the prefix of a kecamatan that does not exist.

    What else has sixteen digits must not begin with the code of a kecamatan that exists: wrong numbers in
    tests, powers of two, hex. One digit sixteen times is no number that anybody was given.
    """
    found = [
        f"{_name(path)}: {number[:6]}…"
        for path in _texts()
        for number in _NUMBER.findall(path.read_text(encoding="utf-8"))
        if not number.startswith(INVENTED) and len(set(number)) > 1 and _is_kecamatan(number[:6])
    ]
    assert not found
    assert not _is_kecamatan(INVENTED)


def _is_kecamatan(digits: str) -> bool:
    return codes.get(f"{digits[:2]}.{digits[2:4]}.{digits[4:]}") is not None


def test_the_commands_of_the_readme_are_there_to_be_run() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\bscripts/([\w-]+(?:\.(?:py|cmd))?)", text))
    assert {"demo", "test"} <= named
    for name in named:
        path = ROOT / "scripts" / name
        assert path.is_file(), name
        assert path.suffix in (".py", ".cmd") or os.access(path, os.X_OK), name


def test_the_links_of_the_documents_lead_somewhere() -> None:
    broken = [
        f"{_name(path)} -> {target}"
        for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert not broken

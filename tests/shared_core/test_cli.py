"""The command lines: what ``--help`` says is Indonesian, and documents know every code a command ends with."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import hub.cli
import hub.kabupaten.cli
import hub.roles
import node.cli
import node.roles
from shared import errors
from shared.errors import EXIT_CODES, SipandeError
from shared.web.accounts import Role
from tests.node_app.test_pages_site import ALSO_INDONESIAN, ENGLISH

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS: dict[str, click.Group] = {
    "sipande-node": node.cli.group, "sipande-hub": hub.cli.group, "sipande-kabupaten": hub.kabupaten.cli.cli,
}
COMMON = {
    "akun", "alamat", "cadangan", "init", "kode-cadangan", "pulihkan", "rebuild", "serve", "status", "uji-pulih",
    "verify",
}
CALLS = [(program, name) for program, group in PROGRAMS.items() for name in ("", *sorted(group.commands))]


@pytest.mark.parametrize(("program", "name"), CALLS)
def test_help_is_indonesian(program: str, name: str) -> None:
    group = PROGRAMS[program]
    done = CliRunner().invoke(group, [name, "--help"] if name else ["--help"], prog_name=program)
    assert done.exit_code == 0 and done.output.startswith(f"Pemakaian: {program}")
    assert "Pilihan:" in done.output and "Tampilkan bantuan ini." in done.output
    names = {program, *group.commands, *(word for option in _options(group) for word in option.split("-"))}
    words = set(re.findall(r"[a-z]+", re.sub(r"--[a-z-]+|(?m:^  [a-z-]+  )", " ", done.output.lower())))
    english = words & (ENGLISH | {"usage", "options", "commands", "show", "message", "exit", "default", "text", "args"})
    assert not english - ALSO_INDONESIAN - names


def _options(group: click.Group) -> set[str]:
    return {opt for command in group.commands.values() for param in command.params for opt in param.opts}


@pytest.mark.parametrize("program", ["sipande-node", "sipande-hub"])
def test_both_sides_have_the_common_commands(program: str) -> None:
    assert COMMON <= PROGRAMS[program].commands.keys()


@pytest.mark.parametrize(
    ("program", "roles"), [("sipande-node", node.roles.ROLES), ("sipande-hub", hub.roles.ROLES)]
)
def test_an_account_may_have_every_role_of_its_side(program: str, roles: tuple[Role, ...]) -> None:
    said = CliRunner().invoke(PROGRAMS[program], ["akun", "--help"]).output
    assert f"[{'|'.join(role.name for role in roles)}]" in "".join(said.split())


def test_every_error_ends_with_a_code_of_the_table() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SipandeError)]
    assert {kind.exit_code for kind in kinds} <= EXIT_CODES.keys() and {0, 130} <= EXIT_CODES.keys()


@pytest.mark.parametrize("code", EXIT_CODES)
def test_the_documents_say_how_commands_end(code: int) -> None:
    meaning, arti = EXIT_CODES[code]
    assert f"| {code} | {meaning} |" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"| {code} | {arti} |" in (ROOT / "docs/pemasangan.md").read_text(encoding="utf-8")
    assert f"{code:>5}  {arti}" in CliRunner().invoke(node.cli.group, ["--help"]).output

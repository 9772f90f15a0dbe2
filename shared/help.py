"""Writes the ``--help`` of every command in Indonesian: the words that click itself would put there in English."""

from __future__ import annotations

import re
from collections.abc import Iterable

import click

_WORDS = {
    "OPTIONS": "PILIHAN", "COMMAND": "PERINTAH", "ARGS": "ISIAN", "TEXT": "TEKS", "INTEGER": "ANGKA",
    "PATH": "TEMPAT", "DIRECTORY": "FOLDER", "FILE": "BERKAS",
}
_HEADINGS = {"Options": "Pilihan", "Commands": "Perintah", "Positional arguments": "Isian"}
_NOTES = ((re.compile(r"\[(.*; )?required\]$"), r"[\1wajib]"), (re.compile(r"\[default: "), "[biasanya: "))
_HELP = ("Show this message and exit.", "Tampilkan bantuan ini.")


class Formatter(click.HelpFormatter):
    """Translates while it writes, so that commands and options need no classes of their own."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, _translate(args), prefix or "Pemakaian: ")

    def write_heading(self, heading: str) -> None:
        super().write_heading(_HEADINGS.get(heading, heading))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(_translate(term), _translate_note(text)) for term, text in rows], col_max, col_spacing)


class Context(click.Context):
    formatter_class = Formatter


class Command(click.Command):
    context_class = Context


class Group(click.Group):
    """A command line whose help, and that of its commands, is Indonesian."""

    context_class = Context
    command_class = Command


def _translate(term: str) -> str:
    """Replace click's words for what is to be typed; what a command itself calls something stays."""
    return re.sub(r"(?<![-\w])[A-Z]+(?!\w)", lambda found: _WORDS.get(found[0], found[0]), term)


def _translate_note(text: str) -> str:
    for pattern, words in _NOTES:
        text = pattern.sub(words, text)
    return text.replace(*_HELP)

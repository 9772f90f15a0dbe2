"""Puts the facts into the text of a letter. Pure: reads no record, clock or page.

How a template reads, so that a clerk can write one without knowing any code:

- a line is a paragraph, an empty line nothing but order for the eye;
- ``[nama]`` is a placeholder; ``[isian.nama_usaha]`` an extra field of this letter; ``[isian.ayah.nik]`` a fact of
  another resident chosen there;
- ``[identitas]`` alone on a line is the table of the applicant, ``[identitas isian.ayah]`` that of the other one;
- ``Label : text`` is a row of a table with aligned colons;
- ``1. text`` is an item of a list, ``== Text ==`` a line in the middle, in bold;
- a row or paragraph whose placeholders are all empty vanishes; one that begins with ``?`` vanishes as soon as one is.

What is put in is never looked at again: a name that reads ``[nik]`` is printed as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.records.identifiers import mask_numbers
from shared.surat.fakta import LETTER_FACTS, OFFICE_FACTS, PERSON_FACTS
from shared.surat.jenis import JenisSurat

EMPTY = "-"
_PLACEHOLDER = re.compile(r"\[([^\[\]\n]*)\]")
_TABLE = re.compile(r"\[identitas(?: isian\.([a-z][a-z0-9_]*))?\]")
_ROW = re.compile(r"([^:\[\]]{1,60}?)\s+:\s+(.*)")
_ITEM = re.compile(r"(\d{1,2}|[a-z])\.\s+(.*)")
_HEADING = re.compile(r"==\s*(.+?)\s*==")
IDENTITY_ROWS = (
    ("Nama", "nama"), ("NIK", "nik"), ("Tempat, tanggal lahir", "ttl"), ("Jenis kelamin", "jenis_kelamin"),
    ("Agama", "agama"), ("Status perkawinan", "status_kawin"), ("Pekerjaan", "pekerjaan"),
    ("Kewarganegaraan", "warganegara"), ("Alamat", "alamat"),
)


@dataclass(frozen=True)
class Problem:
    """A line of a template (from 1) that cannot be printed: what stands there, and what to do."""

    baris: int
    tanda: str
    pesan: str


@dataclass(frozen=True)
class Filled:
    """The body of a letter as it is printed, and what was amiss.

    ``bagian``: dictionaries for the page, ``jenis`` one of paragraf, tabel, butir, judul. ``kosong``: placeholders
    that had nothing in them and were printed as a dash.
    """

    bagian: tuple[dict[str, Any], ...]
    masalah: tuple[Problem, ...] = ()
    kosong: tuple[str, ...] = ()


def mask_parts(bagian: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Mask the numbers in the body of a letter for a screen, where nobody has asked for them."""
    masked = []
    for part in bagian:
        if part.get("jenis") == "tabel":
            masked.append({**part, "baris": [[label, mask_numbers(text)] for label, text in part["baris"]]})
        else:
            masked.append({**part, "teks": mask_numbers(str(part.get("teks", "")))})
    return masked


def list_placeholders(jenis: JenisSurat) -> list[tuple[str, str]]:
    """List what this letter's text may hold: (placeholder, what it is)."""
    found = [("identitas", "Tabel identitas pemohon")]
    found += [*PERSON_FACTS.items(), *LETTER_FACTS.items(), *OFFICE_FACTS.items()]
    for one in jenis.isian:
        if one.tipe == "penduduk":
            found.append((f"identitas isian.{one.nama}", f"Tabel identitas: {one.label}"))
            found += [(f"isian.{one.nama}.{name}", f"{one.label}: {label}") for name, label in PERSON_FACTS.items()]
        else:
            found.append((f"isian.{one.nama}", one.label))
    return found


def list_used(jenis: JenisSurat) -> list[tuple[str, str]]:
    """List the facts that a letter's text prints, each once: (placeholder, what it is); a table is its rows."""
    labels, names = dict(list_placeholders(jenis)), list[str]()
    for name in _PLACEHOLDER.findall(jenis.isi):
        if table := _TABLE.fullmatch(f"[{name}]"):
            names += [f"isian.{table[1]}.{part}" if table[1] else part for _, part in IDENTITY_ROWS]
        else:
            names.append(name)
    return [(name, labels[name]) for name in dict.fromkeys(names) if name in labels]


def check_template(jenis: JenisSurat) -> list[Problem]:
    """Find what is wrong in the text of a template, line by line."""
    return list(fill(jenis, {}).masalah)


def fill(jenis: JenisSurat, facts: Mapping[str, str]) -> Filled:
    """Put facts (placeholder → printed text; missing is empty) into the text of a letter.

    Raises nothing: a line with an unknown placeholder is left out and told in ``masalah``.
    """
    writer = _Writer(facts, {name for name, _ in list_placeholders(jenis)})
    for number, line in enumerate(jenis.isi.splitlines(), 1):
        if line.strip():
            writer.take(number, line.strip())
    return Filled(tuple(writer.parts), tuple(writer.problems), tuple(dict.fromkeys(writer.empty)))


@dataclass
class _Writer:
    facts: Mapping[str, str]
    known: set[str]
    parts: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)

    def take(self, number: int, line: str) -> None:
        table = _TABLE.fullmatch(line)
        if table and line[1:-1] in self.known:
            self._add_rows(self._identity(table[1]))
            return
        is_strict = line.startswith("?")
        line = line.lstrip("? ")
        if self._has_problem(number, line):
            return
        names = _PLACEHOLDER.findall(line)
        gone = [name for name in names if not self.facts.get(name, "").strip()]
        if gone and (is_strict or len(gone) == len(names)):
            return
        self.empty += gone
        self._add(line)

    def _has_problem(self, number: int, line: str) -> bool:
        names = _PLACEHOLDER.findall(line)
        unknown = [name for name in names if name not in self.known or name.startswith("identitas")]
        for name in unknown:
            said = (
                "harus berdiri sendiri pada satu baris." if name in self.known
                else "tidak dikenal. Pilih dari daftar sisipan, atau tambahkan isiannya."
            )
            self.problems.append(Problem(number, f"[{name}]", f"Baris {number}: [{name}] {said}"))
        if unknown:
            return True
        rest = _PLACEHOLDER.sub("", line)
        if "[" in rest or "]" in rest:
            self.problems.append(Problem(
                number, "[", f"Baris {number}: kurung siku tidak berpasangan. Tulis sisipan seperti [nama]."
            ))
            return True
        return False

    def _add(self, line: str) -> None:
        if heading := _HEADING.fullmatch(line):
            self.parts.append({"jenis": "judul", "teks": self._put(heading[1])})
        elif row := _ROW.fullmatch(line):
            self._add_rows([[self._put(row[1]), self._put(row[2])]])
        elif item := _ITEM.fullmatch(line):
            self.parts.append({"jenis": "butir", "nomor": f"{item[1]}.", "teks": self._put(item[2])})
        else:
            self.parts.append({"jenis": "paragraf", "teks": self._put(line)})

    def _add_rows(self, rows: list[list[str]]) -> None:
        if self.parts and self.parts[-1]["jenis"] == "tabel":
            self.parts[-1]["baris"] += rows
        else:
            self.parts.append({"jenis": "tabel", "baris": rows})

    def _identity(self, isian: str | None) -> list[list[str]]:
        prefix = f"isian.{isian}." if isian else ""
        rows = [[label, self.facts.get(prefix + name, "").strip()] for label, name in IDENTITY_ROWS]
        if not rows[0][1]:
            self.empty.append(f"{prefix}nama")
            rows[0][1] = EMPTY
        return [row for row in rows if row[1]]

    def _put(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda found: self.facts.get(found[1], "").strip() or EMPTY, text)

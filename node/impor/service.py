"""The import as others call it: check a file first, or import it; answers are ready to be shown or sent."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from hashlib import file_digest, sha256
from pathlib import PurePath
from typing import Any

from node.impor.apply import BatchResult, SourceFile, apply, plan_import
from node.impor.check import Place
from node.impor.penduduk import read_penduduk
from node.impor.plan import Plan
from node.impor.problems import Problem
from node.impor.reader import RawRow, open_sheet
from node.impor.rejects import write_rejects
from node.services import NodeServices
from shared.clock import today

Source = str | os.PathLike[str] | bytes
Progress = Callable[[int, int], None]

SOURCE = "penduduk"
"""The source of every 43-column file, whatever it is called: next month's file continues this month's."""

_DIPERTAHANKAN = "nilai di komputer ini dipertahankan"


@dataclass(frozen=True)
class DryRun:
    """What an import would do. ``rejects`` is the workbook of rows that need a hand, None without any."""

    plan: Plan
    file: SourceFile
    problems: list[Problem]
    rejects: bytes | None

    def summary(self) -> dict[str, Any]:
        """Give counts, problems, remarks and record ids (of absent people, of those without event) for JSON."""
        return {
            "berkas": self.file.name,
            "sumber": self.plan.source,
            "sebagian": self.plan.is_partial,
            "jumlah": self.plan.counts,
            "perubahan": len(self.plan.writes),
            "masalah": [describe_problem(problem) for problem in self.problems],
            "catatan": [{"kode": note.kode, "pesan": note.pesan} for note in self.plan.bacaan.notices],
            "tidak_ada_lagi": self.plan.absent,
            "tanpa_peristiwa": self.plan.uneventful,
        }


def dry_run(
    services: NodeServices, source: Source, filename: str, progress: Progress | None = None,
    *, source_name: str = SOURCE, is_partial: bool = False,
) -> DryRun:
    """Read a file and say what its import would do; nothing is written.

    ``progress`` is told rows read and rows expected. ``is_partial``: the file names only some of the people,
    which the workbook of rejects does whatever is said. Raises ImporError when the file as a whole cannot be
    imported.
    """
    bacaan = read_penduduk(source, filename, today(services.clock), progress)
    plan = plan_import(services, bacaan, source_name, is_partial=is_partial or bacaan.is_rejects)
    return _finish(services, plan, source, SourceFile(PurePath(filename).name, _digest(source)))


def import_file(
    services: NodeServices, source: Source, filename: str, author: str, progress: Progress | None = None,
    *, only_check: bool = False, source_name: str = SOURCE, is_partial: bool = False,
) -> dict[str, Any]:
    """Import a file in one transaction, or with ``only_check`` say what would happen.

    The answer is that of :meth:`DryRun.summary` with ``batch`` (None when only checked) and ``berkas_tolak``,
    the workbook of rejects as bytes or None: take it out before making JSON. ``progress`` runs over reading
    and writing, half of its steps each. ``is_partial`` and ImporError are as in ``dry_run``.
    """
    steps = _Steps(progress)
    run = dry_run(
        services, source, filename, progress if only_check else steps.read, source_name=source_name,
        is_partial=is_partial,
    )
    result: BatchResult | None = None
    if not only_check:
        result = apply(services, run.plan, author, steps.write, file=run.file)
        if result.is_replanned:
            run = _finish(services, result.plan, source, run.file)
        steps.finish()
    answer = run.summary()
    answer["batch"] = None if result is None else result.batch
    answer["berkas_tolak"] = run.rejects
    return answer


def describe_problem(problem: Problem) -> dict[str, Any]:
    """Give a problem as plain values: where it stands, what is wrong, and what happens."""
    return {
        "lembar": problem.sheet,
        "baris": problem.row,
        "kolom": problem.column,
        "huruf_kolom": problem.column_letter,
        "nilai": problem.value,
        "kode": problem.kode,
        "pesan": problem.pesan,
        "akibat": _DIPERTAHANKAN if problem.kode == "bentrok" else problem.akibat.value,
        "tingkat": problem.severity.value,
    }


class _Steps:
    """One bar over two halves: reading, then writing."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._rows = 0

    def read(self, done: int, total: int) -> None:
        self._rows = total
        self._tell(done)

    def write(self, done: int, total: int) -> None:
        self._tell(self._rows + self._rows * done // total)

    def finish(self) -> None:
        self._tell(2 * self._rows)

    def _tell(self, done: int) -> None:
        if self._progress:
            self._progress(done, 2 * self._rows)


def _finish(services: NodeServices, plan: Plan, source: Source, file: SourceFile) -> DryRun:
    """Add to a plan what only the file itself can tell: column letters, and refused rows as they stand."""
    problems, raws = plan.problems, plan.bacaan.to_correct
    if plan.refused or any(not problem.column_letter for problem in problems):
        letters, refused = _read_again(source, file.name, plan.refused)
        problems = [_add_letter(problem, letters) for problem in problems]
        here = {(raw.sheet, raw.row) for raw in raws}
        raws = _in_order([*raws, *(raw for raw in refused if (raw.sheet, raw.row) not in here)])
    rejects = write_rejects(raws, problems, today(services.clock)) if raws else None
    return DryRun(plan, file, problems, rejects)


def _read_again(
    source: Source, filename: str, places: Collection[Place]
) -> tuple[dict[str, Mapping[str, str]], list[RawRow]]:
    letters: dict[str, Mapping[str, str]] = {}
    raws: list[RawRow] = []
    for raw in open_sheet(source, filename):
        letters[raw.sheet] = raw.column_letters
        if (raw.sheet, raw.row) in places:
            raws.append(raw)
    return letters, raws


def _add_letter(problem: Problem, letters: Mapping[str, Mapping[str, str]]) -> Problem:
    letter = letters.get(problem.sheet, {}).get(problem.column, "")
    return problem if problem.column_letter else replace(problem, column_letter=letter)


def _in_order(raws: list[RawRow]) -> list[RawRow]:
    sheets = {sheet: at for at, sheet in enumerate(dict.fromkeys(raw.sheet for raw in raws))}
    return sorted(raws, key=lambda raw: (sheets[raw.sheet], raw.row))


def _digest(source: Source) -> str:
    if isinstance(source, bytes):
        return sha256(source).hexdigest()
    with open(source, "rb") as file:
        return file_digest(file, "sha256").hexdigest()

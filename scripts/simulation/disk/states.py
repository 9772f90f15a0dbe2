"""What may stand on a disk after a power cut, drawn from what was done to it until then.

Durable is what a file held at its last completed fsync, and the names that a folder held at its last one. Of what
came later, sectors are lost, kept, or kept beside lost ones, in any order; of names, any beginning of what was done
to a folder (file systems journal these in order). A file grown by writes that were lost may be as long as if they
were there, and hold zeros.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from random import Random
from typing import NamedTuple

_HEAD = struct.Struct("<ciqII")
SECTORS = (512, 4096)


class Step(NamedTuple):
    """One operation as the shim wrote it down; the meaning of ``number`` is that of its kind."""

    kind: str
    handle: int
    number: int
    first: bytes
    second: bytes


class Keeping(Enum):
    """What becomes of the sectors of a file that were not synced."""

    ALL = "all"
    NONE = "none"
    BEGINNING = "beginning"
    SOME = "some"
    ZEROS = "zeros"


def read_record(path: Path) -> list[Step]:
    """Read what was written down; a step that a kill has cut is left out."""
    data, at, steps = path.read_bytes(), 0, []
    while at + _HEAD.size <= len(data):
        kind, handle, number, first, second = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        if at + first + second > len(data):
            break
        steps.append(Step(kind.decode(), handle, number, data[at : at + first], data[at + first : at + first + second]))
        at += first + second
    return steps


class Write(NamedTuple):
    """Bytes at a place; None cuts the file there."""

    offset: int
    data: bytes | None


@dataclass
class File:
    """What a file is sure to hold, and what was done to it since."""

    durable: bytes = b""
    pending: list[Write] = field(default_factory=list)

    def sync(self) -> None:
        self.durable, self.pending = _apply(self.durable, self.pending), []

    def draw(self, dice: Random) -> bytes:
        """Draw what it holds after a power cut."""
        if not self.pending:
            return self.durable
        keeping = dice.choice(tuple(Keeping))
        if keeping is Keeping.NONE:
            return self.durable
        if keeping is Keeping.ALL:
            return _apply(self.durable, self.pending)
        if keeping is Keeping.ZEROS:
            length = len(_apply(self.durable, self.pending))
            return self.durable[:length] + bytes(max(0, length - len(self.durable)))
        sectors = list(_split(self.pending, dice.choice(SECTORS)))
        if keeping is Keeping.BEGINNING:
            return _apply(self.durable, sectors[: dice.randrange(len(sectors) + 1)])
        share = dice.random()
        return _apply(self.durable, [write for write in sectors if dice.random() < share])


def _apply(content: bytes, writes: Sequence[Write]) -> bytes:
    made = bytearray(content)
    for offset, data in writes:
        if data is None:
            made = made[:offset] + bytes(max(0, offset - len(made)))
        else:
            made.extend(bytes(max(0, offset - len(made))))
            made[offset : offset + len(data)] = data
    return bytes(made)


def _split(writes: Sequence[Write], sector: int) -> Iterator[Write]:
    for offset, data in writes:
        if data is None:
            yield Write(offset, None)
            continue
        at = 0
        while at < len(data):
            end = min(len(data), at + sector - (offset + at) % sector)
            yield Write(offset + at, data[at:end])
            at = end


Name = tuple[str, File | None]
"""A path and what stands there: None for nothing."""


@dataclass
class Disk:
    """One folder tree as it is, and as it is sure to be."""

    root: str
    live: dict[str, File] = field(default_factory=dict)
    durable: dict[str, File] = field(default_factory=dict)
    folders: dict[str, bool] = field(default_factory=dict)
    """Path → whether its name is sure to be there."""
    unsynced: list[tuple[str, tuple[Name, ...]]] = field(default_factory=list)
    """What was done to names since: the folder, and what stands where then."""
    handles: dict[int, str] = field(default_factory=dict)
    opened: dict[int, File] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, root: Path) -> Disk:
        """Take a tree on disk as durable."""
        disk = cls(str(root))
        for path in sorted(root.rglob("*")):
            if path.is_dir():
                disk.folders[str(path)] = True
            else:
                disk.live[str(path)] = File(path.read_bytes())
        disk.durable = dict(disk.live)
        return disk

    def do(self, step: Step) -> None:
        """Follow one step."""
        name = step.first.decode(errors="surrogateescape") if step.kind in "orum" else ""
        if step.kind == "o":
            self._open(step, name)
        elif step.kind == "w":
            self.opened[step.handle].pending.append(Write(step.number, step.first))
        elif step.kind == "t":
            self.opened[step.handle].pending.append(Write(step.number, None))
        elif step.kind == "s":
            self._sync(step.handle)
        elif step.kind == "c":
            self.opened.pop(step.handle, None)
            self.handles.pop(step.handle, None)
        elif step.kind == "r":
            self._move(name, step.second.decode(errors="surrogateescape"))
        elif step.kind == "u":
            self._rename(name, (name, None))
            self.live.pop(name, None)
        elif step.kind == "m":
            self.folders[name] = False
        elif step.kind == "n":
            self.notes.append(step.first.decode())

    def _open(self, step: Step, name: str) -> None:
        self.handles[step.handle] = name
        if name in self.folders or name == self.root:
            return
        if step.number or name not in self.live:
            self.live[name] = File()
            self._rename(name, (name, self.live[name]))
        self.opened[step.handle] = self.live[name]

    def _sync(self, handle: int) -> None:
        name = self.handles[handle]
        if handle in self.opened:
            self.opened[handle].sync()
            return
        for folder, names in self.unsynced:
            if folder == name:
                self._put(self.durable, names)
        self.unsynced = [one for one in self.unsynced if one[0] != name]
        for folder in self.folders:
            if _parent(folder) == name:
                self.folders[folder] = True

    def _move(self, before: str, after: str) -> None:
        file = self.live.pop(before)
        self.live[after] = file
        self._rename(after, (before, None), (after, file))

    def _rename(self, path: str, *names: Name) -> None:
        self.unsynced.append((_parent(path), names))

    @staticmethod
    def _put(at: dict[str, File], names: Sequence[Name]) -> None:
        for path, file in names:
            if file is None:
                at.pop(path, None)
            else:
                at[path] = file

    def draw(self, dice: Random) -> dict[str, bytes]:
        """Draw what stands where after a power cut at this instant: relative path → bytes."""
        kept = dict(self.durable)
        left = {
            folder: dice.randrange(sum(one[0] == folder for one in self.unsynced) + 1)
            for folder in sorted({one[0] for one in self.unsynced})
        }
        for folder, names in self.unsynced:
            if left[folder]:
                left[folder] -= 1
                self._put(kept, names)
        gone = [folder for folder, is_sure in self.folders.items() if not is_sure and dice.random() < 0.5]
        drawn: dict[int, bytes] = {}
        state = {}
        for path, file in sorted(kept.items()):
            if not any(path.startswith(f"{folder}/") for folder in gone):
                state[path[len(self.root) + 1 :]] = drawn.setdefault(id(file), file.draw(dice))
        return state

    def now(self) -> dict[str, bytes]:
        """Give what stands where if the power stays: relative path → bytes."""
        return {path[len(self.root) + 1 :]: _apply(file.durable, file.pending) for path, file in self.live.items()}


def _parent(path: str) -> str:
    return path.rsplit("/", 1)[0]

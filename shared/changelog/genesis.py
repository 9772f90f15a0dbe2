"""The first change of every log: whose it is, under which key, and which log it continues."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from shared.changelog.change import FORMAT, Header, Op, Sealed, decode_bodies, decode_headers, seal_change
from shared.errors import ProtocolError
from shared.merge.scope import GENESIS_KIND, Role


@dataclass(frozen=True)
class Genesis:
    """What a log says of itself. ``wilayah`` is whose records it writes: a desa, or the kecamatan for the
    hub's common channel. ``pendahulu`` is ``log:size:base64 root`` of the log that this one continues;
    ``cabang`` names the first change of the branch that is issued again here."""

    id: str
    wilayah: str
    peran: Role
    kunci: bytes
    pendahulu: str = ""
    cabang: str = ""

    @property
    def origin(self) -> str:
        """The log's name in checkpoints (C2SP tlog-checkpoint origin)."""
        return f"sipande/{self.wilayah}/{self.peran.value}/{self.id}"

    @property
    def record(self) -> str:
        """A record id for the change itself: the log id written as a UUID."""
        return f"{self.id[:8]}-{self.id[8:12]}-{self.id[12:16]}-{self.id[16:20]}-{self.id[20:]}"

    def seal(self, salt: bytes, time_s: int) -> tuple[Header, Sealed]:
        """Make the first change of the log."""
        header = Header(FORMAT, self.id, 0, GENESIS_KIND, 1, self.record, Op.CREATE.value, [], [], "", time_s)
        values = {
            "asal": self.origin,
            "cabang": self.cabang or None,
            "kunci": self.kunci.hex(),
            "pendahulu": self.pendahulu or None,
            "peran": self.peran.value,
            "wilayah": self.wilayah,
        }
        return header, seal_change(header, values, salt)


def predecessor(log: str, size: int, root: bytes) -> str:
    """Name the log that a new one continues."""
    return f"{log}:{size}:{base64.b64encode(root).decode()}"


def read_genesis(change: Sealed) -> Genesis:
    """Read the first change of a log; ProtocolError when it is not what a first change must be."""
    header = decode_headers([change.header])[0]
    values = decode_bodies([change.body])[0]
    if header.kind != GENESIS_KIND or header.seq != 0 or header.op != Op.CREATE or values is None:
        raise ProtocolError("malformed", "first change of a log")
    try:
        genesis = Genesis(
            header.log, str(values["wilayah"]), Role(values["peran"]), bytes.fromhex(values["kunci"]),
            str(values.get("pendahulu", "")), str(values.get("cabang", "")),
        )
    except (KeyError, ValueError, TypeError):
        raise ProtocolError("malformed", "first change of a log") from None
    if values.get("asal") != genesis.origin or header.record != genesis.record or len(genesis.kunci) != 32:
        raise ProtocolError("malformed", "first change of a log")
    return genesis

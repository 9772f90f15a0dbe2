"""What stands on top of everything that is printed here: whose it is, where that lies, and when it was drawn."""

from __future__ import annotations

from typing import NamedTuple

from node.services import NodeServices
from shared.clock import format_time
from shared.codes import wilayah as codes
from shared.codes.find import describe_place


class Kop(NamedTuple):
    """The head of a printed sheet; the logo stands beside it."""

    nama: str
    tempat: str
    dicetak: str


def make_kop(node: NodeServices) -> Kop:
    """Write the head for a sheet that is printed now; one from practice can be taken for no other."""
    nama = "LATIHAN, bukan data desa" if node.is_latihan else name_desa(node.wilayah)
    return Kop(nama, describe_place(node.wilayah), format_time(node.clock.now_s()))


def name_desa(kode: str) -> str:
    """Name a desa with what it is; the last four digits of a kelurahan begin with 1."""
    kind = "Kelurahan" if kode.rpartition(".")[2].startswith("1") else "Desa"
    return f"{kind} {codes.nama(kode) or kode}"

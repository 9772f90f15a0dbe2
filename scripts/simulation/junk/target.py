"""What a target of junk is, and which refusals are the product's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.errors import ProtocolError, TransportError, UserError
from shared.sync.codes import CODES
from simulation.claims import require
from simulation.junk.mutate import Form

TAKEN = "ok"


@dataclass(frozen=True)
class Target:
    """One door: good inputs of one form, and how such bytes are handed in.

    ``feed`` gives in one word what became of them. Whatever it raises, but for :func:`refused`, is a defect.
    ``weight`` is how often it is chosen beside the others.
    """

    name: str
    form: Form
    seeds: tuple[bytes, ...]
    feed: Callable[[bytes], str]
    weight: int = 1


def hand_in(target: Target, data: bytes) -> str:
    """Feed one input; give what became of it, raise what is none of the product's refusals."""
    try:
        return target.feed(data)
    except ProtocolError as error:
        require(error.code in CODES, f"code {error.code!r} stands in no table")
        return error.code
    except TransportError:
        return "tidak_ada_jawaban"
    except UserError as error:
        require(bool(error.pesan.strip()), "a refusal without a sentence")
        return error.kode

"""RFC 6962 hash tree over a log: roots, consistency and inclusion proofs, and their verification.

Knows hashes only: not what a leaf says, nor where hashes are kept. Storage hands in callables, and is
handed back a compact range and the hash of each full *tile* (256 leaves on a multiple of 256), which is
all that is needed to prove anything about a long log without hashing all of it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from shared.errors import DamageError, ProtocolError

HASH_BYTES = 32
TILE_LEVEL = 8
TILE_LEAVES = 1 << TILE_LEVEL
EMPTY_ROOT = sha256().digest()
SIZE_MAX = (1 << 63) - 1

Subtree = Callable[[int, int], bytes]
"""(lo, hi) -> the Merkle tree hash of leaves lo to hi, hi exclusive (MTH of RFC 6962 section 2.1)."""


class TreeError(ProtocolError):
    """A hash, size or proof does not fit the tree it claims to describe."""

    def __init__(self, detail: str) -> None:
        super().__init__("bad_proof", detail)


class Tile(NamedTuple):
    """The hash of leaves 256 * number to 256 * number + 255."""

    number: int
    hash: bytes


def leaf_hash(header: bytes, body_digest: bytes) -> bytes:
    """Hash one change from its header and the SHA-256 of its body (architecture.md section 4).

    The digest has a fixed length, so that no other split of the same bytes makes the same leaf.
    """
    if len(body_digest) != HASH_BYTES:
        raise TreeError("body digest is not 32 bytes")
    return sha256(b"\x00" + header + body_digest).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbouring subtrees into their parent."""
    return sha256(b"\x01" + left + right).digest()


def split_hashes(raw: bytes) -> list[bytes]:
    """Read hashes that stand end to end."""
    return [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]


def _fold(hashes: Sequence[bytes]) -> bytes:
    """Join perfect subtrees, largest first, into the root of the tree that they make up."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in hashes[-2::-1]:
        root = node_hash(left, root)
    return root


@dataclass(slots=True)
class CompactRange:
    """The perfect subtrees of a tree of ``size`` leaves, left to right and so largest first.

    It is everything an appender must remember: at most 63 hashes, one per 1 bit of the size.
    """

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> Tile | None:
        """Add one leaf; return the tile that it completes, if it does."""
        tiles = self.extend((leaf,))
        return tiles[0] if tiles else None

    def extend(self, leaves: Iterable[bytes]) -> list[Tile]:
        """Add leaves in order; return the tiles that they complete. All are added, or on TreeError none."""
        size, hashes, tiles = self.size, self.hashes.copy(), []
        pop, push = hashes.pop, hashes.append
        for node in leaves:
            if len(node) != HASH_BYTES:
                raise TreeError("leaf hash is not 32 bytes")
            carry = size
            size += 1
            if not size % TILE_LEAVES:
                # Eight merges on, the node is the tile: it costs no hash of its own.
                for _ in range(TILE_LEVEL):
                    node = sha256(b"\x01" + pop() + node).digest()
                carry >>= TILE_LEVEL
                tiles.append(Tile(carry, node))
            while carry & 1:
                node = sha256(b"\x01" + pop() + node).digest()
                carry >>= 1
            push(node)
        self.size, self.hashes = size, hashes
        return tiles

    def root(self) -> bytes:
        """Compute the root hash of the tree."""
        return _fold(self.hashes)

    def to_bytes(self) -> bytes:
        """Write the hashes end to end; the size is stored beside them, not in them."""
        return b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, size: int, raw: bytes) -> CompactRange:
        """Read what :meth:`to_bytes` wrote; DamageError when the number of hashes does not fit the size."""
        wanted = size.bit_count()
        if not 0 <= size <= SIZE_MAX or len(raw) != HASH_BYTES * wanted:
            raise DamageError(f"compact range of size {size} needs {wanted} hashes, got {len(raw)} bytes")
        return cls(size, split_hashes(raw))

    def copy(self) -> CompactRange:
        """Make an independent copy, to try something on."""
        return CompactRange(self.size, self.hashes.copy())


def _check_size(size: int) -> None:
    if not 0 <= size <= SIZE_MAX:
        raise TreeError("tree size out of range")


def _split(count: int) -> int:
    """Find the largest power of two below ``count``: where RFC 6962 splits a tree of that many leaves."""
    return 1 << ((count - 1).bit_length() - 1)


def consistency_proof(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """Prove that the tree of ``old`` leaves is a prefix of the tree of ``new`` (RFC 6962 section 2.1.2).

    Empty when there is nothing to prove: ``old`` is 0 or equals ``new``.
    """
    _check_size(new)
    if not 0 <= old <= new:
        raise TreeError(f"no consistency proof from {old} to {new}")
    if old in (0, new):
        return []
    lo, hi = 0, new
    path: list[bytes] = []
    while hi != old:
        middle = lo + _split(hi - lo)
        if old <= middle:
            path.append(subtree(middle, hi))
            hi = middle
        else:
            path.append(subtree(lo, middle))
            lo = middle
    if lo:
        # Unless the old tree is one perfect subtree, whose hash is the old root and known to everyone.
        path.append(subtree(lo, hi))
    return path[::-1]


def begin_subtrees(old: int, new: int, proof: Sequence[bytes], subtree: Subtree) -> Subtree:
    """Give the hashes of a tree of ``new`` leaves of which the first ``old`` are here, with their consistency proof.

    ``subtree`` gives the hashes of those leaves; what lies behind them comes out of ``proof``. It has all that the
    consistency proof of any size up to ``old`` asks for: on the way down to a smaller size, what is left aside on the
    right is part of the old leaves, holds their end, or is left aside on the way to ``old`` as well. DamageError when
    the proof is not one from ``old`` to ``new``.
    """
    asked: list[tuple[int, int]] = []

    def ask(lo: int, hi: int) -> bytes:
        asked.append((lo, hi))
        return b""

    consistency_proof(old, new, ask)
    if len(asked) != len(proof):
        raise DamageError(f"proof from {old} to {new} has {len(proof)} hashes")
    behind = {place: node for place, node in zip(reversed(asked), proof, strict=True) if place[0] >= old}

    def find(lo: int, hi: int) -> bytes:
        if hi <= old:
            return subtree(lo, hi)
        if lo >= old:
            if (lo, hi) not in behind:
                raise DamageError(f"leaves {lo} to {hi} are not held")
            return behind[lo, hi]
        middle = lo + _split(hi - lo)
        return node_hash(find(lo, middle), find(middle, hi))

    return find


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """Prove that leaf ``index`` (from 0) is in the tree of ``size`` leaves (RFC 6962 section 2.1.1)."""
    _check_size(size)
    if not 0 <= index < size:
        raise TreeError(f"no leaf {index} in a tree of size {size}")
    lo, hi = 0, size
    path: list[bytes] = []
    while hi - lo > 1:
        middle = lo + _split(hi - lo)
        if index < middle:
            path.append(subtree(middle, hi))
            hi = middle
        else:
            path.append(subtree(lo, middle))
            lo = middle
    return path[::-1]


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(node) != HASH_BYTES for node in hashes):
        raise TreeError("hash is not 32 bytes")


def verify_inclusion(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check an inclusion proof against a trusted root (RFC 9162 section 2.1.3.2); TreeError when it fails."""
    _check_size(size)
    _check_hashes((leaf, root, *proof))
    if not 0 <= index < size:
        raise TreeError(f"no leaf {index} in a tree of size {size}")
    at, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise TreeError("inclusion proof is too long")
        if at & 1 or at == last:
            node = node_hash(sibling, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    if last != 0 or node != root:
        raise TreeError("inclusion proof does not lead to the root")


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the new tree continues the old one (RFC 9162 section 2.1.4.2); TreeError when it does not.

    The proof must be empty when ``old`` is 0, whose root must be that of the empty tree, or equals ``new``,
    whose roots must then be equal.
    """
    _check_size(new)
    _check_hashes((old_root, new_root, *proof))
    if not 0 <= old <= new:
        raise TreeError(f"tree of size {new} cannot continue one of size {old}")
    if (old == 0 and old_root != EMPTY_ROOT) or (new == 0 and new_root != EMPTY_ROOT):
        raise TreeError("empty tree with another root")
    if old == new and old_root != new_root:
        raise TreeError(f"two roots for size {new}")
    if old in (0, new):
        if proof:
            raise TreeError("consistency proof where none is needed")
        return
    if not proof:
        raise TreeError("consistency proof is missing")
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_node = new_node = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise TreeError("consistency proof is too long")
        if at & 1 or at == last:
            old_node, new_node = node_hash(sibling, old_node), node_hash(sibling, new_node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new_node = node_hash(new_node, sibling)
        at, last = at >> 1, last >> 1
    if last != 0 or old_node != old_root or new_node != new_root:
        raise TreeError(f"tree of size {new} does not continue the tree of size {old}")


@dataclass(frozen=True)
class SubtreeHasher:
    """Computes subtree hashes from stored leaf and tile hashes; an instance is a :data:`Subtree`.

    ``leaves(lo, hi)`` returns the stored leaf hashes, ``tile(number)`` the stored hash of a full tile or
    None, for which its leaves are read instead; DamageError when leaves are missing. A proof over n leaves
    costs about n / 256 + 512 hashes.
    """

    leaves: Callable[[int, int], list[bytes]]
    tile: Callable[[int], bytes | None]

    def __call__(self, lo: int, hi: int) -> bytes:
        """Compute the Merkle tree hash of leaves ``lo`` to ``hi``, exclusive."""
        if lo % TILE_LEAVES or hi - lo < TILE_LEAVES:
            return _fold(self._read(lo, hi))
        # From a tile boundary on, the split points of RFC 6962 fall on tile boundaries as well, so the
        # tiles are the leaves of a smaller tree and what is left over hangs to the right of it.
        first, end = lo // TILE_LEAVES, hi // TILE_LEAVES
        upper = CompactRange()
        upper.extend(self._hash_tile(number) for number in range(first, end))
        return _fold(upper.hashes + self._read(end * TILE_LEAVES, hi))

    def _hash_tile(self, number: int) -> bytes:
        stored = self.tile(number)
        if stored is not None:
            return stored
        return _fold(self._read(number * TILE_LEAVES, (number + 1) * TILE_LEAVES))

    def _read(self, lo: int, hi: int) -> list[bytes]:
        """Read leaves and return their perfect subtrees, largest first."""
        found = self.leaves(lo, hi) if lo < hi else []
        if len(found) != hi - lo:
            raise DamageError(f"{len(found)} leaves found where {hi - lo} were asked for")
        lower = CompactRange()
        lower.extend(found)
        return lower.hashes

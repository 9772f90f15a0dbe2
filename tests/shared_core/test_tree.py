"""The hash tree against published vectors, against RFC 6962's definitions written out, and against lies."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.changelog.tree import (
    EMPTY_ROOT,
    SIZE_MAX,
    TILE_LEAVES,
    CompactRange,
    SubtreeHasher,
    Tile,
    TreeError,
    begin_subtrees,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from shared.errors import DamageError, ProtocolError

# The reference tree of certificate-transparency-go (transparency-dev/merkle, proof/verify_test.go).
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# Leaf number counted from 1, as the source does; tree size; proof.
INCLUSION = [
    (1, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"]),
    (6, 8, ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
    (3, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (2, 5, ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"]),
    (1, 1, []),
]
CONSISTENCY = [
    (1, 1, []),
    (1, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"]),
    (6, 8, ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
    (2, 5, ["5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"]),
    (6, 7, ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
]
REFERENCE_LEAVES = [sha256(b"\x00" + entry).digest() for entry in ENTRIES]
SIZES_MAX = 200


def make_leaves(count: int) -> list[bytes]:
    return [sha256(b"leaf %d" % number).digest() for number in range(count)]


def split(count: int) -> int:
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def hash_tree(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha256(b"\x01" + hash_tree(leaves[:k]) + hash_tree(leaves[k:])).digest()


def prove_inclusion(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*prove_inclusion(m, leaves[:k]), hash_tree(leaves[k:])]
    return [*prove_inclusion(m - k, leaves[k:]), hash_tree(leaves[:k])]


def prove_consistency(m: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2, word for word."""
    if m == len(leaves):
        return [] if whole else [hash_tree(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*prove_consistency(m, leaves[:k], whole), hash_tree(leaves[k:])]
    return [*prove_consistency(m - k, leaves[k:], False), hash_tree(leaves[:k])]


def subtree_of(leaves: list[bytes]) -> Callable[[int, int], bytes]:
    return lambda lo, hi: hash_tree(leaves[lo:hi])


def flip(raw: bytes, bit: int) -> bytes:
    number = int.from_bytes(raw) ^ 1 << bit % (8 * len(raw))
    return number.to_bytes(len(raw))


LEAVES = make_leaves(SIZES_MAX)
NAIVE_ROOTS = [hash_tree(LEAVES[:size]) for size in range(SIZES_MAX + 1)]


def test_leaf_hash_covers_header_and_body_digest() -> None:
    digest = sha256(b"body").digest()
    assert leaf_hash(b"header", digest) == sha256(b"\x00header" + digest).digest()


def test_leaf_hash_refuses_a_digest_of_another_length() -> None:
    with pytest.raises(TreeError, match="32 bytes"):
        leaf_hash(b"header", b"short")


def test_node_hash_is_told_apart_from_a_leaf() -> None:
    left, right = LEAVES[:2]
    assert node_hash(left, right) == sha256(b"\x01" + left + right).digest() != leaf_hash(left, right)


@pytest.mark.parametrize("size", range(9))
def test_root_is_that_of_the_reference_tree(size: int) -> None:
    tree = CompactRange()
    tree.extend(REFERENCE_LEAVES[:size])
    assert tree.root().hex() == ROOTS[size]


@pytest.mark.parametrize(("number", "size", "proof"), INCLUSION)
def test_inclusion_proof_is_that_of_the_reference_tree(number: int, size: int, proof: list[str]) -> None:
    made = inclusion_proof(number - 1, size, subtree_of(REFERENCE_LEAVES))
    assert [node.hex() for node in made] == proof
    verify_inclusion(REFERENCE_LEAVES[number - 1], number - 1, size, bytes.fromhex(ROOTS[size]), made)


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCY)
def test_consistency_proof_is_that_of_the_reference_tree(old: int, new: int, proof: list[str]) -> None:
    made = consistency_proof(old, new, subtree_of(REFERENCE_LEAVES))
    assert [node.hex() for node in made] == proof
    verify_consistency(old, bytes.fromhex(ROOTS[old]), new, bytes.fromhex(ROOTS[new]), made)


def test_empty_root_is_the_hash_of_nothing() -> None:
    assert CompactRange().root() == EMPTY_ROOT == bytes.fromhex(ROOTS[0])


def test_every_consistency_proof_equals_the_definition_and_verifies() -> None:
    @cache
    def subtree(lo: int, hi: int) -> bytes:
        return hash_tree(LEAVES[lo:hi])

    for new in range(SIZES_MAX + 1):
        for old in range(new + 1):
            proof = consistency_proof(old, new, subtree)
            verify_consistency(old, NAIVE_ROOTS[old], new, NAIVE_ROOTS[new], proof)
            if old and (new < 40 or new % 37 == 0):
                assert proof == prove_consistency(old, LEAVES[:new])


def test_a_beginning_and_its_proof_prove_every_smaller_beginning() -> None:
    def subtree(lo: int, hi: int) -> bytes:
        return hash_tree(LEAVES[lo:hi])

    for new in (1, 2, 7, 8, 9, 31, 32, 33, 47):
        for held in range(1, new + 1):
            def of_held(lo: int, hi: int, held: int = held) -> bytes:
                assert hi <= held, "what lies behind is not here"
                return subtree(lo, hi)

            tree = begin_subtrees(held, new, consistency_proof(held, new, subtree), of_held)
            assert tree(0, new) == NAIVE_ROOTS[new]
            for old in range(held + 1):
                assert consistency_proof(old, new, tree) == consistency_proof(old, new, subtree)


def test_a_proof_that_is_none_of_that_beginning_is_damage() -> None:
    with pytest.raises(DamageError, match="not held"):
        begin_subtrees(5, 9, consistency_proof(5, 9, subtree_of(LEAVES)), subtree_of(LEAVES))(6, 7)
    with pytest.raises(DamageError):
        begin_subtrees(5, 9, consistency_proof(8, 9, subtree_of(LEAVES)), subtree_of(LEAVES))


@settings(deadline=None)
@given(st.integers(0, SIZES_MAX - 1), st.integers(1, SIZES_MAX))
def test_inclusion_proof_equals_the_definition_and_verifies(index: int, size: int) -> None:
    index %= size
    proof = inclusion_proof(index, size, subtree_of(LEAVES))
    assert proof == prove_inclusion(index, LEAVES[:size])
    verify_inclusion(LEAVES[index], index, size, NAIVE_ROOTS[size], proof)


@settings(deadline=None)
@given(st.integers(1, SIZES_MAX - 1), st.integers(2, SIZES_MAX), st.integers(0, 1 << 20), st.integers(0, 255))
def test_consistency_proof_with_one_bit_flipped_is_refused(old: int, new: int, which: int, bit: int) -> None:
    old = old % (new - 1) + 1
    proof = consistency_proof(old, new, subtree_of(LEAVES))
    parts = [NAIVE_ROOTS[old], NAIVE_ROOTS[new], *proof]
    which %= len(parts)
    parts[which] = flip(parts[which], bit)
    with pytest.raises(TreeError):
        verify_consistency(old, parts[0], new, parts[1], parts[2:])


@settings(deadline=None)
@given(st.integers(0, SIZES_MAX - 1), st.integers(1, SIZES_MAX), st.integers(0, 1 << 20), st.integers(0, 255))
def test_inclusion_proof_with_one_bit_flipped_is_refused(index: int, size: int, which: int, bit: int) -> None:
    index %= size
    parts = [LEAVES[index], NAIVE_ROOTS[size], *inclusion_proof(index, size, subtree_of(LEAVES))]
    which %= len(parts)
    parts[which] = flip(parts[which], bit)
    with pytest.raises(TreeError):
        verify_inclusion(parts[0], index, size, parts[1], parts[2:])


ROOT6, ROOT8 = NAIVE_ROOTS[6], NAIVE_ROOTS[8]
PROOF68 = consistency_proof(6, 8, subtree_of(LEAVES))


@pytest.mark.parametrize(
    ("old", "old_root", "new", "new_root", "proof"),
    [
        (6, ROOT6, 8, ROOT8, []),
        (6, ROOT6, 8, ROOT8, PROOF68[:-1]),
        (6, ROOT6, 8, ROOT8, PROOF68[1:]),
        (6, ROOT6, 8, ROOT8, [*PROOF68, ROOT8]),
        (6, ROOT6, 8, ROOT8, [ROOT6, *PROOF68]),
        (6, ROOT6, 8, ROOT8, [*PROOF68, b""]),
        (6, ROOT6, 8, ROOT8, [node[:31] for node in PROOF68]),
        (6, ROOT8, 8, ROOT6, PROOF68),
        (5, ROOT6, 8, ROOT8, PROOF68),
        (7, ROOT6, 8, ROOT8, PROOF68),
        (6, ROOT6, 16, ROOT8, PROOF68),
        (6, ROOT6, 4, ROOT8, PROOF68),
        (8, ROOT8, 6, ROOT6, PROOF68),
        (4, NAIVE_ROOTS[4], 8, ROOT8, []),
        (-1, ROOT6, 8, ROOT8, PROOF68),
        (6, ROOT6, SIZE_MAX + 1, ROOT8, PROOF68),
        (8, ROOT8, 8, ROOT8, [ROOT8]),
        (8, ROOT6, 8, ROOT8, []),
        (0, EMPTY_ROOT, 8, ROOT8, [ROOT8]),
        (0, ROOT6, 8, ROOT8, []),
        (0, ROOT6, 0, ROOT6, []),
        (0, EMPTY_ROOT, 0, EMPTY_ROOT, [EMPTY_ROOT]),
        (0, b"", 8, ROOT8, []),
    ],
)
def test_wrong_consistency_claim_is_refused(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes]
) -> None:
    with pytest.raises(TreeError) as caught:
        verify_consistency(old, old_root, new, new_root, proof)
    assert isinstance(caught.value, ProtocolError) and caught.value.code == "bad_proof"


PROOF28 = inclusion_proof(2, 8, subtree_of(LEAVES))


@pytest.mark.parametrize(
    ("leaf", "index", "size", "root", "proof"),
    [
        (LEAVES[2], 1, 8, ROOT8, PROOF28),
        (LEAVES[2], 3, 8, ROOT8, PROOF28),
        (LEAVES[2], 0, 8, ROOT8, PROOF28),
        (LEAVES[2], 2, 16, ROOT8, PROOF28),
        (LEAVES[2], 2, 4, ROOT8, PROOF28),
        (LEAVES[3], 2, 8, ROOT8, PROOF28),
        (LEAVES[2], 2, 8, ROOT6, PROOF28),
        (LEAVES[2], 2, 8, ROOT8, PROOF28[:-1]),
        (LEAVES[2], 2, 8, ROOT8, [*PROOF28, ROOT8]),
        (LEAVES[2], 2, 8, ROOT8, []),
        (LEAVES[2][:31], 2, 8, ROOT8, PROOF28),
        (LEAVES[0], 0, 1, LEAVES[0], [LEAVES[0]]),
        (LEAVES[0], 0, 0, EMPTY_ROOT, []),
        (LEAVES[0], 1, 1, LEAVES[0], []),
        (LEAVES[0], -1, 1, LEAVES[0], []),
    ],
)
def test_wrong_inclusion_claim_is_refused(
    leaf: bytes, index: int, size: int, root: bytes, proof: list[bytes]
) -> None:
    with pytest.raises(TreeError):
        verify_inclusion(leaf, index, size, root, proof)


@pytest.mark.parametrize(("old", "new"), [(0, 5), (5, 5), (0, 0)])
def test_proof_of_nothing_is_empty_and_verifies(old: int, new: int) -> None:
    proof = consistency_proof(old, new, subtree_of(LEAVES))
    verify_consistency(old, NAIVE_ROOTS[old], new, NAIVE_ROOTS[new], proof)
    assert proof == []


@pytest.mark.parametrize(("old", "new"), [(3, 2), (-1, 2), (0, SIZE_MAX + 1)])
def test_consistency_proof_of_the_impossible_is_refused(old: int, new: int) -> None:
    with pytest.raises(TreeError):
        consistency_proof(old, new, subtree_of(LEAVES))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (2, 2), (-1, 2)])
def test_inclusion_proof_of_the_impossible_is_refused(index: int, size: int) -> None:
    with pytest.raises(TreeError):
        inclusion_proof(index, size, subtree_of(LEAVES))


@settings(deadline=None)
@given(st.lists(st.integers(0, 90), max_size=6))
def test_compact_range_grown_in_any_steps_has_the_naive_root(steps: list[int]) -> None:
    tree, leaves = CompactRange(), make_leaves(sum(steps))
    at = 0
    for step in steps:
        tree.extend(leaves[at : at + step])
        at += step
        tree = CompactRange.from_bytes(at, tree.to_bytes())
    assert tree.size == len(leaves)
    assert tree.root() == hash_tree(leaves)


def test_append_equals_extend() -> None:
    one, all_at_once = CompactRange(), CompactRange()
    for leaf in LEAVES:
        one.append(leaf)
    all_at_once.extend(LEAVES)
    assert one == all_at_once


@pytest.mark.parametrize(
    ("size", "raw_bytes"), [(0, 32), (1, 0), (3, 32), (3, 96), (4, 31), (-1, 32), (1 << 63, 32)]
)
def test_compact_range_that_does_not_fit_its_size_is_damage(size: int, raw_bytes: int) -> None:
    with pytest.raises(DamageError, match="compact range"):
        CompactRange.from_bytes(size, bytes(raw_bytes))


def test_copy_is_independent() -> None:
    tree = CompactRange()
    tree.extend(LEAVES[:5])
    other = tree.copy()
    other.extend(LEAVES[5:9])
    assert (tree.size, tree.root(), other.root()) == (5, NAIVE_ROOTS[5], NAIVE_ROOTS[9])


def test_extend_with_a_bad_leaf_adds_nothing() -> None:
    tree = CompactRange()
    tree.extend(LEAVES[:5])
    with pytest.raises(TreeError, match="leaf"):
        tree.extend([*LEAVES[5:9], b"short"])
    assert (tree.size, tree.root()) == (5, NAIVE_ROOTS[5])


@settings(deadline=None)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=4))
def test_extend_returns_each_tile_once_when_it_is_completed(steps: list[int]) -> None:
    leaves = make_leaves(sum(steps))
    tree, tiles, at = CompactRange(), list[Tile](), 0
    for step in steps:
        tiles += tree.extend(leaves[at : at + step])
        at += step
    full = len(leaves) // TILE_LEAVES
    assert tiles == [Tile(n, hash_tree(leaves[n * TILE_LEAVES : (n + 1) * TILE_LEAVES])) for n in range(full)]


def test_append_returns_the_tile_that_it_completes() -> None:
    leaves = make_leaves(TILE_LEAVES)
    tree = CompactRange()
    tree.extend(leaves[:-1])
    assert tree.append(leaves[-1]) == Tile(0, hash_tree(leaves))


MANY = make_leaves(2600)
MANY_TILES = [hash_tree(MANY[at : at + TILE_LEAVES]) for at in range(0, len(MANY) - TILE_LEAVES, TILE_LEAVES)]


@settings(deadline=None)
@given(st.integers(0, 2600), st.integers(0, 2600), st.sets(st.integers(0, 9)), st.booleans())
def test_subtree_hasher_equals_the_definition_whatever_tiles_are_missing(
    lo: int, hi: int, missing: set[int], aligned: bool
) -> None:
    lo, hi = sorted((lo, hi))
    if aligned:
        lo -= lo % TILE_LEAVES
    hasher = SubtreeHasher(lambda a, b: MANY[a:b], lambda n: None if n in missing else MANY_TILES[n])
    assert hasher(lo, hi) == hash_tree(MANY[lo:hi])


@settings(deadline=None)
@given(st.integers(1, 2600), st.integers(1, 2600))
def test_proofs_made_from_tiles_verify(old: int, new: int) -> None:
    old, new = sorted((old, new))
    hasher = SubtreeHasher(lambda a, b: MANY[a:b], lambda n: MANY_TILES[n])
    roots = [hash_tree(MANY[:old]), hash_tree(MANY[:new])]
    verify_consistency(old, roots[0], new, roots[1], consistency_proof(old, new, hasher))
    verify_inclusion(MANY[old - 1], old - 1, new, roots[1], inclusion_proof(old - 1, new, hasher))
    assert hasher(0, new) == roots[1]


def test_proof_over_a_long_log_reads_at_most_two_tiles_of_leaves() -> None:
    size, read = 100_000, 0
    leaf = bytes(32)

    def leaves(lo: int, hi: int) -> list[bytes]:
        nonlocal read
        read += hi - lo
        return [leaf] * (hi - lo)

    tile = hash_tree([leaf] * TILE_LEAVES)
    proof = consistency_proof(54_321, size, SubtreeHasher(leaves, lambda n: tile))
    assert len(proof) <= 18
    assert read <= 2 * TILE_LEAVES


def test_missing_leaves_are_damage() -> None:
    with pytest.raises(DamageError, match="leaves found"):
        SubtreeHasher(lambda lo, hi: [], lambda n: None)(0, 300)

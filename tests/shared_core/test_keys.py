"""Keys: making, sealing, names for people, the file they live in."""

from __future__ import annotations

import json
import os
import stat
from collections import Counter, defaultdict
from collections.abc import Iterator
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from shared.changelog.keys import (
    WORDS,
    KeyFileError,
    KeySet,
    SealError,
    SealKey,
    SigningKey,
    fingerprint,
    load_keys,
    load_words,
    name_seal_key,
    save_keys,
    seal,
    six_words,
    verify,
)
from shared.errors import EnvironmentProblem, ProtocolError

posix_only = pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")


def make_random(seed: int) -> Iterator[bytes]:
    number = seed
    while True:
        yield sha256(b"random %d" % number).digest()
        number += 1


class Drawn:
    """Randomness that is the same every time and tells how much was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self._blocks = make_random(7)

    def __call__(self, count: int) -> bytes:
        self.asked.append(count)
        return next(self._blocks)[:count]


SIGNING = SigningKey(bytes(range(32)))
SEAL = SealKey(bytes(range(32)))


def test_signing_key_is_that_of_rfc_8032() -> None:
    # RFC 8032 section 7.1, test 2.
    key = SigningKey(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
    assert key.public.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert key.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


def test_seal_key_is_that_of_rfc_7748() -> None:
    # RFC 7748 section 6.1, Alice.
    key = SealKey(bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"))
    assert key.public.hex() == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"


def test_generate_draws_32_bytes_once() -> None:
    random = Drawn()
    signing, sealing = SigningKey.generate(random), SealKey.generate(random)
    assert random.asked == [32, 32]
    assert SigningKey(signing.seed()).public == signing.public != sealing.public
    assert SealKey(sealing.seed()).public == sealing.public


@given(st.binary(max_size=200))
def test_signature_verifies_under_its_own_key_only(data: bytes) -> None:
    signature = SIGNING.sign(data)
    assert verify(SIGNING.public, signature, data)
    assert not verify(SIGNING.public, signature, data + b"x")
    assert not verify(SigningKey(bytes(32)).public, signature, data)


@pytest.mark.parametrize(
    ("public", "signature"),
    [
        (b"", SIGNING.sign(b"x")),
        (SIGNING.public[:31], SIGNING.sign(b"x")),
        (SIGNING.public + b"\x00", SIGNING.sign(b"x")),
        (b"\xff" * 32, SIGNING.sign(b"x")),
        (SIGNING.public, b""),
        (SIGNING.public, SIGNING.sign(b"x")[:63]),
        (SIGNING.public, SIGNING.sign(b"x") + b"\x00"),
        (SIGNING.public, bytes(64)),
    ],
)
def test_malformed_key_or_signature_verifies_nothing(public: bytes, signature: bytes) -> None:
    assert verify(public, signature, b"x") is False


def test_key_of_small_order_verifies_nothing() -> None:
    neutral = b"\x01" + bytes(31)
    forged = neutral + bytes(32)
    # The library accepts it: without our refusal this key would sign everything.
    Ed25519PublicKey.from_public_bytes(neutral).verify(forged, b"anything")
    for public in (neutral, neutral[:31] + b"\x80", b"\xee" + b"\xff" * 30 + b"\x7f"):
        assert verify(public, forged, b"anything") is False


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_seal_round_trip(plaintext: bytes, info: bytes) -> None:
    sealed = seal(SEAL.public, plaintext, info)
    assert SEAL.open(sealed, info) == plaintext
    assert len(sealed) == len(plaintext) + 48


def test_sealing_twice_never_gives_the_same_bytes() -> None:
    assert seal(SEAL.public, b"text", b"") != seal(SEAL.public, b"text", b"")


SEALED = seal(SEAL.public, b"text", b"info")


@pytest.mark.parametrize(
    ("sealed", "info"),
    [
        (SEALED, b"other"),
        (SEALED[:-1], b"info"),
        (SEALED + b"\x00", b"info"),
        (bytes([SEALED[0] ^ 1]) + SEALED[1:], b"info"),
        (SEALED[:-1] + bytes([SEALED[-1] ^ 1]), b"info"),
        (SEALED[:20], b"info"),
        (b"", b"info"),
        (bytes(32) + SEALED[32:], b"info"),
    ],
    ids=["other info", "cut", "longer", "first bit", "last bit", "half", "nothing", "no key"],
)
def test_damaged_seal_does_not_open(sealed: bytes, info: bytes) -> None:
    with pytest.raises(SealError) as caught:
        SEAL.open(sealed, info)
    assert isinstance(caught.value, ProtocolError) and caught.value.code == "bad_seal"


def test_seal_for_another_key_does_not_open() -> None:
    with pytest.raises(SealError):
        SealKey(bytes(32)).open(SEALED, b"info")


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(32)])
def test_sealing_to_no_key_is_refused(public: bytes) -> None:
    with pytest.raises(SealError):
        seal(public, b"text", b"info")


def test_key_id_is_the_start_of_the_digest() -> None:
    assert SEAL.key_id == name_seal_key(SEAL.public) == sha256(SEAL.public).digest()[:8]


def test_fingerprint_is_eight_groups_of_the_digest() -> None:
    text = fingerprint(SIGNING.public)
    assert [len(group) for group in text.split(" ")] == [4] * 8
    assert text.replace(" ", "") == sha256(SIGNING.public).hexdigest()[:32]


def test_private_bytes_are_not_shown() -> None:
    shown = repr(KeySet(SIGNING, SEAL))
    assert SIGNING.seed().hex() not in shown and repr(SIGNING.seed()) not in shown


def test_six_words_are_sixty_bits_of_the_digest() -> None:
    first, second = SIGNING.public, SEAL.public
    data = b"sipande six words v1\n" + b"\x00\x00\x00\x20" + first + b"\x00\x00\x00\x20" + second
    bits = f"{int.from_bytes(sha256(data).digest()):0256b}"
    expected = tuple(load_words()[int(bits[at : at + 10], 2)] for at in range(0, 60, 10))
    assert six_words(first, second) == expected


def test_six_words_depend_on_order_and_on_where_keys_end() -> None:
    seen = {six_words(b"ab", b"c"), six_words(b"a", b"bc"), six_words(b"c", b"ab"), six_words(b"abc")}
    assert len(seen) == 4


def test_six_words_stay_the_same_from_release_to_release() -> None:
    assert " ".join(six_words(bytes(32), bytes([1]) * 32)) == "restoran puncak merica irigasi sampai legenda"


def test_words_are_1024_short_lower_case_words_in_order() -> None:
    words = load_words()
    assert len(words) == len(set(words)) == WORDS == 1024
    assert list(words) == sorted(words)
    assert [word for word in words if not (word.isascii() and word.isalpha() and word.islower())] == []
    assert [word for word in words if not 3 <= len(word) <= 8] == []


def is_near(one: str, other: str) -> bool:
    """Tell whether an insertion, deletion, substitution or swap of neighbours makes one word the other."""
    if len(one) > len(other):
        one, other = other, one
    at = next((n for n, (a, b) in enumerate(zip(one, other)) if a != b), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1:]
    swapped = one[:at] + one[at + 1 : at + 2] + one[at : at + 1] + one[at + 2:]
    return one[at + 1:] == other[at + 1:] or swapped == other


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [("kota", "kuota", True), ("kota", "kopa", True), ("kota", "okta", True), ("kota", "kopi", False),
     ("kota", "kotak", True), ("kota", "otak", False), ("kota", "kota", True)],
)
def test_nearness_of_words_is_measured_rightly(one: str, other: str, near: bool) -> None:
    assert is_near(one, other) is is_near(other, one) is near


def test_no_two_words_are_one_letter_apart() -> None:
    words = load_words()
    # Two such words share a string that is one of them or lacks one letter of it, or the sorted letters
    # of both are equal; only words that meet so are compared, not half a million pairs.
    meeting: dict[str, set[str]] = defaultdict(set)
    for word in words:
        for short in (word, "".join(sorted(word)), *(word[:n] + word[n + 1:] for n in range(len(word)))):
            meeting[short].add(word)
    near = {pair for group in meeting.values() for pair in combinations(sorted(group), 2) if is_near(*pair)}
    assert near == set()


def test_four_letters_tell_a_word() -> None:
    starts = Counter(word[:4] for word in load_words())
    assert [start for start, count in starts.items() if count > 1] == []


def test_key_file_round_trip(tmp_path: Path) -> None:
    retired = SealKey(bytes([9]) * 32)
    save_keys(tmp_path / "kunci.json", KeySet(SIGNING, SEAL, (retired,)))
    loaded = load_keys(tmp_path / "kunci.json")
    assert loaded.signing.seed() == SIGNING.seed()
    assert loaded.seal is not None and loaded.seal.seed() == SEAL.seed()
    assert [key.seed() for key in loaded.retired_seals] == [retired.seed()]


def test_key_file_may_hold_a_signing_key_alone(tmp_path: Path) -> None:
    save_keys(tmp_path / "pemulihan.json", KeySet(SIGNING))
    loaded = load_keys(tmp_path / "pemulihan.json")
    assert (loaded.signing.public, loaded.seal, loaded.retired_seals) == (SIGNING.public, None, ())


def test_seal_key_is_found_among_the_retired() -> None:
    retired = SealKey(bytes([9]) * 32)
    keys = KeySet(SIGNING, SEAL, (retired,))
    found = [keys.find_seal(key_id) for key_id in (SEAL.key_id, retired.key_id, bytes(8))]
    assert found == [SEAL, retired, None]


def test_existing_key_file_is_replaced_only_on_request(tmp_path: Path) -> None:
    path = tmp_path / "kunci.json"
    save_keys(path, KeySet(SIGNING))
    with pytest.raises(KeyFileError, match="sudah ada"):
        save_keys(path, KeySet(SigningKey(bytes(32))))
    assert load_keys(path).signing.public == SIGNING.public
    save_keys(path, KeySet(SigningKey(bytes(32))), replace=True)
    assert load_keys(path).signing.public == SigningKey(bytes(32)).public


def test_leftover_of_an_interrupted_write_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".kunci.json.baru").write_bytes(b"half")
    save_keys(tmp_path / "kunci.json", KeySet(SIGNING))
    assert [path.name for path in tmp_path.iterdir()] == ["kunci.json"]


def test_failed_write_leaves_the_old_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kunci.json"
    save_keys(path, KeySet(SIGNING))

    def refuse(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(KeyFileError, match="tidak dapat ditulis: No space"):
        save_keys(path, KeySet(SigningKey(bytes(32))), replace=True)
    monkeypatch.undo()
    assert load_keys(path).signing.public == SIGNING.public


def test_key_file_in_a_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="tidak dapat ditulis"):
        save_keys(tmp_path / "none" / "kunci.json", KeySet(SIGNING))


@posix_only
def test_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "kunci.json"
    save_keys(path, KeySet(SIGNING))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@posix_only
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o777])
def test_key_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "kunci.json"
    save_keys(path, KeySet(SIGNING))
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600") as caught:
        load_keys(path)
    assert isinstance(caught.value, EnvironmentProblem) and str(path) in caught.value.pesan


def test_missing_key_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="tidak ada"):
        load_keys(tmp_path / "kunci.json")


def test_folder_in_place_of_a_key_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="tidak dapat dibaca"):
        load_keys(tmp_path)


GOOD: dict[str, Any] = {
    "format": "sipande-key/1",
    "signing": {"seed": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "public": SIGNING.public.hex()},
    "seal": None,
    "retired_seals": [],
}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "null",
        "\x00\x01",
        "[" * 5000,
        json.dumps(GOOD)[:-5],
        json.dumps({**GOOD, "format": "sipande-key/2"}),
        json.dumps({**GOOD, "signing": None}),
        json.dumps({**GOOD, "signing": {"seed": "AAAA", "public": ""}}),
        json.dumps({**GOOD, "signing": {"seed": 5, "public": ""}}),
        json.dumps({**GOOD, "signing": {"seed": "A" * 43 + "=", "public": SIGNING.public.hex()}}),
        json.dumps({**GOOD, "seal": GOOD["signing"]}),
        json.dumps({**GOOD, "retired_seals": None}),
    ],
)
def test_damaged_key_file_is_refused_without_telling_its_content(tmp_path: Path, content: str) -> None:
    path = tmp_path / "kunci.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="rusak") as caught:
        load_keys(path)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_key_file_written_by_the_first_release_loads(tmp_path: Path) -> None:
    path = tmp_path / "kunci.json"
    path.write_text(json.dumps(GOOD))
    path.chmod(0o600)
    assert load_keys(path).signing.seed() == SIGNING.seed()

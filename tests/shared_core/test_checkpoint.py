"""Notes, checkpoints and receipts: what other implementations signed opens here, and nothing else does."""

from __future__ import annotations

import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from shared.changelog.checkpoint import (
    NOTE_BYTES_MAX,
    NOTE_SIGNATURES_MAX,
    TIMESTAMP_S_MAX,
    Checkpoint,
    Cosignature,
    NoteError,
    SignatureType,
    Signer,
    Verifier,
    cosign,
    format_vkey,
    open_checkpoint,
    open_note,
    open_receipt,
    parse_body,
    parse_vkey,
    sign_checkpoint,
    sign_note,
)
from shared.changelog.keys import SigningKey
from shared.changelog.tree import SIZE_MAX
from shared.errors import ProtocolError

# golang.org/x/mod, sumdb/note: the examples of the package that signed-note was written down from.
PETER_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
ENOCH_VKEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PETER_LINE = (
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot "
    "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
# C2SP signed-note, section "Example".
EXAMPLE_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# A head of a public log with the cosignatures of public witnesses, at a time that all four give. Its first
# signature is of a type not used here (0x05).
PUBLIC_NOTE = """arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
"""  # noqa: E501
PUBLIC_LOG = "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
PUBLIC_WITNESSES = [
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
]
PUBLIC_HEAD = Checkpoint(
    "arche2025h1.staging.ct.transparency.dev",
    1432088532,
    base64.b64decode("U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro="),
)
PUBLIC_TIME_S = 0x6A122120

AUTHOR = Signer("sipande/desa/1", SigningKey(bytes([1]) * 32))
HUB = Signer("sipande/hub", SigningKey(bytes([2]) * 32))
HUB_RECEIPTS = HUB.verifier(SignatureType.COSIGNATURE_V1)
HEAD = Checkpoint("sipande/log/0a", 20852163, sha256(b"root").digest())
TIME_S = 1679315147


def flip(raw: bytes, bit: int) -> bytes:
    number = int.from_bytes(raw) ^ 1 << bit % (8 * len(raw))
    return number.to_bytes(len(raw))


def sign_line(name: str, key_id: bytes, value: bytes) -> str:
    return f"— {name} {base64.b64encode(key_id + value).decode()}\n"


def test_go_example_is_signed_byte_for_byte() -> None:
    seed = base64.b64decode(PETER_SKEY.split("+", 4)[4])[1:]
    note = sign_note(GO_TEXT.encode(), Signer("PeterNeumann", SigningKey(seed)))
    assert note.decode() == f"{GO_TEXT}\n{PETER_LINE}"


@pytest.mark.parametrize(
    ("note", "vkey"),
    [
        (f"{GO_TEXT}\n{PETER_LINE}", PETER_VKEY),
        (f"{GO_TEXT}\n{PETER_LINE}{ENOCH_LINE}", PETER_VKEY),
        (f"{GO_TEXT}\n{PETER_LINE}{ENOCH_LINE}", ENOCH_VKEY),
        (f"{GO_TEXT}\n{PETER_LINE}{PETER_LINE}", PETER_VKEY),
        (EXAMPLE_NOTE, EXAMPLE_VKEY),
        (PUBLIC_NOTE, PUBLIC_LOG),
    ],
)
def test_published_note_opens(note: str, vkey: str) -> None:
    assert open_note(note.encode(), parse_vkey(vkey)).decode() == note[: note.rindex("\n\n") + 1]


def test_public_checkpoint_opens_under_the_log_key() -> None:
    assert open_checkpoint(PUBLIC_NOTE.encode(), parse_vkey(PUBLIC_LOG)) == PUBLIC_HEAD


@pytest.mark.parametrize("vkey", PUBLIC_WITNESSES)
def test_public_cosignature_opens_with_its_time(vkey: str) -> None:
    assert open_receipt(PUBLIC_NOTE.encode(), parse_vkey(vkey)) == (PUBLIC_HEAD, PUBLIC_TIME_S)


@pytest.mark.parametrize("vkey", PUBLIC_WITNESSES)
def test_public_cosignature_of_another_size_is_refused(vkey: str) -> None:
    with pytest.raises(NoteError, match="cosignature of"):
        open_receipt(PUBLIC_NOTE.replace("\n1432088532\n", "\n1432088533\n").encode(), parse_vkey(vkey))


@pytest.mark.parametrize("vkey", [PETER_VKEY, ENOCH_VKEY, EXAMPLE_VKEY, PUBLIC_LOG, *PUBLIC_WITNESSES])
def test_vkey_round_trip(vkey: str) -> None:
    assert format_vkey(parse_vkey(vkey)) == vkey


def test_every_mangled_vkey_is_refused() -> None:
    mangled = [PETER_VKEY[:i] + chr(ord(c) + 1) + PETER_VKEY[i + 1:] for i, c in enumerate(PETER_VKEY)]
    mangled += [PETER_VKEY[i:j] for i in range(len(PETER_VKEY)) for j in range(i, len(PETER_VKEY) + 1)][:-1]
    accepted = [text for text in mangled if text != PETER_VKEY and opens_as_vkey(text)]
    assert accepted == []


def opens_as_vkey(text: str) -> bool:
    try:
        parse_vkey(text)
    except NoteError:
        return False
    return True


@pytest.mark.parametrize(
    "vkey",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq_LDE4izWy10TW",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a3+",
        "PeterNeumann+c74f20a3+é",
        "",
    ],
)
def test_bad_vkey_is_refused(vkey: str) -> None:
    with pytest.raises(NoteError):
        parse_vkey(vkey)


def test_key_id_depends_on_the_signature_type() -> None:
    public = HUB.key.public
    expected = [sha256(b"sipande/hub\n" + bytes([type]) + public).digest()[:4] for type in (1, 4)]
    assert [HUB.verifier().key_id, HUB_RECEIPTS.key_id] == expected


def test_checkpoint_body_is_three_lines() -> None:
    assert HEAD.body() == f"sipande/log/0a\n20852163\n{base64.b64encode(HEAD.root).decode()}\n".encode()


def test_signed_checkpoint_verifies_with_the_bare_library() -> None:
    text, line = sign_checkpoint(HEAD, AUTHOR).split(b"\n\n")
    dash, name, value = line.decode().split(" ")
    Ed25519PublicKey.from_public_bytes(AUTHOR.key.public).verify(base64.b64decode(value)[4:], text + b"\n")
    assert (dash, name, base64.b64decode(value)[:4]) == ("—", AUTHOR.name, AUTHOR.verifier().key_id)


def test_cosignature_signs_time_and_body_with_the_bare_library() -> None:
    text, line = cosign(HEAD, HUB, TIME_S).split(b"\n\n")
    value = base64.b64decode(line.decode().split(" ")[2])
    message = b"cosignature/v1\ntime 1679315147\n" + text + b"\n"
    Ed25519PublicKey.from_public_bytes(HUB.key.public).verify(value[12:], message)
    assert (text + b"\n", value[:4], value[4:12]) == (HEAD.body(), HUB_RECEIPTS.key_id, TIME_S.to_bytes(8))


def test_cosignature_made_with_the_bare_library_opens() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public = private.public_key().public_bytes_raw()
    key_id = sha256(b"w1\n\x04" + public).digest()[:4]
    value = TIME_S.to_bytes(8) + private.sign(b"cosignature/v1\ntime %d\n" % TIME_S + HEAD.body())
    note = HEAD.body() + b"\n" + sign_line("w1", key_id, value).encode()
    assert open_receipt(note, Verifier("w1", public, SignatureType.COSIGNATURE_V1)) == (HEAD, TIME_S)


origins = st.text(st.characters(codec="utf-8", min_codepoint=0x20), min_size=1)


roots = st.binary(min_size=32, max_size=32)


@given(origins, st.integers(0, SIZE_MAX), roots, st.integers(0, TIMESTAMP_S_MAX))
def test_checkpoint_and_receipt_round_trip(origin: str, size: int, root: bytes, timestamp: int) -> None:
    head = Checkpoint(origin, size, root)
    assert parse_body(head.body()) == head
    assert open_checkpoint(sign_checkpoint(head, AUTHOR), AUTHOR.verifier()) == head
    assert open_receipt(cosign(head, HUB, timestamp), HUB_RECEIPTS) == (head, timestamp)


@given(st.integers(0, 1 << 20))
def test_checkpoint_with_one_bit_flipped_is_refused(bit: int) -> None:
    with pytest.raises(NoteError):
        open_checkpoint(flip(sign_checkpoint(HEAD, AUTHOR), bit), AUTHOR.verifier())


@given(st.integers(0, 1 << 20))
def test_receipt_with_one_bit_flipped_is_refused(bit: int) -> None:
    with pytest.raises(NoteError):
        open_receipt(flip(cosign(HEAD, HUB, TIME_S), bit), HUB_RECEIPTS)


@given(st.binary(max_size=200))
def test_noise_is_refused_as_a_protocol_error(noise: bytes) -> None:
    with pytest.raises(ProtocolError, match="bad_note"):
        open_checkpoint(noise, AUTHOR.verifier())


ROOT64 = base64.b64encode(HEAD.root).decode()


def test_extension_lines_are_passed_over_but_signed() -> None:
    text = HEAD.body() + b"extension\n"
    note = sign_note(text, AUTHOR)
    assert open_checkpoint(note, AUTHOR.verifier()) == HEAD
    with pytest.raises(NoteError, match="signature of"):
        open_checkpoint(note.replace(b"extension", b"Extension"), AUTHOR.verifier())


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\n",
        "log\n1\n",
        f"log\n1\n{ROOT64}",
        f"\n1\n{ROOT64}\n",
        f"log\n01\n{ROOT64}\n",
        f"log\n+1\n{ROOT64}\n",
        f"log\n-1\n{ROOT64}\n",
        f"log\n 1\n{ROOT64}\n",
        f"log\n1_0\n{ROOT64}\n",
        f"log\n1 \n{ROOT64}\n",
        f"log\n\u0661\n{ROOT64}\n",
        f"log\n\n{ROOT64}\n",
        f"log\n9223372036854775808\n{ROOT64}\n",
        f"log\n{'9' * 5000}\n{ROOT64}\n",
        f"log\n1\n{ROOT64[:-1]}\n",
        f"log\n1\n {ROOT64}\n",
        f"log\n1\n{ROOT64} \n",
        f"log\n1\n{base64.b64encode(bytes(31)).decode()}\n",
        f"log\n1\n{base64.b64encode(bytes(33)).decode()}\n",
        "log\n1\n" + "A" * 42 + "B=\n",
        f"log\n1\n{ROOT64}\n\n",
        f"log\n1\n{ROOT64}\n\nextension\n",
        f"log\r\n1\r\n{ROOT64}\r\n",
        f"lo\x00g\n1\n{ROOT64}\n",
    ],
)
def test_bad_checkpoint_body_is_refused(body: str) -> None:
    with pytest.raises(NoteError):
        parse_body(body.encode())


def test_checkpoint_body_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(NoteError, match="UTF-8"):
        parse_body(b"\xff\n1\n" + ROOT64.encode() + b"\n")


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("", 1, bytes(32)),
        ("two\nlines", 1, bytes(32)),
        ("half \ud800", 1, bytes(32)),
        ("log", -1, bytes(32)),
        ("log", SIZE_MAX + 1, bytes(32)),
        ("log", 1, bytes(31)),
    ],
)
def test_impossible_checkpoint_cannot_be_made(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(NoteError):
        Checkpoint(origin, size, root)


NOTE = sign_checkpoint(HEAD, AUTHOR).decode()
TEXT, LINE = NOTE.split("\n\n")


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT + "\n",
        TEXT + "\n\n",
        TEXT + "\n" + LINE,
        NOTE[:-1],
        NOTE + "\n",
        NOTE + "Unexpected line.\n",
        NOTE + "— \n",
        NOTE + "— name\n",
        NOTE + "— name AAAA\n",
        NOTE + "— name AAAAAA=\n",
        NOTE + "— na+me AAAAAAAA\n",
        NOTE + "—  AAAAAAAA\n",
        NOTE + "— two words AAAAAAAA\n",
        NOTE + "— thin\u2009space AAAAAAAA\n",
        NOTE + "- name AAAAAAAA\n",
        NOTE + "— name AAAAAAAA \n",
        NOTE + "— name AAAAAAAB==\n",
        NOTE + "— name AAAAAAB=\n",
        NOTE.replace("— ", "—\u00a0"),
        NOTE.replace("\n", "\r\n"),
        "\x01" + NOTE,
        "\t" + NOTE,
        f"{TEXT}\n\n{LINE * (NOTE_SIGNATURES_MAX + 1)}",
        NOTE + "\n" + LINE,
    ],
)
def test_malformed_note_is_refused(note: str) -> None:
    with pytest.raises(NoteError):
        open_note(note.encode(), AUTHOR.verifier())


def test_note_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(NoteError, match="UTF-8"):
        open_note(b"\xff" + NOTE.encode(), AUTHOR.verifier())


def test_note_beyond_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(NoteError, match="too long"):
        open_note(b"x" * NOTE_BYTES_MAX + b"\n" + NOTE.encode(), AUTHOR.verifier())


def test_sixteen_signatures_are_accepted() -> None:
    others = "".join(sign_line(f"w{n}", bytes(4), bytes(72)) for n in range(NOTE_SIGNATURES_MAX - 1))
    assert open_checkpoint((NOTE + others).encode(), AUTHOR.verifier()) == HEAD


def test_text_with_empty_lines_ends_at_the_last_one() -> None:
    text = "first\n\n— not a signature\n\nlast\n".encode()
    assert open_note(sign_note(text, AUTHOR), AUTHOR.verifier()) == text


@pytest.mark.parametrize("text", ["", "no newline", "control\x07\n", "carriage\r\n"])
def test_text_that_readers_would_refuse_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError):
        sign_note(text.encode(), AUTHOR)


def test_note_of_unknown_keys_only_is_refused() -> None:
    with pytest.raises(NoteError, match="no signature of"):
        open_checkpoint(NOTE.encode(), HUB.verifier())


@pytest.mark.parametrize(
    ("name", "key_id"),
    [(AUTHOR.name, bytes(4)), ("someone/else", AUTHOR.verifier().key_id)],
)
def test_signature_that_shares_only_name_or_only_id_is_ignored(name: str, key_id: bytes) -> None:
    note = f"{TEXT}\n\n{sign_line(name, key_id, bytes(64))}{LINE}"
    assert open_checkpoint(note.encode(), AUTHOR.verifier()) == HEAD


@pytest.mark.parametrize("value", [bytes(64), bytes(63), b"\x00"])
def test_bad_signature_of_the_known_key_spoils_a_good_one(value: bytes) -> None:
    bad = sign_line(AUTHOR.name, AUTHOR.verifier().key_id, value)
    with pytest.raises(NoteError, match="signature of"):
        open_checkpoint((NOTE + bad).encode(), AUTHOR.verifier())


@pytest.mark.parametrize("value", [bytes(72), bytes(71), bytes(73), bytes(64), b"\xff" * 72])
def test_bad_cosignature_of_the_known_key_spoils_a_good_one(value: bytes) -> None:
    note = cosign(HEAD, HUB, TIME_S).decode() + sign_line(HUB.name, HUB_RECEIPTS.key_id, value)
    with pytest.raises(NoteError, match="cosignature of"):
        open_receipt(note.encode(), HUB_RECEIPTS)


def test_cosignature_beyond_the_last_timestamp_is_refused() -> None:
    late = TIMESTAMP_S_MAX + 1
    value = late.to_bytes(8) + HUB.key.sign(Cosignature(HUB.name, late, b"").message(HEAD.body()))
    note = HEAD.body().decode() + "\n" + sign_line(HUB.name, HUB_RECEIPTS.key_id, value)
    with pytest.raises(NoteError, match="cosignature of"):
        open_receipt(note.encode(), HUB_RECEIPTS)


@pytest.mark.parametrize("timestamp", [-1, TIMESTAMP_S_MAX + 1])
def test_cosignature_with_an_impossible_time_cannot_be_made(timestamp: int) -> None:
    with pytest.raises(NoteError, match="timestamp"):
        cosign(HEAD, HUB, timestamp)


def test_earliest_of_several_cosignatures_counts() -> None:
    times = (TIME_S + 5, TIME_S, TIME_S + 9)
    lines = [cosign(HEAD, HUB, time_s).decode().split("\n\n")[1] for time_s in times]
    note = HEAD.body().decode() + "\n" + "".join(lines)
    assert open_receipt(note.encode(), HUB_RECEIPTS) == (HEAD, TIME_S)


def test_receipt_stands_beside_the_signature_of_the_author() -> None:
    note = sign_checkpoint(HEAD, AUTHOR) + cosign(HEAD, HUB, TIME_S).split(b"\n\n")[1]
    assert open_checkpoint(note, AUTHOR.verifier()) == HEAD
    assert open_receipt(note, HUB_RECEIPTS) == (HEAD, TIME_S)


def test_receipt_is_no_signature_of_a_log_and_the_reverse() -> None:
    with pytest.raises(NoteError, match="no signature of"):
        open_checkpoint(cosign(HEAD, HUB, TIME_S), HUB.verifier())
    with pytest.raises(NoteError, match="no signature of"):
        open_receipt(sign_checkpoint(HEAD, HUB), HUB_RECEIPTS)


def test_verifier_of_the_other_type_is_refused() -> None:
    with pytest.raises(NoteError, match="another signature type"):
        open_checkpoint(NOTE.encode(), HUB_RECEIPTS)
    with pytest.raises(NoteError, match="another signature type"):
        open_receipt(cosign(HEAD, HUB, TIME_S), HUB.verifier())


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u3000b", "a\x01b", "\ud800"])
def test_impossible_key_name_cannot_be_used(name: str) -> None:
    with pytest.raises(NoteError, match="key name"):
        Signer(name, AUTHOR.key).verifier()


def test_public_key_of_another_length_cannot_be_used() -> None:
    with pytest.raises(NoteError, match="32 bytes"):
        Verifier("name", bytes(31))

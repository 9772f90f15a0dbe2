"""Bytes of changes and runs: what was written is read back, and nothing else is read at all."""

from __future__ import annotations

import base64
import bz2
import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.changelog.change import (
    FORMAT,
    GROUPS_MAX,
    PARENTS_MAX,
    SALT_BYTES,
    Header,
    Op,
    Sealed,
    decode_bodies,
    decode_headers,
    encode_body,
    encode_header,
    parse_ref,
    seal_change,
)
from shared.changelog.run import (
    MAGIC,
    RUN_BYTES_MAX,
    RUN_CHANGES_MAX,
    RUN_HEADER_BYTES_MAX,
    RunHeader,
    decode_run_header,
    deflate,
    encode_run,
    inflate,
    open_run,
    pack_payload,
    salt_bytes,
    split_runs,
    split_whole_runs,
    unpack_payload,
)
from shared.changelog.tree import leaf_hash
from shared.errors import ProtocolError

LOG = "0123456789abcdef" * 2
RECORD = "01990000-0000-7000-8000-000000000001"
REF = f"{LOG}:7:0011223344556677"
SALT = bytes(range(SALT_BYTES))
many = settings(max_examples=300, deadline=None)
some = settings(max_examples=100, deadline=None)


def refused(read: Callable[[], Any], code: str = "malformed") -> None:
    """Assert that reading is refused as a breach of the protocol, and in no other way."""
    with pytest.raises(ProtocolError) as caught:
        read()
    assert caught.value.code == code


# Strategies ------------------------------------------------------------------------------------------------

log_ids = st.binary(min_size=16, max_size=16).map(bytes.hex)
record_ids = st.uuids().map(str)
whole = st.integers(-(2**53) + 1, 2**53 - 1)
refs = st.builds(
    lambda log, seq, leaf: f"{log}:{seq}:{leaf}",
    log_ids, st.integers(0, 10**12), st.binary(min_size=8, max_size=8).map(bytes.hex),
)
names = st.sampled_from(["a", "nik", "no_kk", "identitas", "penerima_bantuan", "a1_", "z" * 40])
headers = st.builds(
    Header, st.just(FORMAT), log_ids, st.integers(0, 2**40), names, st.integers(1, 99), record_ids,
    st.sampled_from([op.value for op in Op]),
    st.lists(names, max_size=5, unique=True).map(sorted), st.lists(refs, max_size=5, unique=True).map(sorted),
    st.text(max_size=36), whole,
)
member_names = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
values_of_body = st.recursive(
    st.booleans() | whole | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(member_names, inner, max_size=3),
    max_leaves=6,
)
bodies = st.dictionaries(member_names, values_of_body, max_size=5)
salts = st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES)


# Changes ---------------------------------------------------------------------------------------------------


@many
@given(st.lists(headers, max_size=4))
def test_headers_are_read_back_as_written(written: list[Header]) -> None:
    parts = [encode_header(header) for header in written]
    assert decode_headers(parts) == written
    assert [encode_header(header) for header in decode_headers(parts)] == parts


@many
@given(st.lists(st.none() | st.tuples(bodies, salts), max_size=4))
def test_bodies_are_read_back_as_written_and_erased_ones_stay_none(written: list[Any]) -> None:
    parts = [None if one is None else encode_body(*one) for one in written]
    assert decode_bodies(parts) == [None if one is None else one[0] for one in written]


def test_an_empty_member_is_left_out_of_a_body() -> None:
    assert encode_body({"b": None, "a": 1}, SALT) == SALT + b'{"a":1}'


def test_a_salt_has_sixteen_bytes() -> None:
    with pytest.raises(ValueError):
        encode_body({}, SALT[1:])


@many
@given(headers, bodies, salts)
def test_a_sealed_change_hashes_what_it_holds(header: Header, values: dict[str, Any], salt: bytes) -> None:
    sealed = seal_change(header, values, salt)
    assert sealed.body is not None and sealed.body_digest == sha256(sealed.body).digest()
    leaf = leaf_hash(sealed.header, sealed.body_digest)
    assert leaf == sha256(b"\x00" + sealed.header + sealed.body_digest).digest()
    assert parse_ref(header.ref(leaf)) == (header.log, header.seq, leaf[:8])


@pytest.mark.parametrize("ref", [
    "", ":", LOG, f"{LOG}:1", f"{LOG}:01:{'0' * 16}", f"{LOG}:-1:{'0' * 16}", f"{LOG}:1:{'0' * 15}",
    f"{LOG.upper()}:1:{'0' * 16}", f"{LOG}:1:{'0' * 16}:", f"{LOG}:{'9' * 16}:{'0' * 16}", f"{REF}\n",
    f"{LOG}:١:{'0' * 16}",
])
def test_a_malformed_reference_is_refused(ref: str) -> None:
    refused(lambda: parse_ref(ref))


BODIES_REFUSED = [
    b"", b"{", b"}", b"[]", b"1", b'"a"', b"true", b"nul", b"{}{}", b"{},{}", b"{} ", b" {}", b"{}\n",
    b'{"a": 1}', b'{"a" :1}', b'{"a":1 }', b'{"a":1,}', b'{"b":1,"a":2}', b'{"a":1,"a":1}', b'{"a":1,"a":2}',
    b'{"a":1.0}', b'{"a":1e2}', b'{"a":1E400}', b'{"a":-0}', b'{"a":-0.0}', b'{"a":01}', b'{"a":+1}', b'{"a":.5}',
    b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}', b'{"a":9007199254740992}', b'{"a":-9007199254740992}',
    b'{"a":[[123456789012345678901]]}', b'{"a":{"b":9007199254740992}}', b'{"a":' + b"9" * 5000 + b"}",
    b'{"a":"\\ud800"}', b'{"a":"\\udc00\\ud800"}', b'{"\\ud800":1}', b'{"a":"\\ud83d\\ude00"}', b'{"a":"\\u0041"}',
    b'{"a":"\\/"}', b'{"a":"\x01"}', b'{"a":"\n"}', b'{"a":"\\u000a"}', b'{"a":"\\u000A"}', b'{"a":"\\u001F"}',
    b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\xc0\x80"}', b'\xef\xbb\xbf{"a":1}', b'{"a":1}\x00',
    b"{'a':1}", b"{a:1}", b'{1:1}', b'{"a":undefined}', b'{"a":1}//', b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}",
    b"[" * 100_000, b'{"a":' * 50_000, "{\"a\":1}".encode("utf-16"), "{\"a\":1}".encode("utf-32"),
]


@pytest.mark.parametrize("text", BODIES_REFUSED, ids=lambda text: repr(text[:24]))
def test_a_body_that_is_not_canonical_is_refused_alone_and_among_others(text: bytes) -> None:
    good = encode_body({"a": 1}, SALT)
    refused(lambda: decode_bodies([SALT + text]))
    refused(lambda: decode_bodies([good, SALT + text, good]))


@pytest.mark.parametrize("text", [b"null", b'{"a":null}', b'{"a":[null]}', '{"\uffff":1,"\U0001f600":2}'.encode()])
def test_null_and_member_names_in_another_order_than_rfc_8785_are_refused(text: bytes) -> None:
    """A body that is ``null`` must not pass for one that was erased."""
    refused(lambda: decode_bodies([SALT + text]))


@pytest.mark.parametrize("texts", [
    (b"[1", b"2]"), (b'{"a":1', b'"b":2}'), (b'{"a":"', b'"}'), (b'{"a":[', b"]}"), (b"{}", b"{},{}"), (b"{},{}", b""),
    (b'{"a":1', b'"b":2},{}'), (b"{}]", b"[{}"), (b"[", b"]"), (b'{"a":"x', b'y"}'), (b"{},{", b"}"),
])
def test_texts_that_are_right_only_when_joined_are_refused(texts: tuple[bytes, ...]) -> None:
    refused(lambda: decode_bodies([SALT + text for text in texts]))
    refused(lambda: decode_headers(texts))


@pytest.mark.parametrize("length", range(SALT_BYTES + 2))
def test_a_body_shorter_than_salt_and_braces_is_refused(length: int) -> None:
    refused(lambda: decode_bodies([(SALT + b"{}")[:length]]))


def test_a_number_of_the_greatest_size_is_read_and_one_inside_a_text_is_no_number() -> None:
    text = b'{"a":9007199254740991,"b":-9007199254740991,"c":"x,12345678901234567890"}'
    assert decode_bodies([SALT + text])[0]["c"] == "x,12345678901234567890"  # type: ignore[index]


GOOD: list[Any] = [FORMAT, LOG, 3, "penduduk", 1, RECORD, "u", ["nik"], [REF], "", 0]
LATE_REF = f"{LOG}:8:0011223344556677"
HEADERS_REFUSED: list[tuple[int, Any]] = [
    (0, 0), (0, -1), (0, "1"), (0, None), (0, [1]), (1, 5), (1, ""), (1, LOG[1:]), (1, LOG.upper()), (1, LOG + "\n"),
    (2, -1), (2, "3"), (2, True), (2, None), (2, 2**53), (3, ""), (3, "Penduduk"), (3, "pen duduk"),
    (3, 7), (3, "a" * 41),
    (3, "x;--"), (4, 0), (4, True), (4, "1"), (4, None), (5, ""), (5, RECORD.upper().replace("0", "A")),
    (5, RECORD.replace("-", "")), (5, 5), (6, ""), (6, "x"), (6, 1), (6, None), (7, None), (7, "nik"),
    (7, {}), (7, [1]), (7, ["nik", "nik"]), (7, ["nik", "nama"]), (7, ["Nik"]), (7, [["nik"]]), (7, [None]), (7, [""]),
    (7, [f"g{at:02}" for at in range(GROUPS_MAX + 1)]), (8, None), (8, REF), (8, [REF, REF]), (8, [LATE_REF, REF]),
    (8, [[REF]]), (8, [{}]), (8, [""]),
    (8, [f"{LOG}:{at + 100}:{'0' * 16}" for at in range(PARENTS_MAX + 1)]), (9, None),
    (9, 5), (9, "x" * 37), (9, []), (10, None), (10, "0"), (10, True), (10, 2**53), (10, []),
]


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


@pytest.mark.parametrize(("at", "value"), HEADERS_REFUSED, ids=lambda value: repr(value)[:24])
def test_a_header_with_a_member_that_is_wrong_is_refused(at: int, value: Any) -> None:
    assert decode_headers([canonical(GOOD)]) == [Header(*GOOD)]
    refused(lambda: decode_headers([canonical([*GOOD[:at], value, *GOOD[at + 1 :]])]))


@pytest.mark.parametrize("op", [["u"], {}, [], {"u": 1}])
def test_a_header_whose_operation_is_a_list_or_an_object_is_refused(op: Any) -> None:
    refused(lambda: decode_headers([canonical([*GOOD[:6], op, *GOOD[7:]])]))


def test_a_header_whose_format_is_a_yes_is_refused() -> None:
    refused(lambda: decode_headers([canonical([True, *GOOD[1:]])]))


@pytest.mark.parametrize("item", [
    {}, [], 1, "x", None, True, GOOD[:5], GOOD[:10], [*GOOD, 1], [GOOD], {"a": 1}, [None] * 11, [{}] * 11, [2, LOG],
])
def test_a_header_that_is_no_list_of_eleven_is_refused(item: Any) -> None:
    refused(lambda: decode_headers([canonical(item)]))


def test_a_header_of_a_later_format_is_kept_when_its_first_members_are_right() -> None:
    later = [2, *GOOD[1:6], {"any": ["thing"]}]
    assert decode_headers([canonical(later)])[0][:6] == (2, *GOOD[1:6])
    refused(lambda: decode_headers([canonical([2, *GOOD[1:5], "no record", 1])]))


def reads_or_refuses(read: Callable[[], Any]) -> None:
    """Assert that bytes are read or refused; any other exception is a failure of the test."""
    try:
        read()
    except ProtocolError:
        pass


@many
@given(st.lists(st.binary(max_size=60), max_size=3))
def test_random_bytes_are_refused_as_a_breach_of_the_protocol_only(parts: list[bytes]) -> None:
    reads_or_refuses(lambda: decode_headers(parts))
    reads_or_refuses(lambda: decode_bodies(parts))
    reads_or_refuses(lambda: decode_bodies([SALT + part for part in parts]))


any_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=20,
)


@many
@given(st.lists(any_json, max_size=2), st.integers(0, 10), any_json)
def test_random_values_are_read_or_refused(items: list[Any], at: int, member: Any) -> None:
    items = [item for item in items if not isinstance(item, list)]
    member = str(member) if at == 6 else member  # see the test of the operation above
    parts = [canonical(item) for item in (*items, [*GOOD[:at], member, *GOOD[at + 1 :]])]
    for part in parts:
        reads_or_refuses(lambda: decode_headers([part]))
        reads_or_refuses(lambda: decode_bodies([SALT + part]))


@many
@given(headers, bodies, st.integers(0, 10_000), st.integers(1, 255))
def test_a_flipped_bit_is_refused_or_changes_the_leaf(
    header: Header, values: dict[str, Any], where: int, flip: int
) -> None:
    sealed = seal_change(header, values, SALT)
    assert sealed.body is not None
    text = bytearray(sealed.header + sealed.body)
    text[where % len(text)] ^= flip
    head, body = bytes(text[: len(sealed.header)]), bytes(text[len(sealed.header) :])
    reads_or_refuses(lambda: decode_headers([head]))
    reads_or_refuses(lambda: decode_bodies([body]))
    assert leaf_hash(head, sha256(body).digest()) != leaf_hash(sealed.header, sealed.body_digest)


@many
@given(bodies, st.sampled_from([b" ", b"\t", b"\n", b"\r"]), st.integers(0, 10_000))
def test_whitespace_between_members_is_refused(values: dict[str, Any], space: bytes, where: int) -> None:
    text = encode_body(values, SALT)[SALT_BYTES:]
    at = where % (len(text) + 1)
    padded = text[:at] + space + text[at:]
    try:
        read = decode_bodies([SALT + padded])[0]
    except ProtocolError:
        return
    assert read != values, "the same value has one form"


@pytest.mark.parametrize("depth", [100, 300, 900, 960, 980, 990, 995, 1000, 1100, 5000])
@pytest.mark.parametrize("core", ["12345678901234567", "1"])
def test_nesting_of_any_depth_is_read_or_refused(depth: int, core: str) -> None:
    for opened, closed in (("[", "]"), ('{"a":', "}")):
        text = f'{{"a":{opened * depth}{core}{closed * depth}}}'.encode()
        reads_or_refuses(lambda: decode_bodies([SALT + text]))
        reads_or_refuses(lambda: decode_headers([text]))


# Payload ---------------------------------------------------------------------------------------------------


@st.composite
def sealed_changes(draw: st.DrawFn) -> list[Sealed]:
    """Some changes as stored, some of them erased; salts hold any byte, line feeds too."""
    found = []
    for at in range(draw(st.integers(1, 6))):
        header = draw(headers)._replace(seq=at)
        sealed = seal_change(header, draw(bodies), draw(salts | st.just(b"\n" * SALT_BYTES)))
        found.append(sealed._replace(body=None) if draw(st.booleans()) else sealed)
    return found


@some
@given(sealed_changes())
def test_a_payload_gives_back_the_very_bytes(changes: list[Sealed]) -> None:
    erased = sum(change.body is None for change in changes)
    payload = pack_payload(changes)
    assert unpack_payload(payload, len(changes), erased) == changes


@some
@given(sealed_changes(), st.integers(-2, 8), st.integers(0, 8))
def test_a_payload_of_other_counts_is_refused_or_does_not_hash_alike(
    changes: list[Sealed], count: int, erased: int
) -> None:
    right = (len(changes), sum(change.body is None for change in changes))
    if (count, erased) == right or not 0 <= erased <= count or not count:
        return
    try:
        read = unpack_payload(pack_payload(changes), count, erased)
    except ProtocolError:
        return
    assert [leaf_hash(c.header, c.body_digest) for c in read] != [
        leaf_hash(c.header, c.body_digest) for c in changes
    ]


@pytest.mark.parametrize("digest", [
    b"", b"0", b"00", b"zz" * 32, b"00" * 31, b"00" * 33, b"\xff" * 64, b" " + b"00" * 32,
])
def test_an_erased_digest_that_is_none_is_refused(digest: bytes) -> None:
    refused(lambda: unpack_payload(b"[]\n#" + digest, 1, 1))


def test_erased_bodies_are_counted() -> None:
    line = b"[]\n#" + b"00" * 32
    assert unpack_payload(line, 1, 1) == [Sealed(b"[]", None, bytes(32))]
    refused(lambda: unpack_payload(line, 1, 0))
    refused(lambda: unpack_payload(SALT + b"[]\n{}", 1, 1))


@many
@given(st.binary(max_size=120), st.integers(1, 4), st.integers(0, 4))
def test_a_random_payload_is_read_or_refused(payload: bytes, count: int, erased: int) -> None:
    reads_or_refuses(lambda: unpack_payload(payload, count, min(erased, count)))


# Compression -----------------------------------------------------------------------------------------------

CODECS = ["zlib", "bz2"]


@some
@given(st.binary(max_size=400), st.sampled_from(CODECS))
def test_what_was_deflated_is_inflated(payload: bytes, codec: str) -> None:
    assert inflate(deflate(payload, codec), codec) == payload


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("size", [1, 999, 1000])
def test_a_payload_up_to_the_limit_is_inflated_and_one_byte_more_is_refused(codec: str, size: int) -> None:
    assert inflate(deflate(b"x" * size, codec), codec, 1000) == b"x" * size
    refused(lambda: inflate(deflate(b"x" * 1001, codec), codec, 1000))


@pytest.mark.parametrize("codec", CODECS)
def test_a_bomb_is_refused_before_it_has_grown(codec: str) -> None:
    bomb = deflate(bytes(64 * 1024 * 1024), codec)
    assert len(bomb) < RUN_BYTES_MAX
    refused(lambda: inflate(bomb, codec))


@pytest.mark.parametrize("codec", CODECS)
def test_a_cut_or_lengthened_stream_is_refused(codec: str) -> None:
    packed = deflate(b"sipande" * 50, codec)
    for end in range(len(packed)):
        refused(lambda: inflate(packed[:end], codec))
    refused(lambda: inflate(packed + b"\0", codec))
    refused(lambda: inflate(packed + packed, codec))


@pytest.mark.parametrize(("packed", "codec"), [
    (zlib.compress(b"x"), "bz2"), (bz2.compress(b"x"), "zlib"), (zlib.compress(b"x"), ""), (b"x", "gzip"),
    (zlib.compress(b"x"), "ZLIB"), (zlib.compress(b"x")[2:-4], "zlib"), (b"", "zlib"), (b"", "bz2"),
])
def test_another_codec_is_refused(packed: bytes, codec: str) -> None:
    refused(lambda: inflate(packed, codec))


@many
@given(st.binary(max_size=200), st.sampled_from(CODECS))
def test_random_bytes_are_inflated_or_refused(packed: bytes, codec: str) -> None:
    reads_or_refuses(lambda: inflate(packed, codec))
    reads_or_refuses(lambda: inflate(deflate(b"abc", codec)[:4] + packed, codec))


# Runs ------------------------------------------------------------------------------------------------------


def run_header(start: int = 0, end: int = 1, erased: int = 0, codec: str = "zlib") -> RunHeader:
    proof = (bytes(32), b"\xff" * 32)
    return RunHeader(LOG, start, end, erased, codec, "ab" * 16, b"note\n\n\xe2\x80\x94 x y\n", proof)


def fake_seal(packed: bytes, info: bytes) -> bytes:
    return sha256(info).digest() + packed


def fake_unseal(sealed: bytes, info: bytes) -> bytes:
    if sealed[:32] != sha256(info).digest():
        raise ProtocolError("bad_seal")
    return sealed[32:]


def make_run(changes: list[Sealed], start: int = 0, codec: str = "zlib") -> bytes:
    erased = sum(change.body is None for change in changes)
    header = run_header(start, start + len(changes), erased, codec)
    clear = salt_bytes(len(changes), header.erased)
    return encode_run(header, deflate(pack_payload(changes), codec, clear), fake_seal)


@some
@given(st.lists(sealed_changes(), min_size=1, max_size=3), st.sampled_from(CODECS))
def test_runs_are_read_back_as_written(parts: list[list[Sealed]], codec: str) -> None:
    data = b"".join(make_run(changes, 10, codec) for changes in parts)
    runs = split_runs(data)
    assert [open_run(header, sealed, fake_unseal) for header, sealed in runs] == parts
    assert b"".join(header.encode() + sealed for header, sealed in runs) == data


@settings(max_examples=15, deadline=None)
@given(st.lists(sealed_changes(), min_size=1, max_size=3))
def test_half_a_file_gives_exactly_the_whole_runs_that_it_holds(parts: list[list[Sealed]]) -> None:
    encoded = [make_run(changes) for changes in parts]
    data = b"".join(encoded)
    ends = [sum(map(len, encoded[: at + 1])) for at in range(len(encoded))]
    all_runs = split_runs(data)
    for cut in range(len(data) + 1):
        runs, rest = split_whole_runs(data[:cut])
        whole_runs = sum(end <= cut for end in ends)
        assert runs == all_runs[:whole_runs]
        assert rest == data[ends[whole_runs - 1] if whole_runs else 0 : cut]
        if rest:
            refused(lambda: split_runs(data[:cut]))


def test_the_header_is_bound_to_the_payload() -> None:
    changes = [seal_change(Header(*GOOD), {"a": 1}, SALT)]
    ((header, sealed),) = split_runs(make_run(changes))
    other = bytes(31) + b"\x01"
    for changed in (
        replace(header, start=5, end=6), replace(header, codec="bz2"), replace(header, log="f" * 32),
        replace(header, checkpoint=b"x"), replace(header, seal="x"), replace(header, proof=()),
        replace(header, proof=(other, header.proof[1])), replace(header, proof=header.proof[::-1]),
    ):
        refused(lambda: open_run(changed, sealed, fake_unseal), "bad_seal")


RUN_MEMBERS: dict[str, Any] = json.loads(run_header().encode()[len(MAGIC) :])
RUN_HEADERS_REFUSED: list[tuple[str, Any]] = [
    ("log", None), ("log", 5), ("log", ["x"]), ("start", -1), ("start", "0"), ("start", 0.0),
    ("start", True), ("start", None),
    ("start", 1), ("start", 2), ("end", 0), ("end", -1), ("end", 1.0), ("end", RUN_CHANGES_MAX + 1),
    ("end", True), ("erased", -1),
    ("erased", 2), ("erased", None), ("erased", False), ("codec", 1), ("codec", None), ("seal", 1), ("seal", {}),
    ("checkpoint", None), ("checkpoint", 5), ("checkpoint", "\ud800"), ("checkpoint", ["x"]),
    ("proof", None), ("proof", 5),
    ("proof", "abcd"), ("proof", ["x"]), ("proof", [5]), ("proof", [None]), ("proof", ["AAAA"]), ("proof", ["é"]),
    ("proof", [base64.b64encode(bytes(33)).decode()]), ("proof", [base64.b64encode(bytes(32)).decode() + "\n"]),
    ("length", -1), ("length", RUN_BYTES_MAX + 1), ("length", "1"), ("length", 1e3), ("length", True),
    ("length", 10**400),
]


@pytest.mark.parametrize(("name", "value"), RUN_HEADERS_REFUSED, ids=lambda value: repr(value)[:24])
def test_a_run_header_with_a_member_that_is_wrong_is_refused(name: str, value: Any) -> None:
    decode_run_header(MAGIC + json.dumps(RUN_MEMBERS).encode())
    refused(lambda: decode_run_header(MAGIC + json.dumps(RUN_MEMBERS | {name: value}).encode()))


@pytest.mark.parametrize("name", sorted(RUN_MEMBERS))
def test_a_run_header_without_a_member_is_refused(name: str) -> None:
    members = {key: value for key, value in RUN_MEMBERS.items() if key != name}
    refused(lambda: decode_run_header(MAGIC + json.dumps(members).encode()))


@pytest.mark.parametrize("line", [
    b"", b"x", MAGIC, MAGIC.strip(), MAGIC + b"[]", MAGIC + b"1", MAGIC + b"null", MAGIC + b"{",
    MAGIC + b"{}", MAGIC + b'"x"',
    MAGIC + b"[" * 5000, MAGIC + b"\xff\xfe", MAGIC + b"9" * 5000, b"sipande-run/2 {}", MAGIC.upper() + b"{}",
])
def test_a_line_that_is_no_run_header_is_refused(line: bytes) -> None:
    refused(lambda: decode_run_header(line))


def test_members_that_a_later_program_adds_to_a_run_header_are_ignored() -> None:
    assert decode_run_header(MAGIC + json.dumps(RUN_MEMBERS | {"later": [1]}).encode()) == run_header()


@pytest.mark.parametrize("log", ["", "x", LOG.upper(), LOG + "\n", f"{LOG}\n5"])
def test_a_run_of_a_log_that_has_no_id_is_refused(log: str) -> None:
    refused(lambda: decode_run_header(MAGIC + json.dumps(RUN_MEMBERS | {"log": log}).encode()))


def test_a_header_line_without_end_is_refused() -> None:
    refused(lambda: split_whole_runs(MAGIC + b"x" * RUN_HEADER_BYTES_MAX))
    refused(lambda: split_whole_runs(b"<html>captive portal</html>\n"))


def test_a_stretch_shorter_than_a_header_is_a_run_that_is_not_whole() -> None:
    assert split_whole_runs(b"") == ([], b"")
    assert split_whole_runs(MAGIC[:5]) == ([], MAGIC[:5])


@some
@given(st.binary(max_size=200), st.integers(0, 400), st.integers(1, 255))
def test_random_and_damaged_runs_are_read_or_refused(noise: bytes, where: int, flip: int) -> None:
    data = bytearray(make_run([seal_change(Header(*GOOD), {"a": 1}, SALT)]))
    data[where % len(data)] ^= flip

    def read(text: bytes) -> None:
        for header, sealed in split_whole_runs(text)[0]:
            open_run(header, sealed, lambda packed, _: packed[32:])

    for text in (noise, MAGIC + noise, MAGIC + noise + b"\n", bytes(data), bytes(data) + noise):
        reads_or_refuses(lambda: read(text))

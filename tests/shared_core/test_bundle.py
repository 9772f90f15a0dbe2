"""Files for a stick: every cut and every flipped bit, what is no file of ours, and names."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.changelog.checkpoint import Signer, sign_note
from shared.changelog.keys import SigningKey
from shared.changelog.run import RUN_BYTES_MAX, RUN_HEADER_BYTES_MAX, RunHeader
from shared.errors import ProtocolError
from shared.sync.bundle import Letter, Runs, Title, name_signer, open_file, read_letter, write_letter
from shared.sync.chunk import ChunkHeader, encode_chunk
from shared.sync.filenames import BEGINNING_BYTES, may_be_ours, name_answer, name_file, pick_names
from shared.sync.limits import limit

KEY, OTHER = SigningKey(bytes(32)), SigningKey(b"\x02" * 32)
DESA = "33.03.99.2001"
UP: dict[str, Any] = {
    "version": 1, "sender": KEY.public.hex(), "receiver": OTHER.public.hex(), "wilayah": DESA, "nonce": "A" * 22,
    "number": 3, "time": 1_790_000_000, "logs": [{"id": "ab" * 16, "size": 5, "root": "A" * 43 + "="}],
}
NOTE = write_letter(Title.UP, UP, KEY)


def make_run(start: int, length: int) -> bytes:
    """A run that is headed well; what it holds is for its receiver to judge."""
    header = RunHeader("ab" * 16, start, start + 1, 0, "zlib", "cd" * 8, b"catatan\n", (), length)
    return header.encode() + bytes(range(256)) * (length // 256) + bytes(range(length % 256))


RUNS = [make_run(at, length) for at, length in enumerate((40, 1, 700, 0, 260))]
FILE = NOTE + b"".join(RUNS)


def read(data: bytes) -> tuple[Letter, list[tuple[RunHeader, bytes]], Runs]:
    letter, runs = open_file(io.BytesIO(data))
    return letter, list(runs), runs


def refusal(data: bytes) -> str:
    with pytest.raises(ProtocolError) as error:
        read(data)
    return error.value.code


def test_a_file_reads_as_it_was_written() -> None:
    letter, found, runs = read(FILE)
    assert (letter.title, letter.key) == (Title.UP, KEY.public.hex())
    assert {name: letter.message[name] for name in UP} == UP
    assert b"".join(header.encode() + sealed for header, sealed in found) == b"".join(RUNS)
    assert runs.is_whole and runs.bytes_read == len(FILE) - len(NOTE)


def test_a_note_alone_is_a_whole_file() -> None:
    letter, found, runs = read(NOTE)
    assert letter.message["number"] == 3 and found == [] and runs.is_whole


def test_a_file_cut_at_any_byte_gives_exactly_the_whole_runs_before_the_cut() -> None:
    ends = [len(NOTE)]
    for run in RUNS:
        ends.append(ends[-1] + len(run))
    for cut in range(len(FILE)):
        if cut < len(NOTE):
            assert refusal(FILE[:cut]) == "malformed", cut
            continue
        _, found, runs = read(FILE[:cut])
        assert len(found) == sum(end <= cut for end in ends[1:]), cut
        assert runs.is_whole == (cut in ends), cut


def make_chunk(offset: int) -> bytes:
    header = ChunkHeader("ab" * 32, offset, 1000, "cd" * 8)
    return encode_chunk(header, bytes(90), lambda piece, info: bytes(48) + piece, is_one_of_many=True)


def test_chunks_behind_the_runs_are_read_after_them_and_cut_like_them() -> None:
    chunks = [make_chunk(offset) for offset in (0, 90, 180)]
    file, ends = FILE + b"".join(chunks), [len(FILE)]
    for chunk in chunks:
        ends.append(ends[-1] + len(chunk))
    for cut in range(len(FILE), len(file) + 1):
        _, found, runs = read(file[:cut])
        assert len(found) == len(RUNS)
        taken = list(runs.chunks())
        assert [header.offset for header, _ in taken] == [0, 90, 180][: sum(end <= cut for end in ends[1:])]
        assert runs.is_whole == (cut in ends), cut
    _, found, runs = read(NOTE + chunks[0] + RUNS[0])
    assert found == [] and len(list(runs.chunks())) == 1 and not runs.is_whole, "runs first"
    nameless = chunks[0].replace(b'"length":138,', b"", 1)
    assert nameless != chunks[0]
    for length in (b"", b'"length":0,', b'"length":-1,', b'"length":true,', b'"length":99999999,', b'"length":"9",'):
        _, _, runs = read(FILE + nameless.replace(b'"offset"', length + b'"offset"', 1))
        assert list(runs.chunks()) == [] and not runs.is_whole, length


def test_a_flipped_bit_spoils_the_note_or_the_runs_from_there_on_and_none_before() -> None:
    ends = [len(NOTE)]
    for run in RUNS:
        ends.append(ends[-1] + len(run))
    for at in range(len(FILE)):
        damaged = FILE[:at] + bytes([FILE[at] ^ 1 << at % 8]) + FILE[at + 1 :]
        if at < len(NOTE) - 1:
            # One bit can make another number of the title's; nothing is known then but that it is a later format.
            assert refusal(damaged) in ("malformed", "bad_signature", "hub_too_old"), at
            continue
        try:
            _, found, _ = read(damaged)
        except ProtocolError as error:
            assert at == len(NOTE) - 1 and error.code in ("malformed", "bad_signature")
            continue
        before = sum(end <= at for end in ends[1:])
        assert b"".join(header.encode() + sealed for header, sealed in found[:before]) == b"".join(RUNS[:before])


CUT_NOTES = st.builds(lambda at, more: NOTE[:at] + more, st.integers(0, len(NOTE)), st.binary(max_size=80))


@given(st.binary(max_size=600) | CUT_NOTES)
@settings(max_examples=300)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        _, found, _ = read(data)
    except ProtocolError as error:
        assert error.code in ("malformed", "bad_signature", "too_large")
    else:
        assert data.startswith(NOTE) and len(found) <= 1


@given(st.lists(st.binary(max_size=300) | st.sampled_from(RUNS), max_size=8))
@settings(max_examples=300)
def test_whatever_follows_the_note_ends_the_runs_and_raises_nothing(parts: list[bytes]) -> None:
    _, found, runs = read(NOTE + b"".join(parts))
    assert runs.is_whole == (b"".join(header.encode() + sealed for header, sealed in found) == b"".join(parts))


@pytest.mark.parametrize("changed", [
    {"number": -1}, {"number": "3"}, {"number": True}, {"wilayah": "33.03.99"}, {"wilayah": "../../etc"},
    {"sender": "zz"}, {"receiver": ""}, {"nonce": "kurang"}, {"logs": [{"id": "ab", "size": 1, "root": ""}]},
    {"time": 1.5}, {"reaches": [{"id": "ab" * 16}]},
])
def test_a_member_that_does_not_fit_is_malformed(changed: dict[str, Any]) -> None:
    message = {**UP, **changed}
    text = f"{Title.UP.value}\n".encode() + json.dumps(message).encode() + b"\n"
    assert refusal(sign_note(text, Signer(f"sipande/{DESA}/simpul", KEY))) == "malformed"


def test_a_note_under_another_name_key_or_title_does_not_verify() -> None:
    for data in (
        write_letter(Title.UP, UP, OTHER),
        write_letter(Title.UP, {**UP, "sender": OTHER.public.hex()}, KEY),
        NOTE.replace(b"bundle-up", b"bundle-down").replace(b"}\n", b',"echo":"' + b"A" * 22 + b'","segel":"'
                                                           + b"0" * 64 + b'"}\n', 1),
        NOTE.replace(b"/simpul ", b"/hub "),
    ):
        assert refusal(data) == "bad_signature"


def test_the_weak_key_signs_nothing() -> None:
    weak = "01" + "00" * 31
    text = f"{Title.UP.value}\n{json.dumps({**UP, 'sender': weak})}\n".encode()
    assert refusal(sign_note(text, Signer(f"sipande/{DESA}/simpul", KEY))) == "bad_signature"


def test_the_hub_signs_under_the_name_of_its_kecamatan() -> None:
    assert name_signer(Title.DOWN, DESA) == name_signer(Title.ENROLLED, "33.03.99") == "sipande/33.03.99/hub"
    assert name_signer(Title.UP, DESA) == name_signer(Title.ENROL, DESA) == f"sipande/{DESA}/simpul"


def test_a_second_signature_line_changes_nothing_and_a_cut_one_is_no_line() -> None:
    more = NOTE + "\u2014 saksi AAAAAAAA\n".encode()
    letter, end = read_letter(more + RUNS[0])
    assert end == len(more) and letter.message["number"] == 3
    assert read_letter(NOTE + "\u2014 saksi AAAA".encode())[1] == len(NOTE)


def test_a_note_longer_than_any_message_is_not_read_to_its_end() -> None:
    class Endless(io.RawIOBase):
        asked = 0

        def read(self, size: int = -1) -> bytes:
            assert 0 < size < 2 * limit("message_bytes_max")
            self.asked += size
            return b"a" * size

    for begin in (b"", f"{Title.UP.value}\n".encode(), f"{Title.UP.value}\n{{}}\n\n".encode()):
        endless = Endless()
        with pytest.raises(ProtocolError):
            open_file(io.BufferedReader(io.BytesIO(begin + b"a" * 600_000)))  # type: ignore[arg-type]
        with pytest.raises(ProtocolError):
            open_file(endless)  # type: ignore[arg-type]
        assert endless.asked < 2 * limit("message_bytes_max")


def test_runs_are_held_one_at_a_time() -> None:
    class Counting(io.BytesIO):
        longest = 0

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None and size > 0
            self.longest = max(self.longest, size)
            return super().read(size)

    file = Counting(NOTE + make_run(0, RUN_BYTES_MAX) * 8)
    _, runs = open_file(file)
    for _ in runs:
        assert len(runs._data) <= 3 * (RUN_BYTES_MAX + RUN_HEADER_BYTES_MAX)
    assert runs.is_whole and file.longest <= 2 * RUN_BYTES_MAX


def test_names_tell_what_where_when_and_which() -> None:
    name = name_file(Title.UP, "33.03.04.2006", "PC Pelayanan #1 / Bu Siti", date(2026, 9, 22), 7)
    assert name == "sipande-kirim-33.03.04.2006-pc-pelayanan-1-bu-siti-20260922-0007.sipande"
    assert name_file(Title.UP, "33.03.04.2006", "…", date(2026, 9, 22), 7).count("komputer") == 1
    assert name_answer(Title.UP, name) == name.replace("kirim", "jawab")
    assert name_answer(Title.ENROL, "sipande-daftar-a.sipande") == "sipande-terdaftar-a.sipande"
    assert name_answer(Title.UP, "a.sipande") == "sipande-jawab-a.sipande"
    for odd in ("", "sipande-kirim-.exe", "sipande-kirim-../a.sipande", "sipande-daftar-a.sipande", ".a.sipande"):
        assert name_answer(Title.UP, odd) == ""


def test_files_are_picked_by_their_titles_in_the_order_of_what_must_come_first() -> None:
    beginnings = {
        "sipande-kirim-b.sipande": NOTE[:BEGINNING_BYTES], "a.sipande": b"sipande-bundle-up/2\n{",
        "z.sipande": b"sipande-enrol/1\n{", "sipande-kirim-a (1).sipande": b"", "foto.sipande": b"\x89PNG",
        "sipande-kirim-c.sipande": b"sipande-bundle-down/1\n", "sipande-jawab-a.sipande": b"??",
    }
    assert pick_names(beginnings, Title.ENROL, Title.UP) == [
        "z.sipande", "a.sipande", "sipande-kirim-a (1).sipande", "sipande-kirim-b.sipande"
    ]
    assert [name for name in ("a.sipande", ".a.sipande", "a.sipande.baru", "a.pdf") if may_be_ours(name)] == [
        "a.sipande"
    ]

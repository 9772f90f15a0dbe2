"""Numbers of letters: the next one, how it is written, and the words for what is missing from a book."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from shared.surat.numbering import (
    BLOCK_SIZE, POLA, Block, Number, count_left, explain_gaps, find_next, find_pola_problem, name_seri, next_block,
    write_nomor,
)

A, B, C = "a1" * 16, "b2" * 16, "c3" * 16


def test_the_next_number_comes_from_the_blocks_of_this_log_in_order() -> None:
    blocks = [Block(A, 1, 3), Block(B, 4, 6), Block(A, 7, 9)]
    given_: list[int] = []
    for _ in range(6):
        number = find_next(A, blocks, given_, [])
        assert not number.seri
        given_.append(number.urut)
    assert given_ == [1, 2, 3, 7, 8, 9]
    assert find_next(A, blocks, given_, []) == Number(1, name_seri(A))


def test_a_log_without_a_block_counts_in_a_series_of_its_own() -> None:
    first = find_next(C, [Block(A, 1, 50)], [1, 2], [])
    assert first == Number(1, name_seri(C)) and find_next(C, [], [], [1, 2]) == Number(3, name_seri(C))
    assert first.write() == f"001-{name_seri(C)}" and len(name_seri(C)) == 6


def test_a_number_that_two_logs_were_given_is_given_by_neither() -> None:
    blocks = [Block(A, 1, 10), Block(B, 6, 15)]
    assert [find_next(A, blocks, range(1, 6), []).seri, find_next(B, blocks, [], []).urut] == [name_seri(A), 11]


@given(st.lists(st.tuples(st.sampled_from("ABCDE"), st.sampled_from(["give", "issue"])), max_size=200))
def test_no_two_logs_ever_give_one_number(steps: list[tuple[str, str]]) -> None:
    blocks: list[Block] = []
    issued: dict[str, list[Number]] = {}
    for letter, what in steps:
        log = letter * 32
        mine = issued.setdefault(log, [])
        used = [number.urut for number in mine if not number.seri]
        if what == "give":
            blocks.append(next_block(log, blocks, (), 3))
        else:
            # Each sees its own letters alone, and all blocks or only its own: that changes nothing.
            own = [number.urut for number in mine if number.seri]
            number = find_next(log, blocks, used, own)
            assert number == find_next(log, [block for block in blocks if block.log == log], used, own)
            mine.append(number)
    given_ = [number for mine in issued.values() for number in mine]
    assert len(set(given_)) == len(given_)


def test_blocks_lie_beyond_every_block_and_every_number_seen() -> None:
    assert next_block(A, [], ()) == Block(A, 1, BLOCK_SIZE)
    assert next_block(A, [Block(B, 1, 50)], [7]) == Block(A, 51, 100)
    assert next_block(A, [Block(B, 1, 50)], [61, 10**9]) == Block(A, 62, 111)
    assert count_left(A, [Block(A, 1, 50), Block(B, 51, 100)], [3, 60]) == 47


def test_a_number_is_written_after_the_pattern_of_the_office() -> None:
    day, desa = date(2026, 11, 22), "33.03.04.2006"
    assert write_nomor(POLA, Number(7), kode="400.12.2.1", desa=desa, day=day) == "400.12.2.1/007/33.03.04.2006/XI/2026"
    assert write_nomor(POLA, Number(7), kode="", desa=desa, day=day) == "007/33.03.04.2006/XI/2026"
    own = Number(1, "K7QXM2")
    assert write_nomor("[nomor].[bulan].[tahun]", own, kode="x", desa=desa, day=day) == "001-K7QXM2.11.2026"
    assert not find_pola_problem(POLA) and not find_pola_problem("Ds/[nomor]/[tahun]")
    assert all(map(find_pola_problem, ("[kode]/[tahun]", "[nomor]/x", "[nomr]/[nomor]/[tahun]")))


def test_gaps_of_a_book_are_said_in_words() -> None:
    blocks = [Block(A, 1, 50), Block(B, 51, 100), Block(C, 101, 150)]
    gaps = explain_gaps([1, 2, 4, 101], blocks, {A: "Komputer kantor", B: "Komputer kantor 2"}, closed=[C])
    assert [(gap.dari, gap.sampai, gap.why) for gap in gaps] == [
        (3, 3, "jatah Komputer kantor, suratnya belum sampai di sini"),
        (5, 50, "jatah Komputer kantor, belum dipakai"),
        (51, 100, "jatah Komputer kantor 2, belum dipakai"),
        (102, 150, "jatah komputer lain, tidak dibagikan lagi sejak catatan komputer itu berganti; bila nomor ini"
         " ada di kertas, suratnya hilang bersama data lama"),
    ]

"""The proof on a letter: what it says, what it hides, and that nothing can be changed or guessed."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.changelog.keys import SigningKey
from shared.surat.periksa import Finding, Key, Record, judge
from shared.surat.tanda import (
    Seal,
    Signed,
    TandaError,
    mask_name,
    name_key,
    read_tanda,
    seal_surat,
    write_kode,
    write_qr,
    write_text,
)

DESA = "33.03.04.2006"
OTHER = "33.03.04.2007"
TODAY = "2026-11-22"
KEY = SigningKey(bytes(range(32)))
THIEF = SigningKey(bytes(range(1, 33)))
NIK = "3303994107900001"
VALUES = {
    "nomor": "400.12.2.1/7/33.03.04.2006/XI/2026", "tanggal": date(2026, 11, 22), "judul": "Surat Keterangan Usaha",
    "nama": "SITI RAHAYU", "berlaku_sampai": date(2026, 12, 22), "nik": NIK,
}
HERE = (Key(KEY.public, DESA, False),)


def random(count: int) -> bytes:
    return bytes(range(7, 7 + count))


def seal(desa: str = DESA, key: SigningKey = KEY, **changed: object) -> Seal:
    return seal_surat({**VALUES, **changed}, desa, key, random)


def record(made: Seal, **changed: object) -> Record:
    return Record({**VALUES, "kode": made.kode, "tanda": made.tanda, "kunci": made.kunci, **changed}, DESA)


def read(text: str) -> Signed:
    found = read_tanda(text)
    assert isinstance(found, Signed)
    return found


def rewrite(made: Seal, **changed: str) -> Signed:
    """Change facts under the old signature, as a forger would."""
    signed = read(made.teks)
    payload = replace(signed.facts, **changed).payload()
    head = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
    return read(f"{head}.{made.teks.partition('.')[2]}")


def test_a_proof_holds_neither_nik_nor_name_and_stands_in_an_address_as_it_is() -> None:
    made = seal()
    payload = read(made.teks).payload.decode()
    assert NIK not in payload and "SITI" not in payload and "RAHAYU" not in payload and "S*** R***" in payload
    address = write_qr(made.teks, "https://selakambang.desa.id/")
    assert address.startswith("https://selakambang.desa.id/periksa-surat?s=") and len(address) < 400
    assert read(address) == read(made.teks) == read(write_qr(made.teks))


def test_the_text_is_written_again_from_the_record() -> None:
    made = seal()
    assert write_text(record(made).values, DESA) == made.teks
    assert write_text({**VALUES, "kode": made.kode}, DESA) == ""


def test_a_proof_is_read_with_spaces_and_a_code_however_it_is_typed() -> None:
    made = seal()
    assert read(f" {made.teks[:50]}\n{made.teks[50:]} ") == read(made.teks)
    assert len(made.kode) == 26
    assert read_tanda(write_kode(made.kode).lower().replace("-", " ")) == made.kode


@pytest.mark.parametrize(("record_changed", "finding"), [
    ({}, Finding.ASLI), ({"batal": 1, "tanggal_batal": "2026-11-22"}, Finding.DIBATALKAN),
])
def test_a_letter_that_is_here_is_genuine_or_cancelled(record_changed: dict[str, object], finding: Finding) -> None:
    made = seal()
    for proof in (read(made.teks), made.kode):
        answer = judge(proof, record(made, **record_changed), HERE, TODAY)
        assert answer.finding is finding and answer.facts is not None and answer.facts.nama == "S*** R***"


def test_a_letter_is_expired_from_the_day_after_its_last() -> None:
    made = seal()
    assert judge(read(made.teks), record(made), HERE, "2026-12-22").finding is Finding.ASLI
    assert judge(read(made.teks), record(made), HERE, "2026-12-23").finding is Finding.KEDALUWARSA
    assert judge(read(made.teks), None, HERE, "2026-12-23").finding is Finding.KEDALUWARSA


def test_a_letter_whose_record_is_not_here_is_proven_by_its_signature_alone_and_the_answer_says_so() -> None:
    answer = judge(read(seal().teks), None, HERE, TODAY)
    assert answer.finding is Finding.BELUM_SAMPAI and "belum sampai" in answer.kalimat and answer.facts is not None


@pytest.mark.parametrize("changed", [
    {"nomor": "400.12.2.1/8/33.03.04.2006/XI/2026"}, {"tanggal": "2026-11-23"}, {"nama": "B*** S***"},
    {"sampai": "2027-12-22"}, {"sampai": ""}, {"judul": "Surat Keterangan Tidak Mampu"}, {"desa": OTHER},
    {"kode": "0" * 26},
])
def test_whatever_fact_is_changed_the_answer_is_forged_and_shows_none(changed: dict[str, str]) -> None:
    made = seal()
    for there in (None, record(made)):
        answer = judge(rewrite(made, **changed), there, HERE, TODAY)
        assert answer.finding is Finding.PALSU and answer.facts is None


@pytest.mark.parametrize("changed", [
    {"nomor": "400.12.2.1/8/33.03.04.2006/XI/2026"}, {"tanggal": date(2026, 11, 23)}, {"nama": "BUDI SANTOSO"},
    {"berlaku_sampai": date(2027, 12, 22)}, {"berlaku_sampai": None}, {"judul": "Surat Keterangan Tidak Mampu"},
    {"nama": "BUDI SANTOSO", "batal": 1, "tanggal_batal": "2026-11-22"},
])
def test_a_true_signature_over_other_facts_than_those_on_record_is_forged_and_shows_none(
    changed: dict[str, object]
) -> None:
    """Who holds the key of an office could sign a second paper under the code of a letter that is there."""
    made = seal()
    answer = judge(read(made.teks), record(made, **changed), HERE, TODAY)
    assert answer.finding is Finding.PALSU and answer.facts is None and "berkode sama" in answer.kalimat
    elsewhere = Record(record(made).values, OTHER)
    assert judge(read(made.teks), elsewhere, HERE, TODAY).finding is Finding.PALSU


def test_a_key_of_another_desa_proves_nothing_for_this_one() -> None:
    made = seal(key=THIEF)
    keys = (Key(THIEF.public, OTHER, False),)
    assert judge(read(made.teks), None, keys, TODAY).finding is Finding.PALSU


def test_an_unknown_key_is_unknown_and_not_forged() -> None:
    assert judge(read(seal(key=THIEF).teks), None, (), TODAY).finding is Finding.TIDAK_DIKENAL


def test_under_a_revoked_key_only_a_letter_that_is_in_the_log_counts() -> None:
    made = seal()
    keys = (Key(KEY.public, DESA, True),)
    assert judge(read(made.teks), record(made), keys, TODAY).finding is Finding.ASLI
    answer = judge(read(made.teks), None, keys, TODAY)
    assert answer.finding is Finding.TIDAK_DIKENAL and answer.facts is None


def test_a_code_that_is_in_no_record_is_unknown() -> None:
    assert judge("0" * 26, None, HERE, TODAY).finding is Finding.TIDAK_DIKENAL


def test_a_signature_of_the_log_is_no_signature_of_a_letter() -> None:
    signed = read(seal().teks)
    assert not replace(signed, signature=KEY.sign(signed.payload)).is_signed_by(KEY.public)
    assert name_key(KEY.public) == signed.facts.kunci


@pytest.mark.parametrize(("name", "masked"), [
    ("SITI RAHAYU", "S*** R***"), ("siti", "S***"), ("Muhammad Nur Ali bin Umar", "M*** N*** A***"), ("", ""),
    ("H. Abdul", "H*** A***"), ("3303994107900001", ""),
])
def test_a_name_is_masked_without_its_length(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize("text", [
    "", "abc", "x" * 2000, "https://desa.id/periksa-surat", "https://desa.id/periksa-surat?s=", "a.b",
    "A" * 60 + "." + "A" * 86, "A" * 25, "A" * 27, "https://desa.id/?s=" + "A" * 27, "[", "http://[/?s=1",
])
def test_what_is_no_proof_is_told_with_what_to_do(text: str) -> None:
    with pytest.raises(TandaError, match="Pindai ulang"):
        read_tanda(text)


def test_one_proof_has_one_spelling() -> None:
    head, _, tail = seal().teks.partition(".")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = last[last.index(tail[-1]) ^ 1]
    with pytest.raises(TandaError):
        read_tanda(f"{head}.{tail[:-1]}{other}")


@given(st.text(max_size=300))
def test_no_text_escapes_as_another_error(text: str) -> None:
    try:
        read_tanda(text)
    except TandaError:
        pass


@given(nomor=st.text(max_size=60), judul=st.text(max_size=60), nama=st.text(max_size=60))
def test_whatever_a_letter_is_called_its_proof_reads_back(nomor: str, judul: str, nama: str) -> None:
    made = seal(nomor=nomor, judul=judul, nama=nama)
    assert read(made.teks).is_signed_by(KEY.public)
    there = record(made, nomor=nomor, judul=judul, nama=nama)
    assert judge(read(made.teks), there, HERE, TODAY).finding is Finding.ASLI

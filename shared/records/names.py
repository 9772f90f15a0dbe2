"""Compares names of people and places that different hands have written: pure functions.

The forms returned here are keys and verdicts for finding candidates. Nothing is corrected and nothing is
merged by them: a person decides.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from shared.codes.spelling import ROMAN, collapse_doubled, fold_key, fold_letters, plain

_TITLES_BEFORE = frozenset(
    "H HJ HJH HAJI HAJJAH KH KYAI KIAI NYAI UST USTAD USTADZ USTADZAH DR DRG DRH DRS DRA IR PROF APT TN NY "
    "SDR SDRI BPK".split()
)
_TITLES_AFTER = frozenset(
    "SPD SPDI SPDSD SPDAUD SH SHI SE SEI SSOS SSOSI SKOM SKEP SKEB SKM SAG SIP SSTP STP SST STRKEB STRKEP ST "
    "SPT SSI SHUT SFARM SKED SPSI SIKOM SAP SAK SPI SSY SPTK SGZ SSN MPD MPDI MSI MKOM MKES MAG MAP MH MHI "
    "MM MT MSC MKN MBA AMD AMDKEB AMDKEP AMAPD AMAPUST AMPD BSC PHD NERS NS LC".split()
)
# These are titles when written with a dot or after a comma, and may be the end of a name otherwise.
_TITLES_AFTER_IF_MARKED = frozenset("BA MA ME MP SP SS SK SI AMA AP AMK SN CHT".split())
_TITLES = _TITLES_BEFORE | _TITLES_AFTER | _TITLES_AFTER_IF_MARKED
_LATE = frozenset("ALM ALMH ALMARHUM ALMARHUMAH".split())
_NAME_PARTS = re.compile(r"(,)|([^\s,;()\[\]/]+)")

_KINDS_OF_PLACE = frozenset({"DUSUN", "DSN", "DS"})
_NUMBER_WORDS = {"SATU": "1", "DUA": "2", "TIGA": "3", "EMPAT": "4", "LIMA": "5", "ENAM": "6"}
_GLUED_QUALIFIERS = tuple("KULON WETAN KIDUL BARAT TIMUR UTARA SELATAN TENGAH".split())
_QUALIFIERS = frozenset(
    fold_letters(
        "KULON WETAN LOR KIDUL ETAN ELOR KILEN LER KALER BARAT TIMUR UTARA SELATAN TENGAH ATAS BAWAH "
        "DUWUR NGISOR HULU HILIR GIRANG TONGGOH LANDEUH DALAM LUAR JERO JABA BESAR KECIL GEDE AGENG AGUNG "
        "CILIK ALIT LEUTIK BARU ANYAR LAMA LAWAS"
    ).split()
)
_STEMS = tuple(
    fold_letters(
        "BANJAR GUNUNG JATI KALI KAMPUNG KARANG KEBON KEBUN KEDUNG MARGA MEKAR PADANG PAGER PURWA PURWO "
        "RANDU REJO SIDA SIDO SUKA SUKO SUMBER TANJUNG TEGAL TIRTA TIRTO WANA WONO WRINGIN"
    ).split()
)
_TAILS = tuple(fold_letters("AGUNG DADI HARJO KARTO KERTO MULYA MULYO REJO SARI").split())
_GLUED_NUMERAL = re.compile(r"\b(?![IVX]+\b)([A-Z]{3,}?)(III|II|IV)\b")
_LETTERS_MEET_DIGITS = re.compile(r"(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Z])")


def normalise_name(text: str) -> str:
    """Return a person's name for comparison: capitals, no accents, punctuation, titles or ALM, single spaces.

    A name that consists of titles only is kept. Spelling is not touched: see fold_spelling.
    """
    parts: list[tuple[str, bool]] = []
    after_comma = False
    for comma, part in _NAME_PARTS.findall(text):
        if comma:
            after_comma = True
            continue
        squeezed = plain(part).replace(" ", "")
        # S.PD and K.H. are one title each, DRS.H.SUGENG is three words.
        words = [squeezed] if squeezed in _TITLES else plain(part).split()
        parts += [(word, after_comma or "." in part) for word in words]
    return " ".join(word for word, _ in _without_titles(parts))


def _without_titles(parts: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    kept = [part for part in parts if part[0] not in _LATE] or parts
    start, end = 0, len(kept)
    while end - start > 1 and kept[start][0] in _TITLES_BEFORE:
        start += 1
    while end - start > 1:
        size = _title_size(kept[start:end])
        if size == 0:
            break
        end -= size
    return kept[start:end]


def _title_size(parts: list[tuple[str, bool]]) -> int:
    """Return how many words at the end are one title: 0, 1, or 2 for "S. PD"."""
    word, is_marked = parts[-1]
    if word in _TITLES_AFTER and (is_marked or len(parts) > 2):
        return 1
    if is_marked and word in _TITLES_AFTER_IF_MARKED:
        return 1
    if len(parts) > 2 and len(parts[-2][0]) == 1 and parts[-2][0] + word in _TITLES_AFTER:
        return 2
    return 0


def fold_spelling(text: str) -> str:
    """Return a key, without spaces, in which old and new spelling and common slips of a name meet.

    For people pass normalise_name first. Digits and Roman numerals stay apart: KRAJAN I is not KRAJAN II.
    """
    return fold_key(text)


def is_probable_misspelling(a: str, b: str) -> bool:
    """Tell whether two names of dusun probably mean one place.

    True for one folded key or the same letters without spaces, and for one slip in names of 4 to 7 letters or
    two in longer ones. Otherwise not when the names differ in a number, a single letter, or a word of
    direction, size or age: KRAJAN WETAN and KRAJAN KULON are two places, though KRAJAN WETN is a slip of the
    first. Without a stem or tail many names share (KARANG, SIDO, … REJO, SARI) only the rest is measured:
    KARANGSARI and KARANGJATI, SIDOREJO and SUKOREJO are two places as well.
    """
    first, second = _place(a), _place(b)
    if first is None or second is None:
        return False
    if first.key == second.key or first.letters == second.letters:
        return True
    if first.marks != second.marks:
        return _lacks_one_mark(first, second) and min(
            edit_distance(first.key, second.key, 1), edit_distance(first.letters, second.letters, 1)
        ) == 1
    if max(len(first.base), len(second.base)) < 4:
        return first.base == second.base
    # As written as well: a lost vowel (NANGKA, NNGKA; RANDUJATI, RANDJATI) makes letters that fold away.
    return _are_near(first.base, second.base) or _are_near(first.base_letters, second.base_letters)


def edit_distance(a: str, b: str, limit: int) -> int:
    """Return the Damerau-Levenshtein distance (neighbours may swap once), or limit + 1 when it is larger."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    previous = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        current = [i]
        for j, other in enumerate(b, 1):
            cost = min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit and min(previous) > limit:
            return limit + 1
        before, previous = previous, current
    return min(previous[-1], limit + 1)


@dataclass(frozen=True, slots=True)
class _Place:
    """A dusun's name as one folded key, and parted: what is spelt, and the marks that part neighbours."""

    key: str
    letters: str  # as written, without spaces
    base: str
    base_letters: str
    marks: tuple[str, ...]


def _place(text: str) -> _Place | None:
    """Take a name of a dusun apart; None when there is no letter or digit in it."""
    parted = _LETTERS_MEET_DIGITS.sub(" ", _GLUED_NUMERAL.sub(r"\1 \2", plain(text)))
    words = parted.split()
    if len(words) > 1 and words[0] in _KINDS_OF_PLACE:
        words = words[1:]
    if not words:
        return None
    pieces: list[str] = []
    base: list[str] = []
    base_letters: list[str] = []
    marks: list[str] = []
    for word in (piece for whole in words for piece in _unglued(whole)):
        folded = fold_letters(word)
        if word in ROMAN or word in _NUMBER_WORDS:
            folded = ROMAN.get(word) or _NUMBER_WORDS[word]
        elif word.isdigit():
            folded = word.lstrip("0")
        is_mark = len(word) == 1 or folded.isdigit() or folded in _QUALIFIERS
        pieces.append(folded)
        if is_mark:
            marks.append(folded)
        else:
            base.append(folded)
            base_letters.append(word)
    return _Place(
        key=collapse_doubled("".join(pieces)),
        letters="".join(words),
        base=collapse_doubled("".join(base)),
        base_letters="".join(base_letters),
        marks=tuple(sorted(marks)),
    )


def _lacks_one_mark(first: _Place, second: _Place) -> bool:
    """Tell whether one name has all the marks of the other and one word more, which the other may misspell."""
    fewer, more = sorted((first.marks, second.marks), key=len)
    extra = Counter(more) - Counter(fewer)
    return len(more) == len(fewer) + 1 == len(fewer) + extra.total() and all(
        len(mark) >= 3 and mark.isalpha() for mark in extra
    )


def _are_near(a: str, b: str) -> bool:
    if a == b:
        return True
    one, other = _without_common_element(a, b)
    slips = 2 if min(len(one), len(other)) >= 8 else 1
    return edit_distance(one, other, slips) <= slips


def _unglued(word: str) -> tuple[str, ...]:
    """Part SUMBERJOKIDUL into SUMBERJO and KIDUL."""
    for qualifier in _GLUED_QUALIFIERS:
        if word.endswith(qualifier) and len(word) - len(qualifier) >= 4:
            return word[:-len(qualifier)], qualifier
    return (word,)


def _without_common_element(a: str, b: str) -> tuple[str, str]:
    """Take off the productive stem, or else the tail, that both names share."""
    for stem in _STEMS:
        if a.startswith(stem) and b.startswith(stem):
            return a[len(stem):], b[len(stem):]
    for tail in _TAILS:
        if a.endswith(tail) and b.endswith(tail):
            return a[:-len(tail)], b[:-len(tail)]
    return a, b

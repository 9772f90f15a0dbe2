"""Reduces Indonesian names to forms that can be compared: plain letters, and letters folded over spellings.

The folding joins the spellings of Van Ophuijsen (1901) and Soewandi (1947), which live on in names, with the
spelling in force since 1972 (Keputusan Presiden 57/1972: tj, dj, nj, sj, ch, j → c, j, ny, sy, kh, y; oe → u
since 1947), and with habits of Javanese writing (dh, th, a final h that is not heard, a glide not written).

It is a key for finding candidates and never a form to show or to store: the folded text is not a name.
"""

from __future__ import annotations

import re
import unicodedata

APOSTROPHES = dict.fromkeys(map(ord, "'`´‘’ʼʻ"))
_NOT_PLAIN = re.compile(r"[^A-Z0-9]+")

_UNITS = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")

ROMAN: dict[str, str] = {
    "X" * (number // 10) + _UNITS[number % 10]: str(number) for number in range(1, 30)
}
"""Roman numerals I to XXIX, as dusun and RW are counted, and their decimal text."""

_NUMERAL = re.compile(r"(?<=[A-Z0-9] )[IVX]+\b")
_OLD_WORD = re.compile(r"[A-Z]*[DT]J[A-Z]*")

_DOUBLED = re.compile(r"([A-Z])\1+")

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        ("OE", "U"),
        ("SJ", "SY"),
        ("CH", "KH"),
        ("Q", "K"),
        (r"([BDT])H", r"\1"),
        # RUDY and RUDI; a y before a vowel is a consonant and stays.
        (r"(?<=[A-Z])Y(?![AIUEOY])", "I"),
        # KREYO and KREO, RIYANTO and RIANTO, SUWARNO and SUARNO.
        (r"(?<=E)Y(?=[AUO])|(?<=I)Y(?=[AUEO])|(?<=U)W(?=[AIEO])", ""),
        (_DOUBLED.pattern, r"\1"),
        (r"(?<=[A-Z])H\b", ""),
    )
)


def plain(text: str) -> str:
    """Return the text in capitals A–Z and digits, one space between words; accents and apostrophes vanish."""
    bare = unicodedata.normalize("NFKD", text.translate(APOSTROPHES))
    return _NOT_PLAIN.sub(" ", bare.encode("ascii", "ignore").decode("ascii").upper()).strip()


def fold_letters(text: str) -> str:
    """Fold the spelling of capital letters; everything that is not a letter stays where it is.

    The text may hold one name or a million lines of them. Roman numerals after a word become digits first,
    because II would otherwise collapse into I and two dusun into one.
    """
    text = _NUMERAL.sub(lambda match: ROMAN.get(match[0], match[0]), text)
    if "DJ" in text or "TJ" in text:
        text = _OLD_WORD.sub(_modernise_word, text)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def collapse_doubled(text: str) -> str:
    """Write every doubled capital letter once; digits stay."""
    return _DOUBLED.sub(r"\1", text)


def fold_key(text: str) -> str:
    """Return the folded letters and digits of a name without spaces: KARANG ANYAR and KARANGANYAR meet."""
    # Again after joining, so that SUMBER REJO meets SUMBEREJO.
    return collapse_doubled(fold_letters(plain(text)).replace(" ", ""))


def _modernise_word(match: re.Match[str]) -> str:
    """Rewrite a word that holds dj or tj, and so is in the old spelling throughout.

    Only there does a bare j mean y, and nj mean ny: BANJAR and NGANJUK are modern words.
    """
    word = match[0].replace("DJ", "\0").replace("TJ", "C").replace("NJ", "NY").replace("SJ", "SY")
    return word.replace("J", "Y").replace("\0", "J")

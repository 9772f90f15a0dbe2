"""Knows how the dates of a life hang together: births, weddings, children, parents.

Pure functions of a source of chance and dates; no names, no numbers, no families.
"""

from __future__ import annotations

import random
from datetime import date, timedelta

from synthetic.biodata import Weighted

_YEAR = 365.2425
_MOTHER_AGE_MAX = 45

# Last year of birth of the mother → number of children she has in the end.
_CHILDREN = (
    (1954, Weighted({0: 3, 1: 8, 2: 17, 3: 24, 4: 22, 5: 14, 6: 8, 7: 4})),
    (1969, Weighted({0: 4, 1: 12, 2: 28, 3: 27, 4: 17, 5: 8, 6: 4})),
    (1984, Weighted({0: 4, 1: 17, 2: 43, 3: 26, 4: 8, 5: 2})),
    (9999, Weighted({0: 5, 1: 19, 2: 47, 3: 23, 4: 6})),
)
# Upper age → share of children who are still on their parents' card.
_AT_HOME = ((17, 0.97), (22, 0.82), (27, 0.5), (34, 0.2), (200, 0.07))
# Daughters marry earlier, and their husbands' families take them in more often than the reverse.
_DAUGHTER_AT_HOME = 0.72


def shift_years(day: date, years: float) -> date:
    """Return the day some years later, or earlier when negative, by the mean length of a year."""
    return day + timedelta(days=round(years * _YEAR))


def draw_birth(rng: random.Random, umur: int, acuan: date) -> date:
    """Return a birthday of somebody about that old on the reference date, never in its future."""
    return acuan - timedelta(days=round(umur * _YEAR) + 1 + rng.randrange(365))


def draw_wife_birth(rng: random.Random, husband_born: date, acuan: date) -> date:
    """Return the birthday of a wife: some years younger as a rule, at least 20 now."""
    gap = min(14.0, max(-4.0, rng.gauss(3.4, 3.2)))
    born = shift_years(husband_born, gap)
    # Never a fixed day: in a large village thousands would share it and its serials would run out.
    return born if born <= shift_years(acuan, -20.1) else shift_years(acuan, -rng.uniform(20.1, 23))


def draw_wedding(rng: random.Random, husband_born: date, wife_born: date, acuan: date) -> date:
    """Return a wedding day before the reference date.

    From late 2019 both must be 19 (UU 16/2019). The husband must be 21 and the wife 20 by now.
    """
    wedding = max(shift_years(wife_born, rng.triangular(17, 31, 21)), shift_years(husband_born, 20))
    if wedding >= date(2019, 10, 1):
        wedding = max(wedding, shift_years(wife_born, 19.1), shift_years(husband_born, 19.1))
    return wedding if wedding < acuan - timedelta(days=30) else acuan - timedelta(days=rng.randint(30, 240))


def draw_births(rng: random.Random, mother_born: date, wedding: date, acuan: date) -> list[date]:
    """Return the birthdays of a couple's children, oldest first; now and then twins."""
    count = next(counts for last_year, counts in _CHILDREN if mother_born.year <= last_year).draw(rng)
    births: list[date] = []
    born = wedding + timedelta(days=rng.randint(280, 1100))
    last = min(acuan - timedelta(days=1), shift_years(mother_born, _MOTHER_AGE_MAX))
    while len(births) < count and born <= last:
        births.append(born)
        if rng.random() > 0.008:
            born += timedelta(days=rng.randint(550, 2700))
    return births


def draw_parent_birth(rng: random.Random, child_born: date, is_mother: bool) -> date:
    """Return the birthday of a parent."""
    return shift_years(child_born, -(rng.triangular(18, 40, 25) if is_mother else rng.triangular(20, 46, 29)))


def is_at_home(rng: random.Random, umur: int, is_daughter: bool) -> bool:
    """Decide whether a child of that age is still on the card of its parents."""
    share = next(share for age, share in _AT_HOME if umur <= age)
    return rng.random() < (share * _DAUGHTER_AT_HOME if is_daughter and umur > 19 else share)

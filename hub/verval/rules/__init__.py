"""The rules of verval, one file per code (sync.md section 4); ``RULES`` is the one list of them."""

from hub.verval.rule import Rule
from hub.verval.rules import v1, v2, v3, v5, v6, v7, v8, v9, v10

RULES: tuple[Rule, ...] = (
    *v1.RULES, *v2.RULES, *v3.RULES, *v5.RULES, *v6.RULES, *v7.RULES, *v8.RULES, *v9.RULES, *v10.RULES,
)

"""Every rule that can say no has its own code and a whole sentence in both languages."""

from __future__ import annotations

import pytest

from services.intake import refusals
from shared.eventsourcing.errors import Rule

RULES = [value for value in vars(refusals).values() if isinstance(value, Rule)]


def test_codes_are_unique() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES) > 40


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_sentence_is_whole_in_both_languages(rule: Rule) -> None:
    assert rule.zh.endswith("。")
    assert rule.en.endswith(".")
    assert rule.code == rule.code.lower()
    assert "_" not in rule.code

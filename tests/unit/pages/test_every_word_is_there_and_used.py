"""One catalogue of words for all pages: nothing missing, nothing unused, both languages, and codes as the contracts name them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import pytest

from services.metrics import handover_bulletin, item_revision, names, revision
from services.metrics.contributions import GROUPS
from services.metrics.figures import BY_CODE
from services.notify.overview import Standing
from shared.contracts import approval, catalogue, intake, notify
from shared.contracts.registry import EVENT_MODELS
from shared.contracts.topics import Service

ROOT = Path(__file__).parents[3]
PARTS = ROOT / "shared" / "runtime" / "web"
FRAMED = [
    PARTS,
    ROOT / "services" / "intake" / "web",
    ROOT / "services" / "approval" / "web",
    ROOT / "services" / "metrics" / "web",
    ROOT / "services" / "notify" / "web",
]
"""Where pages on the shared parts live."""
_ENTRY = re.compile(r'^  "([\w.-]+)": \["(.*)", "(.*)"\],$')
_FACTS = [name.split(".")[2] for name in EVENT_MODELS if name.startswith("gov.intake.") and "history" not in name]
SECOND_NAMES = re.compile("一次告知|办完|事项去向|案件|案情|线上收件|回执号|办件号|自助机|网页|In hand")
"""What was said beside 一次性告知, 送达, 一件事, 办件, 不到场收件, 回执编号, 办件编号, 自助终端, 网上 and Delivered."""

FAMILIES: dict[str, Iterable[str]] = {
    "purpose": get_args(intake.Purpose),
    "outcome": get_args(intake.VisitOutcome),
    "cause": get_args(intake.Cause),
    "mycause": set(get_args(intake.Cause)) - {"normal"},
    "medium": get_args(intake.Medium),
    "method": get_args(intake.DeliveryMethod),
    "venue": get_args(catalogue.VenueKind),
    "over": get_args(intake.JourneyOutcome),
    "procedure": get_args(approval.ProcedureKind),
    "result": get_args(approval.ProcedureResult),
    "message": get_args(notify.Template),
    "by": get_args(notify.MessageChannel),
    "channel": get_args(notify.MessageChannel),
    "service": get_args(Service),
    "stands": get_args(Standing),
    "fact": _FACTS,
    "because": {*get_args(revision.Why), *get_args(item_revision.Why), *get_args(handover_bulletin.Passed)},
    "group": GROUPS,
    "amount": {measure for measures in GROUPS.values() for measure in measures},
}


def catalogue_lines() -> list[tuple[str, str, str]]:
    found = []
    for path in sorted((PARTS / "words").glob("*.js")):
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = _ENTRY.match(line)
            assert entry or not line.startswith("  "), f"{path.name}: {line}"
            if entry:
                found.append(entry.groups())
    return found  # type: ignore[return-value]


def scripts() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for folder in FRAMED for path in sorted(folder.glob("*.js")))


KEYS = {key for key, _, _ in catalogue_lines()}


def test_no_key_is_told_twice() -> None:
    assert len(KEYS) == len(catalogue_lines())


def test_every_word_speaks_both_languages_about_the_same_things() -> None:
    for key, zh, en in catalogue_lines():
        assert re.search("[\u4e00-\u9fff]", zh), key
        assert re.search("[A-Za-z]", en), key
        assert not re.search("[\u4e00-\u9fff]", en), key
        assert set(re.findall(r"\{(\w+)\}", zh)) == set(re.findall(r"\{(\w+)\}", en)), key


def test_no_word_is_missing() -> None:
    said = set(re.findall(r"""(?:say|frame)\(\s*"([\w.-]+)\"""", scripts()))
    either = {word for pair in re.findall(r'\? "([a-z]+\.[\w.-]+)" : "([a-z]+\.[\w.-]+)"', scripts()) for word in pair}

    assert sorted((said | either) - KEYS) == []


def test_no_word_is_unused() -> None:
    text = scripts()
    families = set(re.findall(r'(?:of|codes)\(\s*"(\w+)"', text))
    families |= set(re.findall(r'(?:choices|radio|ticks|question)\(.*"(\w+)"\)', text))
    beginnings = tuple(re.findall(r"[`\"]([a-z]+\.(?:[a-z]+\.)?)\$\{", text))

    def used(key: str) -> bool:
        return f'"{key}"' in text or key.split(".", maxsplit=1)[0] in families or key.startswith(beginnings)

    assert sorted(key for key in KEYS if not used(key)) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_names_exactly_the_codes_of_its_contract(family: str) -> None:
    named = [key.split(".", 1)[1] for key in KEYS if key.startswith(f"{family}.")]

    assert sorted(named) == sorted(FAMILIES[family])


def test_what_metrics_names_itself_is_called_as_on_its_pages() -> None:
    """Tables to take along and alerts have their words from the service, evidence beside them its own from here."""
    words = {key: (zh, en) for key, zh, en in catalogue_lines()}
    told = [(f"cause.{code}", pair["zh"], pair["en"]) for code, pair in names.CAUSES.items()]
    told += [(f"party.{code}", pair["zh"], pair["en"]) for code, pair in names.RESPONSIBLE.items()]
    ended = [reading for reading in BY_CODE["F0"].readings if f"over.{reading.code}" in words]
    told += [(f"over.{reading.code}", reading.name.zh, reading.name.en.capitalize()) for reading in ended]

    assert len(ended) == 3
    assert [line for line in told if words[line[0]] != line[1:]] == []


def test_nothing_is_called_by_a_second_name() -> None:
    spoken = [text for line in catalogue_lines() for text in line[1:]]
    spoken += [text for pair in (*names.CAUSES.values(), *names.CHANNELS.values()) for text in pair.values()]
    spoken += [text for figure in BY_CODE.values() for text in (figure.name.zh, figure.question.zh)]

    assert [text for text in spoken if SECOND_NAMES.search(text)] == []


def test_every_family_that_is_asked_for_exists() -> None:
    asked = set(re.findall(r'(?:\bof|codes)\(\s*"(\w+)"', scripts()))

    assert sorted(family for family in asked if not any(key.startswith(f"{family}.") for key in KEYS)) == []


def test_what_is_offered_as_a_choice_is_no_sentence_of_the_page() -> None:
    offered = set(re.findall(r'codes\("(\w+)"\)', scripts()))
    said = set(re.findall(r'say\("(\w+)\.', scripts()))

    assert len(offered) > 10
    assert sorted(offered & said) == []


def test_no_script_speaks_one_language_past_the_catalogue() -> None:
    quoted = re.findall(r"""(?:"[^"\n]*"|`[^`\n]*`)""", scripts())
    chinese = {text.strip('"`') for text in quoted if re.search("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", text)}

    assert chinese == {"中文", "、"}, "the name of the language, and what stands between the things of a list"


def test_scripts_cannot_write_markup() -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.style\b(?!\.setProperty\(`--)"

    assert re.findall(forbidden, scripts()) == []


def test_pages_hold_no_inline_script_or_style() -> None:
    pages = [path for folder in FRAMED for path in folder.glob("*.html")]
    assert len(pages) >= 5
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|https?://", text), path.name

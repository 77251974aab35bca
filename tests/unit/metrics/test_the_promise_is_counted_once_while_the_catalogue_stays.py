"""While the catalogue stays as it is, F1 is counted once for each day and each slice, and says what counting again would say."""

from __future__ import annotations

from collections.abc import Iterator
from weakref import ref

from hypothesis import given
from hypothesis import strategies as st

from services.metrics.catalogue import EVERY, CatalogueRow, Turn, Which, coverage
from services.metrics.shelf import DAYS_MAX, Stock
from tests.unit.metrics.test_the_promise_of_another_day_is_explained import DAY, WHICH, days, shelves, version

questions = st.lists(st.tuples(days, st.one_of(st.none(), days), st.sampled_from(WHICH)), max_size=30)


class Walked(list[CatalogueRow]):
    """Rows that count how often somebody goes through them."""

    walks = 0

    def __iter__(self) -> Iterator[CatalogueRow]:
        self.walks += 1
        return super().__iter__()


def walked() -> Walked:
    return Walked([CatalogueRow(f"item:{n}", (version(n, known=DAY, effective=DAY),)) for n in range(3)])


@given(shelves, questions)
def test_it_says_what_counting_again_would_say(shelf: list[list[Turn]], asked: list[tuple[int, int | None, Which]]) -> None:
    rows = [CatalogueRow(f"item:{n}", tuple(facts)) for n, facts in enumerate(shelf)]
    stock = Stock(rows)

    assert [stock.coverage(*one) for one in asked] == [coverage(rows, *one) for one in asked]


def test_the_facts_of_a_day_are_looked_through_once_whatever_is_asked_of_it() -> None:
    rows = walked()
    stock = Stock(rows)

    for which in WHICH:
        stock.coverage(DAY, None, which)

    assert rows.walks == 1


def test_a_slice_that_is_asked_for_again_is_not_counted_again() -> None:
    stock = Stock(walked())

    assert stock.coverage(DAY, None, EVERY) is stock.coverage(DAY, None, EVERY)


def test_a_day_as_it_was_known_on_another_is_a_question_of_its_own() -> None:
    stock = Stock([CatalogueRow("item:1", (version(1, known=DAY + 3, effective=DAY),))])

    assert [bool(stock.coverage(DAY, known, EVERY)) for known in (None, DAY + 2, DAY + 3)] == [True, False, True]


def test_so_many_days_are_kept_and_no_more() -> None:
    rows = walked()
    stock = Stock(rows)
    for day in range(DAY, DAY + DAYS_MAX + 1):
        stock.coverage(day, None, EVERY)

    stock.coverage(DAY + DAYS_MAX, None, Which("3301"))
    assert rows.walks == DAYS_MAX + 1
    stock.coverage(DAY, None, Which("3301"))
    assert rows.walks == DAYS_MAX + 2


def test_a_stock_that_is_replaced_lets_its_rows_go_at_once() -> None:
    rows = walked()
    gone, stock = ref(rows), Stock(rows)
    stock.coverage(DAY, None, EVERY)

    del rows, stock

    assert gone() is None

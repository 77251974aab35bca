"""Whoever types `./runonce demo` may look at once: pages are up while the history is still brought in."""

from __future__ import annotations

import urllib.request

import pytest

from tests.acceptance.conftest import Demo

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]


def test_pages_are_up_before_the_history_is_in(demo: Demo) -> None:
    with urllib.request.urlopen(demo.found.urls["metrics"] + "/", timeout=10) as page:
        assert page.status == 200
    assert "the history is in" not in (demo.data / "command.log").read_text()

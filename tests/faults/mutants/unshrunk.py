"""Loaded into pytest for a trial: properties draw the same examples every time and stop at the first that breaks a promise."""

from __future__ import annotations

from hypothesis import Phase, settings

settings.register_profile("unshrunk", derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile("unshrunk")

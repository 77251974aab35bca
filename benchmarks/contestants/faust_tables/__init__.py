"""Faust as its manual teaches it: an agent and two tables."""

"""Measurements of the whole, with the command that repeats them. Nothing here is asserted in a test."""

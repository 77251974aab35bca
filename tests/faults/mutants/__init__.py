"""Deliberate breakages of the product, one at a time in a copy of it, and the tests that must notice each.

`python -m tests.faults.mutants` breaks a copy of the sources by every mutant in turn and asks the tests that are named for it.
"""

"""Approval owns the accepted case: its clock, what stops or extends it, the cards, and the decision.

Writes `gov.approval.events.v1`; reads `gov.catalogue.events.v1`, `gov.intake.events.v1` and the departments' own topics.
"""

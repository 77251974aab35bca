"""Notify owes people a message for each cause, exactly one by template, recipient role and channel.

Writes `gov.notify.events.v1`; reads `gov.intake.events.v1` and `gov.approval.events.v1`. It asks intake for contact details
at the moment of use and stores none.
"""

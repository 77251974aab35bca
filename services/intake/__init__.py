"""Intake owns the catalogue, every journey with its visits, and a case up to its acceptance and after its decision.

It alone knows who people are: names, contacts and the key behind `subject_ref` stay in its own erasable tables. It
writes `gov.catalogue.events.v1` and `gov.intake.events.v1`, answers portals on `gov.portal.P.receipts.v1` and departments on
`gov.department.D.receipts.v1`, and reads `gov.approval.events.v1` and the partners' ingress topics.
"""

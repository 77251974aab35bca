"""Metrics counts what the other services record, and owns nothing else.

Reads every event topic and the watermarks; writes `gov.metrics.snapshots.v1`. One row per journey is folded from the
facts; figures are sums of what rows add, so a redelivered event counts nothing twice and every figure names its rows.
"""

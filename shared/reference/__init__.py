"""Law and geography that every service reads: working days, deadlines, thresholds, divisions, the run rule. Pure."""

"""What every service shares: the law, the dictionary, the pattern, and the doors."""

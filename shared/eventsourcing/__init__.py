"""The pattern, without I/O: deciders, the plan of what to append, timers, failures as values, and the ports that doors fill."""

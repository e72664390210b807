"""What the core costs, counted and not timed: the same on every machine, and on one that is busy (decision 0019)."""

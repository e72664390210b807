"""Faults put into the core one at a time, to see the property test catch each: `python -m tests.seeded`."""

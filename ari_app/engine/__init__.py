"""Turns the machine: one queue in, effects out to the rooms that carry them out."""

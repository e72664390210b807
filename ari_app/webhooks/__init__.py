"""Tells other software what happens: keeps each event until its receiver has taken it."""

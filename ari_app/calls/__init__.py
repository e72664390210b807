"""PURE. What a call is and how it changes; no clock, randomness, I/O or logging in this room."""

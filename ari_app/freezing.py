"""Freezes for the garbage collector what lasts: the directory and the records of all agents.

A full collection stops everything while it looks at every object there is: at 10,000 agents some tenths of a second,
in which nobody is notified of anything (S5).
"""

import gc


def freeze_for_gc() -> None:
    """All objects of now are taken to last. They still go when nothing refers to them any more."""
    gc.collect()  # or what is garbage already would stay
    gc.freeze()


def thaw_for_gc() -> None:
    """What lasted lasts no more: a leader's objects, once it leads no longer."""
    gc.unfreeze()

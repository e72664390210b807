"""Whose phone can ring: an agent whose phone can't is offered no call.

Phones are known by their SIP users, agents by their ids. A phone of nobody is the machine's to know, and no agent's.
"""

from collections.abc import Callable
from typing import Protocol

from ari_app.calls.stimuli import PhoneReachable, Stimulus
from ari_app.routing.directory import Directory


class Booked(Protocol):
    """Availability is to know that this agent's phone can ring, or why not (see `Bookings.reachable`)."""

    def __call__(self, agent: str, reachable: bool | None, *, in_use: bool) -> None:
        """Write it, in order with what else is to be known of the agent."""


class Reachability:
    """`feed` takes facts for the machine; `booked` what availability must know, once Asterisk's channels are known."""

    def __init__(self, directory: Callable[[], Directory], feed: Callable[[Stimulus], None], booked: Booked) -> None:
        self._directory = directory
        self._feed = feed
        self._booked = booked
        self._registered: dict[str, bool] = {}
        self._in_use: set[str] = set()
        self._reconciled = False

    def registered(self, user: str, can_ring: bool | None) -> None:
        """The phone is registered and answers, or not; None: this Asterisk cannot know."""
        if can_ring is None:
            self._forget(user)
            return
        self._registered[user] = can_ring
        self._feed(PhoneReachable(user, can_ring))
        self._report(user)

    def in_use(self, user: str, in_use: bool) -> None:
        """The phone has a call that is none of ours, or has it no longer."""
        if in_use:
            self._in_use.add(user)
        else:
            self._in_use.discard(user)
        self._report(user)

    def reconciled(self) -> None:
        """It is known what there is in Asterisk: only now can a phone be said to be free."""
        if not self._reconciled:
            self._reconciled = True
            self.report()

    def report(self) -> None:
        """Have availability know of every phone again: other agents may have them, or it has lost what it knew."""
        for user in self._registered:
            self._report(user)

    def gone(self) -> None:
        """There is no such Asterisk now: what it knew of phones counts no more, until it tells anew."""
        for user in list(self._registered):
            self._forget(user)
        self._in_use = set()

    def _forget(self, user: str) -> None:
        self._registered.pop(user, None)
        agent = self._directory().agent_of_phone(user)
        if agent is not None:
            self._booked(agent.id, None, in_use=False)

    def _report(self, user: str) -> None:
        registered = self._registered.get(user)
        agent = self._directory().agent_of_phone(user)
        if agent is None or registered is None or not self._reconciled:
            return
        in_use = registered and user in self._in_use
        self._booked(agent.id, registered and not in_use, in_use=in_use)

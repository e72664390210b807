"""Whether this controller leads its Asterisk, out of what the store answered and when: no clock, no I/O.

All times are in seconds of a clock that nobody sets. Why each rule is there: docs/decisions/0008-leases.md.
"""

from dataclasses import dataclass
from enum import StrEnum

from ari_app.store.leases import Lease, Renewal


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `lasts`: a lease that nobody renews; `renew` and `look`: pauses of a leader and of a standby; `within`:
    what the store may take for an answer; `late`: after which a lease that is not renewed makes others look whether its
    owner is dead; `rest`: of whoever lost the application to somebody who has no lease;
    `first`: for which an Asterisk that nobody ever led is left to controllers that lead none, as they are all started;
    `settles`: for which one that leads none has sought a lease before whoever leads several hands it over.
    """

    lasts: float = 1.2
    renew: float = 0.25
    look: float = 0.1
    within: float = 0.3
    late: float = 0.45
    rest: float = 10.0
    first: float = 5.0
    settles: float = 5.0

    @property
    def trusted(self) -> float:
        """How long a word holds: shorter than the lease by more than two machines' clocks drift apart meanwhile."""
        return self.lasts * 0.9


class Inquiry(StrEnum):
    """What the store is to do next."""

    LOOK = "look"
    SEEK = "seek"
    """Look, and say that it would have it, for it leads none."""
    TAKE = "take"
    RENEW = "renew"


class Leadership:
    """Do what `inquiry` says, and report what came of it; `number` is that of the lease, None for a standby."""

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.number: int | None = None
        self.highest = 0
        self._begun = float("-inf")  # when the last inquiry was begun that has come to an end
        self._last: Lease | None = None  # what was seen; None where nothing was, or too long ago
        self._looked = float("-inf")
        self._missing_since: float | None = None
        self._free = False
        self._free_since = 0.0
        self._rests_until = float("-inf")
        self._sought_since: float | None = None
        self._replaced_at = 0  # the number under which the application was lost

    def inquiry(self, now: float, *, leads_another: bool = False) -> Inquiry:
        """The next one. Who leads another Asterisk takes this one only when nobody else has taken it for some time."""
        if self.number is not None:
            return Inquiry.RENEW
        leaves = (self.timing.lasts if self.highest else self.timing.first) if leads_another else 0.0
        if now < self._rests_until:
            return Inquiry.LOOK
        if self._free and now - self._free_since >= leaves:
            return Inquiry.TAKE
        return Inquiry.LOOK if leads_another else Inquiry.SEEK

    def pause(self, now: float, *, leads_another: bool = False) -> float:
        """Seconds until the next inquiry. A lease that is free is taken at once."""
        match self.inquiry(now, leads_another=leads_another):
            case Inquiry.RENEW:
                return self.timing.renew
            case Inquiry.TAKE:
                return 0.0
            case Inquiry.LOOK | Inquiry.SEEK:
                return self.timing.look

    def may_act(self, now: float) -> bool:
        """Whether it leads, and has inquired so lately that it cannot have stood still while another took over.

        That the store did not answer is a word too: a leader goes on without it.
        """
        return self.number is not None and now - self._begun < self.timing.trusted

    def hands_over(self, now: float) -> bool:
        """Whether it is time to give the lease to somebody who leads none."""
        return self._sought_since is not None and now - self._sought_since >= self.timing.settles

    # -- what came of it ----------------------------------------------------------------------------------------------

    def looked(self, lease: Lease, now: float) -> None:
        """The answer to LOOK and SEEK."""
        before = self._last if now - self._looked < self.timing.lasts else None
        if before is None or before.number != lease.number:
            self._missing_since = None  # who leads may have renewed it between these two, and the store lost it since
        self._last, self._looked = lease, now
        # Emptied, or its last seconds are lost.
        forgot = lease.number < max(self.highest, 1)
        self.highest = max(self.highest, lease.number)
        if lease.number > self._replaced_at:
            self._rests_until = float("-inf")  # it was one of us who took the application
        was_free = self._free
        same = before is not None and before.number == lease.number
        ended = same and (self._free or (before is not None and before.owner != ""))
        if lease.owner:
            self._free, self._missing_since = False, None
        elif (lease.released or ended) and not forgot:
            self._free = True
        else:
            # It says nothing of who leads until that one has had time to renew: so it is when it was away.
            self._missing_since = now if self._missing_since is None else self._missing_since
            self._free = now - self._missing_since >= self.timing.lasts
        if self._free and not was_free:
            self._free_since = now

    def taken(self, number: int | None, begun: float) -> None:
        """The answer to TAKE."""
        self._free, self._last, self._missing_since, self._sought_since = False, None, None, None
        if number is not None:
            self.number, self._begun = number, begun
            self.highest = max(self.highest, number)

    def renewed(self, answer: Renewal, begun: float, *, spare: bool = False) -> None:
        """The answer to RENEW. `spare`: it leads others too, and would hand over this one first."""
        self._begun = begun
        if answer is Renewal.LOST:
            self.number = None
        if answer is not Renewal.SOUGHT or not spare:
            self._sought_since = None
        elif self._sought_since is None:
            self._sought_since = begun

    def unanswered(self, begun: float) -> None:
        """The store did not answer. A leader goes on; a standby has to watch anew, for it knows nothing any more."""
        self._begun = begun
        self._free, self._last, self._missing_since, self._sought_since = False, None, None, None

    def replaced(self, now: float) -> None:
        """Another has the application in Asterisk: whoever that is, this one commands nothing any more."""
        if self.number is not None:
            self._replaced_at, self.number, self._sought_since = self.number, None, None
            self._rests_until = now + self.timing.rest

    def resigned(self) -> None:
        """It was given up."""
        self.number = self._sought_since = None

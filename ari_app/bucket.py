"""A pace for whatever comes: pure."""


class Bucket:
    """So many a second, and after some time with fewer, some more at once. Whoever uses it says what time it is."""

    __slots__ = ("_at", "_most", "_rate", "left")

    def __init__(self, rate: float, most: float, now: float) -> None:
        self._rate = rate
        self._most = most
        self._at = now
        self.left = most

    def take(self, now: float) -> bool:
        """One more; False where there is none left."""
        self.left = min(self._most, self.left + max(0.0, now - self._at) * self._rate)
        self._at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def is_full(self, now: float) -> bool:
        """Whether it is as a new one would be: whoever has many may forget it."""
        return self.left + (now - self._at) * self._rate >= self._most

    def soonest(self) -> float:
        """Seconds from its last use until one is left."""
        return max(0.0, 1 - self.left) / self._rate

"""Which of an agent's two phones rings: the one on the desk, or the one in the page.

Calls know one phone of an agent, by its SIP user (`1001`). The phone in the page has an account of its own beside it
(`1001-page`), and here, at the edge, one stands for the other: what is rung is the chosen one, and what is reported of
either is reported of the agent's phone.
"""

from collections.abc import Callable, Mapping

PAGE = "-page"
"""What the account of a phone in the page ends with; no phone of the administrator's may."""


def page_of(user: str) -> str:
    """The account of the phone in the page."""
    return f"{user}{PAGE}"


def user_of(endpoint: str) -> str:
    """The SIP user by which calls know the agent's phone."""
    return endpoint.removesuffix(PAGE)


class Devices:
    """Tells `on_phone(user, can_ring)` and `on_phone_in_use(user, in_use)` of whichever phone is chosen, and
    `on_change(user)` that either has changed. `pages`: phones in pages are registered at this Asterisk; where they are
    not, it cannot know whether they are there (None).
    """

    def __init__(
        self,
        on_phone: Callable[[str, bool | None], None],
        on_phone_in_use: Callable[[str, bool], None],
        on_change: Callable[[str], None],
        *,
        pages: bool = True,
    ) -> None:
        self._pages = pages
        self._on_change = on_change
        self._on_phone = on_phone
        self._on_phone_in_use = on_phone_in_use
        self._in_page: set[str] = set()
        self._can_ring: dict[str, bool] = {}
        self._in_use: set[str] = set()

    def restore(self, chosen: Mapping[str, str]) -> None:
        """Take over what was chosen before: by SIP user, `desk` or `page`."""
        self._in_page = {user for user, device in chosen.items() if device == "page"}

    def chosen(self) -> dict[str, str]:
        """Whose phone in the page rings, as `restore` takes it: all others' is the one on the desk."""
        return dict.fromkeys(sorted(self._in_page), "page")

    def device(self, user: str) -> str:
        """`desk` or `page`."""
        return "page" if user in self._in_page else "desk"

    def endpoint(self, user: str) -> str:
        """What is dialled to ring the chosen phone."""
        return page_of(user) if user in self._in_page else user

    def can_ring(self, endpoint: str) -> bool | None:
        """Whether this phone is there; None where that is not known. A phone in the page of which nothing was reported
        has never been there.
        """
        return self._can_ring.get(endpoint, False if endpoint.endswith(PAGE) else None)

    def in_use(self, endpoint: str) -> bool:
        """Whether it is in a call of which call control knows nothing."""
        return endpoint in self._in_use

    def choose(self, user: str, device: str) -> None:
        """From now on this one rings; calls that are up stay where they are."""
        if device == self.device(user):
            return
        if device == "page":
            self._in_page.add(user)
        else:
            self._in_page.discard(user)
        if device == "page" and not self._pages:
            self._on_phone(user, None)
        elif (can_ring := self.can_ring(self.endpoint(user))) is not None:
            self._on_phone(user, can_ring)

    def update(self, endpoint: str, can_ring: bool) -> None:
        """Asterisk tells whether this phone can be rung."""
        self._can_ring[endpoint] = can_ring
        user = user_of(endpoint)
        if endpoint == self.endpoint(user):
            self._on_phone(user, can_ring)
        self._on_change(user)

    def update_in_use(self, endpoint: str, in_use: bool) -> None:
        """Whether it is in a call past call control: whoever talks at one phone is not rung at the other."""
        if in_use:
            self._in_use.add(endpoint)
        else:
            self._in_use.discard(endpoint)
        user = user_of(endpoint)
        self._on_phone_in_use(user, bool(self._in_use & {user, page_of(user)}))
        self._on_change(user)

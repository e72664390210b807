"""What walks through the guide begin with: Alice uses the page, has a phone on the desk, and talks to a caller."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bots import Contact
from tests.e2e.browser import DeskPage, Interaction
from tests.e2e.office import CALLER_NAME, Agent

BOB, CAROL, DAVE = "Bob Lefèvre", "Carol Nguyen", "Dave Müller"


@dataclass
class Talk:
    """Alice, at the page, talks to a caller."""

    page: DeskPage
    alice: Agent
    caller: Contact

    @property
    def call(self) -> Interaction:
        """With the caller."""
        return self.page.call(CALLER_NAME)

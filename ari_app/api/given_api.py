"""What supervisors give agents from day to day, in place of what the file says: groups and skills."""

import time
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Literal

from ari_app.api.models.given import GivenRow, GivenRows, Listed, NewGroups, NewSkills
from ari_app.api.port import Control
from ari_app.api.routes import Access, Exchange, Route
from ari_app.calls.views import timestamp
from ari_app.errors import Code, FieldError, Refused
from ari_app.routing.directory import Agent
from ari_app.routing.given import Given

type Kind = Literal["groups", "skills"]


class GivenApi:
    """Operations of supervisors and admins."""

    def __init__(self, control: Control, clock: Callable[[], float] = time.time) -> None:
        self._control = control
        self._clock = clock

    async def rows(self, exchange: Exchange) -> GivenRows:
        """Everybody."""
        return GivenRows(agents=[self._row(agent) for _, agent in sorted(self._control.listed().agents.items())])

    async def set_groups(self, exchange: Exchange) -> GivenRow:
        """Raises: Refused `not_found`, `invalid`; StoreUnavailable."""
        agent = self._agent(exchange)
        body: NewGroups = exchange.body
        self._check("groups", body.groups, self._control.listed().groups)
        groups = tuple(dict.fromkeys(body.groups))
        gift = replace(self._given(agent), groups=groups, over_groups=agent.groups)
        return await self._give(exchange, agent, gift)

    async def set_skills(self, exchange: Exchange) -> GivenRow:
        """Raises: Refused `not_found`, `invalid`; StoreUnavailable."""
        agent = self._agent(exchange)
        body: NewSkills = exchange.body
        self._check("skills", body.skills, self._control.listed().skills)
        gift = replace(self._given(agent), skills=dict(body.skills), over_skills=dict(agent.skills))
        return await self._give(exchange, agent, gift)

    async def take_groups(self, exchange: Exchange) -> GivenRow:
        """Raises: Refused `not_found`; StoreUnavailable."""
        agent = self._agent(exchange)
        return await self._give(exchange, agent, replace(self._given(agent), groups=None, over_groups=()))

    async def take_skills(self, exchange: Exchange) -> GivenRow:
        """Raises: Refused `not_found`; StoreUnavailable."""
        agent = self._agent(exchange)
        return await self._give(exchange, agent, replace(self._given(agent), skills=None, over_skills={}))

    async def _give(self, exchange: Exchange, agent: Agent, gift: Given) -> GivenRow:
        before = self._row(agent)
        await self._control.give(agent.id, replace(gift, by=exchange.session.agent.id, at=self._clock()))
        after = self._row(agent)
        exchange.note({"before": _in_words(before), "after": _in_words(after)})
        return after

    def _agent(self, exchange: Exchange) -> Agent:
        """As the file has them."""
        agent = self._control.listed().agents.get(exchange.path["agent"])
        if agent is None:
            raise Refused(Code.NOT_FOUND, "there is no such agent")
        return agent

    def _given(self, agent: Agent) -> Given:
        return self._control.given().get(agent.id, Given())

    def _check(self, kind: Kind, named: Collection[str], listed: Collection[str]) -> None:
        unknown = sorted(set(named) - set(listed))
        if unknown:
            problem = FieldError(kind, f"{unknown[0][:64]!r} is not one of the {kind} of this call centre")
            raise Refused(Code.INVALID, f"the {kind} are not valid", (problem,))

    def _row(self, agent: Agent) -> GivenRow:
        now, gift = self._control.directory().agents.get(agent.id, agent), self._given(agent)
        by_kind: dict[Kind, object] = {"groups": gift.groups, "skills": gift.skills}
        given = [kind for kind, value in by_kind.items() if value is not None]
        return GivenRow(
            agent=agent.id,
            name=agent.name,
            groups=list(now.groups),
            skills=dict(now.skills),
            given=given,
            given_by=gift.by if given else None,
            given_at=timestamp(gift.at) if given else None,
            file=Listed(groups=list(agent.groups), skills=dict(agent.skills)),
        )

    def routes(self) -> list[Route]:
        """The operations of this class."""
        refused = (Code.NOT_FOUND, Code.INVALID, Code.STORE_UNAVAILABLE)
        taken = (Code.NOT_FOUND, Code.STORE_UNAVAILABLE)
        at = "/v1/admin/agents/{agent}"
        return [
            Route(
                "GET", "/v1/admin/agents", "list_given", "Groups and skills, now and in the file", "supervision",
                self.rows, GivenRows, access=Access.OVERSEER,
            ),
            Route(
                "PUT", f"{at}/groups", "set_groups", "Give an agent other groups than the file does", "supervision",
                self.set_groups, GivenRow, request=NewGroups, codes=refused, access=Access.OVERSEER, audit=(),
            ),
            Route(
                "DELETE", f"{at}/groups", "take_groups", "Give an agent the groups of the file again", "supervision",
                self.take_groups, GivenRow, codes=taken, access=Access.OVERSEER, audit=(),
            ),
            Route(
                "PUT", f"{at}/skills", "set_skills", "Give an agent other skills than the file does", "supervision",
                self.set_skills, GivenRow, request=NewSkills, codes=refused, access=Access.OVERSEER, audit=(),
            ),
            Route(
                "DELETE", f"{at}/skills", "take_skills", "Give an agent the skills of the file again", "supervision",
                self.take_skills, GivenRow, codes=taken, access=Access.OVERSEER, audit=(),
            ),
        ]  # fmt: skip


def _in_words(row: GivenRow) -> str:
    skills = ", ".join(f"{skill} {level}" for skill, level in row.skills.items())
    return f"groups: {', '.join(row.groups)}; skills: {skills}"

"""Bodies about what agents are given from day to day: their groups and skills."""

from typing import Annotated, Literal

from pydantic import Field

from ari_app.api.models.common import Answer, Request, Timestamp

type Level = Annotated[int, Field(ge=1, le=999)]


class NewGroups(Request):
    """All groups that they are a member of from now on."""

    groups: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=1000)]


class NewSkills(Request):
    """All skills that they have from now on, each with its level."""

    skills: Annotated[dict[str, Level], Field(max_length=1000)]


class Listed(Answer):
    """What the administrator's file says."""

    groups: list[str]
    skills: dict[str, int]


class GivenRow(Answer):
    """An agent's groups and skills as they are now, and what of it was given in place of what the file says."""

    agent: str
    name: str
    groups: list[str]
    skills: dict[str, int]
    given: list[Literal["groups", "skills"]]
    given_by: str | None
    given_at: Timestamp | None
    file: Listed


class GivenRows(Answer):
    """Everybody whom the configuration lists, by id."""

    agents: list[GivenRow]

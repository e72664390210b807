"""What travels of sessions and passwords; login and logout are in `agents`."""

from typing import Annotated

from pydantic import Field

from ari_app.api.models.common import Answer, Request

type PasswordText = Annotated[str, Field(min_length=1, max_length=1024, json_schema_extra={"format": "password"})]
type NewPasswordText = Annotated[str, Field(min_length=8, max_length=1024, json_schema_extra={"format": "password"})]


class NewPassword(Request):
    """The password that is right now, and the one that is to be: 8 characters at least."""

    current_password: PasswordText
    new_password: NewPasswordText


class SessionsEnded(Answer):
    """How many sessions of this agent were ended."""

    agent: str
    ended: int

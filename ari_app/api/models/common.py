"""What all bodies have in common: requests are strict, and nothing unknown is taken."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Request(BaseModel):
    """A body that a client sends: a misspelt field is refused, and no value is shown in an error."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Answer(BaseModel):
    """A body that we send."""

    model_config = ConfigDict(frozen=True)


type Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-01-02T03:04:05.678Z"])]
type TargetText = Annotated[
    str, Field(min_length=1, max_length=100, description="`agent:alice`, `skill:french>=3`, …", examples=["agent:bob"])
]
type CallerIdName = Annotated[str, Field(min_length=1, max_length=64, description="An id out of `GET /v1/me`'s list")]
type PartyName = Annotated[str, Field(min_length=1, max_length=128, description="The party of an agent in the call")]
# In a query `true` and `false`, and nothing that merely looks like it.
Flag = Annotated[bool, BeforeValidator(lambda text: {"true": True, "false": False}.get(text, text))]
type Device = Literal["desk", "page"]

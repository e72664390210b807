"""What travels of logging in by an issuer of OpenID Connect."""

from typing import Annotated

from pydantic import Field

from ari_app.api.models.common import Answer, Request

type OneTime = Annotated[str, Field(min_length=1, max_length=4096)]


class IssuerShown(Answer):
    """What stands on the button, and where it leads."""

    name: str
    path: str


class LoginWays(Answer):
    """How agents may log in here. Without `oidc` there is no issuer."""

    passwords: bool
    oidc: IssuerShown | None


class FromIssuer(Request):
    """What the issuer sent the browser back with: a `code`, or an `error` in its place."""

    state: Annotated[str, Field(min_length=1, max_length=200)]
    code: OneTime | None = None
    error: Annotated[str, Field(max_length=200)] | None = None
    iss: Annotated[str, Field(max_length=1000)] | None = None


class IssuerLeft(Answer):
    """Where to send the browser once it is logged out here; null where there is nothing to be logged out of."""

    url: str | None


class CallbackQuery(Request):
    """What the issuer sends the browser back with; it goes on to the page as it is."""

    state: Annotated[str, Field(max_length=200, description="Of the login that was begun here")] | None = None
    code: Annotated[str, Field(max_length=4096, description="What the issuer's tokens are given for, once")] | None = (
        None
    )
    error: Annotated[str, Field(max_length=200, description="Why there is no code")] | None = None
    iss: Annotated[str, Field(max_length=1000, description="The issuer (RFC 9207)")] | None = None

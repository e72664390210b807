"""An issuer that says whatever a test wants it to, also what no real one would: that is in tests/e2e."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

from ari_app.routing.login import Oidc
from tests.unit.api.fakes import DEMO, Answer, World

ADDRESS = "127.0.79.2"
DESK = "http://127.0.0.1:8080"
"""Where browsers reach the page."""
KEYS = [RSAKey.generate_key(2048, {"kid": f"key-{number}", "use": "sig"}) for number in range(2)]


@dataclass
class Issuer:
    """`claims` are put over those of a right token, None takes one away; `answers` over what a path is answered."""

    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    key: int = 0
    published: int = 1
    requested: list[str] = field(default_factory=list)
    forms: list[Mapping[str, str]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    nonce: str = ""

    async def start(self) -> "Issuer":
        self._runner = web.ServerRunner(web.Server(self._answer), handle_signals=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, ADDRESS, 0).start()
        self.url = f"http://{ADDRESS}:{self._runner.addresses[0][1]}"
        return self

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requested.append(request.path)
        if request.path in self.answers:
            given = self.answers[request.path]
            return given if isinstance(given, web.Response) else web.json_response(given)
        match request.path:
            case "/.well-known/openid-configuration":
                return web.json_response(self.description())
            case "/keys":
                return web.json_response({"keys": [key.as_dict(private=False) for key in KEYS[: self.published]]})
            case "/token":
                form = parse_qs(await request.text())
                self.forms.append({name: values[0] for name, values in form.items()})
                self.headers.append(request.headers.copy())
                return web.json_response({"id_token": self.token(), "access_token": "access", "token_type": "Bearer"})
            case "/me":
                return web.json_response(self.userinfo)
        return web.Response(status=404)

    def description(self) -> dict[str, Any]:
        """What it publishes of itself."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/me",
        }

    def token(self) -> str:
        """An ID token."""
        claims = {
            "iss": self.url, "sub": "4711", "aud": "callcontrol", "exp": self.now + 300, "iat": self.now,
            "nonce": self.nonce, "preferred_username": "alice", **self.claims,
        }  # fmt: skip
        said = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": f"key-{self.key}"}, said, KEYS[self.key], algorithms=["RS256"])

    now: float = 0.0


@dataclass
class Browser:
    """Somebody who logs in: it keeps its cookie, and follows nobody."""

    world: World
    issuer: Issuer
    cookie: str = ""
    state: str = ""
    question: Mapping[str, str] = field(default_factory=dict)

    async def begins(self, **headers: str) -> Answer:
        """Up to the issuer's door."""
        answer = await self.world.ask("GET", "/v1/login/oidc", allow_redirects=False, headers=headers)
        if answer.status == 303 and "Set-Cookie" in answer.headers:
            self.cookie = answer.headers["Set-Cookie"].split(";")[0]
            requested = parse_qs(urlsplit(answer.headers["Location"]).query)
            self.question = {name: values[0] for name, values in requested.items()}
            self.state, self.issuer.nonce = self.question["state"], self.question["nonce"]
            self.issuer.now = self.world.now
        return answer

    async def finishes(self, **body: Any) -> Answer:
        """With what the issuer has sent it back with."""
        said = {"state": self.state, "code": "a code", **body}
        headers = {"Cookie": self.cookie} if self.cookie else {}
        return await self.world.ask("POST", "/v1/login/oidc", json=said, headers=headers)


def configure(world: World, its: Issuer, **changed: Any) -> None:
    """The administrator's file names this issuer."""
    oidc = replace(Oidc(its.url, "callcontrol", DESK, name="Acme"), **changed)
    settings = replace(DEMO.directory.settings, oidc=oidc)
    world.control.now_directory = replace(DEMO.directory, settings=settings)


def outcomes(world: World) -> Mapping[str, float]:
    """How often logins came to what."""
    metrics = world.metrics.oidc_logins.collect()
    samples = [sample for metric in metrics for sample in metric.samples if sample.name.endswith("_total")]
    return {sample.labels["outcome"]: sample.value for sample in samples}

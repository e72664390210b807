"""Calls in Zammad's caller log: webhooks in, Zammad's generic CTI out (Admin, Integrations, CTI (generic)).

    python -m ari_app.client.examples.zammad --zammad-file /run/secrets/zammad_address \\
        --secret-file /run/secrets/zammad_webhook --listen 127.0.0.1:9001

A webhook is answered when Zammad has taken what it came to: until then it comes again.
"""

import argparse
import asyncio
import sys
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import aiohttp
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

LONGEST = 128 * 1024
REMEMBERED = 10_000
"""Calls whose stage is known; of one that is not, each stage is reported as it is found."""
WITHIN = aiohttp.ClientTimeout(total=8.0)
"""Less than a webhook waits for its answer."""

type Stage = Literal["begun", "answered"]
type Fields = list[tuple[str, str]]

_CAUSES: Mapping[str, str] = {
    "abandoned": "cancel",
    "cancelled": "cancel",
    "busy": "busy",
    "declined": "noAnswer",
    "no_answer": "noAnswer",
    "unavailable": "congestion",
    "lost": "congestion",
    "fault": "congestion",
}


def digits(number: str) -> str:
    """As Zammad compares numbers: without `+`."""
    return number.removeprefix("+")


def reported(kind: str, call: Mapping[str, Any], stage: Stage | None) -> tuple[list[Fields], Stage | None]:
    """What Zammad is sent of a call, by what it was sent before; and what it has then. Pure.

    Calls between agents, and consultations, are no business of the help desk's.
    """
    if call["type"] not in ("inbound", "outbound"):
        return [], stage
    posts = []
    if stage is None and kind == "call.created":
        posts.append(_fields("newCall", call, queue=call["queue"]))
        stage = "begun"
    answered = call["answered_at"] is not None
    if answered and stage != "answered" and kind != "call.ended":
        posts.append(_fields("answer", call, answeringNumber=_who_answered(call)))
        stage = "answered"
    if kind == "call.ended":
        cause = "normalClearing" if answered else _CAUSES.get(call["end_reason"] or "", "normalClearing")
        posts.append(_fields("hangup", call, cause=cause, answeringNumber=_who_answered(call) if answered else None))
    return posts, stage


def _fields(event: str, call: Mapping[str, Any], **more: str | None) -> Fields:
    outside = next((p for p in call["parties"] if p["role"] == "contact"), None)
    them = "anonymous" if outside is None or outside["anonymous"] else digits(outside["number"])
    ours = _ours(call)
    caller, called = (them, ours) if call["type"] == "inbound" else (ours, them)
    fields = [
        ("event", event),
        ("from", caller),
        ("to", called),
        ("direction", "in" if call["type"] == "inbound" else "out"),
        ("callId", call["id"]),
    ]
    fields += [("user[]", p["name"]) for p in _agents(call)]
    return fields + [(name, value) for name, value in more.items() if value]


def _ours(call: Mapping[str, Any]) -> str:
    """What was dialled by whoever calls in; else the number of the agent who calls."""
    if call["type"] == "inbound" and call["dialled"]:
        return digits(call["dialled"])
    return next((digits(p["number"]) for p in _agents(call)), "")


def _agents(call: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    here = [p for p in call["parties"] if p["role"] == "agent" and p["state"] != "left"]
    return here or [p for p in call["parties"] if p["role"] == "agent"]


def _who_answered(call: Mapping[str, Any]) -> str | None:
    """The agent's id, which Zammad compares with the logins of its users."""
    return next((p["agent"] for p in _agents(call) if p["joined_at"] is not None), None)


class Adapter:
    """Takes webhooks signed with `secret`, and posts to `zammad`, the address of its CTI with the token."""

    def __init__(self, zammad: str, secret: str, session: aiohttp.ClientSession) -> None:
        self._zammad = zammad
        self._webhook = Webhook(secret)
        self._session = session
        self._stages: OrderedDict[str, Stage] = OrderedDict()

    async def handle(self, request: web.Request) -> web.Response:
        """One webhook: 204 where Zammad has taken it, 502 where it has not, 400 where nobody we know has signed it."""
        body = await request.read()
        try:
            event: Any = self._webhook.verify(body.decode(), dict(request.headers))
        except (WebhookVerificationError, ValueError):
            return web.Response(status=400, text="not signed as it must be")
        if event["type"] in ("call.created", "call.updated", "call.ended"):
            try:
                await self._report(event["type"], event["data"]["call"])
            except (aiohttp.ClientError, TimeoutError) as error:
                why = str(error.status) if isinstance(error, aiohttp.ClientResponseError) else type(error).__name__
                return web.Response(status=502, text=f"Zammad has not taken it: {why}")  # its address has the token
        return web.Response(status=204)

    async def _report(self, kind: str, call: Mapping[str, Any]) -> None:
        posts, stage = reported(kind, call, self._stages.get(call["id"]))
        for fields in posts:
            async with self._session.post(
                self._zammad, data=aiohttp.FormData(fields), timeout=WITHIN, allow_redirects=False
            ) as response:
                response.raise_for_status()
        self._stages.pop(call["id"], None)
        if stage is not None and kind != "call.ended":
            self._stages[call["id"]] = stage
        while len(self._stages) > REMEMBERED:
            self._stages.popitem(last=False)


def application(zammad: str, secret: str) -> web.Application:
    """The adapter as an application of aiohttp, which takes webhooks at `/`."""
    app = web.Application(client_max_size=LONGEST)

    async def begin(app: web.Application) -> Any:
        async with aiohttp.ClientSession() as session:
            app.router.add_post("/", Adapter(zammad, secret, session).handle)
            yield

    app.cleanup_ctx.append(begin)
    return app


def main(arguments: Sequence[str]) -> int:
    """Serve until it is interrupted."""
    parser = argparse.ArgumentParser(prog="zammad", description=(__doc__ or "").partition("\n")[0])
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--zammad-file", type=Path, help="holds the address of its generic CTI, with the token")
    where.add_argument("--zammad", help="the address itself: everybody on the machine sees it in a list of processes")
    parser.add_argument("--secret-file", required=True, type=Path, help="holds the secret of the webhook")
    parser.add_argument("--listen", default="127.0.0.1:9001", help="address and port")
    given = parser.parse_args(arguments)
    host, _, port = given.listen.rpartition(":")
    secret = given.secret_file.read_text("utf-8").strip()
    zammad = given.zammad or given.zammad_file.read_text("utf-8").strip()
    web.run_app(application(zammad, secret), host=host, port=int(port), loop=asyncio.new_event_loop())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

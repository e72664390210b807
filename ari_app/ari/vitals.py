"""How Asterisk is: its version, its clock, what runs in it and which applications it knows. Plain requests alone, so
that it says as much as it can where modules are missing.
"""

import time
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ari_app.ari.failures import Unreachable
from ari_app.ari.http import HttpClient


@dataclass(frozen=True, slots=True)
class Vitals:
    """`version` such as `22.10.1`; `ahead` are the seconds by which its clock is ahead of ours; `modules` those that
    run; `applications` those that somebody has registered."""

    version: str
    ahead: float = 0.0
    modules: frozenset[str] = frozenset()
    applications: frozenset[str] = frozenset()


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _System(_Answer):
    version: str


class _Info(_Answer):
    system: _System


class _Ping(_Answer):
    timestamp: datetime


class _Named(_Answer):
    name: str
    status: str = "Running"


_LIST = TypeAdapter(list[_Named])


async def vitals(url: str, user: str, password: str) -> Vitals:
    """Ask the Asterisk whose HTTP server is at `url`.

    Raises:
        AriError: it is not reached, or refuses; with status 401, that user or password.
    """
    http, base = HttpClient(user, password), f"{url.rstrip('/')}/ari"
    try:
        info = _Info.model_validate_json((await http.request("GET", f"{base}/asterisk/info")).body)
        began, sent = time.perf_counter(), time.time()
        ping = _Ping.model_validate_json((await http.request("GET", f"{base}/asterisk/ping")).body)
        half = (time.perf_counter() - began) / 2
        modules = _LIST.validate_json((await http.request("GET", f"{base}/asterisk/modules")).body)
        applications = _LIST.validate_json((await http.request("GET", f"{base}/applications")).body)
    except ValidationError as error:
        raise Unreachable("what answers there is no Asterisk") from error
    finally:
        await http.close()
    return Vitals(
        version=info.system.version.partition("+")[0],
        ahead=ping.timestamp.timestamp() - sent - half,
        modules=frozenset(module.name for module in modules if module.status == "Running"),
        applications=frozenset(application.name for application in applications),
    )

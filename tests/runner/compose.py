"""The services of a compose file, as the Docker SDK wants them: nothing else describes a call centre, or a cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from docker.types import LogConfig

FILE = Path(__file__).parents[2] / "docker" / "compose.yaml"
CLUSTER = FILE.parent / "cluster" / "compose.yaml"

_VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::-([^}]*))?\}")
_SECOND = 1_000_000_000  # Docker counts in nanoseconds
# What Docker has by the same name.
_AS_IT_IS = (
    *("image", "network_mode", "user", "entrypoint", "command", "environment"),
    *("cap_drop", "security_opt", "read_only", "pids_limit", "mem_limit"),
)
# How images are made, who wants which service, how long `stop` waits: no matter of starting one.
_NO_MATTER = frozenset({"build", "profiles", "stop_grace_period"})

type Options = dict[str, Any]


def service(name: str, settings: Mapping[str, str], text: str | None = None) -> Options:
    """The arguments of the SDK's `containers.create` for a service, with `settings` for the file's variables.

    Raises ValueError where the file says of it what is not known here, so that nothing of it is left out in silence.
    """
    document = yaml.safe_load(FILE.read_text() if text is None else text)
    said = _filled(document["services"][name], settings)
    options: Options = {field: said.pop(field) for field in _AS_IT_IS if field in said}
    for field, value in said.items():
        match field:
            case "container_name":
                options["name"] = value
            case "restart":
                options["restart_policy"] = {"Name": value}
            case "logging":
                options["log_config"] = LogConfig(type=value["driver"], config=value["options"])
            case "volumes":
                options.setdefault("volumes", []).extend(_volume(x, settings["COMPOSE_PROJECT_NAME"]) for x in value)
            case "secrets":
                files = (_filled(document["secrets"][secret]["file"], settings) for secret in value)
                mounted = [f"{file}:/run/secrets/{secret}:ro" for secret, file in zip(value, files, strict=True)]
                options.setdefault("volumes", []).extend(mounted)
            case "tmpfs":
                options["tmpfs"] = dict(place.split(":", 1) for place in value)
            case "healthcheck":
                options["healthcheck"] = {key: _nanoseconds(part) for key, part in value.items()}
            case _ if field not in _NO_MATTER:
                raise ValueError(f"compose.yaml: {name} has {field}, unknown to tests/runner/compose.py")
    return options


def named_volumes(options: Options) -> list[str]:
    """The volumes among what is mounted; the rest are directories of the host."""
    sources = (volume.split(":")[0] for volume in options.get("volumes", []))
    return [source for source in sources if not source.startswith("/")]


def _filled(value: Any, settings: Mapping[str, str]) -> Any:
    """All variables in it, `${NAME:-default}`, replaced by what they stand for."""
    match value:
        case str():
            return _VARIABLE.sub(lambda found: settings.get(found[1]) or found[2] or "", value)
        case list():
            return [_filled(each, settings) for each in value]
        case dict():
            return {key: _filled(each, settings) for key, each in value.items()}
    return value


def _volume(volume: str, project: str) -> str:
    """Volumes that are no directories belong to the project, as compose has it."""
    if volume.startswith("."):
        raise ValueError(f"compose.yaml: {volume} is no path of the host: set what it stands for")
    return volume if volume.startswith("/") else f"{project}_{volume}"


def _nanoseconds(part: Any) -> Any:
    return int(part.removesuffix("s")) * _SECOND if isinstance(part, str) else part

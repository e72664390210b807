"""The machine on the network, as whoever operates it has it; and what of it a stranger reaches."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from ari_app.config.credentials import hash_password
from tests.support.certificates import make_authority, make_certificate
from tests.support.documents import ROOT

_WITHIN = 280
API, SIP, SIP_TLS = 8080, 5060, 5061
PASSWORD = "of-this-network-alone"
FIGURES = "127.0.0.1:9464"


@dataclass(frozen=True)
class Machine:
    """`address`: its own; `stranger`: that of whoever asks, on the same network; `files`: at one path in both."""

    project: str
    address: str
    stranger: str
    files: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Machine:
        """As the runner says."""
        files = Path(environment["CC_MACHINE_FILES"])
        return cls(environment["CC_COMPOSE_PROJECT"], environment["CC_MACHINE"], environment["CC_STRANGER"], files)

    @property
    def repository(self) -> Path:
        """A working copy of its own, for secrets are made in it."""
        return self.files / "repository"

    @property
    def configuration(self) -> Path:
        """The administrator's files."""
        return self.files / "callcentre"

    @property
    def authority(self) -> Path:
        """The certificate by which people on the network check others."""
        return self.files / "authority.pem"

    @property
    def api(self) -> str:
        """Where the API is."""
        return f"https://{self.address}:{API}"

    def unpack(self) -> None:
        """What somebody has who has read docs/operations.md up to *On a network*, and changed nothing yet."""
        for of, to in ((ROOT, self.repository), (ROOT / "asterisk", self.configuration)):
            shutil.copytree(of, to, ignore=shutil.ignore_patterns("__pycache__", "reports"))

    async def certify(self) -> None:
        """A certificate for the address, of an authority of the network's own."""
        await make_authority(self.files)
        certificate, key = await make_certificate(self.files, self.address)
        self.say(TLS_CERTIFICATE=str(certificate), TLS_KEY=str(key))

    def say(self, **settings: str) -> None:
        """Into docker/.env.local."""
        with (self.repository / "docker" / ".env.local").open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in settings.items())

    def hash_passwords(self) -> None:
        """Everybody gets the same new one, as a hash."""
        file = self.configuration / "callcentre.yaml"
        file.write_text(re.sub(r"password: \S+-demo", f"password_hash: {hash_password(PASSWORD)}", file.read_text()))

    def secret(self, phone: str) -> str:
        """That of a phone, as it stands in pjsip.conf now."""
        found = re.search(rf"^username = {phone}\npassword = (\S+)$", self.pjsip.read_text(), re.MULTILINE)
        assert found is not None, f"pjsip.conf has no secret of {phone}"
        return found[1]

    @property
    def pjsip(self) -> Path:
        """Where phones' secrets are."""
        return self.configuration / "pjsip.conf"

    async def run(self, *command: str, part: str = "machine") -> tuple[int, str]:
        """The exit status of a command on the machine, or in a part of the call centre, and all that it printed."""

        def run() -> tuple[int, str]:
            client: Any = docker.from_env(timeout=_WITHIN)
            try:
                container = client.containers.get(f"{self.project}-{part}")
                done = container.exec_run(list(command), environment=self._surroundings if part == "machine" else None)
                return int(done.exit_code), done.output.decode()
            finally:
                client.close()

        return await asyncio.to_thread(run)

    async def said_by(self, part: str) -> str:
        """The log of a part of the call centre."""

        def read() -> str:
            client: Any = docker.from_env(timeout=_WITHIN)
            try:
                return str(client.containers.get(f"{self.project}-{part}").logs().decode())
            finally:
                client.close()

        return await asyncio.to_thread(read)

    async def up(self) -> tuple[int, str]:
        """`docker/up --network`."""
        return await self.run(f"{self.repository}/docker/up", "--network", self.address, "--no-demo")

    async def parts(self) -> set[str]:
        """The names of all containers of the call centre that run."""

        def names() -> set[str]:
            client: Any = docker.from_env(timeout=_WITHIN)
            try:
                label = f"com.docker.compose.project={self.project}"
                return {str(each.name) for each in client.containers.list(filters={"label": label})}
            finally:
                client.close()

        return await asyncio.to_thread(names)

    @property
    def _surroundings(self) -> dict[str, str]:
        return {
            "COMPOSE_PROJECT_NAME": self.project,
            "ASTERISK_CONFIG": str(self.configuration),
            "NETWORK_MODE": f"container:{self.project}-machine",
        }

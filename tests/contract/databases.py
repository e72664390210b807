"""Databases for the history: a file of SQLite's, and a PostgreSQL of our own that is there for as long as it is needed.

Debian's package has it (`docker/bots`); CC_POSTGRES_BIN says where its programs are elsewhere.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

HOST = "127.0.66.5"
_USER = "nobody"  # PostgreSQL does not run as root
_DEADLINE = 60.0


class PostgreSQL:
    """One server with one superuser `history`, whose password is `secret`."""

    def __init__(self) -> None:
        self._bin = _programs()
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        shutil.chown(self._folder, _USER)
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self._port = int(probe.getsockname()[1])
        password = self._folder / "password"
        password.write_text("secret")
        password.chmod(0o644)
        self._do("initdb", "--username=history", f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8",
                 "--locale=C", "--no-sync", f"--pgdata={self._folder}/data")  # fmt: skip

    def start(self) -> None:
        """Returns when it answers."""
        options = f"-c listen_addresses={HOST} -c port={self._port} -c unix_socket_directories= -c fsync=off"
        data, log = f"--pgdata={self._folder}/data", f"--log={self._folder}/log"
        self._do("pg_ctl", "start", "--wait", data, log, f"--options={options}")

    def stop(self, how: str = "immediate") -> None:
        """`immediate`: as if it were killed."""
        self._do("pg_ctl", "stop", "--wait", f"--mode={how}", f"--pgdata={self._folder}/data")

    def make(self, name: str, encoding: str = "UTF8") -> str:
        """A database of its own; its address."""
        address = f"postgresql://history:secret@{HOST}:{self._port}"
        wanted = f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0"
        self._do("psql", f"{address}/postgres", "--quiet", f"--command={wanted}")
        return f"{address}/{name}"

    def remove(self) -> None:
        """With all that is in it."""
        if (self._folder / "data" / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self._folder)

    def _do(self, program: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603
            [self._bin / program, *arguments], user=_USER, cwd=self._folder, env={"LC_ALL": "C", **_libraries()},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT, timeout=_DEADLINE, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program}: {(done.stdout or b'').decode()}{self._log()}")

    def _log(self) -> str:
        log = self._folder / "log"
        return log.read_text() if log.exists() else ""


async def stopped(server: PostgreSQL) -> None:
    """Stop it, without a stop of this loop."""
    await asyncio.to_thread(server.stop)


async def started(server: PostgreSQL) -> None:
    """Start it again."""
    await asyncio.to_thread(server.start)


def _programs() -> Path:
    given = os.environ.get("CC_POSTGRES_BIN")
    found = [Path(given)] if given else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        raise RuntimeError("these tests need PostgreSQL: Debian's package, or CC_POSTGRES_BIN")
    return found[-1]


def _libraries() -> dict[str, str]:
    given = os.environ.get("CC_POSTGRES_LIBRARIES")
    return {"LD_LIBRARY_PATH": given} if given else {}

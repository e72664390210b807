"""Certificates of a test's own, by openssl."""

from __future__ import annotations

import asyncio
from pathlib import Path

_NEW = "openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"


async def make_authority(directory: Path) -> Path:
    """What others are checked by (PEM). Its key lies beside it."""
    file = directory / "authority.pem"
    await _made(
        f"{_NEW} -x509 -days 2 -subj /CN=authority -addext keyUsage=critical,keyCertSign "
        f"-keyout {directory}/authority.key -out {file}"
    )
    return file


async def make_certificate(directory: Path, address: str, days: int = 2) -> tuple[Path, Path]:
    """The certificate for an address by the authority of that directory, good for so many days, and its key."""
    certificate, key, request, names = (directory / f"tls.{kind}" for kind in ("pem", "key", "request", "names"))
    await _made(f"{_NEW} -subj /CN={address} -keyout {key} -out {request}")
    names.write_text(f"subjectAltName = IP:{address}\n")
    authority = directory / "authority"
    await _made(
        f"openssl x509 -req -days {days} -in {request} -CA {authority}.pem -CAkey {authority}.key -CAcreateserial "
        f"-extfile {names} -out {certificate}"
    )
    return certificate, key


async def _made(command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command.split(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, f"{command}\n{said.decode()}"

"""Until when the certificates are good that a call centre shows, as who connects there sees it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ari_app.api.encryption import server_context
from ari_app.config.settings import ProcessSettings
from ari_app.keeping import DAY
from ari_app.operations.certificates import places, shown
from ari_app.operations.diagnosis import SOON, diagnose
from ari_app.operations.facts import Facts, Machine
from ari_app.operations.findings import Code, Level
from tests.support.certificates import make_authority, make_certificate

HOST = "127.0.79.1"


@asynccontextmanager
async def listening(certificate: Path | None = None, key: Path | None = None) -> AsyncIterator[int]:
    """Somebody listens there, and speaks TLS where they have a certificate."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(take, HOST, 0, ssl=server_context(certificate, key))
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.mark.parametrize(
    ("days", "later", "level"),
    [(30, 0.0, None), (30, 30 - SOON + 0.01, Level.WARNING), (30, 30.01, Level.ERROR), (400, 370.0, None)],
)
async def test_its_last_day_is_seen_by_who_connects_and_said_three_weeks_before(
    tmp_path: Path, days: int, later: float, level: Level | None
) -> None:
    await make_authority(tmp_path)
    pair = await make_certificate(tmp_path, HOST, days)
    async with listening(*pair) as port:
        certificates = await shown([("the API", HOST, port)], time.time() + later * DAY)
    (certificate,) = certificates
    assert certificate.of == "the API"
    assert certificate.days == pytest.approx(days - later, abs=0.1)
    findings = diagnose(Facts(Machine(65_536), certificates=certificates))
    assert [(x.code, x.level) for x in findings] == ([(Code.CERTIFICATE_ENDS, level)] if level is not None else [])


async def test_of_a_chain_the_first_that_ends_counts(tmp_path: Path) -> None:
    authority = await make_authority(tmp_path)
    certificate, key = await make_certificate(tmp_path, HOST, 90)
    certificate.write_text(certificate.read_text() + authority.read_text())  # which is good for two days
    async with listening(certificate, key) as port:
        (seen,) = await shown([("the API", HOST, port)], time.time())
    assert seen.days == pytest.approx(2, abs=0.1)


async def test_where_nobody_speaks_tls_there_is_nothing_to_be_said() -> None:
    async with listening() as port:
        assert await shown([("the proxy", HOST, port), ("SIP", HOST, 1)], time.time()) == ()


def test_it_is_looked_at_wherever_the_call_centre_shows_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ARI_PASSWORD": "0123456789abcdef-secret",
        "API_HOST": "192.0.2.10",
        "TLS_CERTIFICATE": "/run/secrets/tls_certificate",
        "ARI_URL": "https://192.0.2.20",
        "CERTIFICATES_AT": "SIP=192.0.2.10:5061 [2001:db8::1]:8080",
    }.items():
        monkeypatch.setenv(f"ARI_APP_{name}", value)
    assert places(ProcessSettings(), ["https://desk.example.org", "http://localhost:9000"]) == [
        ("the API", "192.0.2.10", 8080),
        ("ARI of Asterisk", "192.0.2.20", 443),
        ("SIP", "192.0.2.10", 5061),
        ("[2001:db8::1]:8080", "2001:db8::1", 8080),
        ("the desk (https://desk.example.org)", "desk.example.org", 443),
    ]

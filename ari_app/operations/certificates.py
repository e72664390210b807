"""Until when the certificates are good that this call centre shows: as whoever connects there sees them."""

import asyncio
import ssl
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from cryptography import x509

from ari_app.config.settings import ProcessSettings
from ari_app.keeping import DAY
from ari_app.operations.facts import Certificate

WITHIN = 3.0


def places(settings: ProcessSettings, origins: Iterable[str] = ()) -> list[tuple[str, str, int]]:
    """Where certificates are shown: what that is called, address, port."""
    found = []
    if settings.tls_certificate is not None:
        found.append(("the API", settings.api_host, settings.api_port))
    for place in settings.places:
        if place.url.startswith("https:"):
            at = urlsplit(place.url)
            found.append((f"ARI of {settings.called(place)}", at.hostname or "", at.port or 443))
    for named in settings.certificates_at.split():
        name, _, address = named.rpartition("=")
        host, _, port = address.rpartition(":")
        found.append((name or address, host.strip("[]"), int(port)))
    for origin in origins:
        at = urlsplit(origin)
        if at.scheme == "https":
            found.append((f"the desk ({origin})", at.hostname or "", at.port or 443))
    return found


async def shown(where: Sequence[tuple[str, str, int]], now: float) -> tuple[Certificate, ...]:
    """Those that are shown there, each by the first of its chain to end; nothing of places without TLS."""
    found = await asyncio.gather(*(_shown(*place, now) for place in where))
    return tuple(certificate for certificate in found if certificate is not None)


async def _shown(of: str, host: str, port: int, now: float) -> Certificate | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # one that is over is to be seen, too
    try:
        async with asyncio.timeout(WITHIN):
            _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    except (OSError, TimeoutError):
        return None  # whether somebody listens there is looked at elsewhere
    try:
        chain: list[bytes] = writer.get_extra_info("ssl_object").get_unverified_chain()
    finally:
        writer.transport.abort()
    ends = [x509.load_der_x509_certificate(each).not_valid_after_utc.timestamp() for each in chain]
    return Certificate(of, (min(ends) - now) / DAY) if ends else None

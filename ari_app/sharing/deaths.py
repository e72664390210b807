"""Whether another controller's process is there at all, as its machine says."""

import asyncio

from yarl import URL

ANSWERED_WITHIN = 0.1


async def nobody_listens(address: str) -> bool:
    """Whether connections to this URL are refused. A process that stands still takes them; of a machine that is away
    nothing is known, nor of an address that is no URL.
    """
    url = URL(address) if address.startswith("http") else None
    if url is None or url.host is None or url.port is None:
        return False
    try:
        async with asyncio.timeout(ANSWERED_WITHIN):
            _, writer = await asyncio.open_connection(url.host, url.port)
    except ConnectionRefusedError:
        return True
    except (OSError, TimeoutError):
        return False
    writer.close()
    return False

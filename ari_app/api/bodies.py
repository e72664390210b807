"""The body of a request, read up to a limit and within a time; once, whoever wants it after that."""

import asyncio

from aiohttp import web

from ari_app.api.problems import EXPECTATION_FAILED, TIMEOUT, TOO_LARGE, HttpError
from ari_app.errors import Code, FieldError, Refused

MAX_BODY = 64 * 1024
BODY_SECONDS = 15.0
_READ = web.RequestKey("read", bytes)


async def body_of(request: web.BaseRequest) -> bytes:
    """The body, as far as it is allowed to be.

    Raises:
        HttpError: 413 above the limit; 408 where it does not come; 417 for an expectation that we don't know.
    """
    if _READ not in request:
        request[_READ] = await _read(request)
    return request[_READ]


async def _read(request: web.BaseRequest) -> bytes:
    too_large = HttpError(TOO_LARGE, Code.INVALID, f"the body is larger than {MAX_BODY} bytes")
    if request.content_length is not None and request.content_length > MAX_BODY:
        raise too_large
    if (expected := request.headers.get("Expect")) is not None:
        if expected.lower() != "100-continue":
            raise HttpError(EXPECTATION_FAILED, Code.INVALID, "only 100-continue can be expected")
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > MAX_BODY:
                    raise too_large
    except TimeoutError:
        raise HttpError(TIMEOUT, Code.INVALID, "the body did not come in time") from None
    except web.RequestPayloadError as error:
        raise not_json(str(error)[:100]) from None
    return bytes(body)


def not_json(detail: str) -> Refused:
    """`invalid`, for a body that is no JSON, or none that was expected."""
    return Refused(Code.INVALID, "the body is not valid", (FieldError("", detail),))

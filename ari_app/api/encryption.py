"""TLS of the API, by files of the administrator's."""

import ssl
from pathlib import Path


def server_context(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """For who listens; None where there is no certificate. Without `key` it stands in the certificate's file.

    Raises:
        OSError: a file can't be read or used, or they do not belong together; says which.
    """
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")  # a prompt would wait for ever
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, ssl.SSLError) else getattr(error, "strerror", None)
        files = " and ".join(str(file) for file in (certificate, key) if file is not None)
        raise OSError(f"{files}: {reason or error}") from None
    return context

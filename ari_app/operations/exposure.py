"""Who could come in: secrets that can be guessed, and doors that are open beyond the machine. Pure."""

from dataclasses import replace

from ari_app.config.demo import is_loopback
from ari_app.operations.facts import Door, Doors, Secret, Secrets
from ari_app.operations.findings import Code, Finding, Level, some, warning

SECRET = 16
"""Characters below which a secret can be guessed."""
_CERTIFICATE = "TLS_CERTIFICATE and TLS_KEY in docker/.env.local (without Docker ARI_APP_TLS_CERTIFICATE and …_KEY)"


def exposure(secrets: Secrets, doors: Doors | None) -> list[Finding]:
    """Of the secrets and, where they are known, of the doors."""
    if doors is None:
        return _secrets(secrets, exposed=False)
    exposed = any(beyond_loopback(door) for door in (doors.api, *doors.ari))
    return [*_secrets(secrets, exposed=exposed), *_open(doors, secrets.redis)]


def _secrets(secrets: Secrets, *, exposed: bool) -> list[Finding]:
    """On loopback, weak secrets are a warning: only who is on the machine can use them."""
    level = Level.ERROR if exposed else Level.WARNING
    found: list[Finding] = []

    def add(code: Code, what: str, do: str) -> None:
        found.append(Finding(code, level, what, do))

    if secrets.demo:
        what = f"the passwords of {some(secrets.demo)} are the demonstration's, which everybody can read"
        add(Code.DEMO_PASSWORDS, what, "give them hashes of others (`ari-app hash-password`)")
    if secrets.clear:
        what = f"the passwords of {some(secrets.clear)} stand in clear in the file"
        add(Code.CLEAR_PASSWORDS, what, "write `password_hash` in place of `password` (`ari-app hash-password`)")
    public = [phone.of for phone in secrets.phones if phone.public]
    if public:
        what = f"the secrets of the phones {some(public)} are the demonstration's, which everybody can read"
        add(Code.DEMO_PHONE_SECRETS, what, "give each another where it stands (`openssl rand -hex 12`)")
    short = [phone.of for phone in secrets.phones if not phone.public and phone.length < SECRET]
    if short:
        what = f"the secrets of the phones {some(short)} have fewer than {SECRET} characters, and can be guessed"
        add(Code.SHORT_PHONE_SECRETS, what, "give each a longer one where it stands (`openssl rand -hex 12`)")
    if (weak := _weakness(secrets.ari)) is not None:
        add(Code.ARI_PASSWORD_WEAK, f"the password of ARI {weak}", "set ARI_PASSWORD to 24 random characters")
    if (weak := _weakness(secrets.redis)) is not None:
        add(Code.REDIS_PASSWORD_WEAK, f"the password of Redis {weak}", "set REDIS_PASSWORD to 24 random characters")
    if secrets.certificate:
        what = f"the API's certificate can't be used: {secrets.certificate}"
        do = f"give {_CERTIFICATE} files (PEM) that belong together"
        found.append(Finding(Code.CERTIFICATE_WRONG, Level.ERROR, what, do))
    return found


def refusals(secrets: Secrets, doors: Doors) -> list[Finding]:
    """All that keeps this call centre from standing on a network, whatever of it runs."""
    found = [*_secrets(secrets, exposed=True), *_open(doors, secrets.redis)]
    return [replace(finding, level=Level.ERROR) for finding in found]


def _weakness(secret: Secret | None) -> str | None:
    if secret is None or (secret.length >= SECRET and not secret.public):
        return None
    if not secret.length:
        return "is empty"
    return "is one that everybody knows" if secret.public else f"has fewer than {SECRET} characters"


def beyond_loopback(door: Door) -> list[str]:
    """The addresses beyond loopback at which it can be reached."""
    return [address for address in dict.fromkeys((door.host, *door.listening)) if not is_loopback(address)]


def _open(doors: Doors, redis: Secret | None) -> list[Finding]:
    found = []
    if not doors.api.encrypted and (reached := beyond_loopback(doors.api)):
        found.append(
            warning(
                Code.API_OPEN,
                f"the API, which speaks plain HTTP, can be reached at {some(reached)}, port {doors.api.port}",
                f"give {_CERTIFICATE} files (PEM), or let only a proxy that speaks TLS reach it",
            )
        )
    found += [
        warning(
            Code.ARI_OPEN,
            f"ARI, by which whoever knows its password has all calls, can be reached at {some(reached)}, "
            f"port {door.port}",
            "have it listen on loopback (AST_ARI_ADDRESS=127.0.0.1), or give it a certificate",
        )
        for door in doors.ari
        if not door.encrypted and (reached := beyond_loopback(door))
    ]
    if reached := beyond_loopback(doors.redis):
        unguarded = redis is not None and not redis.length
        found.append(
            Finding(
                Code.REDIS_OPEN,
                Level.ERROR if unguarded else Level.WARNING,
                f"Redis can be reached at {some(reached)}, port {doors.redis.port}",
                "have it listen on loopback (REDIS_ADDRESS=127.0.0.1), or let a firewall keep that port to controllers",
            )
        )
    if doors.history is not None and not doors.history.encrypted and (reached := beyond_loopback(doors.history)):
        found.append(
            warning(
                Code.HISTORY_OPEN,
                f"the history is written in clear to {some(reached)}, port {doors.history.port}, with its password",
                "write `?sslmode=verify-full` at the end of ARI_APP_HISTORY_URL",
            )
        )
    return found

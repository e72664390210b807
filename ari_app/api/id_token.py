"""Whether what an issuer is said to have signed was signed by it, now, for us and for this login. Pure.

OpenID Connect Core 1.0, 3.1.3.7. Signatures and keys are the library's; what is in here is what is wanted of them.
"""

import hmac
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, JWKRegistry, KeySet, RSAKey

from ari_app.routing.login import Oidc

LEEWAY = 30
"""Seconds by which the issuer's clock may differ from ours."""
OLDEST = 600
"""Seconds: a token is fetched as it is made, so one that is older was made for something else."""
LONGEST = 16 * 1024
_RSA_BITS = 2048

type Claims = Mapping[str, Any]


class InvalidToken(Exception):
    """Why it proves nothing, in a word or two: never what is in it. `unknown_key`: the issuer may have newer keys."""

    def __init__(self, reason: str, *, unknown_key: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unknown_key = unknown_key


def keys_of(published: Any) -> KeySet:
    """The keys of a JWKS that can sign; what is not understood is none.

    Raises:
        InvalidToken: there are none.
    """
    listed = published.get("keys") if isinstance(published, dict) else None
    found = [key for each in (listed if isinstance(listed, list) else ()) if (key := _key(each)) is not None]
    if not found:
        raise InvalidToken("the issuer publishes no key for signatures")
    return KeySet(list(found))


def _key(published: Any) -> RSAKey | ECKey | None:
    if not isinstance(published, dict) or published.get("use", "sig") != "sig":
        return None
    if published.get("kty") not in ("RSA", "EC"):
        return None
    try:
        key = JWKRegistry.import_key(published)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAKey) and key.raw_value.key_size >= _RSA_BITS:
        return key
    return key if isinstance(key, ECKey) else None


def verify(token: str, keys: KeySet, oidc: Oidc, nonce: str, now: float) -> Claims:
    """What the token says, once all of it is as it must be; `now` in seconds since the epoch.

    Raises:
        InvalidToken: it proves nothing.
    """
    if len(token) > LONGEST:
        raise InvalidToken("too long")
    registry = jwt.JWTClaimsRegistry(
        now=int(now),
        leeway=LEEWAY,
        iss={"essential": True, "value": oidc.issuer},
        sub={"essential": True},
        aud={"essential": True, "value": oidc.client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True},
    )
    try:
        claims = jwt.decode(token, keys, algorithms=list(oidc.algorithms)).claims
        registry.validate(claims)
    except InvalidKeyIdError:
        raise InvalidToken("unknown key", unknown_key=True) from None
    except JoseError as error:
        raise InvalidToken(f"{error.error} {getattr(error, 'claim', '')}".strip()) from None
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidToken(type(error).__name__) from None
    _check_party(claims, oidc)
    if claims["iat"] < now - OLDEST - LEEWAY:
        raise InvalidToken("old")
    said = claims["nonce"]
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise InvalidToken("nonce")
    return claims


def _check_party(claims: Claims, oidc: Oidc) -> None:
    """One for several audiences was given to one of them, and that has to be us."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != oidc.client_id:
        raise InvalidToken("azp")


def named_by(claims: Claims, oidc: Oidc) -> str | None:
    """What names the agent; None where it is not there.

    Raises:
        InvalidToken: it is no text, or an address that the issuer itself does not vouch for.
    """
    value = claims.get(oidc.claim)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= 256:
        raise InvalidToken("the claim is no text")
    if oidc.claim == "email" and claims.get("email_verified") is False:
        raise InvalidToken("the address is not verified")
    return value

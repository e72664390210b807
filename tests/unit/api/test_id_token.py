"""What the issuer signed for us, now, for this login, says who somebody is; what is forged in any way does not."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from ari_app.api.id_token import LEEWAY, LONGEST, OLDEST, InvalidToken, keys_of, named_by, verify
from ari_app.routing.login import Oidc

NOW = 1_800_000_000.0
OIDC = Oidc("https://id.example.org", "callcontrol", "https://desk.example.org")
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
KEYS = keys_of({"keys": [RSA.as_dict(private=False), EC.as_dict(private=False)]})
NONCE = "a nonce of this login"
CLAIMS: dict[str, Any] = {
    "iss": OIDC.issuer,
    "sub": "4711",
    "aud": OIDC.client_id,
    "exp": NOW + 300,
    "iat": NOW - 1,
    "nonce": NONCE,
    "preferred_username": "alice",
}


def signed(key: Any = RSA, algorithm: str = "RS256", kid: str | None = "rsa", **changed: Any) -> str:
    """A token with these claims; None takes one away."""
    claims = {name: value for name, value in {**CLAIMS, **changed}.items() if value is not None}
    header = {"alg": algorithm, **({"kid": kid} if kid is not None else {})}
    return jwt.encode(header, claims, key, algorithms=[algorithm])


def read(token: str, oidc: Oidc = OIDC, keys: KeySet = KEYS) -> str | None:
    return named_by(verify(token, keys, oidc, NONCE, NOW), oidc)


def why(token: str, oidc: Oidc = OIDC, keys: KeySet = KEYS) -> str:
    with pytest.raises(InvalidToken) as invalid:
        read(token, oidc, keys)
    return invalid.value.reason


def test_a_token_of_the_issuer_says_who_it_is_signed_either_way() -> None:
    assert read(signed()) == "alice"
    assert read(signed(EC, "ES256", "ec")) == "alice"
    assert read(signed(aud=["callcontrol"], azp="callcontrol")) == "alice"
    assert read(signed(aud=["callcontrol", "crm"], azp="callcontrol")) == "alice"


def test_without_a_name_of_its_key_it_is_right_where_there_is_one_alone() -> None:
    assert read(signed(kid=None), keys=keys_of({"keys": [RSA.as_dict(private=False)]})) == "alice"
    assert why(signed(kid=None)) == "unknown key"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://evil.example.org"}, "iss"),
        ({"iss": OIDC.issuer + "/"}, "iss"),
        ({"iss": None}, "missing_claim"),
        ({"sub": None}, "missing_claim"),
        ({"aud": "crm"}, "aud"),
        ({"aud": ["crm", "erp"]}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": None}, "missing_claim"),
        ({"aud": ["callcontrol", "crm"]}, "azp"),
        ({"aud": ["callcontrol", "crm"], "azp": "crm"}, "azp"),
        ({"azp": "crm"}, "azp"),
        ({"exp": NOW - LEEWAY - 1}, "expired_token"),
        ({"exp": None}, "missing_claim"),
        ({"exp": "never"}, "exp"),
        ({"iat": NOW + LEEWAY + 2}, "iat"),
        ({"iat": NOW - OLDEST - LEEWAY - 1}, "old"),
        ({"iat": None}, "missing_claim"),
        ({"iat": True}, "iat"),
        ({"nbf": NOW + LEEWAY + 2}, "nbf"),
        ({"nonce": "of another login"}, "nonce"),
        ({"nonce": None}, "missing_claim"),
        ({"nonce": ["a nonce of this login"]}, "nonce"),
    ],
)
def test_what_was_said_by_another_to_another_at_another_time_or_for_another_login_is_refused(
    changed: dict[str, Any], reason: str
) -> None:
    assert reason in why(signed(**changed))


def test_clocks_may_differ_a_little() -> None:
    assert read(signed(exp=NOW - LEEWAY + 2)) == "alice"
    assert read(signed(iat=NOW + LEEWAY - 2)) == "alice"


def _part(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_what_nobody_signed_is_refused() -> None:
    for algorithm in ("none", "None", "NONE"):
        bare = f"{_part({'alg': algorithm})}.{_part(CLAIMS)}."
        assert why(bare)
        assert why(bare, keys=keys_of({"keys": [RSA.as_dict(private=False)]}))


def test_the_public_key_is_no_secret_of_its_own() -> None:
    header, body = _part({"alg": "HS256", "kid": "rsa"}), _part(CLAIMS)
    mac = hmac.new(RSA.as_pem(private=False), f"{header}.{body}".encode(), hashlib.sha256).digest()
    forged = f"{header}.{body}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert "algorithm" in why(forged)


def test_another_key_of_the_same_name_is_refused() -> None:
    assert why(signed(OTHER)) == "bad_signature"


def test_a_key_of_nobody_is_refused_and_may_be_a_new_one() -> None:
    with pytest.raises(InvalidToken) as invalid:
        read(signed(OTHER, kid="newer"))
    assert invalid.value.unknown_key


def test_a_key_in_the_token_itself_is_none_of_the_issuers() -> None:
    other = ECKey.generate_key("P-256")
    header = {"alg": "ES256", "jwk": other.as_dict(private=False)}
    forged = jwt.encode(header, CLAIMS, other, algorithms=["ES256"])
    assert why(forged, keys=keys_of({"keys": [EC.as_dict(private=False)]})) == "bad_signature"


def test_an_algorithm_that_the_administrator_does_not_list_is_refused() -> None:
    only = Oidc(OIDC.issuer, OIDC.client_id, OIDC.address, algorithms=("ES256",))
    assert "algorithm" in why(signed(), only)
    assert why(signed(RSA, "RS512"))


def test_what_is_changed_on_the_way_is_refused() -> None:
    header, _, signature = signed().split(".")
    assert why(f"{header}.{_part({**CLAIMS, 'preferred_username': 'admin'})}.{signature}") == "bad_signature"


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "é", "[" * 1000, signed() + "x" * LONGEST, "a" * 1000])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert why(token)


def test_a_payload_of_any_shape_is_refused() -> None:
    for payload in (b"[]", b"null", b'"alice"', b"[" * 3000, b"\xff"):
        assert why(jws.serialize_compact({"alg": "RS256", "kid": "rsa"}, payload, RSA))


def test_what_cannot_sign_or_is_too_short_is_no_key() -> None:
    good = RSA.as_dict(private=False)
    with pytest.warns(match="2048"):
        short = RSAKey.generate_key(1024, {"kid": "short"}).as_dict(private=False)
    bad = [{**good, "use": "enc"}, {"kty": "oct", "k": "c2VjcmV0"}, {"kty": "ML-DSA"}, {"kty": "RSA"}, {}, None, 7]
    with pytest.warns(match="2048"):
        assert len(keys_of({"keys": [*bad, short, good]}).keys) == 1
    nothing: tuple[Any, ...] = ({"keys": bad}, {"keys": {}}, {}, [], None)
    for none in nothing:
        with pytest.raises(InvalidToken, match="no key"):
            keys_of(none)


def test_the_claim_that_names_the_agent_is_a_text() -> None:
    assert read(signed(preferred_username=None)) is None
    for value in ("", ["alice"], 7, {"a": 1}, "x" * 257):
        assert why(signed(preferred_username=value)) == "the claim is no text"


def test_an_address_that_the_issuer_does_not_vouch_for_names_nobody() -> None:
    oidc = Oidc(OIDC.issuer, OIDC.client_id, OIDC.address, claim="email")
    assert read(signed(email="alice@example.org", email_verified=True), oidc) == "alice@example.org"
    assert why(signed(email="alice@example.org", email_verified=False), oidc) == "the address is not verified"

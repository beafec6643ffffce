"""What an OpenID provider says about somebody: the ID token (OpenID Connect Core 1.0 sections 2 and 3.1.3.7).

A token counts when one of the provider's keys signed it by an algorithm that we pinned, and when it was made by this
provider, for us, for this one login, and not long ago. `none` and what is signed by a shared secret are no signatures.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

ALGORITHMS = ("RS256", "ES256")
LONGEST = 16_384
"""Characters of a token."""
MOST_KEYS = 50
_ADDRESS = re.compile(r"[!-?A-~]+@[!-?A-~]+")
SLOP = 60
"""Seconds that the provider's clock may differ from ours."""
_ENTRA = ("https://login.microsoftonline.com/", "https://login.microsoftonline.us/",
          "https://login.partner.microsoftonline.cn/")
"""Issuers of Microsoft Entra ID. It never says email_verified; in its place stands the optional claim xms_edov: whoever
owns the address's domain was verified. Without it an address there is what its user's directory says it is."""


class NotVouched(Exception):
    """Nobody vouched for whoever came: a sentence for the operator's log and audit."""


class UnknownKey(NotVouched):
    """It names a key that we have not seen: the provider may have made new ones."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to say."""

    issuer: str
    client_id: str
    nonce: str


def read_keys(document: Mapping[str, Any]) -> KeySet:
    """The keys of a JWK Set (RFC 7517) that can have signed a token; those that nobody can read are left out."""
    listed = document.get("keys")
    found = [_key(each) for each in (listed if isinstance(listed, list) else [])[:MOST_KEYS]]
    return KeySet([each for each in found if each is not None])


def _key(jwk: object) -> Key | None:
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    kind: type[RSAKey | ECKey] = ECKey if jwk.get("kty") == "EC" else RSAKey
    try:
        return kind.import_key(jwk)
    except (JoseError, ValueError, KeyError, TypeError):
        return None


def read(token: str, keys: KeySet, algorithms: Collection[str], expected: Expected, now: datetime) -> dict[str, Any]:
    """The claims of a good token. Raises NotVouched."""
    if len(token) > LONGEST:
        raise NotVouched("The ID token is too long.")
    try:
        claims = jwt.decode(token, keys, algorithms=[each for each in ALGORITHMS if each in algorithms]).claims
    except InvalidKeyIdError:
        raise UnknownKey("The ID token is signed by a key that the provider does not publish.") from None
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise NotVouched(f"The ID token is not signed as it must be: {type(error).__name__}.") from None
    if fault := _fault(claims, expected, now.timestamp()):
        raise NotVouched(fault)
    return claims


def _fault(claims: dict[str, Any], expected: Expected, now: float) -> str:
    """Why these claims are not about this login; "" when they are."""
    audience = claims.get("aud")
    for_whom = audience if isinstance(audience, list) else [audience]
    is_ours = expected.client_id in for_whom and claims.get("azp", expected.client_id) == expected.client_id
    if claims.get("iss") != expected.issuer:
        return "The ID token is of another issuer."
    if not is_ours or (len(for_whom) > 1 and "azp" not in claims):
        return "The ID token was made for somebody else."
    if not _moment(claims, "exp") > now - SLOP:
        return "The ID token has expired."
    if not now - 600 - SLOP <= _moment(claims, "iat") <= now + SLOP:
        return "The ID token was not made just now."
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not compare_digest(nonce.encode("utf-8", "replace"), expected.nonce.encode()):
        return "The ID token was made for another login."
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        return "The ID token names nobody."
    return ""


def _moment(claims: dict[str, Any], name: str) -> float:
    """Seconds since 1970; the beginning of time for what is no number."""
    value = claims.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else float("-inf")


def address(claims: Mapping[str, Any], claim: str) -> str:
    """The verified mail address in these claims. Raises NotVouched.

    Plain ASCII only: a letter that becomes another one when it is normalised makes nobody somebody else."""
    found = claims.get(claim)
    if not isinstance(found, str) or len(found) > 254 or not _ADDRESS.fullmatch(found):
        raise NotVouched(f"The provider names no mail address in the claim {claim!r}.")
    if not _is_verified(claims, claim):
        of_entra = " Add the optional claims email and xms_edov to the ID token." if _is_of_entra(claims) else ""
        raise NotVouched(f"The provider does not vouch for the address: email_verified is not true.{of_entra}")
    return found


def _is_verified(claims: Mapping[str, Any], claim: str) -> bool:
    """xms_edov speaks of the claim email, and is not asked where the provider does say email_verified."""
    if "email_verified" in claims or not _is_of_entra(claims):
        return claims.get("email_verified") is True
    return claim == "email" and claims.get("xms_edov") in (True, "1", "true")


def _is_of_entra(claims: Mapping[str, Any]) -> bool:
    return str(claims.get("iss", "")).startswith(_ENTRA)

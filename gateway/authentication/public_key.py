"""The arithmetic of keys that strangers publish, by OpenSSL (RFC 8301, RFC 8463): may such a key be used at all, and is
a signature this key's?
"""

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from gateway.authentication.tags import Malformed

Public = RSAPublicKey | Ed25519PublicKey
MIN_BITS, MAX_BITS = 1024, 8192

_PADDING, _DIGESTED = PKCS1v15(), Prehashed(SHA256())
_PRIME = 2**255 - 19
_EIGHTH = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL = frozenset({0, 1, _PRIME - 1, _PRIME, _PRIME + 1, _EIGHTH, _PRIME - _EIGHTH})
"""y of the ed25519 points of order 8 and less, and the ways to write them: with such a key anybody can sign."""


def verifies(public: Public, signature: bytes, digest: bytes) -> bool:
    """True when the signature over the SHA-256 digest is this key's."""
    try:
        if isinstance(public, RSAPublicKey):
            public.verify(signature, digest, _PADDING, _DIGESTED)
        else:
            public.verify(signature, digest)
    except (InvalidSignature, ValueError):
        return False
    return True


def ed25519(octets: bytes) -> tuple[Public, int]:
    """The key, and its bits. Raises Malformed."""
    if len(octets) != 32:
        raise Malformed("it is not an ed25519 key of 32 octets")
    if int.from_bytes(octets, "little") % (1 << 255) in _SMALL:
        raise Malformed("anybody could sign with it")
    return Ed25519PublicKey.from_public_bytes(octets), 256


def rsa(octets: bytes) -> tuple[Public, int]:
    """The key, and its bits. Raises Malformed."""
    try:
        public = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        raise Malformed("it is not an RSA key") from None
    if not isinstance(public, RSAPublicKey):
        raise Malformed("it is not an RSA key")
    numbers, bits = public.public_numbers(), public.key_size
    if not MIN_BITS <= bits <= MAX_BITS:
        raise Malformed(f"an RSA key of {bits} bits is not accepted")
    if numbers.n % 2 == 0 or numbers.e % 2 == 0 or not 3 <= numbers.e < 1 << 32:
        raise Malformed("its RSA numbers are not sound")
    return public, bits

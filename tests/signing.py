"""Mails signed in every way a test wants: our own little signer, so that a wrong signature can be made too."""

import base64
import functools
import hashlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from gateway.authentication.canonical import field_bytes, whole
from gateway.authentication.fields import Field, split

NOW = 1_700_000_000


@functools.cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@functools.cache
def ed_key() -> ed25519.Ed25519PrivateKey:
    """The same in every process, for names of tests show it."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"ed25519").digest())


def pem(key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def record(key, tags: str = "v=DKIM1; ", more: str = "") -> str:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.public_key().public_bytes_raw()
        return f"{tags}k=ed25519; p={base64.b64encode(raw).decode()}{more}"
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"{tags}k=rsa; p={base64.b64encode(der).decode()}{more}"


def sign(
    message: bytes, *, domain="example.com", selector="s1", key=None, names="from:subject", forms="relaxed/relaxed",
    algorithm=None, more="", without=(), body_hash=None, name="DKIM-Signature", first="v=1;",
) -> bytes:  # fmt: skip
    """The message with a signature in front; `more` tags end with a semicolon, tags in `without` are left out."""
    key = key or rsa_key()
    is_ed = isinstance(key, ed25519.Ed25519PrivateKey)
    header, body = split(message)
    header_form, _, body_form = forms.partition("/")
    digest = body_hash or hashlib.sha256(whole(body, body_form or "simple")).digest()
    tags = {
        "a": algorithm or ("ed25519-sha256" if is_ed else "rsa-sha256"), "c": forms, "d": domain, "s": selector,
        "h": names, "bh": base64.b64encode(digest).decode(),
    }  # fmt: skip
    listed = " ".join(f"{tag}={value};" for tag, value in tags.items() if tag not in without)
    value = f" {first} {listed} {more} b=".encode()
    signed = header.signed([each.strip().lower().encode() for each in names.split(":")])
    text = b"".join(field_bytes(field, header_form) for field in signed)
    last = Field(name.lower().encode(), name.encode(), value)
    text += field_bytes(last, header_form).removesuffix(b"\r\n")
    if is_ed:
        signature = key.sign(hashlib.sha256(text).digest())
    else:
        signature = key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    return name.encode() + b":" + value + base64.b64encode(signature) + b"\r\n" + message

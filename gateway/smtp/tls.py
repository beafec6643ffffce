"""The door's certificate (RFC 3207; RFC 8996: nothing below TLS 1.2).

Without a configured one a self-signed certificate is made once and stays in the data folder. Senders' servers encrypt
opportunistically and do not look at the name, so it protects against listeners as well as a bought one.
"""

import os
import ssl
from datetime import datetime, timedelta
from pathlib import Path

from gateway.config import Site, Smtp

LIFETIME = timedelta(days=3650)
RECEIVED = 49_152
"""Octets of a client inside TLS that the system is to hold for us; it doubles them, and one read brings no more. Room
for a read is kept as long as the connection lives, and more than once: encrypted and not. At a distance of 100 ms this
is about half a megabyte a second."""


def context(smtp: Smtp, site: Site, now: datetime) -> ssl.SSLContext:
    """For the server's side of STARTTLS. Raises OSError when the certificate cannot be used (ssl.SSLError is one)."""
    if smtp.certificate is None and not _own(site).exists():
        _make(_own(site), site.hostname, now)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    load(made, smtp, site)
    return made


def load(context: ssl.SSLContext, smtp: Smtp, site: Site) -> None:
    """Read the certificate, also again on the living context. Raises OSError; then the one before stays."""
    context.load_cert_chain(smtp.certificate or _own(site), smtp.key or _own(site))


def _own(site: Site) -> Path:
    return site.data / "certificate.pem"


def _make(path: Path, hostname: str, now: datetime) -> None:
    """Key and self-signed certificate in one file that only we can read, on disk whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(_self_signed(hostname, now))
        file.flush()
        os.fsync(file.fileno())  # else a power cut soon after leaves an empty file, with which nothing starts any more
    beside.replace(path)


def _self_signed(hostname: str, now: datetime) -> bytes:
    """PEM of both. ECDSA: a handshake costs two thirds of RSA's."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hostname)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return secret + certificate.public_bytes(Encoding.PEM)

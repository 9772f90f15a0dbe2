"""Makes the certificates of an office network: a root of one computer that can speak for nothing but private addresses.

Pure but for the signatures, whose nonces the library draws itself. Profile: RFC 5280; the name constraints of the root
(4.2.1.10) hold whoever has stolen its key to addresses that lead nowhere but into the networks the thief is in himself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shared.clock import Randomness

PRIVATE = tuple(
    ipaddress.IPv4Network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8")
)
LOCAL = "local"
ROOT_DAYS, ROOT_BACK_DAYS = 3652, 365
LEAF_DAYS, LEAF_BACK_DAYS = 397, 180
"""Apple takes no leaf of more than 398 days. Each begins long before it is made: the clocks of villages are wrong by
hours, days and sometimes months, in both directions, and a phone has a right one."""
RENEW_DAYS = 30
_CURVE = ec.SECP256R1()
# The order of the group (SEC 2, 2.4.2): a private key is one of the numbers below it.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_NAME_MAX = 64


@dataclass(frozen=True)
class Issued:
    """A certificate with its private key; ``repr`` shows neither."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    issuer: x509.Certificate | None = None
    """The root that signed it; None for a root itself."""

    def __repr__(self) -> str:
        return "Issued()"

    def dump(self) -> bytes:
        """Write as PEM the key, the certificate and its issuer, in the order that TLS wants them."""
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        chain = [self.certificate, *([] if self.issuer is None else [self.issuer])]
        return key + b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain)

    def is_near_its_end(self, now_s: int) -> bool:
        """Tell whether less than RENEW_DAYS are left of it."""
        return _time(now_s) + timedelta(days=RENEW_DAYS) > self.certificate.not_valid_after_utc

    def addresses(self) -> frozenset[str]:
        """List the IPv4 addresses and the names that it speaks for."""
        names = self.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
        return frozenset([*found, *names.get_values_for_type(x509.DNSName)])


def load_issued(content: bytes) -> Issued:
    """Read what :meth:`Issued.dump` wrote; ValueError when it is no such pair."""
    key = serialization.load_pem_private_key(content, None)
    certificate, *issuers = x509.load_pem_x509_certificates(content)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise ValueError("key and certificate are no pair")
    return Issued(certificate, key, issuers[0] if issuers else None)


def make_root(name: str, now_s: int, random: Randomness) -> Issued:
    """Make the root of one computer: ten years, one level, private addresses and names of ``.local`` alone."""
    key = _make_key(random)
    called = x509.Name([
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Sipande"),
        # Two computers of one office have two roots, and a phone lists them by name.
        x509.NameAttribute(NameOID.COMMON_NAME, f"{name[:_NAME_MAX - 7]} {random(3).hex().upper()}"),
    ])
    permitted: list[x509.GeneralName] = [x509.IPAddress(network) for network in PRIVATE]
    builder = (
        _begin(called, called, key, now_s, ROOT_BACK_DAYS, ROOT_DAYS, random)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints([*permitted, x509.DNSName(LOCAL)], None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Issued(builder.sign(key, hashes.SHA256()), key)


def make_leaf(root: Issued, addresses: Iterable[str], now_s: int, random: Randomness) -> Issued:
    """Make the certificate with which the server speaks at these IPv4 addresses and names; never longer than the root.

    What the root may not speak for is put in all the same where asked: programs that connect refuse it.
    """
    key = _make_key(random)
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sipande di jaringan kantor")])
    own = root.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _begin(called, root.certificate.subject, key, now_s, LEAF_BACK_DAYS, LEAF_DAYS, random, root.certificate)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_name(item) for item in sorted(addresses)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), critical=False)
    )
    return Issued(builder.sign(root.key, hashes.SHA256()), key, root.certificate)


def tell_begin(certificate: x509.Certificate, days: int) -> int:
    """Tell when a certificate began, so many days later (seconds)."""
    return int((certificate.not_valid_before_utc + timedelta(days=days)).timestamp())


def has_held(certificate: x509.Certificate, days: int, now_s: int) -> bool:
    """Tell whether a certificate began at least so many days ago."""
    return tell_begin(certificate, days) <= now_s


def is_private(address: str) -> bool:
    """Tell whether the root may speak for an address: IPv4, of a private network or of this machine itself."""
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return any(parsed in network for network in PRIVATE)


def _begin(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now_s: int, back_days: int, days: int,
    random: Randomness, within: x509.Certificate | None = None,
) -> x509.CertificateBuilder:
    begin = _time(now_s) - timedelta(days=back_days)
    end = begin + timedelta(days=days)
    if within is not None:
        begin, end = max(begin, within.not_valid_before_utc), min(end, within.not_valid_after_utc)
    # Sixteen octets with the first bit clear: positive, as RFC 5280 4.1.2.2 wants it, and never 0.
    serial = int.from_bytes(random(16)) >> 1 | 1
    return x509.CertificateBuilder(issuer, subject, key.public_key(), serial, begin, end)


def _time(now_s: int) -> datetime:
    return datetime.fromtimestamp(now_s, UTC)


def _make_key(random: Randomness) -> ec.EllipticCurvePrivateKey:
    # 16 bytes more than the order has: no number is likelier than another by what anybody could notice (FIPS 186-5).
    return ec.derive_private_key(int.from_bytes(random(48)) % (_ORDER - 1) + 1, _CURVE)


def _name(item: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(item))
    except ValueError:
        return x509.DNSName(item)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs_certificates, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )

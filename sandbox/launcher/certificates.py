# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The certificates by which the API server and the simulator's metrics APIs know each other.

Two authorities of their own, neither of them the cluster's: a certificate for the cluster must not make anybody the front
proxy, whose word about users is believed. Their keys are forgotten as soon as they have signed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.aggregation import FRONT_PROXY, FRONT_PROXY_CA, SERVING_CERTIFICATE, SERVING_KEY

# What the API server believes, and shows.
PROXY_CERTIFICATE, PROXY_KEY = "front-proxy-client.crt", "front-proxy-client.key"
# What the API server believes of the metrics APIs.
METRICS_CA = "metrics-ca.crt"
# The Service that stands for them.
METRICS_NAMESPACE, METRICS_SERVICE = "kube-system", "sandbox-metrics"

_VALID = timedelta(days=3650)
_NONE_OF_THE_USAGES = dict.fromkeys(
    (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


@dataclass(frozen=True)
class _Signed:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def write_certificates(folder: Path) -> None:
    """Make new ones."""
    folder.mkdir(parents=True, exist_ok=True)
    proxy_ca, metrics_ca = _authority("sandbox-front-proxy-ca"), _authority("sandbox-metrics-ca")
    proxy = _signed_by(proxy_ca, FRONT_PROXY, ExtendedKeyUsageOID.CLIENT_AUTH)
    # The API server asks for the Service by this name, wherever that leads.
    host = f"{METRICS_SERVICE}.{METRICS_NAMESPACE}.svc"
    metrics = _signed_by(metrics_ca, host, ExtendedKeyUsageOID.SERVER_AUTH)
    for name, made in ((FRONT_PROXY_CA, proxy_ca), (METRICS_CA, metrics_ca)):
        _write(folder / name, made.certificate.public_bytes(serialization.Encoding.PEM))
    for certificate, key, made in (
        (PROXY_CERTIFICATE, PROXY_KEY, proxy),
        (SERVING_CERTIFICATE, SERVING_KEY, metrics),
    ):
        _write(folder / certificate, made.certificate.public_bytes(serialization.Encoding.PEM))
        _write(folder / key, _pem(made.key))


def _authority(name: str) -> _Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    builder = _builder(subject, subject, key, key).add_extension(x509.BasicConstraints(True, 0), critical=True)
    usage = x509.KeyUsage(**{**_NONE_OF_THE_USAGES, "key_cert_sign": True})
    return _Signed(key, builder.add_extension(usage, critical=True).sign(key, hashes.SHA256()))


def _signed_by(authority: _Signed, name: str, purpose: x509.ObjectIdentifier) -> _Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_name(name), authority.certificate.subject, key, authority.key)
    usage = x509.KeyUsage(**{**_NONE_OF_THE_USAGES, "digital_signature": True})
    builder = (
        builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )
    return _Signed(key, builder.sign(authority.key, hashes.SHA256()))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        # The clock may be set back a little while the sandbox lives.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, from the beginning."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)

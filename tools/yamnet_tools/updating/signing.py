# SPDX-License-Identifier: Apache-2.0
"""Signatures of updates: ECDSA on P-256 with SHA-256, as 64 bytes, r and s (docs/updates.md)."""

import base64
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature

from yamnet_tools.errors import UpdateError

_HALF_BYTES = 32
_CHANGE = "yamnet update key\n"


class SigningKey:
    """A private key from a PEM file.

    Raises:
        UpdateError: it is no such file, or has another key.
    """

    def __init__(self, path: Path) -> None:
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), None)
        except OSError as error:
            raise UpdateError(f"{path}: the signing key cannot be read: {error.strerror}") from error
        except TypeError:
            raise UpdateError(
                f"{path}: the signing key has a password; take it off: openssl ec -in KEY -out FILE"
            ) from None
        except (ValueError, UnsupportedAlgorithm):
            raise UpdateError(f"{path}: no private key in PEM") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise UpdateError(f"{path}: not an ECDSA key on P-256; openssl ecparam -name prime256v1 -genkey makes one")
        self._key = key

    @property
    def public_pem(self) -> str:
        """What a device is given to check signatures with."""
        encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(encoding, form).decode()

    def sign(self, data: bytes) -> str:
        """The signature of some bytes, as X-Signature has it."""
        r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(hashes.SHA256())))
        return base64.b64encode(r.to_bytes(_HALF_BYTES, "big") + s.to_bytes(_HALF_BYTES, "big")).decode()

    def sign_change(self, public_pem: str) -> str:
        """The signature that lets another key, or none, take this one's place."""
        return self.sign((_CHANGE + public_pem).encode())


def fits(point: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether a signature of 64 bytes is of the key with that uncompressed point, 65 bytes, over a SHA-256."""
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    r, s = (int.from_bytes(half, "big") for half in (signature[:_HALF_BYTES], signature[_HALF_BYTES:]))
    try:
        key.verify(encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    except InvalidSignature:
        return False
    return True

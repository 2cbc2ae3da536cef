# SPDX-License-Identifier: Apache-2.0
"""A member's directory and certificates, from docs/identity.md alone."""

import hashlib
import hmac
import pathlib
import struct
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NODE, OBSERVER, OPERATOR, ADMIN, AGGREGATOR = 1, 2, 4, 8, 16


def hmac256(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def hkdf(salt, secret, label):
    return hmac256(hmac256(salt or bytes(32), secret), label.encode(), b"\1")


def mac(key, *parts):
    return hmac256(key, *parts)[:16]


def nonce(counter):
    return bytes(4) + struct.pack(">Q", counter)


def seal(key, counter, ad, plain):
    return AESGCM(key).encrypt(nonce(counter), plain, ad)


def unseal(key, counter, ad, sealed):
    """Raises cryptography.exceptions.InvalidTag."""
    return AESGCM(key).decrypt(nonce(counter), sealed, ad)


def dh(secret, theirs):
    return X25519PrivateKey.from_private_bytes(secret).exchange(
        X25519PublicKey.from_public_bytes(theirs))


def public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


class Certificate:
    def __init__(self, data):
        (version, name_len, self.roles, count, _, _, self.serial, self.valid_from,
         self.valid_to) = struct.unpack_from("<BBHBBHQQQ", data)
        if version != 1 or len(data) != 136 + 6 * count + name_len:
            raise ValueError("no certificate")
        self.data, self.ca_id, self.key = data, data[32:40], data[40:72]
        self.macs = [data[72 + 6 * i:78 + 6 * i] for i in range(count)]
        self.name = data[72 + 6 * count:72 + 6 * count + name_len].decode()
        self.fingerprint = hashlib.sha256(data).digest()[:16]


class ClusterState:
    def __init__(self, data):
        version, cas, _, self.generation = struct.unpack_from("<BBHI", data)
        self.number, self.time_floor, revoked = struct.unpack_from("<QQI", data, 8)
        if version != 1 or len(data) != 48 + 32 * cas + 8 * revoked + 64:
            raise ValueError("no cluster state")
        self.data = data
        self.cas = [data[48 + 32 * i:80 + 32 * i] for i in range(cas)]
        self.revoked = struct.unpack_from(f"<{revoked}Q", data, 48 + 32 * cas)

    def check(self, cert):
        """Raises ValueError with the name of the drop."""
        keys = [key for key in self.cas if hashlib.sha256(key).digest()[:8] == cert.ca_id]
        if not keys:
            raise ValueError("cert")
        try:
            Ed25519PublicKey.from_public_bytes(keys[0]).verify(
                cert.data[-64:], b"mvmp certificate v1" + cert.data[:-64])
        except InvalidSignature:
            raise ValueError("cert") from None
        if not cert.valid_from <= max(time.time(), self.time_floor) < cert.valid_to:
            raise ValueError("expired")
        if cert.serial in self.revoked:
            raise ValueError("revoked")


class Identity:
    def __init__(self, directory):
        def get(name, title):
            first, line = (pathlib.Path(directory) / name).read_text().splitlines()
            assert first == title, f"{name}: {first}"
            return bytes.fromhex(line)

        self.secret = get("member.key", "mvmp member key v1")
        self.cert = Certificate(get("member.cert", "mvmp member certificate v1"))
        self.cluster_key = get("cluster.key", "mvmp cluster key v1")
        self.state = ClusterState(get("cluster.state", "mvmp cluster state v1"))

    def key(self, label, salt=b""):
        return hkdf(salt, self.cluster_key, label)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes identity.json: a certificate and a cluster state made from the tables of
docs/identity.md without this project's code. Needs python3-cryptography."""

import hashlib
import hmac
import json
import pathlib
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ca_seed = bytes(range(32))
ca = Ed25519PrivateKey.from_private_bytes(ca_seed)
ca_key = ca.public_key().public_bytes_raw()


def signed(label, document):
    return document + ca.sign(label.encode() + document)


name = b"r1-n01"
macs = [bytes.fromhex("0cc47a77f9af"), bytes.fromhex("0cc47a77f9b0")]
key = bytes(range(0x40, 0x60))
certificate = signed(
    "mvmp certificate v1",
    struct.pack("<BBHBBHQQQ", 1, len(name), 0b00011, len(macs), 0, 0, 118, 1000, 2000)
    + hashlib.sha256(ca_key).digest()[:8] + key + b"".join(macs) + name)
cluster_key = bytes(range(0x20, 0x40))


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


key_id = mac(mac(bytes(32), cluster_key), b"mvmp v1 key id\1")[:16]
revoked = [3, 77, 2**40]
state = signed(
    "mvmp cluster state v1",
    struct.pack("<BBHIQQII", 1, 1, 0, 5, 42, 1500, len(revoked), 604800) + key_id
    + ca_key + struct.pack(f"<{len(revoked)}Q", *revoked))

vectors = {
    "about": "Made by make-identity.py from docs/identity.md, not by the code it tests. Hex.",
    "ca_seed": ca_seed.hex(),
    "ca_key": ca_key.hex(),
    "certificate": certificate.hex(),
    "fingerprint": hashlib.sha256(certificate).hexdigest()[:32],
    "cluster_key": cluster_key.hex(),
    "key_id": key_id.hex(),
    "cluster_state": state.hex(),
}
text = json.dumps(vectors, indent=1) + "\n"
(pathlib.Path(__file__).parent / "identity.json").write_text(text)

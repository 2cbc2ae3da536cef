#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes enrol.txt: the enrolment of one node, every frame made from section 18 of
proto/SPECIFICATION.md without this project's code. Each line is a name and hex. Certificate, cluster
state and cluster key are those of identity.json. Needs python3-cryptography."""

import hashlib
import hmac
import json
import pathlib
import struct

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

here = pathlib.Path(__file__).parent
identity = json.loads((here / "identity.json").read_text())
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def hkdf(secret, label):
    return mac(mac(bytes(32), secret), label.encode(), b"\1")


def seal(key, counter, ad, plain):
    return AESGCM(key).encrypt(bytes(4) + struct.pack(">Q", counter), plain, ad)


def public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def dh(secret, theirs):
    return X25519PrivateKey.from_private_bytes(secret).exchange(
        X25519PublicKey.from_public_bytes(theirs))


class Noise:
    """SymmetricState, after revision 34 of the Noise paper."""

    def __init__(self, name, prologue):
        self.h = self.ck = name.ljust(32, b"\0") if len(name) <= 32 else hashlib.sha256(name).digest()
        self.mix_hash(prologue)

    def mix_hash(self, data):
        self.h = hashlib.sha256(self.h + data).digest()

    def outputs(self, data, count):
        temp, out, last = mac(self.ck, data), [], b""
        for i in range(count):
            last = mac(temp, last, bytes([i + 1]))
            out.append(last)
        return out

    def mix_key(self, data):
        self.ck, self.k = self.outputs(data, 2)

    def mix_psk(self, psk):
        self.ck, temp, self.k = self.outputs(psk, 3)
        self.mix_hash(temp)

    def seal(self, plain):  # each key of this pattern seals once
        sealed = seal(self.k, 0, self.h, plain)
        self.mix_hash(sealed)
        return sealed

    def write_e(self, secret):
        self.mix_hash(public(secret))
        self.mix_key(public(secret))
        return public(secret)


def multiply(a, b):
    """In GF(32) made by x^5 + x^2 + 1."""
    product = 0
    for bit in range(5):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(9, 4, -1):
        if product >> bit & 1:
            product ^= 0b100101 << (bit - 5)
    return product


def code_text(code):
    number = int.from_bytes(code, "big")
    digits = [number >> 5 * (23 - i) & 31 for i in range(24)]
    check, power = 0, 2
    for digit in reversed(digits):
        check ^= multiply(digit, power)
        power = multiply(power, 2)
    text = "".join(ALPHABET[digit] for digit in digits + [check])
    return "-".join(text[i:i + 5] for i in range(0, 25, 5))


code = bytes(range(0x31, 0x40))
psk, mac_key = hkdf(code, "mvmp v1 enrol psk"), hkdf(code, "mvmp v1 enrol mac")
conversation = bytes(range(0x81, 0x89))
operator_ephemeral, node_ephemeral = bytes([0x91]) * 32, bytes([0xa1]) * 32
node_secret = bytes([0xb1]) * 32
node_mac = bytes.fromhex("020000000001")


def head(step, counter):
    return (struct.pack("<BBHIQ", 1 << 4 | 7, 0, 560, 0, counter)
            + bytes([step]) + bytes(7) + conversation)


def frame(step, counter, body):
    whole = head(step, counter) + body
    return whole + mac(mac_key, whole)[:16]


noise = Noise(b"Noise_NNpsk0_25519_AESGCM_SHA256", b"mvmp v1 enrol\0\0\0" + conversation)
noise.mix_psk(psk)
first = frame(1, 0, noise.write_e(operator_ephemeral) + noise.seal(bytes(480)))
request = (public(node_secret) + bytes([6, 1]) + bytes(6) + node_mac.ljust(48, b"\0")
           + b"node-7".ljust(64, b"\0")).ljust(480, b"\0")
message = noise.write_e(node_ephemeral)
noise.mix_key(dh(node_ephemeral, public(operator_ephemeral)))
second = frame(2, 0, message + noise.seal(request))
to_node, to_operator = noise.outputs(b"", 2)

certificate, state = bytes.fromhex(identity["certificate"]), bytes.fromhex(identity["cluster_state"])
cluster_key = bytes.fromhex(identity["cluster_key"])
delivery = struct.pack("<HHI", len(certificate), 0, len(state)) + cluster_key + certificate + state
assert len(delivery) <= 496


def question(counter, total, offset, part):
    plain = struct.pack("<IIHHI", total, offset, len(part), 0, 0) + part.ljust(496, b"\0")
    return frame(3, counter, seal(to_node, counter, head(3, counter), plain))


def answer(counter, status, offset, text):
    plain = (struct.pack("<HHIQ", status, len(text), offset, 0) + text).ljust(512, b"\0")
    return frame(4, counter, seal(to_operator, counter, head(4, counter), plain))


lines = {
    "code": code, "code_text": code_text(code).encode(), "psk": psk, "mac_key": mac_key,
    "conversation": conversation, "operator_ephemeral": operator_ephemeral,
    "node_ephemeral": node_ephemeral, "node_secret": node_secret, "node_mac": node_mac,
    "frame_first": first, "frame_second": second,
    "key_to_node": to_node, "key_to_operator": to_operator,
    "frame_question": question(0, len(delivery), 0, delivery),
    "frame_answer": answer(0, 5, 0, b"no"),
}
(here / "enrol.txt").write_text(
    "# Made by make-enrol.py from proto/SPECIFICATION.md, 18. The node \"node-7\" is asked, gets a\n"
    "# delivery in one piece, and refuses it with status 5 and the sentence \"no\".\n"
    + "".join(f"{name} {value.hex()}\n" for name, value in lines.items()))

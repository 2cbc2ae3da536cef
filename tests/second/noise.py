# SPDX-License-Identifier: Apache-2.0
"""Noise_IXpsk0+psk2_25519_AESGCM_SHA256, both ends, from the Noise paper (revision 34)."""

import hashlib
import os

from member import dh, hmac256, public, seal, unseal


class Noise:
    def __init__(self, prologue, psk0, psk2, secret, initiator):
        self.h = self.ck = hashlib.sha256(b"Noise_IXpsk0+psk2_25519_AESGCM_SHA256").digest()
        self.psk2, self.secret, self.initiator = psk2, secret, initiator
        self.e = os.urandom(32)
        self.mix_hash(prologue)
        self.mix_psk(psk0)

    def mix_hash(self, data):
        self.h = hashlib.sha256(self.h + data).digest()

    def derive(self, data, count):
        temp, out, last = hmac256(self.ck, data), [], b""
        for i in range(count):
            last = hmac256(temp, last, bytes([i + 1]))
            out.append(last)
        return out

    def mix_key(self, data):
        self.ck, self.k = self.derive(data, 2)
        self.n = 0

    def mix_psk(self, psk):
        self.ck, temp, self.k = self.derive(psk, 3)
        self.mix_hash(temp)
        self.n = 0

    def mix_ephemeral(self, key):
        self.mix_hash(key)
        self.mix_key(key)
        return key

    def put(self, plain):
        sealed = seal(self.k, self.n, self.h, plain)
        self.n += 1
        self.mix_hash(sealed)
        return sealed

    def get(self, sealed):
        plain = unseal(self.k, self.n, self.h, sealed)
        self.n += 1
        self.mix_hash(sealed)
        return plain

    # -> e, s
    def write_first(self, payload):
        return self.mix_ephemeral(public(self.e)) + self.put(public(self.secret)) + \
            self.put(payload)

    def read_first(self, message):
        self.re = self.mix_ephemeral(message[:32])
        self.rs = self.get(message[32:80])
        return self.get(message[80:])

    # <- e, ee, se, s, es, psk
    def write_second(self, payload):
        out = self.mix_ephemeral(public(self.e))
        self.mix_key(dh(self.e, self.re))
        self.mix_key(dh(self.e, self.rs))
        out += self.put(public(self.secret))
        self.mix_key(dh(self.secret, self.re))
        self.mix_psk(self.psk2)
        return out + self.put(payload)

    def read_second(self, message):
        self.re = self.mix_ephemeral(message[:32])
        self.mix_key(dh(self.e, self.re))
        self.mix_key(dh(self.secret, self.re))
        self.rs = self.get(message[32:80])
        self.mix_key(dh(self.e, self.rs))
        self.mix_psk(self.psk2)
        return self.get(message[80:])

    def split(self):
        """Keys to send and to receive with."""
        to_responder, to_initiator = self.derive(b"", 2)
        return (to_responder, to_initiator) if self.initiator else (to_initiator, to_responder)

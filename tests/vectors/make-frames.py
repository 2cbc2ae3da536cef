#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes frames.txt: one contact between an operator and a node, every frame made from the
tables of proto/SPECIFICATION.md and docs/identity.md without this project's code. Each line is a
name and hex. Beside it keylog.txt, what the operator's key log says of this contact
(docs/wireshark.md), and frames.pcap, the contact as a capture. Needs python3-cryptography."""

import hashlib
import hmac
import pathlib
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PROBE, BEACON, INIT, REPLY, COOKIE, DATA = range(1, 7)
STATS = 1 << 63


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def hkdf(salt, secret, label):
    return mac(mac(salt or bytes(32), secret), label.encode(), b"\1")


def seal(key, counter, ad, plain):
    return AESGCM(key).encrypt(bytes(4) + struct.pack(">Q", counter), plain, ad)


def public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def dh(secret, theirs):
    return X25519PrivateKey.from_private_bytes(secret).exchange(
        X25519PublicKey.from_public_bytes(theirs))


def header(kind, payload_len, index=0, counter=0):
    return struct.pack("<BBHIQ", 1 << 4 | kind, 0, payload_len, index, counter)


def record(kind, body):
    return struct.pack("<BBH", kind, 0, len(body)) + body


class Noise:
    """SymmetricState and the tokens of IXpsk0+psk2, after revision 34 of the Noise paper."""

    def __init__(self, prologue):
        self.h = self.ck = hashlib.sha256(b"Noise_IXpsk0+psk2_25519_AESGCM_SHA256").digest()
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
        self.n = 0

    def mix_psk(self, psk):
        self.ck, temp, self.k = self.outputs(psk, 3)
        self.mix_hash(temp)
        self.n = 0

    def seal(self, plain):
        self.log = self.k + self.h  # a key log's figures of the last piece sealed
        sealed = seal(self.k, self.n, self.h, plain)
        self.n += 1
        self.mix_hash(sealed)
        return sealed

    def write_e(self, secret):
        self.mix_hash(public(secret))
        self.mix_key(public(secret))
        return public(secret)


# ---- the cluster and its two members ----

ca_seed = bytes(range(32))
ca = Ed25519PrivateKey.from_private_bytes(ca_seed)
ca_key = ca.public_key().public_bytes_raw()
cluster_key = bytes(range(0x20, 0x40))
WALL_S, NOW = 1500, 7_000_000_000


class Member:
    def __init__(self, name, roles, serial, macs, fill):
        self.secret = bytes([fill]) * 32
        self.ephemeral = bytes([fill + 1]) * 32
        self.instance = bytes([fill + 2]) * 16
        self.hello_id = bytes([fill + 3]) * 16
        self.probe = struct.pack("<Q", (fill + 4) * 0x0101010101010101)
        self.host_boot = bytes([fill + 5]) * 16
        self.index = 0x11220000 + (fill << 24)
        self.name, self.roles, self.macs = name, roles, macs
        body = (struct.pack("<BBHBBHQQQ", 1, len(name), roles, len(macs), 0, 0, serial, 1000, 2000)
                + hashlib.sha256(ca_key).digest()[:8] + public(self.secret)
                + b"".join(macs) + name)
        self.cert = body + ca.sign(b"mvmp certificate v1" + body)
        self.hello_counter = 0

    def hello(self, kind, probe):
        body = (probe + struct.pack("<HHHBB", 0, 1500, self.roles, len(self.macs), len(self.name))
                + self.host_boot + self.instance + hashlib.sha256(self.cert).digest()[:16]
                + b"".join(self.macs).ljust(48, b"\0") + self.name.ljust(64, b"\0"))
        ad = header(kind, 208, 0, self.hello_counter) + self.hello_id
        key = hkdf(self.hello_id, cluster_key, "mvmp v1 hello")
        frame = ad + seal(key, self.hello_counter, ad, body)
        self.hello_counter += 1
        return frame

    def greeting(self):
        return (struct.pack("<HH", 1500, len(self.cert)) + self.host_boot + self.instance
                + struct.pack("<Q", 42) + self.cert.ljust(320, b"\0"))


node = Member(b"node-1", 0b00001, 5, [bytes.fromhex("020000000001")], 0x50)
ada = Member(b"ada", 0b00100, 6, [], 0x60)

# ---- the handshake ----

psk0 = hkdf(b"", cluster_key, "mvmp v1 session psk0")
psk2 = hkdf(b"", cluster_key, "mvmp v1 session psk2")
noise = Noise(b"mvmp v1 session\0" + node.instance)

noise.mix_psk(psk0)
message = noise.write_e(ada.ephemeral)
message += noise.seal(public(ada.secret))
message += noise.seal(struct.pack("<QII", NOW, ada.index, 0) + ada.greeting())
init_log = message[:32] + noise.log
covered = header(INIT, 528) + struct.pack("<I", ada.index) + message
member_key = hkdf(b"", cluster_key, "mvmp v1 member mac")
member_mac = mac(member_key, covered)[:16]
init = covered + member_mac + bytes(32)

message = noise.write_e(node.ephemeral)
noise.mix_key(dh(node.ephemeral, public(ada.ephemeral)))  # ee
noise.mix_key(dh(node.ephemeral, public(ada.secret)))  # se
message += noise.seal(public(node.secret))
noise.mix_key(dh(node.secret, public(ada.ephemeral)))  # es
noise.mix_psk(psk2)
message += noise.seal(struct.pack("<I", node.index) + node.greeting())
reply_log = message[:32] + noise.log
reply = header(REPLY, 480, ada.index) + message
reply += mac(member_key, reply, member_mac)[:16]
to_node, to_ada = noise.outputs(b"", 2)


def data(key, index, counter, plain):
    ad = header(DATA, len(plain) + 16, index, counter)
    return ad + seal(key, counter, ad, plain)


# A COOKIE that refuses the INIT because its certificate is revoked (reason 3).
salt = bytes([0x77]) * 16
refusal = (header(COOKIE, 64, ada.index) + salt
           + seal(hkdf(salt, cluster_key, "mvmp v1 cookie"), 0, member_mac, b"\3" + bytes(31)))

# A COOKIE that asks for a proof (reason 0), and the INIT that brings it.
cookie_value = bytes(range(0x80, 0x90))
cookie = (header(COOKIE, 64, ada.index) + salt
          + seal(hkdf(salt, cluster_key, "mvmp v1 cookie"), 0, member_mac,
                 bytes(16) + cookie_value))
proven = covered + member_mac
proven += mac(cookie_value, proven)[:16] + bytes(16)

# The node's ticket for ada, which rides on its first three frames, and an INIT that shows it.
ticket_key = hkdf(b"", node.secret, "mvmp v1 ticket")
ticket_id = mac(ticket_key, b"id", public(ada.secret))[:8]
ticket_secret = mac(ticket_key, b"secret", ticket_id)[:16]
ticket = record(7, ticket_id + ticket_secret)
known = covered + member_mac + bytes(16) + ticket_id
known += mac(ticket_secret, node.instance, known)[:8]

ping = record(1, struct.pack("<Q", 1))
pong = record(2, struct.pack("<Q", 1))
fragment = record(4, struct.pack("<IIII", 0, 0, 5, 0) + b"hello")
ack = record(3, struct.pack("<IHHH", 1, 2000, 128, 0))

# A message of 2000 bytes in two frames of at most 1500: 16 of header and 16 of tag, 4 of the record's
# head and 16 of the fragment's leave 1448. The first one is lost, so the second is a gap.
long = bytes(i % 251 for i in range(2000))
first = record(4, struct.pack("<IIII", 1, 1, 2000, 0) + long[:1448])
second = record(4, struct.pack("<IIII", 2, 1, 2000, 1448) + long[1448:])
ack_gap = record(3, struct.pack("<IHHH", 1, 0, 128, 0) + b"\1")
ack_all = record(3, struct.pack("<IHHH", 3, 2000, 128, 0))
close = record(5, b"\0")


# ---- a message and a stats frame (9, 10): protobuf by hand ----

def varint(value):
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def fields(*pairs):
    """Numbers as varints, bytes and lists of numbers (packed) with their length."""
    out = b""
    for number, value in pairs:
        if isinstance(value, list):
            value = b"".join(map(varint, value))
        if isinstance(value, bytes):
            out += varint(number << 3 | 2) + varint(len(value)) + value
        else:
            out += varint(number << 3) + varint(value)
    return out


# Request 1, verb 32 (pin), an operation id, a deadline of 5000 ms: web-07, vCPU 0, to pCPUs 0-3.
request = fields((1, fields((1, 1), (2, 32), (3, bytes(range(0xA0, 0xB0))), (4, 5000),
                            (5, fields((1, b"web-07"), (3, b"0-3"))))))
# The answer: status 13 (busy), a sentence.
answer = fields((2, fields((1, 1), (2, 13), (3, b"an operation on web-07 runs"))))

# A node with 4 pCPUs, 8 GiB, 45 degrees, and no energy counter; three vCPUs of two domains, of
# which the last one's figures are 1 ms old since its monitor is awaited.
zigzag = 2 * 45000
node_group = fields(
    (1, 0), (2, 1),
    (9, fields((1, 0), (2, [4]))), (9, fields((1, 5), (2, [1]), (6, 33))),
    (9, fields((1, 29), (2, [zigzag]), (5, 1))), (9, fields((1, 33), (4, b"\xff"))))
vcpu_group = fields(
    (1, 5), (2, 3), (3, b"\xd1" * 16 + b"\xd2" * 16), (4, [2, 1]), (5, [0, 1, 0]),
    (7, [0, 0, 1000000]), (8, [0, 0, 0x51]),
    (9, fields((1, 0), (2, [1000, 2000, 3000]))),
    (9, fields((1, 1), (2, [7, 9]), (3, b"\5"))),
    (9, fields((1, 2), (2, [2]))),
    (9, fields((1, 3), (2, [5, 6]), (3, b"\3"), (4, b"\4"))),
    (10, fields((1, 0), (2, b"any"))))
stats_frame = fields(
    (1, 7), (2, 3), (3, 1000), (4, 1), (5, 9), (6, 1500 * 10**9), (7, NOW), (8, node.instance),
    (9, node.host_boot), (10, 1 << 0 | 1 << 5), (11, node_group), (11, vcpu_group))

lines = {
    "ca_seed": ca_seed, "cluster_key": cluster_key,
    "psk0": psk0, "psk2": psk2,
    "node_secret": node.secret, "node_cert": node.cert, "node_ephemeral": node.ephemeral,
    "node_instance": node.instance, "node_hello_id": node.hello_id, "node_probe": node.probe,
    "node_host_boot": node.host_boot, "node_index": struct.pack("<I", node.index),
    "ada_secret": ada.secret, "ada_cert": ada.cert, "ada_ephemeral": ada.ephemeral,
    "ada_instance": ada.instance, "ada_hello_id": ada.hello_id, "ada_probe": ada.probe,
    "ada_host_boot": ada.host_boot, "ada_index": struct.pack("<I", ada.index),
    "cookie_salt": salt,
    "frame_probe": ada.hello(PROBE, ada.probe),
    "frame_beacon": node.hello(BEACON, ada.probe),
    "frame_init": init,
    "frame_reply": reply,
    "frame_refusal": refusal,
    "key_to_node": to_node, "key_to_ada": to_ada,
    "frame_ping": data(to_node, node.index, 0, ping),
    "frame_pong": data(to_ada, ada.index, 0, pong + ticket),
    "frame_fragment": data(to_node, node.index, 1, fragment),
    "frame_ack": data(to_ada, ada.index, 1, ticket + ack),
    "frame_stats": data(to_ada, ada.index, STATS, b"stats"),
    "cookie": cookie_value, "frame_cookie": cookie, "frame_init_proven": proven,
    "ticket_id": ticket_id, "ticket_secret": ticket_secret, "frame_init_ticket": known,
    "frame_first": data(to_node, node.index, 2, first),
    "frame_second": data(to_node, node.index, 3, second),
    "frame_ack_gap": data(to_ada, ada.index, 2, ticket + ack_gap),
    "frame_again": data(to_node, node.index, 4, first),
    "frame_ack_all": data(to_ada, ada.index, 3, ack_all),
    "frame_close": data(to_node, node.index, 5, close),
    "message_request": request, "message_answer": answer, "stats_frame": stats_frame,
}
text = "".join(f"{name} {value.hex()}\n" for name, value in lines.items())
pathlib.Path(__file__).with_name("frames.txt").write_text(
    "# Made by make-frames.py from proto/SPECIFICATION.md. An operator \"ada\" finds the node\n"
    "# \"node-1\", shakes hands, sends \"hello\" and gets a stats frame; wall clock 1500 s,\n"
    "# endpoint time 7 s, MTU 1500, cluster state number 42.\n" + text)


def hello_line(member):
    return ("hello", member.hello_id, hkdf(member.hello_id, cluster_key, "mvmp v1 hello"))


log = [
    hello_line(ada), hello_line(node),
    ("init", init_log[:32], init_log[32:64], init_log[64:]),
    ("cookie", salt, hkdf(salt, cluster_key, "mvmp v1 cookie")),
    ("reply", reply_log[:32], reply_log[32:64], reply_log[64:]),
    ("data", struct.pack(">I", node.index), "out", to_node),
    ("data", struct.pack(">I", ada.index), "in", to_ada),
]
pathlib.Path(__file__).with_name("keylog.txt").write_text(
    "# MVMP key log 1: whoever has this file can read these sessions\n" + "".join(
        " ".join(w if isinstance(w, str) else w.hex() for w in words) + "\n" for words in log))

# The contact as it would be seen on the wire, one frame each millisecond, the last one tagged.
order = [("ada", "probe"), ("node", "beacon"), ("ada", "init"), ("node", "cookie"),
         ("ada", "init_proven"), ("node", "reply"), ("ada", "ping"), ("node", "pong"),
         ("ada", "fragment"), ("node", "ack"), ("node", "stats"), ("ada", "first"),
         ("ada", "second"), ("node", "ack_gap"), ("ada", "again"), ("node", "ack_all"),
         ("node", "refusal"), ("ada", "close")]
ether = {"node": bytes.fromhex("020000000001"), "ada": bytes.fromhex("020000000002")}
pcap = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
for number, (sender, name) in enumerate(order):
    to = ether["ada" if sender == "node" else "node"]
    if name == "probe":
        to = bytes.fromhex("034d564d5001")
    tag = bytes.fromhex("81000005") if name == "close" else b""
    frame = (to + ether[sender] + tag + bytes.fromhex("88b6" if name == "stats" else "88b5")
             + lines["frame_" + name]).ljust(60, b"\0")
    pcap += struct.pack("<IIII", 1500, 1000 * number, len(frame), len(frame)) + frame
pathlib.Path(__file__).with_name("frames.pcap").write_bytes(pcap)

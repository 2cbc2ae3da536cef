# SPDX-License-Identifier: Apache-2.0
"""Frames, discovery, sessions and the reliable channel, from proto/SPECIFICATION.md alone (numbers
of sections in brackets). One session at a time, for tests: it waits for answers."""

import os
import socket
import struct
import time

from cryptography.exceptions import InvalidTag

from member import Certificate, mac, seal, unseal

PROBE, BEACON, INIT, REPLY, COOKIE, DATA = range(1, 7)
SIZES = {PROBE: (208, 208), BEACON: (208, 208), INIT: (528, 528), REPLY: (480, 480),
         COOKIE: (64, 64), DATA: (16, 9200)}
GROUP = bytes.fromhex("034d564d5001")
CONTROL, STATS = 0x88B5, 0x88B6
PING, PONG, ACK, FRAGMENT, CLOSE = 1, 2, 3, 4, 5
WINDOW, MESSAGE_MAX, RETRY_S = 128, 1 << 20, 0.05
TOP = 1 << 63


class Frame:
    """(4), checked as in (11), steps 1 to 7; ValueError with the name of the drop."""

    def __init__(self, source, ethertype, data):
        self.source = source
        if source[0] & 1:
            raise ValueError("source")
        if len(data) < 16:
            raise ValueError("short")
        first, flags, size, self.index, self.counter = struct.unpack_from("<BBHIQ", data)
        self.kind = first & 15
        if first >> 4 != 1:
            raise ValueError("version")
        if self.kind not in SIZES:
            raise ValueError("kind")
        least, most = SIZES[self.kind]
        if len(data) - 16 < least:
            raise ValueError("short")
        if size > len(data) - 16 or not least <= size <= most:
            raise ValueError("length")
        indexed = self.kind in (REPLY, COOKIE, DATA)
        counted = self.kind in (PROBE, BEACON, DATA)
        self.stats = bool(self.counter & TOP)
        if flags or indexed != bool(self.index) or (self.counter and not counted) or (
                self.stats and self.kind != DATA):
            raise ValueError("reserved")
        if ethertype != (STATS if self.stats else CONTROL):
            raise ValueError("ethertype")
        self.header, self.payload = data[:16], data[16:16 + size]


def header(kind, size, index=0, counter=0):
    return struct.pack("<BBHIQ", 1 << 4 | kind, 0, size, index, counter)


class Link:
    def __init__(self, interface):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind((interface, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE: bursts of stats
        self.mac = self.socket.getsockname()[4]
        self.mtu = 1500
        index = socket.if_nametoindex(interface)
        # packet(7): PACKET_ADD_MEMBERSHIP, PACKET_MR_MULTICAST
        self.socket.setsockopt(263, 1, struct.pack("iHH8s", index, 0, 6, GROUP))

    def send(self, to, frame, ethertype=CONTROL):
        self.socket.send(to + self.mac + struct.pack("!H", ethertype) + frame)

    def frames(self, seconds):
        """Frames for us that pass the first checks, for so long; None once in a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(min(left, RETRY_S))
            try:
                data, address = self.socket.recvfrom(10000)
            except TimeoutError:
                yield None
                continue
            if address[2] == socket.PACKET_OUTGOING or data[:6] not in (self.mac, GROUP):
                continue
            try:
                yield Frame(data[6:12], struct.unpack("!H", data[12:14])[0], data[14:])
            except ValueError:
                continue


class Hello:
    """Plain text of PROBE and BEACON (5)."""

    def __init__(self, body):
        (self.probe, self.spread, self.mtu, self.roles, macs, name_len, self.host_boot,
         self.instance, self.fingerprint) = struct.unpack_from("<QHHHBB16s16s16s", body)
        if macs > 8 or not 1 <= name_len <= 63 or not 576 <= self.mtu <= 9216:
            raise ValueError("record")
        self.name = body[112:112 + name_len].decode()


class Member:
    def __init__(self, identity, link):
        self.identity, self.link = identity, link
        self.sender, self.instance, self.host_boot = os.urandom(16), os.urandom(16), os.urandom(16)
        self.hello_counter = 0
        self.psks = identity.key("mvmp v1 session psk0"), identity.key("mvmp v1 session psk2")
        self.member_key = identity.key("mvmp v1 member mac")

    def send_hello(self, kind, to, probe):
        cert = self.identity.cert
        body = struct.pack("<QHHHBB16s16s16s48s64s", probe, 0, self.link.mtu, cert.roles,
                           len(cert.macs), len(cert.name), self.host_boot, self.instance,
                           cert.fingerprint, b"".join(cert.macs), cert.name.encode())
        ad = header(kind, 208, 0, self.hello_counter) + self.sender
        self.link.send(to, ad + seal(self.hello_key(self.sender), self.hello_counter, ad, body))
        self.hello_counter += 1

    def hello_key(self, sender):
        return self.identity.key("mvmp v1 hello", sender)

    def open_hello(self, frame):
        sender = frame.payload[:16]
        return Hello(unseal(self.hello_key(sender), frame.counter, frame.header + sender,
                            frame.payload[16:]))

    def prologue(self, instance):
        return b"mvmp v1 session\0" + instance

    def greeting(self):
        """What both handshake payloads end with (6.1, 6.2)."""
        data = self.identity.cert.data
        return struct.pack("<HH16s16sQ320s", self.link.mtu, len(data), self.host_boot,
                           self.instance, self.identity.state.number, data)

    def check_greeting(self, data, key, source):
        mtu, size = struct.unpack_from("<HH", data)
        if not 576 <= mtu <= 9216 or size > 320:
            raise ValueError("record")
        cert = Certificate(data[44:44 + size])
        self.identity.state.check(cert)
        if cert.key != key:
            raise ValueError("cert")
        if cert.macs and source not in cert.macs:
            raise ValueError("mac")
        return cert, mtu


class Session:
    """(7) and (8) after the handshake."""

    def __init__(self, member, peer, mtu, local, remote, keys):
        self.link, self.peer, self.mtu = member.link, peer, min(mtu, member.link.mtu, 1500)
        self.local, self.remote = local, remote
        self.send_key, self.receive_key = keys
        self.counters, self.seen = [0, 0], set()
        self.sequence = self.message = 0  # next to send
        self.unacknowledged = {}  # sequence number: [record, when sent]
        self.waiting = []  # records the window had no room for
        self.limit = WINDOW
        self.next, self.beyond = 0, set()  # received
        self.deliver, self.partial = 0, {}
        self.messages, self.stats, self.pongs = [], [], []
        self.duplicates, self.ack_wanted, self.closed = 0, False, None
        self.acks_received = 0

    def send_records(self, *records):
        plain = b"".join(records)
        ad = header(DATA, len(plain) + 16, self.remote, self.counters[0])
        self.link.send(self.peer, ad + seal(self.send_key, self.counters[0], ad, plain))
        self.counters[0] += 1

    def send_stats(self, plain):
        counter = self.counters[1] | TOP
        ad = header(DATA, len(plain) + 16, self.remote, counter)
        self.link.send(self.peer, ad + seal(self.send_key, counter, ad, plain), STATS)
        self.counters[1] += 1

    @staticmethod
    def record(kind, body):
        return struct.pack("<BBH", kind, 0, len(body)) + body

    def ping(self, token):
        self.send_records(self.record(PING, struct.pack("<Q", token)))

    def send_message(self, data):
        room = self.mtu - 16 - 16 - 4 - 16
        for offset in range(0, len(data), room):
            piece = data[offset:offset + room]
            body = struct.pack("<IIII", self.sequence, self.message, len(data), offset) + piece
            self.waiting.append((self.sequence, self.record(FRAGMENT, body)))
            self.sequence += 1
        self.message += 1
        self.push()

    def push(self):
        """Sends what the window allows, and again what was not acknowledged in time."""
        now = time.monotonic()
        while self.waiting and self.waiting[0][0] < self.limit:
            number, record = self.waiting.pop(0)
            self.unacknowledged[number] = [record, now]
            self.send_records(record)
        for entry in self.unacknowledged.values():
            if now - entry[1] > RETRY_S:
                entry[1] = now
                self.send_records(entry[0])

    def take_ack(self, body):
        following, _, credit, _ = struct.unpack_from("<IHHH", body)
        self.acks_received += 1
        self.limit = max(self.limit, following + credit)
        got = set(range(following)) | {
            following + 1 + i for i in range(8 * (len(body) - 10))
            if body[10 + i // 8] >> i % 8 & 1}
        for number in [n for n in self.unacknowledged if n in got]:
            del self.unacknowledged[number]

    def take_fragment(self, body):
        number, message, total, offset = struct.unpack_from("<IIII", body)
        piece = body[16:]
        self.ack_wanted = True
        if number < self.next or number in self.beyond:
            self.duplicates += 1
            return
        if number >= self.next + WINDOW or message >= self.deliver + 32:
            return
        self.beyond.add(number)
        while self.next in self.beyond:
            self.beyond.remove(self.next)
            self.next += 1
        buffer, got = self.partial.setdefault(message, (bytearray(total), [0]))
        buffer[offset:offset + len(piece)] = piece
        got[0] += len(piece)
        while self.deliver in self.partial:
            buffer, got = self.partial[self.deliver]
            if got[0] < len(buffer):
                return
            self.messages.append(bytes(buffer))
            del self.partial[self.deliver]
            self.deliver += 1

    def send_ack(self):
        bits = bytearray(16)
        for number in self.beyond:
            bits[(number - self.next - 1) // 8] |= 1 << (number - self.next - 1) % 8
        body = struct.pack("<IHHH", self.next, 0, WINDOW, self.duplicates & 0xFFFF)
        self.send_records(self.record(ACK, body + bytes(bits).rstrip(b"\0")))
        self.ack_wanted = False

    def take(self, frame):
        """A DATA frame of this session; others and damaged ones are left alone."""
        if frame.kind != DATA or frame.index != self.local or frame.source != self.peer:
            return
        try:
            plain = unseal(self.receive_key, frame.counter, frame.header, frame.payload)
        except InvalidTag:
            return
        if frame.counter in self.seen:
            return
        self.seen.add(frame.counter)
        if frame.stats:
            self.stats.append(plain)
            return
        at = 0
        while at + 4 <= len(plain):
            kind, _, size = struct.unpack_from("<BBH", plain, at)
            body = plain[at + 4:at + 4 + size]
            at += 4 + size
            if kind == PING:
                self.send_records(self.record(PONG, body))
            elif kind == PONG:
                self.pongs.append(struct.unpack("<Q", body)[0])
            elif kind == ACK:
                self.take_ack(body)
            elif kind == FRAGMENT:
                self.take_fragment(body)
            elif kind == CLOSE:
                self.closed = body[0]
        if self.ack_wanted:
            self.send_ack()

    def run(self, seconds, until):
        """Exchanges frames until the condition holds; TimeoutError else."""
        for frame in self.link.frames(seconds):
            if frame:
                self.take(frame)
            self.push()
            if until():
                return
            if self.closed is not None:
                raise ConnectionError(f"closed, status {self.closed}")
        raise TimeoutError

    def close(self):
        self.send_records(self.record(CLOSE, b"\0"))


def cookie_body(member, frame, init_mac):
    return unseal(member.identity.key("mvmp v1 cookie", frame.payload[:16]), 0, init_mac,
                  frame.payload[16:])


def init_macs(member, covered, cookie=None):
    """The INIT's last 48 bytes (6.1)."""
    member_mac = mac(member.member_key, covered)
    proof = mac(cookie, covered, member_mac) if cookie else bytes(16)
    return member_mac, covered + member_mac + proof + bytes(16)

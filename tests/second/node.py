#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second implementation's answering side: node.py INTERFACE IDENTITY SECONDS. Answers PROBEs,
one handshake after the other, and the requests cluster-exchange and ping; everything else is
`unsupported`. Prints a line for each step."""

import os
import struct
import sys
import time

from cryptography.exceptions import InvalidTag

import protobuf
from member import NODE, Identity, mac
from noise import Noise
from wire import BEACON, DATA, GROUP, INIT, PROBE, REPLY, Link, Member, Session, header

CLUSTER_EXCHANGE, PING, UNSUPPORTED = 1, 3, 9


def say(*words):
    print(*words, flush=True)


class Node(Member):
    def __init__(self, identity, link):
        super().__init__(identity, link)
        self.sessions, self.stored, self.stamps, self.half = {}, {}, {}, {}

    def answer_probe(self, frame):
        hello = self.open_hello(frame)
        if hello.spread:
            time.sleep(int.from_bytes(os.urandom(2), "little") / 65536 * min(hello.spread, 10000)
                       / 1000)
        self.send_hello(BEACON, frame.source, hello.probe)
        say("probed by", hello.name)

    def answer_init(self, frame):
        """(6.4), without load control."""
        payload, init_mac = frame.payload, frame.payload[480:496]
        if mac(self.member_key, frame.header, payload[:480]) != init_mac:
            raise ValueError("stranger")
        if init_mac in self.stored:
            self.link.send(frame.source, self.stored[init_mac])
            return
        noise = Noise(self.prologue(self.instance), *self.psks, self.identity.secret, False)
        plain = noise.read_first(payload[4:480])
        timestamp, index, renews = struct.unpack_from("<QII", plain)
        instance = plain[36:52]
        if index != struct.unpack_from("<I", payload)[0]:
            raise ValueError("record")
        if timestamp <= self.stamps.get(instance, -1):
            raise ValueError("stale")
        cert, mtu = self.check_greeting(plain[16:], noise.rs, frame.source)
        if not cert.roles & ~NODE:
            raise ValueError("role")
        if renews:
            raise ValueError("session")
        local = int.from_bytes(os.urandom(4), "little") or 1
        head = header(REPLY, 480, index)
        message = noise.write_second(struct.pack("<I", local) + self.greeting())
        reply = head + message + mac(self.member_key, head, message, init_mac)
        self.stored[init_mac] = reply
        session = Session(self, frame.source, mtu, local, index, noise.split())
        self.half[local] = session, cert, instance, timestamp
        self.link.send(frame.source, reply)

    def take_data(self, frame):
        if frame.index in self.half:
            session, cert, instance, timestamp = self.half[frame.index]
            session.take(frame)
            if session.seen:  # its first valid frame confirms the handshake
                del self.half[frame.index]
                self.sessions[frame.index] = session
                self.stamps[instance] = max(timestamp, self.stamps.get(instance, -1))
                say("connected to", cert.name)
        elif frame.index in self.sessions:
            self.sessions[frame.index].take(frame)

    def answer(self, message):
        request = protobuf.read(protobuf.last(protobuf.read(message), 1, b""))
        identifier, verb = protobuf.last(request, 1), protobuf.last(request, 2)
        body, status, text = b"", 0, ""
        say("asked for verb", verb)
        if verb == CLUSTER_EXCHANGE:
            state = self.identity.state
            body = protobuf.write((1, state.number), (3, state.generation))
        elif verb == PING:
            body = protobuf.write((1, protobuf.last(
                protobuf.read(protobuf.last(request, 5, b"")), 1, b"")))
        else:
            status, text = UNSUPPORTED, "this node is a test"
        return protobuf.write((2, protobuf.write((1, identifier), (2, status), (3, text),
                                                 (5, body))))

    def take(self, frame):
        if frame.kind == PROBE:
            self.answer_probe(frame)
        elif frame.kind == INIT:
            self.answer_init(frame)
        elif frame.kind == DATA:
            self.take_data(frame)

    def serve(self, seconds):
        self.send_hello(BEACON, GROUP, 0)
        for frame in self.link.frames(seconds):
            try:
                if frame:
                    self.take(frame)
            except (ValueError, InvalidTag) as drop:
                say("dropped:", repr(drop))
            for index, session in list(self.sessions.items()):
                while session.messages:
                    session.send_message(self.answer(session.messages.pop(0)))
                session.push()
                if session.closed is not None:
                    del self.sessions[index]
                    say("closed")


def main():
    interface, directory, seconds = sys.argv[1:]
    Node(Identity(directory), Link(interface)).serve(float(seconds))


main()

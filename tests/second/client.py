#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second implementation's asking side: client.py INTERFACE IDENTITY NODE. Finds the node,
connects, pings, asks, subscribes; prints what it learnt as JSON. Exit code 1 with a sentence when
anything is not as the specification says."""

import json
import os
import struct
import sys
import time

from cryptography.exceptions import InvalidTag

import protobuf
from member import AGGREGATOR, NODE, Identity, mac
from noise import Noise
from stats import DOMAIN, Sample
from wire import (BEACON, COOKIE, GROUP, INIT, PROBE, REPLY, RETRY_S, Link, Member, Session,
                  cookie_body, header, init_macs)

LINK_READ, PING, SAMPLE_READ, SUBSCRIBE = 2, 3, 16, 17


def find(member, name, seconds=5):
    """PROBEs until the node of that name answers."""
    probe = int.from_bytes(os.urandom(8), "little")
    again = 0
    for frame in member.link.frames(seconds):
        if time.monotonic() >= again:
            member.send_hello(PROBE, GROUP, probe)
            again = time.monotonic() + 0.5
        if frame and frame.kind == BEACON:
            hello = member.open_hello(frame)
            if hello.probe == probe and hello.name == name:
                return frame.source, hello
    raise TimeoutError(f"no BEACON of {name}")


def connect(member, to, hello, seconds=5):
    index = int.from_bytes(os.urandom(4), "little") or 1
    noise = Noise(member.prologue(hello.instance), *member.psks, member.identity.secret, True)
    message = noise.write_first(
        struct.pack("<QII", time.monotonic_ns(), index, 0) + member.greeting())
    covered = header(INIT, 528) + struct.pack("<I", index) + message
    init_mac, init = init_macs(member, covered)
    again = 0
    for frame in member.link.frames(seconds):
        if time.monotonic() >= again:
            member.link.send(to, init)
            again = time.monotonic() + 4 * RETRY_S
        if not frame or frame.source != to or frame.index != index:
            continue
        if frame.kind == COOKIE:
            body = cookie_body(member, frame, init_mac)
            if body[0]:
                raise PermissionError(f"refused, reason {body[0]}")
            _, init = init_macs(member, covered, body[16:])
            again = 0
        elif frame.kind == REPLY:
            if mac(member.member_key, frame.header, frame.payload[:464],
                   init_mac) != frame.payload[464:]:
                continue
            plain = noise.read_second(frame.payload[:464])
            cert, mtu = member.check_greeting(plain[4:], noise.rs, to)
            if not cert.roles & (NODE | AGGREGATOR):
                raise ValueError("role")
            remote = struct.unpack_from("<I", plain)[0]
            return Session(member, to, mtu, index, remote, noise.split()), cert
    raise TimeoutError("no REPLY")


class Caller:
    def __init__(self, session):
        self.session, self.id = session, 0

    def ask(self, verb, body):
        self.id += 1
        request = protobuf.write((1, self.id), (2, verb), (4, 5000), (5, body))
        self.session.send_message(protobuf.write((1, request)))
        self.session.run(5, lambda: self.session.messages)
        answer = protobuf.read(protobuf.last(
            protobuf.read(self.session.messages.pop(0)), 2, b""))
        if protobuf.last(answer, 1) != self.id or protobuf.last(answer, 2):
            raise ValueError(f"answer to {verb}: {answer}")
        return protobuf.last(answer, 5, b"")


def read_domains(caller):
    answer = protobuf.read(caller.ask(SAMPLE_READ, protobuf.write((1, 0xFF), (2, 1))))
    sample = Sample()
    done = [sample.take(frame) for frame in answer[1]]
    if done != [False] * (len(done) - 1) + [True]:
        raise ValueError("the last frame, and no other, says that it is the last")
    domains = [{"name": record["texts"][0], "uuid": key[0].hex(), "vcpus": record["metrics"][2],
                "mem_max_bytes": record["metrics"][8]}
               for key, record in sample.records[DOMAIN].items()]
    return sample, sorted(domains, key=lambda domain: domain["name"])


def receive_stats(caller, session):
    """A whole sample by the stats channel; sequence numbers without a gap."""
    caller.ask(SUBSCRIBE, protobuf.write((1, 7), (2, 100), (3, 0xFF), (4, 60)))
    sample, sequence, frames = Sample(), None, 0
    while True:
        session.run(3, lambda: session.stats)
        data = session.stats.pop(0)
        fields = protobuf.read(data)
        if protobuf.last(fields, 1) != 7:
            raise ValueError("another subscription")
        if sequence is not None and protobuf.last(fields, 2) != sequence + 1:
            raise ValueError("a stats frame is missing")
        sequence, frames = protobuf.last(fields, 2), frames + 1
        if sample.take(data):
            return {str(kind): len(found) for kind, found in sample.records.items()}, frames


def main():
    interface, directory, name = sys.argv[1:]
    member = Member(Identity(directory), Link(interface))
    to, hello = find(member, name)
    session, cert = connect(member, to, hello)
    session.ping(0x1122334455667788)
    session.run(2, lambda: session.pongs)
    caller = Caller(session)
    payload = os.urandom(60000)  # nearly the longest request
    echo = protobuf.last(protobuf.read(caller.ask(PING, protobuf.write((1, payload)))), 1)
    links = protobuf.read(caller.ask(LINK_READ, b""))
    sample, domains = read_domains(caller)
    counts, frames = receive_stats(caller, session)
    session.close()
    print(json.dumps({
        "name": cert.name, "mac": to.hex(":"), "pong": hex(session.pongs[0]),
        "echo": echo == payload, "sessions": protobuf.last(links, 6),
        "version": protobuf.last(links, 5, b"").decode(), "simulated": sample.simulated,
        "fragments": session.next, "domains": domains, "stats": counts, "stats_frames": frames,
        "unacknowledged": len(session.unacknowledged)}))


try:
    main()
except (ValueError, InvalidTag, OSError) as failure:
    sys.exit(f"client.py: {failure!r}")

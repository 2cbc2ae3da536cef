#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A stranger on the segment: sends raw Ethernet frames and lists what comes back.

rawframe.py IFACE send DST ETHERTYPE HEX [COUNT]   sends COUNT frames with this payload
rawframe.py IFACE probe [SECONDS]      sends a well-formed header with a made-up payload, every
                                       known frame kind, to the group; prints frames sent to us
rawframe.py IFACE listen SECONDS       prints "SRC DST ETHERTYPE LENGTH HEX" of MVMP frames
rawframe.py IFACE replay SECONDS       records MVMP frames for SECONDS, sends them again from
                                       its own MAC, prints what is answered
"""
import os
import socket
import struct
import sys
import time

GROUP = bytes.fromhex("034d564d5001")
TYPES = (0x88B5, 0x88B6)


def open_socket(interface):
    ether = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    ether.bind((interface, 0))
    index = socket.if_nametoindex(interface)
    # packet(7): PACKET_ADD_MEMBERSHIP with PACKET_MR_PROMISC
    ether.setsockopt(263, 1, struct.pack("iHH8s", index, 1, 0, b""))
    return ether, ether.getsockname()[4]


def frame(dst, src, ethertype, payload):
    return dst + src + struct.pack("!H", ethertype) + payload.ljust(46, b"\0")


def received(ether, seconds):
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        ether.settimeout(left)
        try:
            data, address = ether.recvfrom(10000)
        except TimeoutError:
            return
        if address[2] == socket.PACKET_OUTGOING:
            continue
        if len(data) >= 14 and struct.unpack("!H", data[12:14])[0] in TYPES:
            yield data


def show(data):
    print(data[6:12].hex(":"), data[:6].hex(":"), data[12:14].hex(), len(data), data[14:].hex())


def main():
    interface, verb, *words = sys.argv[1:]
    ether, own = open_socket(interface)
    if verb == "send":
        dst = bytes.fromhex(words[0].replace(":", ""))
        for _ in range(int(words[3]) if len(words) > 3 else 1):
            ether.send(frame(dst, own, int(words[1], 16), bytes.fromhex(words[2])))
    elif verb == "probe":
        for kind in range(16):
            # Version and kind, flags, length, receiver, counter: the header of SPECIFICATION.md.
            for first in (0x10 | kind, kind << 4 | 1):
                header = struct.pack("<BBHIQ", first, 0, 160, 0, int(time.time()))
                ether.send(frame(GROUP, own, TYPES[0], header + os.urandom(160)))
        for data in received(ether, float(words[0]) if words else 2):
            if data[:6] == own:
                show(data)
    elif verb == "listen":
        for data in received(ether, float(words[0])):
            show(data)
    elif verb == "replay":
        taken = list(received(ether, float(words[0])))
        print(f"recorded {len(taken)} frames", file=sys.stderr)
        for data in taken[:2000]:
            ether.send(data[:6] + own + data[12:])
        for data in received(ether, 2):
            if data[:6] == own:
                show(data)
    else:
        sys.exit(__doc__)


main()

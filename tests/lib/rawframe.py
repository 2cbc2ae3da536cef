#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A stranger on the segment: sends raw Ethernet frames and lists what comes back.

rawframe.py IFACE send DST ETHERTYPE HEX [COUNT]   sends COUNT frames with this payload
rawframe.py IFACE probe SECONDS [MAC...]  sends frames of every kind, well-formed header and size,
                                       made-up payload, to the group and each MAC; prints what
                                       is sent to us within SECONDS
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
# Payload length, receiver's index and counter that a frame of each kind may have.
KINDS = {1: (208, 0, 7), 2: (208, 0, 7), 3: (528, 0, 0), 4: (480, 9, 0), 5: (64, 9, 0),
         6: (160, 9, 7), 7: (560, 0, 0)}


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
            length, index, counter = KINDS.get(kind, (160, 0, 0))
            # Version and kind, flags, length, receiver's index, counter: SPECIFICATION.md.
            header = struct.pack("<BBHIQ", 0x10 | kind, 0, length, index, counter)
            for target in (GROUP, *(bytes.fromhex(word.replace(":", "")) for word in words[1:])):
                for _ in range(5):
                    ether.send(frame(target, own, TYPES[0], header + os.urandom(length)))
        for data in received(ether, float(words[0])):
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

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A box between two ports: puts a priority tag (802.1Q, priority 3, VLAN 0) on what goes from the
first to the second, leaves alone what comes back. tagbox.py IN OUT"""
import select
import socket
import struct
import sys

TAG = struct.pack("!HH", 0x8100, 3 << 13)
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_AUXDATA, PACKET_MR_PROMISC = 263, 1, 8, 1


def port(name):
    ether = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    ether.bind((name, 0))
    ether.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP,
                     struct.pack("iHH8s", socket.if_nametoindex(name), PACKET_MR_PROMISC, 0, b""))
    return ether


inside, outside = port(sys.argv[1]), port(sys.argv[2])
while True:
    for ether in select.select([inside, outside], [], [])[0]:
        data, address = ether.recvfrom(65535)
        if address[2] == socket.PACKET_OUTGOING:
            continue
        if ether is inside:
            outside.send(data[:12] + TAG + data[12:])
        else:
            inside.send(data)

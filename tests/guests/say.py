#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gives a test guest one command over its serial console and prints what it answers.

say.py SOCKET SECONDS COMMAND...     exit code: the guest's, 124 when it does not answer
"""
import random
import socket
import sys
import time


def main():
    path, seconds, words = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    ident = f"{random.getrandbits(32):08x}"
    end = time.monotonic() + seconds
    console = socket.socket(socket.AF_UNIX)
    console.settimeout(seconds)
    try:
        console.connect(path)
        console.sendall(f"\n{ident} {' '.join(words)}\n".encode())
        text = b""
        while time.monotonic() < end:
            text += console.recv(4096)
            *lines, text = text.split(b"\n")
            for line in lines:
                mark, _, rest = line.decode(errors="replace").strip().partition(" ")
                if mark != f"@{ident}":
                    continue
                if rest.startswith("end "):
                    return int(rest[4:])
                print(rest)
    except (TimeoutError, OSError) as problem:
        print(f"say: {path}: {problem}", file=sys.stderr)
    return 124


sys.exit(main())

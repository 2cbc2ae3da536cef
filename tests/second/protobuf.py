# SPDX-License-Identifier: Apache-2.0
"""Protobuf by hand: a message is read into a dictionary from field number to the list of its
values (integers or bytes), and written from (number, value) pairs."""


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def get_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise ValueError("a varint of more than ten bytes")


def write(*fields):
    out = b""
    for number, value in fields:
        if isinstance(value, str):
            value = value.encode()
        if isinstance(value, bytes):
            out += varint(number << 3 | 2) + varint(len(value)) + value
        else:
            out += varint(number << 3) + varint(value)
    return out


def read(data):
    fields, at = {}, 0
    while at < len(data):
        tag, at = get_varint(data, at)
        if tag & 7 == 0:
            value, at = get_varint(data, at)
        elif tag & 7 == 2:
            size, at = get_varint(data, at)
            value, at = data[at:at + size], at + size
            if at > len(data):
                raise ValueError("a field runs past the end")
        else:
            raise ValueError(f"wire type {tag & 7}")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def last(fields, number, default=0):
    """The value of a field that is not repeated: of several the last counts."""
    return fields.get(number, [default])[-1]


def packed(fields, number):
    data, at, out = last(fields, number, b""), 0, []
    while at < len(data):
        value, at = get_varint(data, at)
        out.append(value)
    return out

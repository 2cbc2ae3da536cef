#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The dissector shows of the vectors' capture what its maker put in; of a frame that a receiver
drops for its header, the name of the drop; of damaged frames whatever is left, without an error.
The vectors come from tests/vectors/make-frames.py, which shares no code with it."""

import pathlib
import random
import struct
import subprocess
import tempfile
import unittest

REPO = pathlib.Path(__file__).resolve().parents[3]
VECTORS = REPO / "tests" / "vectors"
CAPTURE, KEYLOG = VECTORS / "frames.pcap", VECTORS / "keylog.txt"
LINES = dict(line.split() for line in (VECTORS / "frames.txt").read_text().splitlines()
             if not line.startswith("#"))
NODE_INDEX, ADA_INDEX = (int.from_bytes(bytes.fromhex(LINES[name]), "little")
                         for name in ("node_index", "ada_index"))
NODE, ADA = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")


def tshark(capture, *words, keylog=None):
    command = ["tshark", "-X", f"lua_script:{REPO}/proto/wireshark/mvmp.lua", "-r", capture]
    if keylog:
        command += ["-o", f"mvmp.keylog:{keylog}"]
    done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
    if done.returncode or "Lua" in done.stderr:
        raise AssertionError(done.stderr)
    return done.stdout


def fields(capture, *names, keylog=None, only=None):
    words = ["-T", "fields", "-E", "occurrence=a", "-E", "aggregator= "]
    for name in names:
        words += ["-e", name]
    if only:
        words += ["-Y", only]
    text = tshark(capture, *words, keylog=keylog)
    return [line.split("\t") for line in text.splitlines()]


def write_capture(folder, frames, of_node=NODE):
    """Frames as (source, EtherType, bytes, bytes captured); to the node, or from it to this one."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for number, (source, ethertype, data, kept) in enumerate(frames):
        frame = (of_node if source == NODE else NODE) + source + struct.pack(">H", ethertype) + data
        out += struct.pack("<IIII", 1500, number, len(frame[:14 + kept]), len(frame))
        out += frame[:14 + kept]
    path = pathlib.Path(folder) / "frames.pcap"
    path.write_bytes(out)
    return path


class Dissector(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mvmp-dissector.")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_headers_without_keys(self):
        """Without a key log kinds, indexes and lengths are shown, and nothing that is sealed."""
        found = fields(CAPTURE, "mvmp.kind", "mvmp.session_index", "mvmp.payload_length",
                       "mvmp.opened", "mvmp.name", "mvmp.verdict")
        self.assertEqual([int(line[0]) for line in found],
                         [1, 2, 3, 5, 3, 4, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 5, 6])
        self.assertEqual(found[5][:4], ["4", f"{ADA_INDEX:#010x}", "480", "0"])
        self.assertEqual(found[6][:4], ["6", f"{NODE_INDEX:#010x}", "28", "0"])
        self.assertEqual({(line[3], line[4], line[5]) for line in found}, {("0", "", "")})

    def test_opened(self):
        """With the key log every frame opens, and shows what the vectors hold."""
        found = fields(CAPTURE, "mvmp.opened", "mvmp.name", keylog=KEYLOG)
        self.assertEqual({line[0] for line in found}, {"1"})
        self.assertEqual([line[1] for line in found[:6]],
                         ["ada", "node-1", "ada", "", "ada", "node-1"])
        probe = fields(CAPTURE, "mvmp.probe_number", "mvmp.mtu", "mvmp.instance", "mvmp.roles",
                       keylog=KEYLOG, only="mvmp.kind == 1")[0]
        self.assertEqual(probe, ["0x" + LINES["ada_probe"], "1500", LINES["ada_instance"],
                                 "0x0004"])
        init = fields(CAPTURE, "mvmp.timestamp", "mvmp.renews", "mvmp.cluster_number",
                      "mvmp.certificate", "mvmp.serial", "mvmp.static_key", keylog=KEYLOG,
                      only="mvmp.kind == 3")[0]
        self.assertEqual(init[:5], ["7000000000", "0x00000000", "42", LINES["ada_cert"], "6"])
        reply = fields(CAPTURE, "mvmp.responder_index", "mvmp.mac", keylog=KEYLOG,
                       only="mvmp.kind == 4")[0]
        self.assertEqual(reply, [f"{NODE_INDEX:#010x}", "02:00:00:00:00:01"])
        cookies = fields(CAPTURE, "mvmp.reason", "mvmp.cookie", keylog=KEYLOG,
                         only="mvmp.kind == 5")
        self.assertEqual(cookies, [["0", LINES["cookie"]], ["3", ""]])

    def test_records(self):
        """Records, the loss, its repetition and the whole message are shown."""
        found = fields(CAPTURE, "mvmp.record", "mvmp.sequence", "mvmp.offset", "mvmp.total",
                       "mvmp.ack.next", "mvmp.ack.received", "mvmp.first_sent",
                       "mvmp.reassembled_in", "mvmp.fragment_in", "_ws.expert.message",
                       keylog=KEYLOG, only="mvmp.kind == 6")
        records = [line[0] for line in found]
        self.assertEqual(records, ["1", "2 7", "4", "7 3", "", "4", "4", "7 3", "4", "3", "5"])
        self.assertEqual(found[5][1:4], ["1", "0", "2000"])
        self.assertEqual(found[5][7], "")  # known in the second pass only
        self.assertEqual(found[6][1:4], ["2", "1448", "2000"])
        self.assertEqual(found[6][8], "12 13")
        self.assertEqual(found[7][4:6], ["1", "2"])
        self.assertIn("1 of the fragments 1 to 2 are missing", found[7][9])
        self.assertEqual(found[8][6], "12")
        self.assertIn("sent again", found[8][9])
        self.assertEqual(found[9][4], "3")
        self.assertIn("vlan", fields(CAPTURE, "frame.protocols")[17][0])

    def test_two_passes(self):
        """A second pass shows the same as the first, and where the first fragment's message is
        whole."""
        once = tshark(CAPTURE, "-V", keylog=KEYLOG).splitlines()
        twice = tshark(CAPTURE, "-2", "-V", keylog=KEYLOG).splitlines()
        more = [line for line in twice if "The message is whole in: 13" in line]
        self.assertEqual(len(more), 1)
        self.assertEqual(once, [line for line in twice if line not in more])

    def test_wrong_key(self):
        """A key that does not fit opens nothing, and that is said."""
        log = pathlib.Path(self.folder) / "keys"
        log.write_text(KEYLOG.read_text().replace(LINES["key_to_node"], "11" * 32)
                       .replace("hello", "cookie"))
        found = fields(CAPTURE, "mvmp.opened", "_ws.expert.message", "mvmp.record", keylog=log)
        for line in found[:2]:
            self.assertEqual(line[0], "0")
            self.assertIn("no key for it", line[1])
        for line in (found[6], found[8], found[11]):
            self.assertEqual((line[0], line[2]), ("0", ""))
            self.assertIn("tag is wrong", line[1])
        self.assertEqual((found[7][0], found[7][2]), ("1", "2 7"))

    def test_other_ethertypes(self):
        """Other EtherTypes are taken by preference."""
        frames = [(NODE, 0x88B7, bytes.fromhex(LINES["frame_ping"]), 999),
                  (NODE, 0x88B8, bytes.fromhex(LINES["frame_stats"]), 999)]
        path = write_capture(self.folder, frames)
        text = tshark(path, "-T", "fields", "-e", "mvmp.kind", "-o", "mvmp.ethertypes:88b7,88b8")
        self.assertEqual(text.split(), ["6", "6"])
        self.assertEqual(tshark(path, "-Y", "mvmp"), "")

    def test_drops(self):
        """What a receiver drops for its header is named as the receiver counts it."""
        ping, stats = bytes.fromhex(LINES["frame_ping"]), bytes.fromhex(LINES["frame_stats"])
        probe = bytes.fromhex(LINES["frame_probe"])
        enrol = struct.pack("<BBHIQB", 0x17, 0, 560, 0, 3, 2) + bytes(559)

        def with_byte(frame, at, value):
            return frame[:at] + bytes([value]) + frame[at + 1:]

        cases = [
            (ping, ""), (ping + bytes(40), ""), (stats, "ethertype"),
            (ping[:15], "short"), (with_byte(ping, 0, 0x26), "version"),
            (with_byte(ping, 0, 0x10), "kind"), (with_byte(ping, 0, 0x1F), "kind"),
            (ping[:20], "short"), (ping[:-1], "length"), (with_byte(ping, 2, 15), "length"),
            (with_byte(ping, 1, 1), "reserved"),
            (ping[:4] + bytes(4) + ping[8:], "reserved"),
            (with_byte(probe, 4, 1), "reserved"), (with_byte(probe, 15, 0x80), "reserved"),
            (probe[:-1], "short"), (with_byte(probe, 2, 207), "length"),
            (enrol, ""), (enrol[:-1], "short"), (with_byte(enrol, 4, 1), "reserved"),
        ]
        path = write_capture(self.folder, [(ADA, 0x88B5, data, 9999) for data, _ in cases] + [
            (bytes.fromhex("030000000002"), 0x88B5, ping, 9999), (ADA, 0x88B6, ping, 9999)])
        found = [line[0] for line in fields(path, "mvmp.verdict")]
        self.assertEqual(found, [verdict for _, verdict in cases] + ["source", "ethertype"])
        self.assertEqual(fields(path, "mvmp.step", "mvmp.counter",
                                only="mvmp.kind == 7 && !mvmp.verdict"), [["2", "3"]])

    def test_replay(self):
        """A frame with a counter that was there before is marked, and not taken twice."""
        ping = bytes.fromhex(LINES["frame_fragment"])
        path = write_capture(self.folder, [(ADA, 0x88B5, ping, 9999)] * 2)
        found = fields(path, "_ws.expert.message", "mvmp.sequence", keylog=KEYLOG)
        self.assertEqual(found[0], ["", "0"])
        self.assertIn("used before", found[1][0])
        self.assertEqual(found[1][1], "")

    def test_renewal(self):
        """A message goes on under renewed keys, which have other indexes."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        key, digest, e1, e2 = b"k" * 32, b"h" * 32, b"e" * 32, b"f" * 32

        def noise(ephemeral, counter, payload):
            nonce = bytes(4) + struct.pack(">Q", counter)
            return ephemeral + bytes(48) + AESGCM(key).encrypt(nonce, payload, digest)

        init = (struct.pack("<BBHIQI", 0x13, 0, 528, 0, 0, 0x777)
                + noise(e1, 1, struct.pack("<QII", 8, 0x777, NODE_INDEX).ljust(380, b"\0"))
                + bytes(48))
        reply = (struct.pack("<BBHIQ", 0x14, 0, 480, 0x777, 0)
                 + noise(e2, 0, struct.pack("<I", 0x888).ljust(368, b"\0")) + bytes(16))
        body = struct.pack("<IIII", 2, 1, 2000, 1448) + bytes(552)
        plain = struct.pack("<BBH", 4, 0, len(body)) + body
        head = struct.pack("<BBHIQ", 0x16, 0, len(plain) + 16, 0x888, 0)
        second = head + AESGCM(key).encrypt(bytes(12), plain, head)
        log = pathlib.Path(self.folder) / "keys"
        log.write_text(KEYLOG.read_text() + f"init {e1.hex()} {key.hex()} {digest.hex()}\n"
                       f"reply {e2.hex()} {key.hex()} {digest.hex()}\n"
                       f"data 00000888 in {key.hex()}\n")
        frames = [bytes.fromhex(LINES[name]) for name in
                  ("frame_init", "frame_reply", "frame_first")] + [init, reply, second]
        path = write_capture(self.folder, [
            (NODE if data[0] == 0x14 else ADA, 0x88B5, data, 9999) for data in frames], ADA)
        found = fields(path, "mvmp.renews", "mvmp.responder_index", "mvmp.fragment_in",
                       keylog=log)
        self.assertEqual(found[3][0], f"{NODE_INDEX:#010x}")
        self.assertEqual(found[4][1], "0x00000888")
        self.assertEqual(found[5][2], "3 6")

    def test_damage(self):
        """Frames cut anywhere, on the wire or by the capture, and frames with wrong bytes raise
        no error."""
        chance, frames = random.Random(7), []
        for name, text in LINES.items():
            if not name.startswith("frame_"):
                continue
            whole = bytes.fromhex(text)
            ethertype = 0x88B6 if name == "frame_stats" else 0x88B5
            for cut in [*range(0, 40), *range(40, len(whole), 61)]:
                frames += [(ADA, ethertype, whole[:cut], cut), (ADA, ethertype, whole, cut)]
            for _ in range(20):
                wrong = bytearray(whole)
                wrong[chance.randrange(len(wrong))] = chance.randrange(256)
                frames.append((ADA, ethertype, bytes(wrong), 9999))
        text = tshark(write_capture(self.folder, frames), "-V", keylog=KEYLOG)
        self.assertNotIn("Lua Error", text)
        self.assertNotIn("Malformed Packet", text)
        self.assertGreater(text.count("holds only a part"), 100)

    def test_damaged_records(self):
        """Authentic frames with any records in them raise no error."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        key, chance, frames = bytes.fromhex(LINES["key_to_node"]), random.Random(8), []
        for counter in range(300):
            plain = bytearray()
            for _ in range(chance.randrange(1, 4)):
                body = chance.randbytes(chance.choice([0, 1, 8, 10, 11, 17, 24, 27, 40]))
                if chance.random() < 0.5:  # a fragment that is a message of its own
                    inner = chance.randbytes(chance.randrange(1, 30))
                    body = struct.pack("<IIII", counter, counter, len(inner), 0) + inner
                plain += struct.pack("<BBH", chance.randrange(0, 9), 0, len(body)) + body
            if chance.random() < 0.2:
                plain = plain[:-1]
            head = struct.pack("<BBHIQ", 0x16, 0, len(plain) + 16, NODE_INDEX, counter)
            nonce = bytes(4) + struct.pack(">Q", counter)
            frames.append((ADA, 0x88B5, head + AESGCM(key).encrypt(nonce, bytes(plain), head),
                           9999))
        text = tshark(write_capture(self.folder, frames), "-V", keylog=KEYLOG)
        self.assertNotIn("Lua Error", text)
        self.assertEqual(text.count("Opened with the key log: True"), 300)


if __name__ == "__main__":
    unittest.main()

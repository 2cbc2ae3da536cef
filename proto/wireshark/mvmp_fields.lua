-- SPDX-License-Identifier: Apache-2.0
-- Fields of the dissector, named as in SPECIFICATION.md, the names of their values, and remarks.

local names = {}

names.kinds = {[1] = "PROBE", [2] = "BEACON", [3] = "INIT", [4] = "REPLY", [5] = "COOKIE",
	[6] = "DATA", [7] = "ENROL"}
names.records = {[1] = "PING", [2] = "PONG", [3] = "ACK", [4] = "FRAGMENT", [5] = "CLOSE",
	[6] = "PAD", [7] = "TICKET"}
names.steps = {[1] = "first", [2] = "second", [3] = "question", [4] = "answer"}
names.channels = {[0] = "control", [1] = "stats"}
names.refusals = {[0] = "no refusal: a cookie", [1] = "certificate", [2] = "expired",
	[3] = "revoked", [4] = "role", [5] = "MAC", [6] = "no free session",
	[7] = "session to be renewed is unknown"}
names.statuses = {[0] = "ok", "failed", "invalid", "not-found", "not-allowed", "not-trusted",
	"no-answer", "outcome-unknown", "running", "unsupported", "drift", "interrupted", "expired",
	"busy", "permission", "conflict", "no-memory", "io", "too-large"}

-- Verbs: name, message of the request, message of the answer (mvmp.proto).
names.verbs = {
	[1] = {"cluster-exchange", "ClusterExchange", "ClusterExchange"},
	[2] = {"link-read", "Empty", "LinkAnswer"},
	[3] = {"ping", "Ping", "Ping"},
	[4] = {"certificate-install", "CertificateInstall", "CertificateAnswer"},
	[16] = {"sample-read", "SampleRead", "SampleAnswer"},
	[17] = {"subscribe", "Subscribe", "SubscribeAnswer"},
	[18] = {"unsubscribe", "Unsubscribe", "Empty"},
	[19] = {"ring-read", "RingRead", "Empty"},
	[20] = {"perf-read", "PerfRead", "PerfAnswer"},
	[21] = {"perf-reset", "PerfReset", "PerfResetAnswer"},
	[22] = {"audit-read", "AuditRead", "AuditAnswer"},
	[23] = {"operation-read", "OperationRead", "OperationAnswer"},
	[24] = {"drift-read", "Empty", "DriftAnswer"},
	[32] = {"pin", "Pin", "PinAnswer"},
	[64] = {"nodes-read", "Empty", "NodesAnswer"},
	[65] = {"current-read", "CurrentRead", "SampleAnswer"},
	[66] = {"history-read", "HistoryRead", "HistoryAnswer"},
	[67] = {"graph", "GraphRead", "GraphAnswer"},
	[68] = {"store-read", "Empty", "StoreAnswer"},
}
names.verb = {}
for number, verb in pairs(names.verbs) do names.verb[number] = verb[1] end

local fields = {}

local function field(make, abbr, text, ...)
	local key = abbr:gsub("%.", "_")
	fields[key] = make("mvmp." .. abbr, text, ...)
end

local u8, u16, u32, u64 = ProtoField.uint8, ProtoField.uint16, ProtoField.uint32, ProtoField.uint64
local octets, text, flag = ProtoField.bytes, ProtoField.string, ProtoField.bool

-- 4: header
field(u8, "version", "Version", base.DEC, nil, 0xf0)
field(u8, "kind", "Kind", base.DEC, names.kinds, 0x0f)
field(u8, "flags", "Flags (reserved)", base.HEX)
field(u16, "payload_length", "Payload length", base.DEC)
field(u32, "session_index", "Session index", base.HEX)
field(u64, "counter", "Counter", base.DEC)
field(u8, "channel", "Channel", base.DEC, names.channels)
field(octets, "padding", "Padding of the Ethernet frame")
field(text, "verdict", "A receiver drops it")
field(octets, "sealed", "Sealed bytes")
field(octets, "tag", "Tag")
field(flag, "opened", "Opened with the key log")
-- 5: PROBE and BEACON
field(octets, "sender_id", "Sender id")
field(u64, "probe_number", "Probe number", base.HEX)
field(u16, "spread", "Spread, ms", base.DEC)
field(u16, "mtu", "MTU of the sender's link", base.DEC)
field(u16, "roles", "Roles", base.HEX)
field(u8, "macs", "Number of MACs", base.DEC)
field(u8, "name_length", "Length of the name", base.DEC)
field(octets, "host_boot", "Host boot id")
field(octets, "instance", "Instance boot id")
field(octets, "fingerprint", "Fingerprint of the certificate")
field(ProtoField.ether, "mac", "MAC of the certificate")
field(text, "name", "Name")
-- 6: handshake
field(u32, "initiator_index", "Initiator's session index", base.HEX)
field(u32, "responder_index", "Responder's session index", base.HEX)
field(octets, "noise", "Noise message")
field(octets, "ephemeral", "e: ephemeral key")
field(octets, "sealed_static", "s: static key, sealed")
field(octets, "member_mac", "Member MAC")
field(octets, "cookie_mac", "Cookie MAC")
field(octets, "ticket_id", "Ticket id")
field(octets, "ticket_mac", "Ticket MAC")
field(octets, "ticket_secret", "Ticket secret")
field(u64, "timestamp", "Timestamp", base.DEC)
field(u32, "renews", "Renews the keys of", base.HEX)
field(u16, "certificate_length", "Length of the certificate", base.DEC)
field(u64, "cluster_number", "Number of the cluster state", base.DEC)
field(octets, "certificate", "Certificate")
field(u64, "serial", "Serial", base.DEC)
field(u64, "valid_from", "Valid from, s since 1970", base.DEC)
field(u64, "valid_to", "Valid to, s since 1970", base.DEC)
field(octets, "ca_id", "CA id")
field(octets, "static_key", "Static key")
field(octets, "signature", "Signature")
field(octets, "salt", "Salt")
field(u8, "reason", "Reason", base.DEC, names.refusals)
field(octets, "cookie", "Cookie")
-- 8: records
field(u8, "record", "Record", base.DEC, names.records)
field(u16, "record.length", "Length of the body", base.DEC)
field(u64, "token", "Token", base.HEX)
field(u32, "ack.next", "Next: lowest sequence number not received", base.DEC)
field(u16, "ack.delay", "Delay, us", base.DEC)
field(u16, "ack.credit", "Credit, fragments", base.DEC)
field(u16, "ack.duplicates", "Duplicates so far", base.DEC)
field(octets, "ack.bitmap", "Bitmap")
field(u32, "ack.received", "Received beyond the gap", base.DEC)
field(u32, "sequence", "Sequence number", base.DEC)
field(u32, "message", "Message number", base.DEC)
field(u32, "total", "Bytes of the message", base.DEC)
field(u32, "offset", "Offset in the message", base.DEC)
field(octets, "fragment", "Bytes of the fragment")
field(u8, "close.reason", "Reason", base.DEC, names.statuses)
field(ProtoField.framenum, "first_sent", "First sent in", base.NONE, frametype.RETRANS_PREV)
field(ProtoField.framenum, "reassembled_in", "The message is whole in", base.NONE)
field(ProtoField.framenum, "fragment_in", "Fragment in", base.NONE)
-- 9: messages
field(u64, "request.id", "Id of the request", base.DEC)
field(u32, "request.verb", "Verb", base.DEC, names.verb)
field(octets, "request.operation", "Operation id")
field(u32, "request.deadline", "The caller waits, ms", base.DEC)
field(u64, "answer.id", "Answers request", base.DEC)
field(u32, "answer.status", "Status", base.DEC, names.statuses)
field(text, "answer.text", "Text")
field(text, "answer.hint", "Hint")
field(ProtoField.framenum, "answer.in", "Answered in", base.NONE, frametype.RESPONSE)
field(ProtoField.framenum, "request.in", "Asked in", base.NONE, frametype.REQUEST)
field(octets, "body", "Body")

-- 18: enrolment
field(u8, "step", "Step", base.DEC, names.steps)
field(octets, "conversation", "Conversation")
field(octets, "code_mac", "Code MAC")

local function warning(abbr, text, group, severity)
	return ProtoExpert.new("mvmp.expert." .. abbr, text, group, severity)
end

local e = {
	drop = warning("drop", "A receiver drops this frame", expert.group.MALFORMED,
		expert.severity.WARN),
	cut = warning("cut", "The capture holds only a part of this frame", expert.group.UNDECODED,
		expert.severity.NOTE),
	sealed = warning("sealed", "Sealed: the key log has no key for it", expert.group.UNDECODED,
		expert.severity.NOTE),
	wrong = warning("wrong_key", "The tag is wrong under every key that the key log has for it",
		expert.group.DECRYPTION, expert.severity.WARN),
	replay = warning("replay", "This counter was used before: a replay, or captured twice",
		expert.group.SEQUENCE, expert.severity.WARN),
	again = warning("retransmission", "Fragment sent again", expert.group.SEQUENCE,
		expert.severity.NOTE),
	gap = warning("gap", "Fragments are missing", expert.group.SEQUENCE, expert.severity.NOTE),
	refused = warning("refused", "Handshake refused", expert.group.RESPONSE_CODE,
		expert.severity.WARN),
}

return {f = fields, names = names, e = e}

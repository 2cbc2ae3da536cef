-- SPDX-License-Identifier: Apache-2.0
-- Wireshark dissector of MVMP (SPECIFICATION.md): headers and kinds; with a key log also what is
-- sealed, records, messages. docs/wireshark.md says how it is used.

local here = (__DIR__ or "."):gsub("[^/\\]$", "%0/")
local gcm = dofile(here .. "mvmp_gcm.lua")
local parts = dofile(here .. "mvmp_fields.lua")
local f, names = parts.fields, parts.names
local mvmp = Proto("mvmp", "MVMP, management of hypervisor nodes")

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

mvmp.fields, mvmp.experts = f, {e.drop, e.cut, e.sealed, e.wrong, e.replay, e.again, e.gap,
	e.refused}
mvmp.prefs.keylog = Pref.string("Key log", "", "File that a program wrote with --key-log")
mvmp.prefs.ethertypes = Pref.string("EtherTypes", "88b5,88b6",
	"Control and stats EtherType, hex, as in -i IFACE/88b5,88b6")

-- ---- key log -------------------------------------------------------------------------------

local keylog = {path = "", at = 0, looked = 0, hello = {}, cookie = {}, init = {}, reply = {}, data = {}}

local function unhex(hex)
	return (hex:gsub("%x%x", function(h) return string.char(tonumber(h, 16)) end))
end

local function add_key(kind, id, ...)
	local at = keylog[kind]
	at[id] = at[id] or {}
	table.insert(at[id], {...})
end

local function take_line(line)
	local word, id, a, b = line:match("^(%l+) (%x+) (%w+) ?(%x*)%s*$")
	if word == "data" then
		add_key("data", tonumber(id, 16), unhex(b))
	elseif word == "init" or word == "reply" then
		add_key(word, unhex(id), unhex(a), unhex(b))
	elseif word == "hello" or word == "cookie" then
		add_key(word, unhex(id), unhex(a))
	end
end

-- Reads what was appended since: a program may still write it while frames are captured.
local function read_keylog()
	local file = keylog.path ~= "" and io.open(keylog.path, "rb")
	if not file then return end
	file:seek("set", keylog.at)
	for line in file:lines() do
		take_line(line)
		keylog.at = keylog.at + #line + 1
	end
	file:close()
end

local function forget_keys()
	keylog.path, keylog.at, keylog.looked = mvmp.prefs.keylog, 0, 0
	keylog.hello, keylog.cookie, keylog.init, keylog.reply, keylog.data = {}, {}, {}, {}, {}
	read_keylog()
end

local function keys_of(kind, id)
	if not keylog[kind][id] and keylog.path ~= "" and os.time() ~= keylog.looked then
		keylog.looked = os.time()
		read_keylog()
	end
	return keylog[kind][id] or {}
end

-- ---- what is known of sessions and frames ----------------------------------------------------

local frames    -- by frame number: what the first pass found
local streams   -- by receiver and session index: one direction of a session
local shakes    -- by initiator and index: an INIT under way
local counters  -- seen before, by receiver, index and counter

function mvmp.init()
	frames, streams, shakes, counters = {}, {}, {}, {}
	forget_keys()
end

local function stream_key(receiver, index)
	return receiver .. string.format("/%08x", index)
end

local function stream_of(receiver, index)
	local key = stream_key(receiver, index)
	streams[key] = streams[key] or {messages = {}, sequences = {}, requests = {}, next = 0}
	return streams[key]
end

-- Both directions of a session share its requests. Renewed keys bring new indexes; numbers go on.
local function join(initiator, index, responder, responder_index, renews)
	local old = renews ~= 0 and streams[stream_key(responder, renews)]
	local to_node = old or stream_of(responder, responder_index)
	local to_asker = old and old.back or stream_of(initiator, index)
	streams[stream_key(responder, responder_index)] = to_node
	streams[stream_key(initiator, index)] = to_asker
	to_node.back, to_asker.back, to_asker.requests = to_asker, to_node, to_node.requests
end

-- ---- opening -----------------------------------------------------------------------------------

local function bytes_tvb(bytes, name)
	return ByteArray.new(bytes, true):tvb(name)
end

-- Tries the keys; remembers what came of it. Returns the plain text, or nil and why.
local function open(frame, keys, counter, ad, sealed)
	if frame.plain == nil and (not frame.tried or #keys > frame.tried) then
		frame.tried = #keys
		for _, key in ipairs(keys) do
			frame.plain = gcm.open(key[1], counter, key[2] or ad, sealed)
			if frame.plain then break end
		end
	end
	return frame.plain, #keys > 0 and e.wrong or e.sealed
end

local function show_sealed(tree, range, why)
	tree:add(f.sealed, range):add_proto_expert_info(why)
	tree:add(f.opened, range, false):set_generated()
end

local function show_opened(tree, range)
	tree:add(f.opened, range, true):set_generated()
end

-- ---- PROBE, BEACON -----------------------------------------------------------------------------

local role_names = {"node", "observer", "operator", "admin", "aggregator"}

local function add_roles(tree, range)
	local roles, words = range:le_uint(), {}
	for i, name in ipairs(role_names) do
		if bit32.extract(roles, i - 1) == 1 then words[#words + 1] = name end
	end
	tree:add_le(f.roles, range):append_text(" (" .. table.concat(words, ", ") .. ")")
end

local function add_macs(tree, tvb, at, count)
	for i = 0, math.min(count, 8) - 1 do tree:add(f.mac, tvb(at + 6 * i, 6)) end
end

local function show_hello(tree, tvb, info)
	local macs, name_len = tvb(14, 1):uint(), math.min(tvb(15, 1):uint(), 63)
	tree:add_le(f.probe_number, tvb(0, 8))
	tree:add_le(f.spread, tvb(8, 2))
	tree:add_le(f.mtu, tvb(10, 2))
	add_roles(tree, tvb(12, 2))
	tree:add(f.macs, tvb(14, 1))
	tree:add(f.name_length, tvb(15, 1))
	tree:add(f.host_boot, tvb(16, 16))
	tree:add(f.instance, tvb(32, 16))
	tree:add(f.fingerprint, tvb(48, 16))
	add_macs(tree, tvb, 64, macs)
	if name_len > 0 then
		tree:add(f.name, tvb(112, name_len))
		info[#info + 1] = "from " .. tvb(112, name_len):string()
	end
	local mtu = tvb(10, 2):le_uint()
	if macs > 8 or tvb(15, 1):uint() > 63 or name_len == 0 or mtu < 576 or mtu > 9216 then
		tree:add(f.verdict, "record"):add_proto_expert_info(e.drop)
	end
end

local function dissect_hello(ctx)
	local tvb, tree = ctx.payload, ctx.tree
	tree:add(f.sender_id, tvb(0, 16))
	local plain, why = open(ctx.frame, keys_of("hello", tvb:raw(0, 16)), ctx.nonce,
		ctx.header .. tvb:raw(0, 16), tvb:raw(16, 192))
	if not plain then
		show_sealed(tree, tvb(16, 176), why)
	else
		show_opened(tree, tvb(16, 176))
		show_hello(tree, bytes_tvb(plain, "Opened hello"), ctx.info)
	end
	tree:add(f.tag, tvb(192, 16))
end

-- ---- INIT, REPLY, COOKIE ----------------------------------------------------------------------

-- docs/identity.md, "Certificate"
local function show_certificate(parent, tvb, info)
	local tree = parent:add(f.certificate, tvb())
	if tvb:len() < 136 then return end
	local name_len, macs = tvb(1, 1):uint(), tvb(4, 1):uint()
	if tvb:len() ~= 136 + 6 * macs + name_len then return end
	add_roles(tree, tvb(2, 2))
	tree:add_le(f.serial, tvb(8, 8))
	tree:add_le(f.valid_from, tvb(16, 8))
	tree:add_le(f.valid_to, tvb(24, 8))
	tree:add(f.ca_id, tvb(32, 8))
	tree:add(f.static_key, tvb(40, 32))
	add_macs(tree, tvb, 72, macs)
	tree:add(f.name, tvb(72 + 6 * macs, name_len))
	tree:add(f.signature, tvb(72 + 6 * macs + name_len, 64))
	info[#info + 1] = "from " .. tvb(72 + 6 * macs, name_len):string()
end

-- What both payloads hold, from the MTU on.
local function show_greeting(tree, tvb, at, info)
	tree:add_le(f.mtu, tvb(at, 2))
	tree:add_le(f.certificate_length, tvb(at + 2, 2))
	tree:add(f.host_boot, tvb(at + 4, 16))
	tree:add(f.instance, tvb(at + 20, 16))
	tree:add_le(f.cluster_number, tvb(at + 36, 8))
	local len = math.min(tvb(at + 2, 2):le_uint(), 320)
	if len > 0 then show_certificate(tree, tvb(at + 44, len):tvb(), info) end
end

-- Shows a Noise message at `at`; returns its opened payload.
local function noise_payload(ctx, at, len, kind, nonce)
	local tvb = ctx.payload
	local tree = ctx.tree:add(f.noise, tvb(at, len))
	tree:add(f.ephemeral, tvb(at, 32))
	tree:add(f.sealed_static, tvb(at + 32, 48))
	local plain, why = open(ctx.frame, keys_of(kind, tvb:raw(at, 32)), nonce, nil,
		tvb:raw(at + 80, len - 80))
	if not plain then
		show_sealed(tree, tvb(at + 80, len - 96), why)
		return nil
	end
	show_opened(tree, tvb(at + 80, len - 96))
	return bytes_tvb(plain, "Opened " .. kind:upper() .. " payload"), tree
end

local function dissect_init(ctx)
	local tvb, tree = ctx.payload, ctx.tree
	local index = tvb(0, 4):le_uint()
	tree:add_le(f.initiator_index, tvb(0, 4))
	local plain, sub = noise_payload(ctx, 4, 476, "init", ("\0"):rep(7) .. "\1")
	if plain then
		sub:add_le(f.timestamp, plain(0, 8))
		sub:add_le(f.initiator_index, plain(8, 4))
		sub:add_le(f.renews, plain(12, 4))
		show_greeting(sub, plain, 16, ctx.info)
		if plain(12, 4):le_uint() ~= 0 then ctx.info[#ctx.info + 1] = "renews keys" end
		shakes[stream_key(ctx.src, index)] = plain(12, 4):le_uint()
	end
	tree:add(f.member_mac, tvb(480, 16))
	tree:add(f.cookie_mac, tvb(496, 16))
	tree:add(f.ticket_id, tvb(512, 8))
	tree:add(f.ticket_mac, tvb(520, 8))
	if tvb:raw(496, 16) ~= ("\0"):rep(16) then ctx.info[#ctx.info + 1] = "with cookie" end
	if tvb:raw(512, 8) ~= ("\0"):rep(8) then ctx.info[#ctx.info + 1] = "with ticket" end
end

local function dissect_reply(ctx)
	local tvb, tree = ctx.payload, ctx.tree
	local plain, sub = noise_payload(ctx, 0, 464, "reply", ("\0"):rep(8))
	if plain then
		sub:add_le(f.responder_index, plain(0, 4))
		show_greeting(sub, plain, 4, ctx.info)
		if not ctx.visited then
			join(ctx.dst, ctx.index, ctx.src, plain(0, 4):le_uint(),
				shakes[stream_key(ctx.dst, ctx.index)] or 0)
		end
	end
	tree:add(f.member_mac, tvb(464, 16))
end

local function dissect_cookie(ctx)
	local tvb, tree = ctx.payload, ctx.tree
	tree:add(f.salt, tvb(0, 16))
	local keys = keys_of("cookie", tvb:raw(0, 16))
	-- The associated data is the member MAC of the INIT it answers.
	local plain, why = open(ctx.frame, keys, ("\0"):rep(8), ctx.answers or "", tvb:raw(16, 48))
	if plain then
		local body = bytes_tvb(plain, "Opened COOKIE")
		local reason = body(0, 1):uint()
		show_opened(tree, tvb(16, 32))
		local item = tree:add(f.reason, body(0, 1))
		if reason == 0 then
			tree:add(f.cookie, body(16, 16))
			ctx.info[#ctx.info + 1] = "asks for a proof of the address"
		else
			item:add_proto_expert_info(e.refused)
			ctx.info[#ctx.info + 1] = "refuses: " .. (names.refusals[reason] or reason)
		end
	else
		show_sealed(tree, tvb(16, 32), why)
	end
	tree:add(f.tag, tvb(48, 16))
end

-- The one-time code is in no key log: what it seals stays sealed.
local function dissect_enrol(ctx)
	local tvb, tree = ctx.payload, ctx.tree
	tree:add(f.step, tvb(0, 1))
	tree:add(f.conversation, tvb(8, 8))
	tree:add(f.sealed, tvb(16, 528))
	tree:add(f.code_mac, tvb(544, 16))
	ctx.info[#ctx.info + 1] = names.steps[tvb(0, 1):uint()]
end

-- ---- messages ----------------------------------------------------------------------------------

local protobuf = Dissector.get("protobuf")

local function call_protobuf(tvb, pinfo, tree, message)
	if tvb:len() == 0 then return end
	pinfo.private["pb_msg_type"] = "message,mvmp." .. message
	pcall(protobuf.call, protobuf, tvb, pinfo, tree)
end

local function varint(tvb, at)
	local value, scale = 0, 1
	while at < tvb:len() do
		local byte = tvb(at, 1):uint()
		at = at + 1
		value = value + byte % 128 * scale
		scale = scale * 128
		if byte < 128 then return value, at end
		if scale > 2 ^ 63 then break end
	end
	return nil, at
end

-- The fields of a protobuf message: a list of {number, value, range}; nil where it is malformed.
local function protobuf_fields(tvb)
	local list, at = {}, 0
	while at < tvb:len() do
		local start, tag, value = at, nil, nil
		tag, at = varint(tvb, at)
		if not tag then return nil end
		local number, wire = math.floor(tag / 8), tag % 8
		if wire == 0 then
			value, at = varint(tvb, at)
			if not value then return nil end
			list[#list + 1] = {number, value, tvb(start, at - start)}
		elseif wire == 2 then
			value, at = varint(tvb, at)
			if not value or at + value > tvb:len() then return nil end
			list[#list + 1] = {number, value, value > 0 and tvb(at, value) or nil}
			at = at + value
		elseif wire == 1 or wire == 5 then
			at = at + (wire == 1 and 8 or 4)
		else
			return nil
		end
	end
	return list
end

local function as_uint64(n)
	return UInt64.new(n % 2 ^ 32, math.floor(n / 2 ^ 32))
end

local function show_body(ctx, tree, range, message)
	tree:add(f.body, range)
	call_protobuf(range:tvb(), ctx.pinfo, tree, message)
	if message ~= "SampleAnswer" then return end
	for _, part in ipairs(protobuf_fields(range:tvb()) or {}) do
		if part[1] <= 2 and part[3] then
			call_protobuf(part[3]:tvb(), ctx.pinfo, tree, "StatsFrame")
		end
	end
end

local function show_request(ctx, tree, tvb, seen)
	local list, at, body = protobuf_fields(tvb) or {}, {}, nil
	for _, part in ipairs(list) do at[part[1]] = part end
	local id, verb = at[1] and at[1][2] or 0, at[2] and at[2][2] or 0
	local known = names.verbs[verb]
	tree:add(f.request_id, at[1] and at[1][3] or tvb(), as_uint64(id))
	tree:add(f.request_verb, at[2] and at[2][3] or tvb(), verb)
	if at[3] and at[3][3] then tree:add(f.request_operation, at[3][3]) end
	if at[4] then tree:add(f.request_deadline, at[4][3], at[4][2]) end
	body = at[5] and at[5][3]
	if body and known then show_body(ctx, tree, body, known[2]) end
	ctx.info[#ctx.info + 1] = string.format("request %d %s", id, known and known[1] or verb)
	if not ctx.visited then
		seen.request = {verb = verb, frame = ctx.pinfo.number}
		ctx.stream.requests[id] = seen.request
	end
	if seen.request and seen.request.answer then
		tree:add(f.answer_in, seen.request.answer):set_generated()
	end
end

local function show_answer(ctx, tree, tvb, seen)
	local list, at = protobuf_fields(tvb) or {}, {}
	for _, part in ipairs(list) do at[part[1]] = part end
	local id, status = at[1] and at[1][2] or 0, at[2] and at[2][2] or 0
	if not ctx.visited then
		seen.request = ctx.stream.requests[id]
		if seen.request then seen.request.answer = ctx.pinfo.number end
	end
	local known = seen.request and names.verbs[seen.request.verb]
	tree:add(f.answer_id, at[1] and at[1][3] or tvb(), as_uint64(id))
	tree:add(f.answer_status, at[2] and at[2][3] or tvb(), status)
	if at[3] and at[3][3] then tree:add(f.answer_text, at[3][3]) end
	if at[4] and at[4][3] then tree:add(f.answer_hint, at[4][3]) end
	if seen.request then
		tree:add(f.request_verb, seen.request.verb):set_generated()
		tree:add(f.request_in, seen.request.frame):set_generated()
	end
	local body = at[5] and at[5][3]
	if body and known then show_body(ctx, tree, body, known[3]) end
	ctx.info[#ctx.info + 1] = string.format("answer %d%s %s", id,
		known and " " .. known[1] or "", names.statuses[status] or status)
end

local function show_message(ctx, seen, bytes)
	local tvb = bytes_tvb(bytes, "MVMP message")
	local tree = ctx.tree:add(mvmp, tvb(), "Message of " .. #bytes .. " bytes")
	if #seen.parts > 1 then
		for _, number in ipairs(seen.parts) do
			tree:add(f.fragment_in, number):set_generated()
		end
	end
	for _, part in ipairs(protobuf_fields(tvb) or {}) do
		if part[1] == 1 and part[3] then show_request(ctx, tree, part[3]:tvb(), seen) end
		if part[1] == 2 and part[3] then show_answer(ctx, tree, part[3]:tvb(), seen) end
	end
end

-- ---- records -----------------------------------------------------------------------------------

local function malformed(tree, verdict)
	tree:add(f.verdict, verdict):add_proto_expert_info(e.drop)
	return false
end

-- A fragment on the first pass: where it was first sent, and the message when it is whole now.
local function take_fragment(stream, number, part)
	local seen = {}
	if stream.sequences[part.sequence] then
		seen.first_sent = stream.sequences[part.sequence]
		return seen
	end
	stream.sequences[part.sequence] = number
	seen.missing = part.sequence - stream.next
	stream.next = math.max(stream.next, part.sequence + 1)
	local message = stream.messages[part.message] or {total = part.total, got = 0, bytes = {},
		frames = {}, seen = {}}
	stream.messages[part.message] = message
	if message.total ~= part.total then return seen end
	message.got = message.got + #part.bytes
	message.bytes[#message.bytes + 1] = {part.offset, part.bytes}
	message.frames[#message.frames + 1] = number
	message.seen[#message.seen + 1] = seen
	if message.got < message.total then return seen end
	table.sort(message.bytes, function(a, b) return a[1] < b[1] end)
	local pieces = {}
	for _, piece in ipairs(message.bytes) do pieces[#pieces + 1] = piece[2] end
	seen.whole, seen.parts = table.concat(pieces), message.frames
	for _, other in ipairs(message.seen) do other.whole_in = number end
	stream.messages[part.message] = nil
	return seen
end

local function show_fragment(ctx, tree, tvb, order)
	if tvb:len() < 17 then return malformed(tree, "record") end
	local part = {sequence = tvb(0, 4):le_uint(), message = tvb(4, 4):le_uint(),
		total = tvb(8, 4):le_uint(), offset = tvb(12, 4):le_uint(), bytes = tvb:raw(16)}
	local item = tree:add_le(f.sequence, tvb(0, 4))
	tree:add_le(f.message, tvb(4, 4))
	tree:add_le(f.total, tvb(8, 4))
	tree:add_le(f.offset, tvb(12, 4))
	tree:add(f.fragment, tvb(16))
	if part.offset + #part.bytes > part.total or part.total > 1048576 then
		return malformed(tree, "record")
	end
	if not ctx.visited then
		ctx.frame.parts = ctx.frame.parts or {}
		ctx.frame.parts[order] = take_fragment(ctx.stream, ctx.pinfo.number, part)
	end
	local seen = ctx.frame.parts and ctx.frame.parts[order] or {}
	if seen.first_sent then
		item:add_proto_expert_info(e.again)
		tree:add(f.first_sent, seen.first_sent):set_generated()
	elseif seen.missing and seen.missing > 0 then
		item:add_proto_expert_info(e.gap, seen.missing .. " fragments before it did not pass yet")
	end
	if seen.whole_in and not seen.whole then
		tree:add(f.reassembled_in, seen.whole_in):set_generated()
	end
	ctx.info[#ctx.info + 1] = string.format("FRAGMENT %d%s", part.sequence,
		seen.first_sent and " again" or "")
	if seen.whole then table.insert(ctx.messages, seen) end
	return true
end

local function show_ack(ctx, tree, tvb)
	if tvb:len() < 10 or tvb:len() > 26 then return malformed(tree, "record") end
	local next = tvb(0, 4):le_uint()
	local item = tree:add_le(f.ack_next, tvb(0, 4))
	tree:add_le(f.ack_delay, tvb(4, 2))
	tree:add_le(f.ack_credit, tvb(6, 2))
	tree:add_le(f.ack_duplicates, tvb(8, 2))
	ctx.info[#ctx.info + 1] = "ACK " .. next
	if tvb:len() == 10 then return true end
	local bits, highest = tree:add(f.ack_bitmap, tvb(10)), nil
	local received = 0
	for i = 0, 8 * (tvb:len() - 10) - 1 do
		if bit32.extract(tvb(10 + math.floor(i / 8), 1):uint(), i % 8) == 1 then
			highest, received = (next + 1 + i) % 2 ^ 32, received + 1
			bits:add(f.ack_received, tvb(10 + math.floor(i / 8), 1), highest)
		end
	end
	if highest then
		item:add_proto_expert_info(e.gap, string.format("%d of the fragments %d to %d are missing",
			highest - next + 1 - received, next, highest))
	end
	return true
end

local function show_token(ctx, tree, tvb, name)
	if tvb:len() ~= 8 then return malformed(tree, "record") end
	tree:add_le(f.token, tvb(0, 8))
	ctx.info[#ctx.info + 1] = name
	return true
end

local function show_record(ctx, tree, kind, tvb, order)
	if kind == 1 or kind == 2 then return show_token(ctx, tree, tvb, names.records[kind]) end
	if kind == 3 then return show_ack(ctx, tree, tvb) end
	if kind == 4 then return show_fragment(ctx, tree, tvb, order) end
	if kind == 5 then
		if tvb:len() < 1 then return malformed(tree, "record") end
		tree:add(f.close_reason, tvb(0, 1))
		ctx.info[#ctx.info + 1] = "CLOSE"
	elseif kind == 6 then
		ctx.info[#ctx.info + 1] = "PAD"
	elseif kind == 7 then
		if tvb:len() ~= 24 then return malformed(tree, "record") end
		tree:add(f.ticket_id, tvb(0, 8))
		tree:add(f.ticket_secret, tvb(8, 16))
		ctx.info[#ctx.info + 1] = "TICKET"
	elseif kind == 0 then
		return malformed(tree, "record")
	end
	return true
end

local function show_records(ctx, tvb)
	local at, order, good = 0, 0, true
	ctx.messages = {}
	while good and at < tvb:len() do
		if at + 4 > tvb:len() then return malformed(ctx.tree, "record") end
		local kind, len = tvb(at, 1):uint(), tvb(at + 2, 2):le_uint()
		local whole = math.min(4 + len, tvb:len() - at)
		local tree = ctx.tree:add(mvmp, tvb(at, whole), "Record " .. (names.records[kind] or kind))
		tree:add(f.record, tvb(at, 1))
		tree:add_le(f.record_length, tvb(at + 2, 2))
		if whole < 4 + len then return malformed(tree, "record") end
		order = order + 1
		good = show_record(ctx, tree, kind, len > 0 and tvb(at + 4, len):tvb() or
			ByteArray.new():tvb("Empty body"), order)
		at = at + 4 + len
	end
	for _, seen in ipairs(ctx.messages) do show_message(ctx, seen, seen.whole) end
end

local function dissect_data(ctx)
	local tvb, tree, len = ctx.payload, ctx.tree, ctx.payload:len() - 16
	local plain, why = open(ctx.frame, keys_of("data", ctx.index), ctx.nonce, ctx.header, tvb:raw())
	local id = ctx.dst .. ctx.header:sub(5)
	ctx.stream = stream_of(ctx.dst, ctx.index)
	if not ctx.visited then
		ctx.frame.replayed = counters[id]
		counters[id] = true
	end
	if ctx.frame.replayed then tree:add_proto_expert_info(e.replay) end
	if not plain then
		if len > 0 then show_sealed(tree, tvb(0, len), why) end
	elseif len > 0 then
		show_opened(tree, tvb(0, len))
		local opened = bytes_tvb(plain, "Opened DATA")
		if ctx.stats then
			ctx.info[#ctx.info + 1] = "stats"
			call_protobuf(opened, ctx.pinfo, tree, "StatsFrame")
		elseif ctx.frame.replayed then
			ctx.info[#ctx.info + 1] = "replay"
		else
			show_records(ctx, opened)
		end
	end
	tree:add(f.tag, tvb(len, 16))
end

-- ---- header --------------------------------------------------------------------------------------

-- Least and greatest payload; whether index and counter are used.
local rules = {
	[1] = {208, 208, false, true, dissect_hello}, [2] = {208, 208, false, true, dissect_hello},
	[3] = {528, 528, false, false, dissect_init}, [4] = {480, 480, true, false, dissect_reply},
	[5] = {64, 64, true, false, dissect_cookie}, [6] = {16, 9200, true, true, dissect_data},
	[7] = {560, 560, false, true, dissect_enrol},
}

local eth_src = Field.new("eth.src") -- as bytes: an Address would come as a vendor's name

local function ethertypes()
	local control, stats = mvmp.prefs.ethertypes:match("^(%x+),(%x+)$")
	return tonumber(control or "88b5", 16), tonumber(stats or "88b6", 16)
end

-- SPECIFICATION.md 11, steps 1 to 7: the name of the first drop, or nil.
local function verdict_of(tvb, pinfo)
	local size, source = tvb:reported_len(), eth_src()
	if source and source.range(0, 1):uint() % 2 == 1 then return "source" end
	if size < 16 then return "short" end
	if tvb(0, 1):bitfield(0, 4) ~= 1 then return "version" end
	local rule, len = rules[tvb(0, 1):bitfield(4, 4)], tvb(2, 2):le_uint()
	if not rule then return "kind" end
	if size - 16 < rule[1] then return "short" end
	if len > size - 16 or len < rule[1] or len > rule[2] then return "length" end
	local index, stats = tvb(4, 4):le_uint(), tvb(15, 1):uint() >= 128
	local counter = tvb:raw(8, 8) ~= ("\0"):rep(8)
	if tvb(1, 1):uint() ~= 0 or (index ~= 0) ~= rule[3] or (counter and not rule[4]) or
		(stats and rule[5] ~= dissect_data) then
		return "reserved"
	end
	local control_type, stats_type = ethertypes()
	local found = pinfo.match_uint
	if (found == control_type or found == stats_type) and control_type ~= stats_type and
		found ~= (stats and stats_type or control_type) then
		return "ethertype"
	end
	return nil
end

local function show_header(tree, tvb)
	tree:add(f.version, tvb(0, 1))
	tree:add(f.kind, tvb(0, 1))
	tree:add(f.flags, tvb(1, 1))
	tree:add_le(f.payload_length, tvb(2, 2))
	tree:add_le(f.session_index, tvb(4, 4))
	if tvb(0, 1):bitfield(4, 4) ~= 6 then
		tree:add_le(f.counter, tvb(8, 8))
		return
	end
	local count = tvb(8, 8):le_uint64()
	tree:add(f.counter, tvb(8, 8), count:band(UInt64.new(0xffffffff, 0x7fffffff)))
	tree:add(f.channel, tvb(15, 1), tvb(15, 1):bitfield(0, 1))
end

-- The member MAC of the INIT that a COOKIE answers is its associated data.
local function note_init(ctx, kind)
	if ctx.visited then
		ctx.answers = ctx.frame.answers
	elseif kind == 3 then
		shakes["mac" .. stream_key(ctx.src, ctx.payload(0, 4):le_uint())] = ctx.payload:raw(480, 16)
	elseif kind == 5 then
		ctx.answers = shakes["mac" .. stream_key(ctx.dst, ctx.index)]
		ctx.frame.answers = ctx.answers
	end
end

local function dissect_payload(tvb, pinfo, tree, kind, info)
	local len = tvb(2, 2):le_uint()
	if tvb:len() < 16 + len then
		tree:add_proto_expert_info(e.cut)
		return
	end
	local number, visited = pinfo.number, frames[pinfo.number] ~= nil
	frames[number] = frames[number] or {}
	local ctx = {pinfo = pinfo, tree = tree, info = info, visited = visited,
		frame = frames[number], header = tvb:raw(0, 16), nonce = tvb:raw(8, 8):reverse(),
		index = tvb(4, 4):le_uint(), stats = tvb(15, 1):uint() >= 128,
		src = tostring(pinfo.dl_src), dst = tostring(pinfo.dl_dst), payload = tvb(16, len):tvb()}
	note_init(ctx, kind)
	rules[kind][5](ctx)
	if tvb:len() > 16 + len then tree:add(f.padding, tvb(16 + len)) end
end

function mvmp.dissector(tvb, pinfo, root)
	pinfo.cols.protocol = "MVMP"
	local tree, info = root:add(mvmp, tvb()), {}
	local kind = tvb:len() > 0 and tvb(0, 1):bitfield(4, 4) or 0
	local name = names.kinds[kind] or "kind " .. kind
	if tvb:len() >= 16 then
		show_header(tree, tvb)
	elseif tvb:reported_len() >= 16 then
		tree:add_proto_expert_info(e.cut)
		pinfo.cols.info = name .. ", cut short"
		return
	end
	local verdict = verdict_of(tvb, pinfo)
	if verdict then
		tree:add(f.verdict, verdict):add_proto_expert_info(e.drop, "A receiver drops this frame: " ..
			verdict)
		info[1] = "dropped: " .. verdict
	else
		dissect_payload(tvb, pinfo, tree, kind, info)
	end
	tree:append_text(", " .. name)
	pinfo.cols.protocol = "MVMP"
	pinfo.cols.info = name .. (#info > 0 and "  " .. table.concat(info, "; ") or "")
end

-- ---- registration ----------------------------------------------------------------------------------

local registered = {}

local function register()
	local table_of_types = DissectorTable.get("ethertype")
	for _, number in ipairs(registered) do table_of_types:remove(number, mvmp) end
	registered = {ethertypes()}
	for _, number in ipairs(registered) do table_of_types:add(number, mvmp) end
end

function mvmp.prefs_changed()
	register()
	forget_keys()
end

register()

-- SPDX-License-Identifier: Apache-2.0
-- DATA (SPECIFICATION.md, 8): records, the reliable channel, stats frames.

local shared = ...
if not shared then return end -- Wireshark loads what lies in its plugin folder by itself, too

local f, e, names = shared.f, shared.e, shared.names
local keys, known, messages = shared.keys, shared.known, shared.messages

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
		local tree = ctx.tree:add(shared.proto, tvb(at, whole), "Record " .. (names.records[kind] or kind))
		tree:add(f.record, tvb(at, 1))
		tree:add_le(f.record_length, tvb(at + 2, 2))
		if whole < 4 + len then return malformed(tree, "record") end
		order = order + 1
		good = show_record(ctx, tree, kind, len > 0 and tvb(at + 4, len):tvb() or
			ByteArray.new():tvb("Empty body"), order)
		at = at + 4 + len
	end
	for _, seen in ipairs(ctx.messages) do messages.show(ctx, seen, seen.whole) end
end

local function dissect_data(ctx)
	local tvb, tree, len = ctx.payload, ctx.tree, ctx.payload:len() - 16
	local plain, why = keys.open(ctx.frame, keys.of("data", ctx.index), ctx.nonce, ctx.header, tvb:raw())
	local id = ctx.dst .. ctx.header:sub(5)
	ctx.stream = known.stream_of(ctx.dst, ctx.index)
	if not ctx.visited then
		ctx.frame.replayed = known.counters[id]
		known.counters[id] = true
	end
	if ctx.frame.replayed then tree:add_proto_expert_info(e.replay) end
	if not plain then
		if len > 0 then keys.show_sealed(tree, tvb(0, len), why) end
	elseif len > 0 then
		keys.show_opened(tree, tvb(0, len))
		local opened = keys.bytes_tvb(plain, "Opened DATA")
		if ctx.stats then
			ctx.info[#ctx.info + 1] = "stats"
			messages.protobuf(opened, ctx.pinfo, tree, "StatsFrame")
		elseif ctx.frame.replayed then
			ctx.info[#ctx.info + 1] = "replay"
		else
			show_records(ctx, opened)
		end
	end
	tree:add(f.tag, tvb(len, 16))
end

return {data = dissect_data}

-- SPDX-License-Identifier: Apache-2.0
-- Messages (SPECIFICATION.md, 9): the envelope here, bodies by Wireshark's Protobuf dissector.

local shared = ...
if not shared then return end -- Wireshark loads what lies in its plugin folder by itself, too

local f, names, keys = shared.f, shared.names, shared.keys

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
	local tvb = keys.bytes_tvb(bytes, "MVMP message")
	local tree = ctx.tree:add(shared.proto, tvb(), "Message of " .. #bytes .. " bytes")
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

return {show = show_message, protobuf = call_protobuf}

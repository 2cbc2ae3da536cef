-- SPDX-License-Identifier: Apache-2.0
-- Payloads of PROBE, BEACON, INIT, REPLY, COOKIE and ENROL (SPECIFICATION.md, 5, 6, 18).

local shared = ...
if not shared then return end -- Wireshark loads what lies in its plugin folder by itself, too

local f, e, names = shared.f, shared.e, shared.names
local keys, known = shared.keys, shared.known

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
	local plain, why = keys.open(ctx.frame, keys.of("hello", tvb:raw(0, 16)), ctx.nonce,
		ctx.header .. tvb:raw(0, 16), tvb:raw(16, 192))
	if not plain then
		keys.show_sealed(tree, tvb(16, 176), why)
	else
		keys.show_opened(tree, tvb(16, 176))
		show_hello(tree, keys.bytes_tvb(plain, "Opened hello"), ctx.info)
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
	local plain, why = keys.open(ctx.frame, keys.of(kind, tvb:raw(at, 32)), nonce, nil,
		tvb:raw(at + 80, len - 80))
	if not plain then
		keys.show_sealed(tree, tvb(at + 80, len - 96), why)
		return nil
	end
	keys.show_opened(tree, tvb(at + 80, len - 96))
	return keys.bytes_tvb(plain, "Opened " .. kind:upper() .. " payload"), tree
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
		known.shakes[known.stream_key(ctx.src, index)] = plain(12, 4):le_uint()
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
			known.join(ctx.dst, ctx.index, ctx.src, plain(0, 4):le_uint(),
				known.shakes[known.stream_key(ctx.dst, ctx.index)] or 0)
		end
	end
	tree:add(f.member_mac, tvb(464, 16))
end

local function dissect_cookie(ctx)
	local tvb, tree = ctx.payload, ctx.tree
	tree:add(f.salt, tvb(0, 16))
	local list = keys.of("cookie", tvb:raw(0, 16))
	-- The associated data is the member MAC of the INIT it answers.
	local plain, why = keys.open(ctx.frame, list, ("\0"):rep(8), ctx.answers or "", tvb:raw(16, 48))
	if plain then
		local body = keys.bytes_tvb(plain, "Opened COOKIE")
		local reason = body(0, 1):uint()
		keys.show_opened(tree, tvb(16, 32))
		local item = tree:add(f.reason, body(0, 1))
		if reason == 0 then
			tree:add(f.cookie, body(16, 16))
			ctx.info[#ctx.info + 1] = "asks for a proof of the address"
		else
			item:add_proto_expert_info(e.refused)
			ctx.info[#ctx.info + 1] = "refuses: " .. (names.refusals[reason] or reason)
		end
	else
		keys.show_sealed(tree, tvb(16, 32), why)
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

return {hello = dissect_hello, init = dissect_init, reply = dissect_reply,
	cookie = dissect_cookie, enrol = dissect_enrol}

-- SPDX-License-Identifier: Apache-2.0
-- Wireshark dissector of MVMP (SPECIFICATION.md): headers and kinds; with a key log also what is
-- sealed, records, messages. docs/wireshark.md says how it is used. This file has headers and
-- registration, those beside it the rest.

local here = (__DIR__ or "."):gsub("[^/\\]$", "%0/")
local shared = dofile(here .. "mvmp_fields.lua")
local mvmp = Proto("mvmp", "MVMP, management of hypervisor nodes")

local function part(name)
	return assert(loadfile(here .. "mvmp_" .. name .. ".lua"))(shared)
end

shared.proto = mvmp
shared.gcm, shared.known = part("gcm"), part("known")
shared.keys = part("keys")
shared.messages = part("messages")
local kinds, records = part("handshake"), part("records")
local f, e, names, keys, known = shared.f, shared.e, shared.names, shared.keys, shared.known

mvmp.fields, mvmp.experts = f, {e.drop, e.cut, e.sealed, e.wrong, e.replay, e.again, e.gap,
	e.refused}
mvmp.prefs.keylog = Pref.string("Key log", "", "File that a program wrote with --key-log")
mvmp.prefs.ethertypes = Pref.string("EtherTypes", "88b5,88b6",
	"Control and stats EtherType, hex, as in -i IFACE/88b5,88b6")

function mvmp.init()
	known.forget()
	keys.forget(mvmp.prefs.keylog)
end

-- ---- header --------------------------------------------------------------------------------------

-- Least and greatest payload; whether index and counter are used.
local rules = {
	[1] = {208, 208, false, true, kinds.hello}, [2] = {208, 208, false, true, kinds.hello},
	[3] = {528, 528, false, false, kinds.init}, [4] = {480, 480, true, false, kinds.reply},
	[5] = {64, 64, true, false, kinds.cookie}, [6] = {16, 9200, true, true, records.data},
	[7] = {560, 560, false, true, kinds.enrol},
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
		(stats and rule[5] ~= records.data) then
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
		known.shakes["mac" .. known.stream_key(ctx.src, ctx.payload(0, 4):le_uint())] = ctx.payload:raw(480, 16)
	elseif kind == 5 then
		ctx.answers = known.shakes["mac" .. known.stream_key(ctx.dst, ctx.index)]
		ctx.frame.answers = ctx.answers
	end
end

local function dissect_payload(tvb, pinfo, tree, kind, info)
	local len = tvb(2, 2):le_uint()
	if tvb:len() < 16 + len then
		tree:add_proto_expert_info(e.cut)
		return
	end
	local number, visited = pinfo.number, known.frames[pinfo.number] ~= nil
	known.frames[number] = known.frames[number] or {}
	local ctx = {pinfo = pinfo, tree = tree, info = info, visited = visited,
		frame = known.frames[number], header = tvb:raw(0, 16), nonce = tvb:raw(8, 8):reverse(),
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
	keys.forget(mvmp.prefs.keylog)
end

register()

-- SPDX-License-Identifier: Apache-2.0
-- The key log (docs/wireshark.md), and opening frames with it.

local shared = ...
if not shared then return end -- Wireshark loads what lies in its plugin folder by itself, too

local f, e, gcm = shared.f, shared.e, shared.gcm
local keys = {}

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

-- Begins anew with this file.
function keys.forget(path)
	keylog.path, keylog.at, keylog.looked = path, 0, 0
	keylog.hello, keylog.cookie, keylog.init, keylog.reply, keylog.data = {}, {}, {}, {}, {}
	read_keylog()
end

function keys.of(kind, id)
	if not keylog[kind][id] and keylog.path ~= "" and os.time() ~= keylog.looked then
		keylog.looked = os.time()
		read_keylog()
	end
	return keylog[kind][id] or {}
end

function keys.bytes_tvb(bytes, name)
	return ByteArray.new(bytes, true):tvb(name)
end

-- Tries the keys; remembers what came of it. Returns the plain text, or nil and why.
function keys.open(frame, list, counter, ad, sealed)
	if frame.plain == nil and (not frame.tried or #list > frame.tried) then
		frame.tried = #list
		for _, key in ipairs(list) do
			frame.plain = gcm.open(key[1], counter, key[2] or ad, sealed)
			if frame.plain then break end
		end
	end
	return frame.plain, #list > 0 and e.wrong or e.sealed
end

function keys.show_sealed(tree, range, why)
	tree:add(f.sealed, range):add_proto_expert_info(why)
	tree:add(f.opened, range, false):set_generated()
end

function keys.show_opened(tree, range)
	tree:add(f.opened, range, true):set_generated()
end

return keys

-- SPDX-License-Identifier: Apache-2.0
-- AES-256-GCM (FIPS 197, NIST SP 800-38D) for the dissector: Wireshark 4.0 gives Lua no ciphers.
-- Tables of 32-bit words; a frame of 1500 bytes takes a few milliseconds. Not in constant time.

local band, bor, bxor = bit32.band, bit32.bor, bit32.bxor
local lshift, rshift, lrotate, extract = bit32.lshift, bit32.rshift, bit32.lrotate, bit32.extract
local byte, char = string.byte, string.char

local gcm = {}

-- ---- AES ----

local sbox, T0, T1, T2, T3 = {}, {}, {}, {}, {}

local function double(x)
	return band(x < 128 and 2 * x or bxor(2 * x, 0x11b), 255)
end

local function make_tables()
	local p, q = 1, 1
	repeat -- p runs through the field by multiplication with 3, q by division
		p = bxor(p, double(p))
		q = bxor(q, band(lshift(q, 1), 255))
		q = bxor(q, band(lshift(q, 2), 255))
		q = bxor(q, band(lshift(q, 4), 255))
		if q > 127 then q = bxor(q, 9) end
		local r = bxor(q, band(bor(lshift(q, 1), rshift(q, 7)), 255))
		r = bxor(r, band(bor(lshift(q, 2), rshift(q, 6)), 255))
		r = bxor(r, band(bor(lshift(q, 3), rshift(q, 5)), 255))
		r = bxor(r, band(bor(lshift(q, 4), rshift(q, 4)), 255))
		sbox[p] = bxor(r, 0x63)
	until p == 1
	sbox[0] = 0x63
	for i = 0, 255 do
		local s = sbox[i]
		local s2 = double(s)
		local word = bor(lshift(s2, 24), lshift(s, 16), lshift(s, 8), bxor(s2, s))
		T0[i], T1[i], T2[i] = word, lrotate(word, 24), lrotate(word, 16)
		T3[i] = lrotate(word, 8)
	end
end

make_tables()

local function word_at(s, i)
	local a, b, c, d = byte(s, i, i + 3)
	return ((a * 256 + b) * 256 + c) * 256 + d
end

local function sub_word(w)
	return bor(lshift(sbox[rshift(w, 24)], 24), lshift(sbox[extract(w, 16, 8)], 16),
		lshift(sbox[extract(w, 8, 8)], 8), sbox[band(w, 255)])
end

local function expand(key)
	local w, round = {}, 1
	for i = 0, 7 do w[i] = word_at(key, 4 * i + 1) end
	for i = 8, 59 do
		local t = w[i - 1]
		if i % 8 == 0 then
			t = bxor(sub_word(lrotate(t, 8)), lshift(round, 24))
			round = double(round)
		elseif i % 8 == 4 then
			t = sub_word(t)
		end
		w[i] = bxor(w[i - 8], t)
	end
	return w
end

local function last_word(a, b, c, d, k)
	return bxor(bor(lshift(sbox[rshift(a, 24)], 24), lshift(sbox[extract(b, 16, 8)], 16),
		lshift(sbox[extract(c, 8, 8)], 8), sbox[band(d, 255)]), k)
end

local function encrypt(w, a, b, c, d)
	a, b, c, d = bxor(a, w[0]), bxor(b, w[1]), bxor(c, w[2]), bxor(d, w[3])
	for i = 4, 52, 4 do
		local e = bxor(T0[rshift(a, 24)], T1[extract(b, 16, 8)], T2[extract(c, 8, 8)],
			T3[band(d, 255)], w[i])
		local f = bxor(T0[rshift(b, 24)], T1[extract(c, 16, 8)], T2[extract(d, 8, 8)],
			T3[band(a, 255)], w[i + 1])
		local g = bxor(T0[rshift(c, 24)], T1[extract(d, 16, 8)], T2[extract(a, 8, 8)],
			T3[band(b, 255)], w[i + 2])
		d = bxor(T0[rshift(d, 24)], T1[extract(a, 16, 8)], T2[extract(b, 8, 8)],
			T3[band(c, 255)], w[i + 3])
		a, b, c = e, f, g
	end
	return last_word(a, b, c, d, w[56]), last_word(b, c, d, a, w[57]),
		last_word(c, d, a, b, w[58]), last_word(d, a, b, c, w[59])
end

-- ---- GHASH, eight bits at a time ----

local function half(v) -- multiplies by x
	local carry = band(v[4], 1)
	v = {rshift(v[1], 1), bor(rshift(v[2], 1), lshift(band(v[1], 1), 31)),
		bor(rshift(v[3], 1), lshift(band(v[2], 1), 31)),
		bor(rshift(v[4], 1), lshift(band(v[3], 1), 31))}
	if carry == 1 then v[1] = bxor(v[1], 0xe1000000) end
	return v
end

local reduce = {} -- what eight bits that fall out at the end become at the front
for i = 0, 255 do
	local v = {0, 0, 0, i}
	for _ = 1, 8 do v = half(v) end
	reduce[i] = v[1]
end

local function multiples(h)
	local m, v = {[0] = {0, 0, 0, 0}}, h
	for bit = 7, 0, -1 do
		m[2 ^ bit] = v
		v = half(v)
	end
	for bit = 1, 7 do
		for low = 1, 2 ^ bit - 1 do
			local a, b = m[2 ^ bit], m[low]
			m[2 ^ bit + low] = {bxor(a[1], b[1]), bxor(a[2], b[2]), bxor(a[3], b[3]),
				bxor(a[4], b[4])}
		end
	end
	return m
end

local function times_h(m, x)
	local a, b, c, d = 0, 0, 0, 0
	for word = 4, 1, -1 do
		local w = x[word]
		for at = 0, 24, 8 do
			local r, v = reduce[band(d, 255)], m[extract(w, at, 8)]
			d = bxor(bor(rshift(d, 8), lshift(band(c, 255), 24)), v[4])
			c = bxor(bor(rshift(c, 8), lshift(band(b, 255), 24)), v[3])
			b = bxor(bor(rshift(b, 8), lshift(band(a, 255), 24)), v[2])
			a = bxor(rshift(a, 8), r, v[1])
		end
	end
	x[1], x[2], x[3], x[4] = a, b, c, d
end

local function hash_in(m, x, s)
	s = s .. ("\0"):rep(-#s % 16)
	for i = 1, #s, 16 do
		for word = 0, 3 do x[word + 1] = bxor(x[word + 1], word_at(s, i + 4 * word)) end
		times_h(m, x)
	end
end

-- ---- GCM ----

local keys = {}

local function schedule(key)
	if not keys[key] then
		local w = expand(key)
		keys[key] = {w = w, m = multiples({encrypt(w, 0, 0, 0, 0)})}
	end
	return keys[key]
end

local function word_bytes(w)
	return char(rshift(w, 24), extract(w, 16, 8), extract(w, 8, 8), band(w, 255))
end

-- Opens what MVMP sealed: `counter` is 8 bytes, big-endian, as in Noise's nonce. The plain text,
-- or nil where the tag is wrong. All are strings of bytes.
function gcm.open(key, counter, ad, sealed)
	if #sealed < 16 then return nil end
	local k, len = schedule(key), #sealed - 16
	local n1, n2, x = word_at(counter, 1), word_at(counter, 5), {0, 0, 0, 0}
	local text = sealed:sub(1, len)
	hash_in(k.m, x, ad)
	hash_in(k.m, x, text)
	x[2], x[4] = bxor(x[2], 8 * #ad), bxor(x[4], 8 * len)
	times_h(k.m, x)
	local a, b, c, d = encrypt(k.w, 0, n1, n2, 1)
	local tag = word_bytes(bxor(a, x[1])) .. word_bytes(bxor(b, x[2])) ..
		word_bytes(bxor(c, x[3])) .. word_bytes(bxor(d, x[4]))
	if tag ~= sealed:sub(len + 1) then return nil end
	local out, padded = {}, text .. ("\0"):rep(-len % 16)
	for i = 1, len, 16 do
		a, b, c, d = encrypt(k.w, 0, n1, n2, 2 + (i - 1) / 16)
		out[#out + 1] = word_bytes(bxor(a, word_at(padded, i))) ..
			word_bytes(bxor(b, word_at(padded, i + 4))) ..
			word_bytes(bxor(c, word_at(padded, i + 8))) ..
			word_bytes(bxor(d, word_at(padded, i + 12)))
	end
	return table.concat(out):sub(1, len)
end

return gcm

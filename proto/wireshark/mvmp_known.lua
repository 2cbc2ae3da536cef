-- SPDX-License-Identifier: Apache-2.0
-- What is known of sessions and frames from those before.

local known = {
	frames = {},   -- by frame number: what the first pass found
	shakes = {},   -- by initiator and index: an INIT under way
	counters = {}, -- seen before, by receiver, index and counter
}
local streams -- by receiver and session index: one direction of a session

function known.forget()
	known.frames, streams, known.shakes, known.counters = {}, {}, {}, {}
end

function known.stream_key(receiver, index)
	return receiver .. string.format("/%08x", index)
end

function known.stream_of(receiver, index)
	local key = known.stream_key(receiver, index)
	streams[key] = streams[key] or {messages = {}, sequences = {}, requests = {}, next = 0}
	return streams[key]
end

-- Both directions of a session share its requests. Renewed keys bring new indexes; numbers go on.
function known.join(initiator, index, responder, responder_index, renews)
	local old = renews ~= 0 and streams[known.stream_key(responder, renews)]
	local to_node = old or known.stream_of(responder, responder_index)
	local to_asker = old and old.back or known.stream_of(initiator, index)
	streams[known.stream_key(responder, responder_index)] = to_node
	streams[known.stream_key(initiator, index)] = to_asker
	to_node.back, to_asker.back, to_asker.requests = to_asker, to_node, to_node.requests
end

return known

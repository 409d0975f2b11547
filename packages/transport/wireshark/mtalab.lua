-- Shows the reliable transfer of MTA Lab in Wireshark and tshark: names every RTSE APDU, and follows the Turn.
--
--   tshark -X lua_script:"$(mtalab capture --plugin)" -r run.pcapng
--
-- On the LAN link the stock dissector reads DCE/RPC and puts its fragments together. This script reads the stubs with the
-- messages of mtalab.proto, which it parses when it loads. On the X.400 connector the stock dissectors read everything, and
-- this script adds its columns. docs/wireshark.md describes the fields. Wireshark 4.0 or later.

-- 9e8ee830-4459-11ce-979b-00aa005ffebe, in the order of its octets on the wire.
local interfaceOctets = "30e88e9e5944ce11979b00aa005ffebe"
-- The operations by opnum: name, message of the argument, message of the result.
local operations = {
  [0] = { "MtaBind", "MtaBindArgument", "MtaBindResult" },
  [1] = { "MtaBindBack", "MtaBindBackArgument", "MtaBindBackResult" },
  [2] = { "MtaSend", "RtseApdu", "RtseApdu" },
  [3] = { "MtaUnBind", "RtseApdu", "RtseApdu" },
  [4] = { "MtaUnBindBack", "RtseApdu", "RtseApdu" },
}
-- The APDU whose name in journals and faults is not that of its message.
local apduNames = { rttp = "turn-please" }
-- Limits of a stub from a stranger.
local maxDepth, maxNodes = 8, 20000

------------------------------------------------------------------------------------------------------------- mtalab.proto

local function readProtoFile()
  local here = __DIR__ or ""
  if here ~= "" and not here:match("[/\\]$") then here = here .. "/" end
  local places = { here .. "mtalab.proto", here .. "../proto/mtalab.proto" }
  for _, place in ipairs(places) do
    local file = io.open(place, "r")
    if file ~= nil then
      local text = file:read("*a")
      file:close()
      return text
    end
  end
  error("mtalab.lua cannot read mtalab.proto; put it beside mtalab.lua (looked for " .. table.concat(places, " and ") .. ")", 0)
end

local function tokensOf(text)
  local tokens = {}
  for word, mark in text:gsub("//[^\n]*", ""):gsub('"[^"]*"', "text"):gmatch("([%w_.]*)%s*([={};]?)") do
    if word ~= "" then tokens[#tokens + 1] = word end
    if mark ~= "" then tokens[#tokens + 1] = mark end
  end
  return tokens
end

-- Reads as much of the language as mtalab.proto uses. Returns the messages and the enumerations, by name.
local function parseProto(text)
  local messages, enums, tokens, at = {}, {}, tokensOf(text), 1
  local function take(wanted)
    local token = tokens[at]
    if token == nil or (wanted ~= nil and token ~= wanted) then
      error("mtalab.lua cannot read mtalab.proto: " .. (wanted or "more") .. " expected, not " .. tostring(token), 0)
    end
    at = at + 1
    return token
  end
  local function body(fields)
    take("{")
    while tokens[at] ~= "}" do
      if tokens[at] == "oneof" then
        at = at + 2
        body(fields)
      else
        local repeated = tokens[at] == "repeated"
        if repeated then take() end
        local kind, name = take(), take()
        take("=")
        fields[tonumber(take())] = { name = name, kind = kind, repeated = repeated }
        take(";")
      end
    end
    take("}")
  end
  while tokens[at] ~= nil do
    local word = take()
    if word == "message" then
      local name = take()
      messages[name] = {}
      body(messages[name])
    elseif word == "enum" then
      local labels = {}
      enums[take()] = labels
      take("{")
      while tokens[at] ~= "}" do
        local label = take()
        take("=")
        labels[tonumber(take())] = label
        take(";")
      end
      take("}")
    else
      while take() ~= ";" do end
    end
  end
  return messages, enums
end

local messages, enums = parseProto(readProtoFile())

------------------------------------------------------------------------------------------------------------------- fields

local mtalab = Proto("mtalab", "MTA Lab")
local shown = {
  operation = ProtoField.string("mtalab.operation", "Operation"),
  apdu = ProtoField.string("mtalab.apdu", "RTSE APDU"),
  text = ProtoField.string("mtalab.text", "In one line"),
  association = ProtoField.string("mtalab.association", "Association"),
  from = ProtoField.string("mtalab.from", "Sent by"),
  to = ProtoField.string("mtalab.to", "Sent to"),
  turn = ProtoField.string("mtalab.turn", "Turn after it"),
  asked = ProtoField.string("mtalab.turn.asked", "Asks for the Turn"),
  returned = ProtoField.uint32("mtalab.return", "Return value", base.DEC),
}
local damaged = ProtoExpert.new("mtalab.damaged", "The stub does not hold a message of MTA Lab", expert.group.MALFORMED, expert.severity.ERROR)
local failed = ProtoExpert.new("mtalab.failed", "mtalab.lua failed", expert.group.UNDECODED, expert.severity.ERROR)
mtalab.experts = { damaged, failed }

-- MtaBindArgument: mta_bind_argument.
local function snake(name)
  return (name:gsub("(%l)(%u)", "%1_%2"):lower())
end

local list = {}
for _, field in pairs(shown) do list[#list + 1] = field end
for message, fields in pairs(messages) do
  for _, field in pairs(fields) do
    local abbreviation, make = "mtalab." .. snake(message) .. "." .. field.name, nil
    field.message = messages[field.kind]
    field.labels = enums[field.kind]
    if field.message ~= nil then make = ProtoField.none(abbreviation, field.name)
    elseif field.labels ~= nil then make = ProtoField.uint32(abbreviation, field.name, base.DEC, field.labels)
    elseif field.kind == "bool" then make = ProtoField.bool(abbreviation, field.name)
    elseif field.kind == "uint64" then make = ProtoField.uint64(abbreviation, field.name)
    elseif field.kind == "uint32" then make = ProtoField.uint32(abbreviation, field.name)
    elseif field.kind == "bytes" then make = ProtoField.bytes(abbreviation, field.name)
    else make = ProtoField.string(abbreviation, field.name) end
    field.lengthDelimited = field.message ~= nil or field.kind == "bytes" or field.kind == "string"
    field.shown = make
    list[#list + 1] = make
  end
end
mtalab.fields = list

-- What this script reads of other dissectors. Wireshark fills in only what a script has asked for when it loads.
local wanted = {}
for _, name in ipairs({
  "frame.interface_id", "tcp.stream", "tcp.analysis.lost_segment", "dcerpc.pkt_type", "dcerpc.cn_flags.last_frag", "dcerpc.cn_call_id",
  "dcerpc.cn_ctx_id", "dcerpc.opnum", "dcerpc.cn_assoc_group", "dcerpc.cn_bind_to_uuid",
  "dcerpc.stub_data", "ses.type", "ses.calling_ss_user_reference", "ses.called_ss_user_reference", "ses.data_token_setting",
}) do
  wanted[name] = Field.new(name)
end
-- Without a listener with a filter tshark builds no tree for a list of packets, so there would be nothing to read.
Listener.new("frame", "tcp")

----------------------------------------------------------------------------------------------------------------- protobuf

-- A number of at most 64 bits, exact up to 2^53. Returns it and the position behind it, or nil.
local function varint(s, at, stop)
  local value, factor = 0.0, 1.0
  for index = at, math.min(stop, at + 9) do
    local octet = s:byte(index)
    value = value + (octet % 128) * factor
    if octet < 128 then return value, index + 1 end
    factor = factor * 128
  end
  return nil
end

local decode

-- Reads the value of one field of wire type 2. Returns a node's value and children, or nil and what is wrong.
local function readDelimited(s, at, stop, field, depth, budget)
  if field.message ~= nil then
    local children, wrong = decode(s, at, stop, field.message, depth + 1, budget)
    return children and "", children or wrong
  end
  if field.lengthDelimited then return s:sub(at, stop), nil end
  -- Numbers of a repeated field, packed.
  local numbers = {}
  while at <= stop do
    local number, after = varint(s, at, stop)
    budget.left = budget.left - 1
    if number == nil or budget.left < 0 then return nil, field.name .. " is cut short" end
    numbers[#numbers + 1] = { field = field, value = number, at = at, length = after - at }
    at = after
  end
  return "", numbers
end

-- Reads the fields of a message in s from at to stop. Returns a list of nodes, or nil and what is wrong.
function decode(s, at, stop, fields, depth, budget)
  if depth > maxDepth then return nil, "messages are nested deeper than " .. maxDepth end
  local nodes = {}
  while at <= stop do
    budget.left = budget.left - 1
    if budget.left < 0 then return nil, "more than " .. maxNodes .. " fields" end
    local tag, after = varint(s, at, stop)
    if tag == nil then return nil, "a field number is cut short" end
    local number, wire = math.floor(tag / 8), tag % 8
    local field, node, behind = fields[number], { at = at }, nil
    if wire == 0 then node.value, behind = varint(s, after, stop)
    elseif wire == 1 then behind = after + 8
    elseif wire == 5 then behind = after + 4
    elseif wire == 2 then
      local length, from = varint(s, after, stop)
      behind = length and from + length
      node.from = from
    end
    if behind == nil or behind - 1 > stop then return nil, "field " .. string.format("%.0f", number) .. " is cut short" end
    if field ~= nil then
      if (wire == 2) ~= field.lengthDelimited and not (wire == 2 and field.repeated) or wire == 1 or wire == 5 then
        return nil, field.name .. " has wire type " .. string.format("%.0f", wire)
      end
      if wire == 2 then
        local value, children = readDelimited(s, node.from, behind - 1, field, depth, budget)
        if value == nil then return nil, children end
        node.value, node.children = value, children
      end
      node.field, node.length = field, behind - at
      nodes[#nodes + 1] = node
    end
    at = behind
  end
  return nodes
end

-- The last field of this name, or nil: in a message the last one counts.
local function nodeOf(nodes, name)
  for at = #(nodes or {}), 1, -1 do
    if nodes[at].field.name == name then return nodes[at] end
  end
  return nil
end

local function valueOf(nodes, name, default)
  local node = nodeOf(nodes, name)
  if node == nil then return default end
  return node.value
end

-------------------------------------------------------------------------------------------------------------- NDR and APDUs

local function u32(s, at)
  local a, b, c, d = s:byte(at, at + 3)
  return a + b * 256 + c * 65536 + d * 16777216
end

-- The octets in a stub: first and last position, and the return value of a result. Nil and what is wrong.
local function octetsIn(s, isRequest)
  local head = isRequest and 8 or 12
  if #s < head then return nil, "the stub has only " .. #s .. " octets" end
  local count = u32(s, 1)
  if not isRequest and u32(s, 5) == 0 then
    if count ~= 0 then return nil, "no octets, but their number is " .. count end
    return 9, 8, u32(s, 9)
  end
  if u32(s, head - 3) ~= count then return nil, "two different numbers of octets" end
  local last = head + count
  if last > #s then return nil, "the stub has only " .. #s .. " of " .. last .. " octets" end
  if isRequest then return head + 1, last, nil end
  local at = last + (-last) % 4
  if at + 4 > #s then return nil, "no return value" end
  return head + 1, last, u32(s, at + 1)
end

-- The name of an enumerated value in journals: ABORT_REASON_USER_ERROR is userError.
local function word(nodes, name, prefix)
  local node = nodeOf(nodes, name)
  local value = node and node.value or 0
  local kind = enums[prefix]
  local start = snake(prefix):upper() .. "_"
  local label = kind and kind[value]
  if label == nil then return string.format("%.0f", value) end
  return (label:sub(#start + 1):lower():gsub("_(%l)", string.upper))
end

local function activityOf(nodes, name)
  local id = valueOf(nodes, name or "activity", 0)
  return string.format("%.0f-%.0f", math.floor(id / 4294967296), id % 4294967296)
end

local function number(nodes, name)
  return string.format("%.0f", valueOf(nodes, name, 0))
end

local function sizes(nodes)
  local activities = valueOf(nodes, "activities_in_flight", 0)
  local more = activities == 0 and "" or string.format(" activities=%.0f", activities)
  return "checkpoint=" .. number(nodes, "checkpoint_size_k") .. " window=" .. number(nodes, "window_size") .. more
end

-- The APDUs in one line, as journals and ladders have them.
local lines = {
  rtorq = function(nodes)
    local mode = valueOf(nodes, "dialogue_mode", 0) == 2 and "" or " monologue"
    return " turn=" .. word(nodes, "turn", "Role") .. " recovery=" .. number(nodes, "recovery") .. " " .. sizes(nodes) .. mode
  end,
  rtoac = function(nodes) return " " .. sizes(nodes) end,
  rtorj = function(nodes) return " reason=" .. word(nodes, "reason", "RefuseReason") end,
  rtab = function(nodes) return " reason=" .. word(nodes, "reason", "AbortReason") end,
  rttp = function(nodes) return " priority=" .. number(nodes, "priority") end,
  rttr = function(nodes)
    local last = valueOf(nodes, "last", 0) ~= 0 and " last" or ""
    local start = nodeOf(nodes, "start") ~= nil and " start" or ""
    local length = #valueOf(nodes, "content", "")
    return " activity=" .. activityOf(nodes) .. " offset=" .. number(nodes, "offset") .. " length=" .. length .. last .. start
  end,
  confirm = function(nodes)
    local stored = valueOf(nodes, "stored", 0) ~= 0 and " stored" or ""
    return " activity=" .. activityOf(nodes) .. " upTo=" .. number(nodes, "up_to") .. stored
  end,
  refuse = function(nodes) return " activity=" .. activityOf(nodes) .. " reason=" .. word(nodes, "reason", "AbortReason") end,
  discarded = function(nodes) return " activity=" .. activityOf(nodes) end,
}
lines.discard = lines.refuse

-- The APDU among the fields of a message: its field. Nil if there is none.
local function apduIn(nodes)
  for at = #nodes, 1, -1 do
    local field = nodes[at].field
    if field.message ~= nil and field.kind ~= "MtaCredentials" then return nodes[at] end
  end
  return nil
end

local function apduName(node)
  local name = node.field.name
  return apduNames[name] or name:gsub("_", "-")
end

------------------------------------------------------------------------------------------------------- what went before it

-- connections: by TCP stream. groups: association groups by server and number. associations: by interface of the capture and
-- name, so that each end of a link has its own view of the Turn. frames: what earlier frames showed, by their number.
local state

local function reset()
  state = { connections = {}, groups = {}, associations = {}, frames = {} }
end
reset()
mtalab.init = reset

local function connectionOf(stream)
  local connection = state.connections[stream]
  if connection == nil then
    connection = { contexts = {}, calls = {} }
    state.connections[stream] = connection
  end
  return connection
end

local function associationOf(interface, name)
  local key = interface .. " " .. name
  local association = state.associations[key]
  if association == nil then
    association = { name = name }
    state.associations[key] = association
  end
  return association
end

local function other(role)
  return role == "initiator" and "responder" or "initiator"
end

-- The Turn after an APDU that the side with this role sent.
local function follow(association, role, apdu, nodes)
  if apdu == "rtorq" then
    association.holder = valueOf(nodes, "turn", 1) == 2 and "responder" or "initiator"
    association.asks = nil
  -- Only the holder may transfer. So this shows the Turn even if the capture lacks what gave it.
  elseif apdu == "rttr" then association.holder = role
  elseif apdu == "turn-please" then association.asks = role
  elseif apdu == "turn-give" then
    association.holder, association.asks = other(role), nil
  elseif apdu == "rtorj" or apdu == "rtab" or apdu == "close-ack" then
    association.holder, association.asks = nil, nil
  end
end

-- Remembers of which association a connection is. The name comes with MtaBind and MtaBindBack; further connections of the
-- association have its group.
local function place(connection, interface, name, role)
  connection.association = associationOf(interface, name)
  connection.role = role
  if connection.group ~= nil then state.groups[connection.group] = { association = connection.association, role = role } end
end

local function learn(connection, interface, operation, nodes, isRequest)
  local from = nodeOf(nodes, "from")
  local mta = from and valueOf(from.children, "mta_name")
  local name = valueOf(nodes, "association")
  if isRequest and operation == "MtaBind" and name ~= nil then place(connection, interface, name, "initiator") end
  if isRequest and operation == "MtaBindBack" and name ~= nil then place(connection, interface, name, "responder") end
  if connection.association == nil then
    local known = state.groups[connection.group or ""]
    if known == nil then return end
    connection.association, connection.role = known.association, known.role
  end
  local role = isRequest and connection.role or other(connection.role)
  if mta ~= nil then connection.association[role] = mta end
end

-- What one stub shows, as texts and nodes.
local function readStub(connection, interface, pdu)
  local isRequest = pdu.type == 0
  local s = pdu.stub.range:raw()
  local first, last, returned = octetsIn(s, isRequest)
  if first == nil then return { wrong = last } end
  local operation = operations[pdu.opnum]
  local nodes, wrong = decode(s, first, last, messages[operation[isRequest and 2 or 3]], 1, { left = maxNodes })
  if nodes == nil then return { wrong = wrong, operation = operation[1] } end
  local apdu = apduIn(nodes)
  if apdu == nil and operation[1] ~= "MtaBindBack" then return { wrong = "no APDU", operation = operation[1] } end
  learn(connection, interface, operation[1], nodes, isRequest)
  local found = { operation = operation[1], nodes = nodes, returned = returned }
  local association = connection.association
  local role = association and (isRequest and connection.role or other(connection.role))
  if apdu ~= nil then
    found.apdu = apduName(apdu)
    found.text = found.apdu .. (lines[apdu.field.name] and lines[apdu.field.name](apdu.children) or "")
    if association ~= nil then follow(association, role, found.apdu, apdu.children) end
  elseif isRequest then found.text = "recovery=" .. number(nodes, "recovery")
  else found.text = valueOf(nodes, "accepted", 0) ~= 0 and "accepted" or "refused" end
  if association ~= nil then
    found.association = association.name
    found.from, found.to = association[role] or role, association[other(role)] or other(role)
    if association.holder ~= nil then found.turn = association[association.holder] or association.holder end
    if association.asks ~= nil then found.asked = association[association.asks] or association.asks end
  end
  return found
end

----------------------------------------------------------------------------------------------------------------- the tree

local function addNodes(tree, range, nodes)
  for _, node in ipairs(nodes) do
    local field, octets, item = node.field, range:range(node.at - 1, node.length), nil
    if node.children ~= nil and field.message == nil then addNodes(tree, range, node.children)
    elseif field.message ~= nil then
      item = tree:add(field.shown, octets)
      addNodes(item, range, node.children)
    elseif field.kind == "uint64" then
      tree:add(field.shown, octets, UInt64.new(node.value % 4294967296, math.floor(node.value / 4294967296) % 4294967296))
    elseif field.kind == "bool" then tree:add(field.shown, octets, node.value ~= 0)
    elseif field.kind == "string" then tree:add(field.shown, octets, node.value)
    elseif field.kind == "bytes" then
      if #node.value > 0 then tree:add(field.shown, range:range(node.at - 1 + node.length - #node.value, #node.value)) end
    else tree:add(field.shown, octets, node.value % 4294967296) end
  end
end

local order = { "operation", "apdu", "text", "association", "from", "to", "turn", "asked" }

local function show(tree, range, found)
  local title = table.concat({ found.operation or "", found.text or "" }, " ")
  local item = range and tree:add(mtalab, range, "MTA Lab: " .. title) or tree:add(mtalab, "MTA Lab: " .. title)
  for _, name in ipairs(order) do
    if found[name] ~= nil then item:add(shown[name], found[name]):set_generated() end
  end
  if found.returned ~= nil then item:add(shown.returned, found.returned) end
  if found.wrong ~= nil then item:add_proto_expert_info(damaged, "The stub is damaged: " .. found.wrong) end
  if found.nodes ~= nil then addNodes(item, range, found.nodes) end
end

local function label(found)
  if found.wrong ~= nil then return "damaged stub (" .. found.wrong .. ")" end
  return found.operation and found.operation .. " " .. found.text or found.text
end

-------------------------------------------------------------------------------------------------------------- the LAN link

-- The PDUs in a frame, in order: each with what this script needs of its fields.
local function pdusIn()
  local pdus, pdu = {}, nil
  for _, field in ipairs({ all_field_infos() }) do
    local name = wanted[field.name] ~= nil and field.name or nil
    if name == "dcerpc.pkt_type" then
      pdu = { type = field.value, contexts = {} }
      pdus[#pdus + 1] = pdu
    elseif name ~= nil and pdu ~= nil then
      if name == "dcerpc.cn_flags.last_frag" then pdu.last = field.value
      elseif name == "dcerpc.cn_call_id" then pdu.call = field.value
      elseif name == "dcerpc.opnum" then pdu.opnum = field.value
      elseif name == "dcerpc.cn_assoc_group" then pdu.group = field.value
      elseif name == "dcerpc.cn_ctx_id" then pdu.context = field.value
      elseif name == "dcerpc.cn_bind_to_uuid" then pdu.contexts[pdu.context or 0] = tostring(field.range:bytes()):lower()
      elseif name == "dcerpc.stub_data" then pdu.stub = field end
    end
  end
  return pdus
end

local function readLan(pinfo, pdus, interface, stream)
  local found, connection = {}, connectionOf(stream)
  for at, pdu in ipairs(pdus) do
    if pdu.type == 11 or pdu.type == 14 then
      for context, uuid in pairs(pdu.contexts) do connection.contexts[context] = uuid == interfaceOctets end
      if pdu.type == 11 then connection.server = tostring(pinfo.dst) .. " " .. pinfo.dst_port end
    end
    if (pdu.type == 11 or pdu.type == 12) and pdu.group ~= nil and pdu.group ~= 0 and connection.server ~= nil then
      connection.group = connection.server .. " " .. string.format("%.0f", pdu.group)
    end
    if pdu.type == 0 and pdu.opnum ~= nil then
      -- A capture may begin after the bind: then the operations decide, and what does not fit is left alone.
      local ours = connection.contexts[pdu.context or 0]
      if ours or (ours == nil and operations[pdu.opnum] ~= nil) then
        connection.calls[pdu.call] = { opnum = pdu.opnum, sure = ours == true }
      else connection.calls[pdu.call] = nil end
    end
    local call = connection.calls[pdu.call]
    if (pdu.type == 0 or pdu.type == 2) and pdu.stub ~= nil and pdu.last and call ~= nil and operations[call.opnum] ~= nil then
      pdu.opnum = call.opnum
      local each = readStub(connection, interface, pdu)
      if each.wrong == nil or call.sure then found[at] = each end
      if pdu.type == 2 then connection.calls[pdu.call] = nil end
    end
  end
  return found
end

------------------------------------------------------------------------------------------------------- the X.400 connector

-- APDUs by the identifier of the SPDU that carries them. 25 and 26 are also those of ACTIVITY INTERRUPT and its answer, which
-- follow a GIVE TOKENS (1) in their TSDU.
local spdus = {
  [13] = "rtorq", [14] = "rtoac", [12] = "rtorj", [2] = "turn-please", [21] = "turn-give", [22] = "turn-give-ack",
  [49] = "rttr", [41] = "rttr", [50] = "confirm", [42] = "confirm", [48] = "refuse", [57] = "discard", [58] = "discarded",
  [9] = "close", [10] = "close-ack", [25] = "rtab",
}

-- The text of a reference: a T61String.
local function reference(field)
  local s = field.range:raw()
  return s:match("^[\20\19\22].([%g ]*)$") or s:match("([%w%-_./]+)$") or ""
end

local function readX400(pinfo, interface, stream)
  local found, connection, before = {}, connectionOf(stream), 0
  local client = tostring(pinfo.src) .. " " .. pinfo.src_port
  local pending
  for _, field in ipairs({ all_field_infos() }) do
    local name = wanted[field.name] ~= nil and field.name or ""
    if name == "ses.type" then
      local type = field.value
      local apdu = not (type == 25 and before == 1) and spdus[type] or nil
      before = type
      if apdu == "rtorq" then connection.client = client end
      if apdu ~= nil then
        pending = { apdu = apdu, text = apdu, setting = nil }
        found[#found + 1] = pending
      end
    elseif pending ~= nil and name == "ses.calling_ss_user_reference" and pending.apdu == "rtorq" then
      pending.name = reference(field)
    elseif pending ~= nil and name == "ses.called_ss_user_reference" and pending.apdu == "rtoac" then
      pending.mta = reference(field):match("^(.*)/[^/]*$")
    elseif pending ~= nil and name == "ses.data_token_setting" and pending.apdu == "rtorq" then
      pending.setting = field.value
    end
  end
  for _, each in ipairs(found) do
    local role = connection.client == client and "initiator" or "responder"
    if each.apdu == "rtorq" and each.name ~= nil then
      connection.association = associationOf(interface, each.name)
      connection.association.initiator = each.name:match("^(.*)/[^/]*/[^/]*$")
      connection.association.holder = each.setting == 1 and "responder" or "initiator"
      connection.association.asks = nil
    end
    local association = connection.association
    if association ~= nil then
      if each.mta ~= nil then association.responder = each.mta end
      if each.apdu ~= "rtorq" then follow(association, role, each.apdu, {}) end
      each.association = association.name
      each.from, each.to = association[role] or role, association[other(role)] or other(role)
      each.turn = association.holder and (association[association.holder] or association.holder)
      each.asked = association.asks and (association[association.asks] or association.asks)
    end
  end
  return found
end

---------------------------------------------------------------------------------------------------------------- dissectors

local function first(name)
  local field = wanted[name]()
  return field and field.value
end

local function dissect(pinfo, tree)
  local stream = first("tcp.stream")
  if stream == nil then return end
  local interface = first("frame.interface_id") or 0
  local isLan, isX400 = wanted["dcerpc.pkt_type"]() ~= nil, wanted["ses.type"]() ~= nil
  if not isLan and not isX400 then return end
  local pdus = isLan and pdusIn() or {}
  -- The state is that of the first pass over the frames. Later passes show what it found.
  local found = state.frames[pinfo.number]
  if found == nil then
    -- Behind a gap nobody knows whose Turn it is, until an APDU says so.
    local association = connectionOf(stream).association
    if association ~= nil and wanted["tcp.analysis.lost_segment"]() ~= nil then association.holder, association.asks = nil, nil end
    found = isLan and readLan(pinfo, pdus, interface, stream) or readX400(pinfo, interface, stream)
    state.frames[pinfo.number] = next(found) ~= nil and found or false
  end
  if not found or next(found) == nil then return end
  local labels = {}
  for at = 1, isLan and #pdus or #found do
    local each = found[at]
    if each ~= nil then
      local stub = isLan and pdus[at].stub
      if not isLan or stub ~= nil then show(tree, stub and stub.range or nil, each) end
      labels[#labels + 1] = label(each)
    end
  end
  pinfo.cols.protocol = "MTA"
  pinfo.cols.info:prepend(table.concat(labels, "; ") .. " | ")
end

function mtalab.dissector(_, pinfo, tree)
  local well, wrong = pcall(dissect, pinfo, tree)
  -- A fault of this script must not hide the packet.
  if not well then tree:add(mtalab, "MTA Lab"):add_proto_expert_info(failed, "mtalab.lua failed: " .. tostring(wrong)) end
end

register_postdissector(mtalab)

-- An X.400 connector may use any port. Stock dissectors look for a TPKT only on port 102, so this finds it by its first
-- packet: a TPKT with a connection request of class 0.
local tpkt = Dissector.get("tpkt")
local opening = Proto("mtalab_x400", "MTA Lab, X.400 connector")

function opening.dissector(buffer, pinfo, tree)
  -- Each call of a dissector takes one away. Without the second, TCP would not put the segments of a TPKT together.
  pinfo.can_desegment = 2
  return tpkt:call(buffer, pinfo, tree)
end

opening:register_heuristic("tcp", function(buffer, pinfo, tree)
  if buffer:len() < 11 or buffer(0, 2):uint() ~= 0x0300 or buffer(2, 2):uint() ~= buffer:len() then return false end
  if buffer(5, 1):uint() ~= 0xe0 or buffer(4, 1):uint() ~= buffer:len() - 5 or buffer(10, 1):uint() ~= 0 then return false end
  pinfo.conversation = opening
  opening.dissector(buffer, pinfo, tree)
  return true
end)

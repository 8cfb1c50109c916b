-- wrk's requests: the head of a real SDK, every item with every token in turn.
-- Arguments: head file, token file, act (hit, miss, write), first letter of the items, trace flags or "-", run number
-- (0: all heads in turn, so that a cache is filled; else at random, as no cache likes it best or least).

local ITEMS, TOKENS = 1000, 20
local STRIDE = 7919 -- has no factor in common with the number of heads: all come, and neighbours don't follow each other
local heads, traces, act, flags = {}, {}, "hit", ""
local position, made = 0, 0
local miss_before, miss_after = {}, {}
local body, run

local function read(name)
  local file = assert(io.open(name, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function filled(template, values)
  return (template:gsub("{(%w+)}", function(name) return values[name] end))
end

function init(args)
  local template, flag_argument
  template, act, flag_argument, run = read(args[1]), args[3], args[5], tonumber(args[6])
  flags = flag_argument == "-" and "" or flag_argument
  math.randomseed(os.time() + run)
  if act == "write" then
    body = '{"title":"written","padding":"' .. string.rep("x", 990) .. '"}'
    template = template:gsub("^GET", "PUT") .. "Content-Length: " .. #body .. "\r\n"
  end
  local ending = (flags == "" and "\r\n" or "") .. (body or "")
  local host = wrk.host .. ":" .. wrk.port
  local tokens = {}
  for token in read(args[2]):gmatch("[^\n]+") do tokens[#tokens + 1] = token end
  assert(#tokens == TOKENS)
  for number, token in ipairs(tokens) do
    local items = string.format("/v1/vaults/v%025d/items/", number - 1)
    local split = filled(template, { host = host, token = token, path = items .. "\0" })
    local at = split:find("\0", 1, true)
    miss_before[number], miss_after[number] = split:sub(1, at - 1), split:sub(at + 1) .. ending
    for item = 0, ITEMS - 1 do
      local path = items .. string.format("%s%025d", args[4], item)
      heads[#heads + 1] = filled(template, { host = host, token = token, path = path }) .. ending
    end
  end
  for i = 0, 8191 do traces[i] = string.format("%08x%08x", math.random(1, 2 ^ 31 - 1), math.random(1, 2 ^ 31 - 1)) end
end

local function trace()
  made = made + 1
  local one, other = traces[made % 8192], traces[math.floor(made / 8192) % 8192]
  return "traceparent: 00-" .. one .. other .. "-" .. other .. "-" .. flags .. "\r\n\r\n"
end

function request()
  position = position + 1
  local head
  if act == "miss" then
    local token = position % TOKENS + 1
    head = miss_before[token] .. string.format("m%06d%019d", run, position) .. miss_after[token]
  else
    head = heads[run == 0 and position * STRIDE % #heads + 1 or math.random(#heads)]
  end
  if flags ~= "" then return head .. trace() end
  return head
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"seconds":%.6f,"bytes":%d,"failures":%d,"p50_us":%d,"p99_us":%d,"p999_us":%d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end

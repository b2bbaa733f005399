-- Requests of one load job for wrk, and a last line with what came of them. Arguments: method, path, the body of each request or
-- nothing, what keeps this run apart from others, a file with an id a line or nothing. `{id}` in the path and `{n}` in the body
-- stand for another text each time.
local method, path, body, run
local ids = {}
local count = 0
local fixed

function init(arguments)
  method, path, body, run = arguments[1], arguments[2], arguments[3], arguments[4]
  if arguments[5] ~= '' then
    for id in io.lines(arguments[5]) do ids[#ids + 1] = id end
  end
  if #ids == 0 and body == '' then fixed = wrk.format(method, path) end
end

function request()
  if fixed then return fixed end
  count = count + 1
  local id = ids[count * 7919 % #ids + 1]
  return wrk.format(
    method,
    id and path:gsub('{id}', id) or path,
    nil,
    body ~= '' and body:gsub('{n}', run .. '-' .. count) or nil
  )
end

function done(summary)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%f,"failed":%d}\n',
    summary.requests,
    summary.duration / 1e6,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout
  ))
end

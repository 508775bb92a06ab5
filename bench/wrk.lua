-- One line of JSON at the end of a run, instead of a report for people.
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, ' ..
    '"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect, e.read, e.write, e.status, e.timeout))
end


-- COOKIES in the environment, one a line: each request brings the next.
local cookies, turn = {}, 0
for cookie in (os.getenv("COOKIES") or ""):gmatch("[^\n]+") do
  cookies[#cookies + 1] = cookie
end

if #cookies > 0 then
  local prepared = {}

  function init(args)
    for i, cookie in ipairs(cookies) do
      wrk.headers["Cookie"] = cookie
      prepared[i] = wrk.format()
    end
  end

  function request()
    turn = turn % #prepared + 1
    return prepared[turn]
  end
end

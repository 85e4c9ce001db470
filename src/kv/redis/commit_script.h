// The script that makes a Redis commit happen whole or not at all: it looks at the guard, then
// applies the changes, those sent with it and before them those staged in lists.
#pragma once

#include <string_view>

namespace millrace::kv {

// What it returns.
inline constexpr int kCommitted = 1;
inline constexpr int kCommitFenced = 0;
inline constexpr int kCommitStageLost = 2;  // nothing was changed

// KEYS: the guard's key. ARGV: whether there is a guard ("0" none, "1" no value, "2" a value), its
// value, the prefix of the stages' names, their number, how many words they have together; then the
// changes: a letter (s put, a append, d delete), a name and a value each. A stage is a list of the
// same words.
inline constexpr std::string_view kCommitScript = R"lua(
local guard = ARGV[1]
if guard ~= '0' then
  local value = redis.call('GET', KEYS[1])
  if guard == '1' and value then return 0 end
  if guard == '2' and value ~= ARGV[2] then return 0 end
end
local stages = tonumber(ARGV[4])
local words = 0
for i = 1, stages do words = words + redis.call('LLEN', ARGV[3] .. i) end
if words ~= tonumber(ARGV[5]) then return 2 end
local function apply(list, from)
  for i = from, #list, 3 do
    local change = list[i]
    if change == 's' then
      redis.call('SET', list[i + 1], list[i + 2])
    elseif change == 'a' then
      redis.call('APPEND', list[i + 1], list[i + 2])
    else
      redis.call('DEL', list[i + 1])
    end
  end
end
for i = 1, stages do
  apply(redis.call('LRANGE', ARGV[3] .. i, 0, -1), 1)
  redis.call('DEL', ARGV[3] .. i)
end
apply(ARGV, 6)
return 1
)lua";

}  // namespace millrace::kv

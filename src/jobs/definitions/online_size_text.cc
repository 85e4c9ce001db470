// What online_size.h says, for people and for machines. Sizes are in powers of ten, and rounded:
// they are estimates.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "jobs/definitions/online_size.h"

namespace millrace::jobs {
namespace {

std::string BytesText(int64_t bytes) {
  const auto amount = static_cast<double>(bytes);
  if (bytes < 10'000) return fmt::format("{} bytes", bytes);
  if (bytes < 1'000'000) return fmt::format("{:.0f} kB", amount / 1e3);
  if (bytes < 1'000'000'000) return fmt::format("{:.1f} MB", amount / 1e6);
  return fmt::format("{:.1f} GB", amount / 1e9);
}

int64_t PerOne(int64_t bytes, int64_t of) {
  return of == 0 ? 0 : (bytes + of / 2) / of;
}

std::string SizeText(const SharedSize& shared) {
  if (!shared.unknown.empty()) return "not estimated: " + shared.unknown;
  const state::SizeEstimate& size = shared.size;
  if (size.events == 0) return "nothing: its source has no row that would be kept now";
  const std::string each = fmt::format("{} a key", BytesText(PerOne(size.bytes, size.keys)));
  const std::string in_all =
      fmt::format("{} keys: about {} online", size.keys, BytesText(size.bytes));
  if (shared.snapshot) {
    return fmt::format("about {}; {} rows of {}", each, size.events, in_all);
  }
  return fmt::format("about {} bytes an event, {}; {} events of {}",
                     PerOne(size.bytes, size.events), each, size.events, in_all);
}

}  // namespace

std::string ToText(const OnlineSize& size) {
  std::string text;
  for (const SharedSize& shared : size.shared) {
    text += fmt::format("  {}: {}\n", fmt::join(shared.views, ", "), SizeText(shared));
  }
  return fmt::format("online: about {}, estimated\n", BytesText(size.bytes())) + text;
}

nlohmann::ordered_json ToJson(const OnlineSize& size) {
  auto all = nlohmann::ordered_json::array();
  for (const SharedSize& shared : size.shared) {
    nlohmann::ordered_json one = {{"views", shared.views}};
    if (!shared.unknown.empty()) {
      one["unknown"] = shared.unknown;
    } else {
      one["bytes"] = shared.size.bytes;
      one["bytes_per_event"] = PerOne(shared.size.bytes, shared.size.events);
      one["bytes_per_key"] = PerOne(shared.size.bytes, shared.size.keys);
      one["events"] = shared.size.events;
      one["keys"] = shared.size.keys;
    }
    all.push_back(std::move(one));
  }
  return {{"bytes", size.bytes()}, {"shared", std::move(all)}};
}

}  // namespace millrace::jobs

// Names are hashed one by one, so that no string is built.
#include "jobs/reads/asked_names.h"

#include <bit>

#include "base/hash.h"

namespace millrace::jobs {

size_t AskedNamesHash::operator()(const AskedNames& names) const {
  // The golden ratio: an odd number whose bits look random.
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15;
  uint64_t hash = base::Hash64(names.service) + (names.full_names ? 1 : 0);
  for (const std::string& feature : names.features) {
    hash = std::rotl(hash * kSpread, 32) ^ base::Hash64(feature);
  }
  return hash * kSpread;
}

}  // namespace millrace::jobs

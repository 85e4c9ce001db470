#include "jobs/reads/lent_readings.h"

#include <algorithm>

namespace millrace::jobs {

LentReadings::~LentReadings() {
  for (Lent& lent : lent_) lent.of->GiveBack(std::move(lent.reader));
}

void LentReadings::Add(const ReadTogether& read) {
  const KeptReaders& of = KeptReaders::Of(read);
  auto found =
      std::find_if(lent_.begin(), lent_.end(), [&](const Lent& lent) { return lent.of == &of; });
  if (found == lent_.end()) found = lent_.insert(found, {&of, of.Take()});
  online::Reading& reading = all_.emplace_back();
  reading.reader = found->reader.get();
  reading.asked = read.asked;
}

}  // namespace millrace::jobs

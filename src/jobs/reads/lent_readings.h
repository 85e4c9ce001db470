// LentReadings: reads with a reader each, which is nobody else's until the end of this; reads of
// the same names share one.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "jobs/reads/kept_readers.h"
#include "online/read_batch.h"

namespace millrace::jobs {

// REQUIRES: what is added, and who prepared it, outlive this.
class LentReadings {
 public:
  LentReadings() = default;
  LentReadings(const LentReadings&) = delete;
  LentReadings& operator=(const LentReadings&) = delete;
  ~LentReadings();

  void Add(const ReadTogether& read);
  std::span<online::Reading> all() { return all_; }  // in the order of Add

 private:
  struct Lent {
    const KeptReaders* of;
    std::unique_ptr<online::FeatureReader> reader;
  };
  std::vector<Lent> lent_;
  std::vector<online::Reading> all_;
};

}  // namespace millrace::jobs

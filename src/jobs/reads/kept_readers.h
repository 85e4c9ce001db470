// KeptReaders: the PreparedRead that OnlineReads gives: names resolved against a version of the
// definitions, and the readers that were made for them, each lent to one thread at a time.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "jobs/reads/online_reads.h"
#include "jobs/reads/version_search.h"

namespace millrace::jobs {

class KeptReaders final : public PreparedRead {
 public:
  // Errors: duplicate_name (a feature named as a key), type_mismatch. REQUIRES: the clock outlives
  // it.
  static base::Result<std::shared_ptr<const KeptReaders>> Make(const AskedNames& names,
                                                               const PreparedVersion& prepared,
                                                               std::string project,
                                                               const base::Clock& clock);

  // REQUIRES: read.read is OnlineReads'.
  static const KeptReaders& Of(const ReadTogether& read) {
    return static_cast<const KeptReaders&>(*read.read);
  }

  const AskedNames& names() const { return names_; }
  int version() const override { return served_.version; }
  const features::FeaturePlan& plan() const override { return *served_.plan; }
  const features::Selection& selection() const override { return selection_; }
  const std::vector<columns::Field>& keys() const override { return keys_; }
  const std::vector<columns::Field>& request_fields() const override {
    return selection_.request_fields;
  }
  const std::vector<std::string>& views() const override { return views_; }
  double log_share() const override { return log_share_; }

  // Whether what was asked of `other` can be asked of this: columns by the same names and types.
  bool TakesWhatIsAskedOf(const PreparedRead& other) const;

  // From any thread: whether it is worth a try to answer the next read by its keys' heads alone; it
  // is tried from time to time only after it failed.
  bool TriesHeads() const;
  void HeadsFellShort() const { tries_later_.store(kTriesApart, std::memory_order_relaxed); }

  // From any thread; one that no other thread has. GiveBack keeps it for the next.
  std::unique_ptr<online::FeatureReader> Take() const;
  void GiveBack(std::unique_ptr<online::FeatureReader> reader) const;

 private:
  static constexpr int kTriesApart = 8;

  KeptReaders(const AskedNames& names, const PreparedVersion& prepared, std::string project,
              const base::Clock& clock);

  const AskedNames names_;
  const ServedPlan served_;  // its plan outlives the readers, which refer to it
  const features::Selection selection_;
  const std::string project_;
  const base::Clock& clock_;
  std::vector<columns::Field> keys_;
  std::vector<std::string> views_;
  double log_share_ = 0;
  mutable std::atomic<int> tries_later_ = 0;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<online::FeatureReader>> idle_;
};

}  // namespace millrace::jobs

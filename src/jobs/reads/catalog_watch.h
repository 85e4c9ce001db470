// CatalogWatch: whether a store's tables changed so that it may be ready for other views, as after
// a materialize, a rebuild or a vacuum; not that rows came to them. Called by SearchedNames.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "kv/store.h"
#include "state/format/table.h"

namespace millrace::jobs {

// Safe from every thread.
class CatalogWatch {
 public:
  static constexpr std::chrono::milliseconds kLookEvery{200};

  // Looks.
  explicit CatalogWatch(std::shared_ptr<const kv::Store> store);

  // How many changes were seen. A store that cannot be read has not changed.
  int64_t changes() const { return changes_.load(); }
  // The same, after one read of the store.
  int64_t Look();
  // The same; reads the store where the last time is kLookEvery ago, once for all threads. Nobody
  // waits for who looks already.
  int64_t LookIfDue();

 private:
  using Clock = std::chrono::steady_clock;

  int64_t LookLocked();

  const std::shared_ptr<const kv::Store> store_;
  std::atomic<Clock::time_point> next_look_;
  std::atomic<int64_t> changes_ = 0;
  std::mutex mutex_;
  std::string bytes_;  // as stored
  state::Catalog catalog_;
};

}  // namespace millrace::jobs

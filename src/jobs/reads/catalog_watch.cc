// Every commit moves on what tables say of their times, mostly in a way that makes no view ready.
#include "jobs/reads/catalog_watch.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "state/format/store_keys.h"

namespace millrace::jobs {

namespace {

using base::EventTime;

// But for the times that every commit moves on.
std::string WithoutTimes(state::Catalog catalog) {
  for (state::Table& table : catalog.tables) {
    const bool is_passed = table.complete_since == EventTime::Max();
    table.complete_since = is_passed ? EventTime::Max() : EventTime::Min();
    table.looked_up_until = EventTime::Min();
  }
  return catalog.Encode();
}

bool Differs(const state::Catalog& now, const state::Catalog& before) {
  return WithoutTimes(now) != WithoutTimes(before) ||
         !std::equal(now.tables.begin(), now.tables.end(), before.tables.begin(),
                     [](const state::Table& now_table, const state::Table& table) {
                       return now_table.complete_since >= table.complete_since;
                     });
}

}  // namespace

CatalogWatch::CatalogWatch(std::shared_ptr<const kv::Store> store)
    : store_(std::move(store)), next_look_(Clock::now() + kLookEvery) {
  Look();
}

int64_t CatalogWatch::Look() {
  const std::lock_guard lock(mutex_);
  return LookLocked();
}

int64_t CatalogWatch::LookLocked() {
  static const std::string key = state::CatalogKey();
  const std::string_view keys[] = {key};
  const auto snapshot = store_->Read();
  if (!snapshot.ok()) return changes();
  const auto found = (*snapshot)->GetMany(keys);
  if (!found.ok()) return changes();
  const std::string_view bytes = found->values[0].value_or("");
  if (bytes == bytes_) return changes();
  state::Catalog catalog;
  if (!bytes.empty() && !state::Catalog::Decode(bytes).Value(&catalog).ok()) return changes();
  if (Differs(catalog, catalog_)) ++changes_;
  bytes_ = bytes;
  catalog_ = std::move(catalog);
  return changes();
}

int64_t CatalogWatch::LookIfDue() {
  const Clock::time_point now = Clock::now();
  Clock::time_point due = next_look_.load();
  if (now < due || !next_look_.compare_exchange_strong(due, now + kLookEvery)) return changes();
  const std::unique_lock lock(mutex_, std::try_to_lock);
  return lock.owns_lock() ? LookLocked() : changes();
}

}  // namespace millrace::jobs

// SearchedNames: which version answers the names that were asked for while one version of the
// definitions was the newest: searched once, kept, and searched again when the store may have
// become ready for a newer one. Called by OnlineReads.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "jobs/reads/catalog_watch.h"
#include "jobs/reads/kept_readers.h"

namespace millrace::jobs {

// Where names are searched.
struct SearchPlace {
  std::shared_ptr<const kv::Store> store;
  std::string project;
  const base::Clock* clock = nullptr;
};

// Safe from every thread. What it gave outlives it.
class SearchedNames {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Found = std::shared_ptr<const KeptReaders>;

  // REQUIRES: the clock and the repository of the plans outlive this.
  SearchedNames(ServedPlans plans, SearchPlace place);

  const ServedPlan& newest() const { return newest_; }

  // Errors: as OnlineReads::Prepare.
  base::Result<Found> Find(const AskedNames& names);
  // nullptr, unless it is known that Find gives it and goes on giving it.
  Found FindStaying(const AskedNames& names) const;
  // By the store as it is at `since` or later.
  base::Result<Found> SearchSince(const AskedNames& names, Time since);
  // What was loaded of earlier versions.
  void GivePlansTo(ServedPlans* plans);

 private:
  struct Searched {
    base::Result<Found> found;  // or not_ready
    bool stays = false;         // nothing that the store becomes ready for answers instead
    Time when;
    int64_t changes = 0;  // of the catalogue, seen before
  };
  using Kept = std::shared_ptr<const Searched>;

  Kept FindKept(const AskedNames& names) const;
  bool IsDue(const Searched& searched);
  // REQUIRES: of these, that searching_ is held.
  base::Result<Found> Search(const AskedNames& names);
  base::Result<Found> SearchOnce(const AskedNames& names, const WantedNames& wanted);
  void Keep(const AskedNames& names, Searched searched);

  const SearchPlace place_;
  CatalogWatch catalog_;
  std::mutex searching_;  // plans_ are one thread's at a time
  ServedPlans plans_;
  const ServedPlan newest_;

  mutable std::shared_mutex mutex_;
  std::unordered_map<AskedNames, Kept, AskedNamesHash> kept_;
  size_t kept_bytes_ = 0;  // of names, about
};

}  // namespace millrace::jobs

// Whoever has an answer never waits for a better one: one thread searches, the others go on.
#include "jobs/reads/searched_names.h"

#include <utility>

namespace millrace::jobs {

using base::Result;
using base::Status;

namespace {

using SteadyClock = std::chrono::steady_clock;

// A client that asks for ever new lists of names does not fill the memory. Readers take some 10 KiB
// a list.
constexpr size_t kNamesMax = 2'000;
constexpr size_t kNamesBytesMax = size_t{16} << 20;

// Tables become ready for a view by time too, as what they lack grows too old to be asked about.
constexpr std::chrono::seconds kSearchEvery{5};

// Of a search while the store changes.
constexpr int kSearchesMax = 3;

// Earlier versions that nobody is answered from, but that searches look at again and again.
constexpr int kUnusedPlansMax = 32;

size_t BytesOf(const AskedNames& names) {
  size_t bytes = names.service.size();
  for (const std::string& feature : names.features) bytes += sizeof(std::string) + feature.size();
  return bytes;
}

}  // namespace

SearchedNames::SearchedNames(ServedPlans plans, SearchPlace place)
    : place_(std::move(place)),
      catalog_(place_.store),
      plans_(std::move(plans)),
      newest_(plans_.newest()) {}

Result<SearchedNames::Found> SearchedNames::Find(const AskedNames& names) {
  const Kept kept = FindKept(names);
  if (kept != nullptr && !IsDue(*kept)) return kept->found;
  const bool is_answered = kept != nullptr && kept->found.ok();
  std::unique_lock searching(searching_, std::defer_lock);
  if (is_answered) {
    if (!searching.try_lock()) return kept->found;
  } else {
    // Wrong names wait for nobody.
    ARROW_ASSIGN_OR_RAISE(const WantedNames wanted, WantedNames::Of(names));
    if (!wanted.version.has_value()) ARROW_RETURN_NOT_OK(wanted.Select(*newest_.plan).status());
    searching.lock();
  }
  if (const Kept now = FindKept(names); now != nullptr && now != kept) return now->found;
  Result<Found> found = Search(names);
  if (found.ok() || !is_answered || IsNotReady(found.status())) return found;
  // The store or the registry cannot be read: what answers goes on, and is looked at later.
  Searched as_before = *kept;
  as_before.when = SteadyClock::now();
  as_before.changes = catalog_.changes();
  Keep(names, std::move(as_before));
  return kept->found;
}

SearchedNames::Found SearchedNames::FindStaying(const AskedNames& names) const {
  const Kept kept = FindKept(names);
  return kept != nullptr && kept->stays ? *kept->found : nullptr;
}

Result<SearchedNames::Found> SearchedNames::SearchSince(const AskedNames& names, Time since) {
  const std::lock_guard searching(searching_);
  if (const Kept kept = FindKept(names); kept != nullptr && kept->when >= since) {
    return kept->found;
  }
  return Search(names);
}

void SearchedNames::GivePlansTo(ServedPlans* plans) {
  const std::lock_guard searching(searching_);
  plans->Adopt(plans_);
}

SearchedNames::Kept SearchedNames::FindKept(const AskedNames& names) const {
  const std::shared_lock lock(mutex_);
  const auto found = kept_.find(names);
  return found == kept_.end() ? nullptr : found->second;
}

bool SearchedNames::IsDue(const Searched& searched) {
  if (searched.stays) return false;
  return catalog_.LookIfDue() != searched.changes ||
         SteadyClock::now() - searched.when >= kSearchEvery;
}

Result<SearchedNames::Found> SearchedNames::Search(const AskedNames& names) {
  ARROW_ASSIGN_OR_RAISE(const WantedNames wanted, WantedNames::Of(names));
  Searched searched{Status::UnknownError("not searched"), false, SteadyClock::now(), 0};
  // A search reads the store several times, which with Redis are several moments: that nothing is
  // ready may be because it changed between them.
  for (int count = 1;; ++count) {
    searched.changes = catalog_.changes();
    searched.found = SearchOnce(names, wanted);
    const bool is_over = searched.found.ok() || !IsNotReady(searched.found.status());
    if (is_over || count == kSearchesMax || catalog_.Look() == searched.changes) break;
  }
  plans_.ForgetUnused(kUnusedPlansMax);
  const Result<Found> found = searched.found;
  if (!found.ok() && !IsNotReady(found.status())) return found;
  searched.stays =
      found.ok() && (wanted.version.has_value() || (*found)->version() == newest_.version);
  Keep(names, std::move(searched));
  return found;
}

Result<SearchedNames::Found> SearchedNames::SearchOnce(const AskedNames& names,
                                                       const WantedNames& wanted) {
  ARROW_ASSIGN_OR_RAISE(const StoreMoment moment, StoreMoment::Of(*place_.store, *place_.clock));
  ARROW_ASSIGN_OR_RAISE(const PreparedVersion prepared,
                        VersionSearch(&plans_, moment, place_.project).Find(wanted));
  return KeptReaders::Make(names, prepared, place_.project, *place_.clock);
}

void SearchedNames::Keep(const AskedNames& names, Searched searched) {
  const size_t bytes = BytesOf(names);
  if (bytes > kNamesBytesMax / 100) return;
  auto kept = std::make_shared<const Searched>(std::move(searched));
  decltype(kept_) dropped;  // freed when nobody waits for it
  const std::lock_guard lock(mutex_);
  if (const auto known = kept_.find(names); known != kept_.end()) {
    std::swap(known->second, kept);
    return;
  }
  if (kept_.size() >= kNamesMax || kept_bytes_ + bytes > kNamesBytesMax) {
    dropped.swap(kept_);
    kept_bytes_ = 0;
  }
  kept_.emplace(names, std::move(kept));
  kept_bytes_ += bytes;
}

}  // namespace millrace::jobs

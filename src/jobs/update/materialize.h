// Materialize: the call behind `materialize`: what files and push logs have that the online store
// has not, into its tables under one commit; tables for views that have none. Called by cli and
// online_writes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/progress.h"
#include "columns/event_batch.h"
#include "jobs/repository.h"
#include "jobs/update/served_plans.h"

namespace millrace::jobs {

struct MaterializeOptions {
  std::vector<std::string> views = {};       // that are to be served afterwards; none: all
  bool rebuild = false;                      // build them in any case, beside what is there
  std::optional<int64_t> memory_bytes = {};  // of rows that wait to be written; none: the project's
  int wait_seconds = 10;                     // for another owner of the store
  int threads = 0;                           // that read; 0: as many as there are cores
  base::Progress* progress = nullptr;
};

// What became of a view. Views that share a table have the same numbers.
struct MaterializedView {
  std::string view;
  int version = 0;     // of its definition: an earlier one while the newest is not built
  bool built = false;  // from nothing, in this run
  int64_t files = 0;   // read in this run
  int64_t rows = 0;    // good ones of its source, from files and push logs
};

struct MaterializeReport {
  int version = 0;  // the newest of the registry
  int64_t commit = 0;
  bool changed = false;  // false: there was nothing new, and nothing was written
  std::vector<MaterializedView> views;
  std::vector<std::string> waiting;  // views of the newest version that are not built, and not now
  int64_t rows = 0;                  // that were kept, over all tables
  columns::RejectedRows rejected;
  int64_t expired = 0;        // older than anybody can ask about
  int64_t lookup_behind = 0;  // rows of looked-up views that came after events that look further
  std::vector<std::string> looking_up;  // the views of those events
  int64_t one_sided = 0;                // pushed rows that are for training sets alone
  double seconds = 0;
};

// All or nothing: a run that fails has changed nothing that anybody reads, and the next one begins
// where the one before began. Errors: unknown_name (views, with the nearest), conflict (a file that
// was read and changed since; another project's store), usage (a memory of nothing), and those of
// ServedPlans::Open, OpenOnlineStore, sources::OpenFiles, OpenPushLog and state::Updater.
base::Result<MaterializeReport> Materialize(const Repository& repository,
                                            const MaterializeOptions& options,
                                            const base::Clock& clock);

// A store that this process has open, and writes in other ways too.
struct MaterializeInto {
  std::shared_ptr<kv::Store> store;
  // Of which the newest version counts; asked at every beginning.
  std::function<base::Result<ServedPlans>()> plans;
  // Held while the store is written; nullptr: nobody else in this process writes it.
  std::mutex* writing = nullptr;
};
// The same into that store; wait_seconds means nothing. What others commit meanwhile is gone on
// from; when they changed the tables, as the first push into a source may, it begins anew. Errors
// besides: store_fenced, when that never ends. REQUIRES: the repository that the plans are of
// outlives the call.
base::Result<MaterializeReport> Materialize(const Repository& repository,
                                            const MaterializeOptions& options,
                                            const MaterializeInto& into, const base::Clock& clock);

std::string ToText(const MaterializeReport& report);
std::string ToJson(const MaterializeReport& report);  // one object, two-space indented

}  // namespace millrace::jobs

// OnlineWrites: what a feature server changes its store by: pushes into the logs of any source,
// rows written to a snapshot view, and the run of `materialize`, in the process that owns the
// store. Called by serve.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "jobs/push/pushed_source.h"
#include "jobs/push/writable_view.h"
#include "jobs/repository.h"
#include "jobs/update/materialize.h"
#include "kv/store.h"

namespace millrace::jobs {

// Safe from every thread; calls wait for each other. Reads go on meanwhile.
class OnlineWrites {
 public:
  // `store` is what OnlineReads reads. Errors: as Pusher::Open, but for sources. REQUIRES: the
  // repository and the clock outlive it.
  static base::Result<std::unique_ptr<OnlineWrites>> Open(const Repository& repository,
                                                          std::shared_ptr<kv::Store> store,
                                                          const base::Clock& clock);
  virtual ~OnlineWrites() = default;

  // Acknowledged: in the log for good and in the store under one commit. Errors: unknown_name (the
  // source), bad_value (naming rows from 1, too many rows, a request_id that is none: then nothing
  // was pushed), conflict (another process writes the log), those of Pusher::Append.
  virtual base::Result<PushAnswer> Push(const PushCall& call) = 0;

  // Errors: unknown_name, view_not_writable (not a snapshot view whose features are bare columns of
  // its source).
  virtual base::Result<WritableView> FindWritable(const std::string& view) = 0;

  // The command's run, of the newest version; one at a time. Pushes go on meanwhile: they wait for
  // its commit, not for what it reads or builds. Errors: as jobs::Materialize.
  virtual base::Result<MaterializeReport> Materialize(const MaterializeOptions& options) = 0;

  // Rewrites push logs that are due, and gives the store what it lacks of logs that were pushed
  // into. To be called every few seconds; an error loses nothing.
  virtual base::Status Compact() = 0;
  // Takes up the registry's newest version. To be called when OnlineReads::Refresh says so.
  virtual base::Status Refresh() = 0;
};

}  // namespace millrace::jobs

// OnlineReads: what a feature server answers reads from: names resolved once against the version of
// the definitions that the store is ready for, readers kept for the next request, a new version
// taken up while requests run. Called by serve.
#pragma once

#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "features/plan.h"
#include "features/selection.h"
#include "jobs/reads/asked_names.h"
#include "jobs/repository.h"
#include "kv/async_reader.h"
#include "kv/store.h"
#include "online/feature_reader.h"

namespace millrace::jobs {

// Names that were resolved. Immutable but for the readers that it keeps; shared by threads and by
// requests.
class PreparedRead {
 public:
  virtual ~PreparedRead() = default;
  virtual int version() const = 0;  // of the definitions that answer
  virtual const features::FeaturePlan& plan() const = 0;
  virtual const features::Selection& selection() const = 0;
  // Columns that are asked by, in the order of the answer, and request fields, as online::Asked
  // wants them.
  virtual const std::vector<columns::Field>& keys() const = 0;
  virtual const std::vector<columns::Field>& request_fields() const = 0;
  // Views and on-demand views that are read, inputs of on-demand views too; each once.
  virtual const std::vector<std::string>& views() const = 0;
  virtual double log_share() const = 0;  // of the service; 0 without one
};

// One of several reads that share their reads of the store.
struct ReadTogether {
  // Given by the same OnlineReads. Afterwards the one that answered: another one where the store
  // was no longer ready for the version of this.
  std::shared_ptr<const PreparedRead> read;
  const online::Asked* asked = nullptr;
  base::Result<online::Answer> answer = base::Status(arrow::StatusCode::UnknownError, "not read");
  bool is_left = false;  // not answered by ReadLater: for Read
};

// Safe from every thread.
class OnlineReads {
 public:
  // Errors: not_ready (nothing was ever applied), missing_variable, the registry's. REQUIRES: the
  // repository and the clock outlive it.
  static base::Result<std::unique_ptr<OnlineReads>> Open(const Repository& repository,
                                                         std::shared_ptr<const kv::Store> store,
                                                         const base::Clock& clock);
  virtual ~OnlineReads() = default;

  // Found once for the same names. The newest version that resolves them and that the store is
  // ready for; that of an older one is found again at most a second after the store is ready for a
  // newer one. Errors: unknown_name (of the newest version), duplicate_name, usage (features and a
  // service, neither; the version behind @), type_mismatch, not_ready, the store's, the registry's.
  virtual base::Result<std::shared_ptr<const PreparedRead>> Prepare(const AskedNames& names) = 0;

  // The same where that is known without a look at store or registry; else nullptr: for Prepare, by
  // a thread that may wait.
  virtual std::shared_ptr<const PreparedRead> Known(const AskedNames& names) = 0;

  // All with one batched read of the store for their keys' heads. Errors, each read's own: as
  // online::FeatureReader::Read; not_ready only after another search.
  virtual void Read(std::span<ReadTogether> reads) = 0;

  // The same by `reader`, of the store's, for its thread, which does not wait: `then` is called by
  // it once, perhaps within this call. Left are reads that need more than their keys' heads, as
  // windows over many events do, or another search. REQUIRES: `reader` outlives the call of `then`.
  using Then = absl::AnyInvocable<void(std::vector<ReadTogether>)>;
  virtual void ReadLater(kv::AsyncReader* reader, std::vector<ReadTogether> reads, Then then) = 0;

  // Takes up the registry's newest version if there is a newer one; what runs goes on with the one
  // it began with. True: there was one. To be called every second. Errors: the registry's, conflict
  // (an older version is the newest, or none), missing_variable; then everything stays as it was.
  virtual base::Result<bool> Refresh() = 0;
  virtual int version() const = 0;  // of the registry, the newest taken up
  // The newest plan, its paths concrete.
  virtual std::shared_ptr<const features::FeaturePlan> plan() const = 0;
};

}  // namespace millrace::jobs

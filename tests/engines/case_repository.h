// CaseRepository: a case's definitions applied in a project folder, and the jobs of the command
// line run there at times that are set: materialize, push, vacuum, get. Used by
// repository_engine.cc; served_repository.h does the same through a server.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engines/engine.h"
#include "engines/temporary_folder.h"
#include "jobs/push/push.h"
#include "jobs/reads/get.h"
#include "jobs/repository.h"

namespace millrace::engines {

class CaseRepository {
 public:
  // `online`: of millrace.yaml; "": the default.
  explicit CaseRepository(std::string online = "") : online_(std::move(online)) {}
  virtual ~CaseRepository() = default;

  // Compiles and applies the definitions. `files`: those that sources are found by now; they are
  // gone afterwards. Errors: the definitions' problems.
  base::Status Apply(const Scenario& scenario);

  std::string folder() const { return folder_.path(); }
  const features::FeaturePlan& plan() const { return *plan_; }

  // No store, no push log and no files of sources: as it was when the definitions were applied.
  virtual base::Status Clear();
  // Never goes back.
  void SetNow(base::EventTime now) { clock_.now = std::max(clock_.now, now); }

  // A new file of the source, which the next Materialize reads.
  base::Status AddFile(const EventTable& table, const std::vector<size_t>& rows,
                       const std::string& format);
  virtual base::Result<bool> Materialize(
      const std::vector<std::string>& views);  // whether it had to
  // One batch under one acknowledgement. Who pushes goes on until EndPush or another call.
  virtual base::Status Push(const EventTable& table, const std::vector<size_t>& rows);
  virtual base::Status Compact();  // the log of the source that is pushed to, if it is due
  virtual void EndPush();
  virtual base::Status Vacuum();
  // The question's rows of these numbers, into `answer`.
  virtual base::Status Ask(const Question& question, const features::Selection& selection,
                           const std::vector<size_t>& rows, Answer* answer);

 protected:
  const jobs::Repository& repository() const { return *repository_; }
  const base::Clock& clock() const { return clock_; }

 private:
  class SetClock final : public base::Clock {
   public:
    base::EventTime Now() const override { return now; }
    base::EventTime now = base::EventTime::Micros(0);
  };

  base::Result<std::string> WriteKeys(const Question& question,
                                      const std::vector<size_t>& rows) const;

  const std::string online_;
  TemporaryFolder folder_;
  std::shared_ptr<const features::FeaturePlan> plan_;
  std::optional<jobs::Repository> repository_;
  SetClock clock_;
  std::unique_ptr<jobs::Pusher> pusher_;
  std::string pushed_source_;
  int64_t next_line_ = 1;
  int next_file_ = 0;
};

}  // namespace millrace::engines

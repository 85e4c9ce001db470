// CaseRepository: a case's definitions applied in a project folder, and the jobs of the command
// line run there at times that are set: materialize, push, vacuum, get. Used by
// repository_engine.cc.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engines/engine.h"
#include "engines/temporary_folder.h"
#include "jobs/get.h"
#include "jobs/push.h"
#include "jobs/repository.h"

namespace millrace::engines {

class CaseRepository {
 public:
  // Compiles and applies the definitions. `files`: those that sources are found by now; they are
  // gone afterwards. Errors: the definitions' problems.
  base::Status Apply(const Scenario& scenario);

  std::string folder() const { return folder_.path(); }
  const features::FeaturePlan& plan() const { return *plan_; }

  // No store, no push log and no files of sources: as it was when the definitions were applied.
  base::Status Clear();
  // Never goes back.
  void SetNow(base::EventTime now) { clock_.now = std::max(clock_.now, now); }

  // A new file of the source, which the next Materialize reads.
  base::Status AddFile(const EventTable& table, const std::vector<size_t>& rows,
                       const std::string& format);
  base::Result<bool> Materialize(const std::vector<std::string>& views);  // whether it had to
  // One batch under one acknowledgement. Who pushes goes on until EndPush or another call.
  base::Status Push(const EventTable& table, const std::vector<size_t>& rows);
  base::Status Compact();  // the log of the source that is pushed to, if it is due
  void EndPush();
  base::Status Vacuum();
  // The question's rows of these numbers.
  base::Result<online::Answer> Get(const Question& question, const std::vector<size_t>& rows);

 private:
  class SetClock final : public base::Clock {
   public:
    base::EventTime Now() const override { return now; }
    base::EventTime now = base::EventTime::Micros(0);
  };

  base::Result<std::string> WriteKeys(const Question& question,
                                      const std::vector<size_t>& rows) const;

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

// ServedRead: names that were resolved, with all that the server keeps for them: the counters of
// their views and what the log says. ServedReads: those of one thread, found by what resolved them.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "jobs/reads/online_reads.h"
#include "serve/observe/metrics.h"

namespace millrace::serve {

struct ServedRead {
  ServedRead(std::shared_ptr<const jobs::PreparedRead> prepared, std::string service,
             std::string names, Metrics* metrics);

  static std::shared_ptr<const ServedRead> Make(std::shared_ptr<const jobs::PreparedRead> prepared,
                                                const jobs::AskedNames& asked, Metrics* metrics);

  // Counts what an answer says.
  void Count(const online::Answer& answer) const;

  const std::shared_ptr<const jobs::PreparedRead> prepared;
  const std::string service;  // "": features by name
  const std::string names;    // short, for the log
  // By view (PreparedRead::views) and by column of the answer.
  std::vector<ViewMetrics*> views;
  std::vector<bool> is_stored;  // on-demand views are not
  std::vector<size_t> view_of_column;
};

// One thread at a time.
class ServedReads {
 public:
  explicit ServedReads(Metrics* metrics) : metrics_(metrics) {}
  std::shared_ptr<const ServedRead> Of(const std::shared_ptr<const jobs::PreparedRead>& prepared,
                                       const jobs::AskedNames& asked);

 private:
  Metrics* const metrics_;
  std::unordered_map<const jobs::PreparedRead*, std::shared_ptr<const ServedRead>> served_;
};

}  // namespace millrace::serve

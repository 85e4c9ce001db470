// PushRequests: under which request ids a writer's newest rows are in its log: what tells a push
// that is repeated from a new one, also after a restart. Called by whoever appends to the log.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/status.h"
#include "base/time.h"
#include "sources/push/push_log.h"

namespace millrace::sources {

// What is remembered of a log (docs/formats/push_log.md).
struct RequestLimits {
  base::Duration age_max = base::Duration::Seconds(24 * 60 * 60);  // since the rows were received
  size_t count_max = 1'000'000;                                    // the newest
};

// One thread at a time.
class PushRequests {
 public:
  explicit PushRequests(const RequestLimits& limits = {}) : limits_(limits) {}
  PushRequests(PushRequests&&) = default;  // a copy's order would be that of the other's requests
  PushRequests& operator=(PushRequests&&) = default;

  // What the log of the source has of the writer, be it in segments or in Parquet files. Reads the
  // newest rows first, and none much older than the limits. `push`, errors: as OpenPushLog.
  static base::Result<PushRequests> Read(const std::string& push, const std::string& source,
                                         const std::string& writer, base::EventTime now,
                                         const RequestLimits& limits = {});

  // The rows that came under the id; nothing: none, or they are forgotten.
  std::optional<RowRange> Find(const std::string& id, base::EventTime now) const;
  // `received`: not before that of the call before. The first rows of an id stand.
  void Add(const std::string& id, RowRange rows, base::EventTime received);
  size_t size() const { return requests_.size(); }

 private:
  struct Request {
    RowRange rows;
    base::EventTime received;
  };
  using Requests = std::unordered_map<std::string, Request>;

  RequestLimits limits_;
  Requests requests_;
  std::deque<const Requests::value_type*> order_;  // as they came
};

}  // namespace millrace::sources

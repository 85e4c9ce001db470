#include "sources/push/push_requests.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "sources/push/push_content.h"

namespace millrace::sources {
namespace {

struct FoundRequest {
  std::string id;
  RowRange rows;
  base::EventTime received;
};

// Goes through a log from its newest row back.
class Search {
 public:
  Search(base::EventTime oldest, size_t count_max) : oldest_(oldest), count_max_(count_max) {}

  // False: enough was found, or what is left is too old.
  base::Result<bool> File(const ContentFile& file) {
    bool more = true;
    ARROW_RETURN_NOT_OK(ReadNewestFirst(
        file, {std::string(kReceivedColumn), std::string(kRequestColumn)},
        [&](const arrow::RecordBatch& rows, int64_t first_row) -> base::Result<bool> {
          ARROW_ASSIGN_OR_RAISE(more, Rows(file, rows, first_row));
          return more;
        }));
    return more;
  }

  std::vector<FoundRequest> found;  // the newest first

 private:
  base::Result<bool> Rows(const ContentFile& file, const arrow::RecordBatch& rows,
                          int64_t first_row) {
    const auto received = rows.GetColumnByName(std::string(kReceivedColumn));
    const auto ids = rows.GetColumnByName(std::string(kRequestColumn));
    if (received == nullptr || received->type_id() != arrow::Type::TIMESTAMP ||
        received->null_count() > 0 || (ids != nullptr && ids->type_id() != arrow::Type::STRING)) {
      return base::Error(
          base::codes::kCorrupt,
          fmt::format("{} does not say when its rows came, or by which request", file.file.path));
    }
    const auto& times = static_cast<const arrow::TimestampArray&>(*received);
    bool young = false;
    for (int64_t row = rows.num_rows() - 1; row >= 0; --row) {
      const auto time = base::EventTime::Micros(times.Value(row));
      if (time < oldest_) continue;
      young = true;
      if (ids == nullptr || ids->IsNull(row)) continue;
      const std::string_view id = static_cast<const arrow::StringArray&>(*ids).GetView(row);
      const int64_t number = first_row + row;
      if (!found.empty() && found.back().id == id && found.back().rows.first == number + 1) {
        found.back().rows.first = number;
        continue;
      }
      if (found.size() == count_max_) return false;
      found.push_back({std::string(id), {number, number}, time});
    }
    return young;
  }

  const base::EventTime oldest_;
  const size_t count_max_;
};

}  // namespace

base::Result<PushRequests> PushRequests::Read(const std::string& push, const std::string& source,
                                              const std::string& writer, base::EventTime now,
                                              const RequestLimits& limits) {
  ARROW_ASSIGN_OR_RAISE(const LogContent content, OpenLog(push, source));
  Search search(now - limits.age_max, limits.count_max);
  for (auto file = content.files.rbegin(); file != content.files.rend(); ++file) {
    if (file->file.writer != writer) continue;
    ARROW_ASSIGN_OR_RAISE(const bool more, search.File(*file));
    if (!more) break;
  }
  PushRequests requests(limits);
  for (auto request = search.found.rbegin(); request != search.found.rend(); ++request) {
    requests.Add(request->id, request->rows, request->received);
  }
  return requests;
}

std::optional<RowRange> PushRequests::Find(const std::string& id, base::EventTime now) const {
  const auto found = requests_.find(id);
  if (found == requests_.end() || found->second.received < now - limits_.age_max) {
    return std::nullopt;
  }
  return found->second.rows;
}

void PushRequests::Add(const std::string& id, RowRange rows, base::EventTime received) {
  while (!order_.empty() && order_.front()->second.received < received - limits_.age_max) {
    requests_.erase(order_.front()->first);
    order_.pop_front();
  }
  const auto [place, is_new] = requests_.emplace(id, Request{rows, received});
  if (!is_new) {
    // It was forgotten already, out of order: a clock went back.
    if (place->second.received < received - limits_.age_max) place->second = {rows, received};
    return;
  }
  order_.push_back(&*place);
  if (order_.size() <= limits_.count_max) return;
  requests_.erase(order_.front()->first);
  order_.pop_front();
}

}  // namespace millrace::sources

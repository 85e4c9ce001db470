#include "columns/event_batch.h"

#include <utility>

namespace millrace::columns {
namespace {

void AddReason(RejectedRows* rows, RejectedRows::Reason added) {
  for (RejectedRows::Reason& reason : rows->reasons) {
    if (reason.where != added.where || reason.code != added.code) continue;
    reason.count += added.count;
    for (std::string& example : added.examples) {
      if (reason.examples.size() == RejectedRows::kExamplesMax) break;
      reason.examples.push_back(std::move(example));
    }
    return;
  }
  rows->reasons.push_back(std::move(added));
}

}  // namespace

void RejectedRows::Add(std::string_view where, std::string_view code, std::string example,
                       int64_t count) {
  AddReason(this, {.where = std::string(where),
                   .code = std::string(code),
                   .count = count,
                   .examples = {std::move(example)}});
}

void RejectedRows::Merge(const RejectedRows& other) {
  for (const Reason& reason : other.reasons) AddReason(this, reason);
}

int64_t RejectedRows::total() const {
  int64_t total = 0;
  for (const Reason& reason : reasons) total += reason.count;
  return total;
}

}  // namespace millrace::columns

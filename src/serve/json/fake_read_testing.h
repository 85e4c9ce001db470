// FakeRead: names that were resolved, for tests of request bodies: nothing can be read by it.
#pragma once

#include <string>
#include <vector>

#include "jobs/reads/online_reads.h"

namespace millrace::serve {

// What would be asked by an int64 `user`, a string `city` and a request field `price`.
class FakeRead final : public jobs::PreparedRead {
 public:
  int version() const override { return 1; }
  const features::FeaturePlan& plan() const override { return plan_; }
  const features::Selection& selection() const override { return selection_; }
  const std::vector<columns::Field>& keys() const override { return keys_; }
  const std::vector<columns::Field>& request_fields() const override { return request_; }
  const std::vector<std::string>& views() const override { return views_; }
  double log_share() const override { return 0; }

  std::vector<columns::Field> keys_ = {{"user", columns::Kind::kInt64},
                                       {"city", columns::Kind::kString}};
  std::vector<columns::Field> request_ = {{"price", columns::Kind::kFloat64}};

 private:
  features::FeaturePlan plan_;
  features::Selection selection_;
  std::vector<std::string> views_;
};

}  // namespace millrace::serve

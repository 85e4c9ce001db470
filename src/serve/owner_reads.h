// OwnerReads: what `get` reads through the process that owns the store: the same names, keys and
// times as POST /features, and its answer as typed columns again.
#pragma once

#include <memory>
#include <string>

#include "jobs/reads/get.h"
#include "serve/owner_client.h"

namespace millrace::serve {

class OwnerReads final : public jobs::AskedReads {
 public:
  // REQUIRES: the client outlives this.
  explicit OwnerReads(OwnerClient* client) : client_(client) {}

  base::Result<jobs::FoundVersion> Find(const jobs::WantedNames& wanted,
                                        jobs::ServedPlans* plans) override;
  base::Result<online::Answer> Read(const online::Asked& asked) override;
  int64_t rows_at_once() const override;

 private:
  base::Result<online::Answer> Post(const online::Asked& asked, int* version);

  OwnerClient* const client_;
  jobs::WantedNames wanted_;
  jobs::ServedPlan served_;
  features::Selection selection_;
  size_t keys_ = 0;  // results that stand before the features
};

}  // namespace millrace::serve

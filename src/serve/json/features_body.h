// FeaturesBody: the body of a read: names, then, once these are resolved, keys, request fields and
// times as typed columns. One per thread, used again and again.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "jobs/reads/online_reads.h"
#include "serve/limits.h"

namespace millrace::serve {

class FeaturesBody {
 public:
  FeaturesBody(const Limits& limits, bool with_as_of);
  ~FeaturesBody();

  // `body` is kept until the next call; it may grow behind its end. Unknown fields are looked at
  // and ignored. Errors: syntax_error (no JSON), bad_value (what has the wrong kind, occurs twice,
  // or is empty), too_large (features_max).
  base::Status Parse(std::string* body);
  const jobs::AskedNames& names() const { return names_; }

  struct Rows {
    online::Asked asked;
    columns::OwnedColumn as_of;  // what asked.as_of views; type kNull: now
    bool own_times = false;      // each row has its own
  };
  // Of the body that was parsed last. Errors, all at once: missing_column, bad_value (lists of
  // other lengths; a value that its type does not hold, with its row from 0), too_large
  // (entities_max).
  base::Result<Rows> Read(const jobs::PreparedRead& read);

 private:
  class Fields;

  const Limits limits_;
  const bool with_as_of_;
  jobs::AskedNames names_;
  std::unique_ptr<Fields> fields_;
};

}  // namespace millrace::serve

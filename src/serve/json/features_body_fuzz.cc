// Fuzz: any bytes as the body of a read are refused, or give names and rows whose columns have one
// length; and the same the next time.
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "serve/json/fake_read_testing.h"
#include "serve/json/features_body.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace millrace::serve;
  static FakeRead read;
  static FeaturesBody parser(Limits{.entities_max = 100, .features_max = 100}, true);
  std::vector<int64_t> rows;
  for (int time = 0; time < 2; ++time) {
    std::string body(reinterpret_cast<const char*>(bytes), size);
    if (!parser.Parse(&body).ok()) {
      rows.push_back(-2);
      continue;
    }
    MILLRACE_CHECK(parser.names().features.empty() != parser.names().service.empty());
    const auto got = parser.Read(read);
    rows.push_back(got.ok() ? got->asked.rows : -1);
    if (!got.ok()) continue;
    for (const auto& [name, column] : got->asked.columns) {
      MILLRACE_CHECK(column.view.size == got->asked.rows);
    }
    MILLRACE_CHECK(got->asked.as_of.type.is_null() || got->asked.as_of.size == got->asked.rows);
  }
  MILLRACE_CHECK(rows[0] == rows[1]);
  return 0;
}

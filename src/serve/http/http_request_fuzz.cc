// Fuzz: any bytes of a client. The same requests must be read however the bytes are cut, what is
// read must hold to the limits, and that reading fails must not depend on the cuts either. The
// first byte says how they are cut.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "serve/http/request_reader.h"

namespace {

using millrace::serve::HttpLimits;
using millrace::serve::HttpRequest;
using millrace::serve::RequestReader;
using Phase = RequestReader::Phase;

struct Outcome {
  std::vector<std::string> requests;
  bool failed = false;
  bool waits = false;  // for the rest of a request, whose fault may be seen before it is whole
};

Outcome Read(std::string_view bytes, size_t piece, const HttpLimits& limits) {
  Outcome outcome;
  RequestReader reader(&limits);
  std::string pending;
  while (!bytes.empty() && !outcome.failed) {
    pending += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
    for (;;) {
      const size_t taken = reader.Feed(pending);
      MILLRACE_CHECK(taken <= pending.size());
      pending.erase(0, taken);
      if (reader.phase() != Phase::kDone) break;
      const HttpRequest& request = reader.request();
      MILLRACE_CHECK(static_cast<int64_t>(request.body.size()) <= limits.body_bytes_max);
      MILLRACE_CHECK(static_cast<int64_t>(request.target.size() + request.authorization.size()) <
                     limits.header_bytes_max);
      std::string text;
      for (const std::string_view part :
           {request.method_text, request.target, request.authorization, request.content_type,
            request.request_id, std::string_view(request.body)}) {
        text.append(part).push_back('\n');
      }
      text += reader.keep_alive() ? 'k' : 'c';
      outcome.requests.push_back(std::move(text));
      reader.Next();
    }
    outcome.failed = reader.phase() == Phase::kFailed;
    if (outcome.failed) {
      MILLRACE_CHECK(reader.error_status() >= 400 && !reader.error().empty());
    }
    // What waits for more is never more than a head may be, so a connection's memory is bounded.
    MILLRACE_CHECK(outcome.failed ||
                   static_cast<int64_t>(pending.size()) <= limits.header_bytes_max);
  }
  outcome.waits = reader.phase() == Phase::kHead || reader.phase() == Phase::kBody;
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  HttpLimits limits;
  limits.body_bytes_max = 300;
  limits.header_bytes_max = 200;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = Read(bytes, size, limits);
  const Outcome cut = Read(bytes, 1U + data[0] % 32, limits);
  MILLRACE_CHECK(whole.requests == cut.requests);
  MILLRACE_CHECK(whole.failed == cut.failed || whole.waits || cut.waits);
  return 0;
}

// Limits: what one request may ask for and how much the server takes on, besides what http/ limits.
// Past each of them there is an answer that says so.
#pragma once

#include <chrono>
#include <cstdint>

namespace millrace::serve {

struct Limits {
  int64_t entities_max = 10'000;  // rows of a request
  int64_t features_max = 1'000;   // names of a request
  int64_t concurrency_max = 512;  // requests that wait for the store, and as many writes
  std::chrono::milliseconds store_deadline{2'000};  // for reads of a store behind a network
};

}  // namespace millrace::serve

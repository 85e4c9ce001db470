// AsyncReader: reads of a store behind a network by a thread that must not wait for them: one that
// runs an io_context of its own, as a server's do.
#pragma once

#include <absl/functional/any_invocable.h>

#include <span>
#include <string_view>

#include "base/status.h"
#include "kv/store.h"

namespace millrace::kv {

// Of the io_context's thread alone. It has a connection of its own, which comes back by itself.
class AsyncReader {
 public:
  using Then = absl::AnyInvocable<void(base::Result<Found>)>;

  // Calls what waits with store_unavailable. REQUIRES: by the io_context's thread, or after its
  // end.
  virtual ~AsyncReader() = default;
  // `then` is called once, when the values are there or are known not to come, which may be within
  // this call. Values are of one moment. Errors: as Snapshot::GetMany.
  virtual void GetMany(std::span<const std::string_view> keys, Then then) = 0;
};

}  // namespace millrace::kv

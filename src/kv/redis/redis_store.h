// The store in Redis: every row a string, under the project's name, so that all processes and
// several projects share a server. Any number of processes; writers keep each other out by guards.
#pragma once

#include <memory>
#include <string>

#include "kv/store.h"

namespace millrace::kv {

// `url`: redis://, rediss:// or unix://. Errors: as OpenStore.
base::Result<std::unique_ptr<Store>> OpenRedisStore(const std::string& url,
                                                    const OpenOptions& options);

}  // namespace millrace::kv

// The embedded store: an LMDB file in a folder of its own (docs/decisions/embedded-store.md).
// One process writes it; others read beside it.
#pragma once

#include <memory>
#include <string>

#include "kv/store.h"

namespace millrace::kv {

// The folder is made if it is not there, unless for reading alone. Errors: as OpenStore.
base::Result<std::unique_ptr<Store>> OpenEmbeddedStore(const std::string& folder,
                                                       const OpenOptions& options);

}  // namespace millrace::kv

// What a row takes in a store, roughly, before there is one: for estimates. Called by state's size
// estimate and by jobs.
#pragma once

#include <string>

#include "kv/store.h"

namespace millrace::kv {

// Bytes of disk, or of Redis' memory, in a store that was loaded in order. `url` and `project`: as
// OpenStore and OpenOptions have them.
double RowBytesAbout(const std::string& url, const std::string& project, const Row& row);

}  // namespace millrace::kv

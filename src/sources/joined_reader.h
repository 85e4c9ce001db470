// JoinedReader: several readers of one source as one: its files, then its push log. Called by jobs.
#pragma once

#include <memory>
#include <vector>

#include "sources/event_reader.h"

namespace millrace::sources {

// Parts, files and counts are those of all readers, in their order. REQUIRES: they read the same
// source, with the same columns.
std::unique_ptr<EventReader> JoinReaders(std::vector<std::unique_ptr<EventReader>> readers);

}  // namespace millrace::sources

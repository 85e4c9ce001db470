// Engine `offline`: files and src/offline's training sets. Made by the list in engines.cc.
#pragma once

#include <memory>

#include "engines/engine.h"

namespace millrace::engines {

std::unique_ptr<Engine> MakeOfflineEngine();

}  // namespace millrace::engines

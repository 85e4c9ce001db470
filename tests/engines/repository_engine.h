// Engine `online_jobs`: a feature repository whose rows come as time goes on, some as files that
// are materialized, some pushed, and is asked by `get` in between. Made by the list in engines.cc.
#pragma once

#include <memory>

#include "engines/engine.h"

namespace millrace::engines {

std::unique_ptr<Engine> MakeRepositoryEngine();

}  // namespace millrace::engines

// Engine `online_jobs`: a feature repository whose rows come as time goes on, some as files that
// are materialized, some pushed, and is asked by `get` in between. Engines `serve` and
// `serve_redis`: the same over HTTP, through a feature server. Made by the list in engines.cc.
#pragma once

#include <memory>

#include "engines/engine.h"

namespace millrace::engines {

std::unique_ptr<Engine> MakeRepositoryEngine();
std::unique_ptr<Engine> MakeServeEngine();       // the embedded store
std::unique_ptr<Engine> MakeServeRedisEngine();  // the tests' own Redis

}  // namespace millrace::engines

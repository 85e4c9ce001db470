// Engines `online` and `online_redis`: the case's events delivered to a store by state's updater,
// in the order of knowledge time, and the questions read by online. Made by the list in engines.cc.
#pragma once

#include <memory>

#include "engines/engine.h"

namespace millrace::engines {

std::unique_ptr<Engine> MakeOnlineEngine();
std::unique_ptr<Engine> MakeOnlineRedisEngine();

}  // namespace millrace::engines

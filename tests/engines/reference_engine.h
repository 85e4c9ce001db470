// Engine `reference`: the naive one (tests/reference). Made by the list in engines.cc.
#pragma once

#include <memory>

#include "engines/engine.h"

namespace millrace::engines {

std::unique_ptr<Engine> MakeReferenceEngine();

}  // namespace millrace::engines

// Version: one immutable, numbered state of a project's definitions, as the registry keeps it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "features/compile.h"
#include "features/plan.h"

namespace millrace::registry {

// What stands in the history.
struct VersionHeader {
  int number = 0;  // from 1, without gaps
  std::string author;
  base::EventTime time;
  std::string diff;  // to the version before, as text (diff.h)
};

// What a version is made of.
struct VersionContent {
  std::shared_ptr<const features::FeaturePlan> plan;
  std::vector<features::DefinitionText> texts;  // as written: ${VAR} unexpanded
};

struct Version {
  VersionHeader header;
  VersionContent content;
};

}  // namespace millrace::registry

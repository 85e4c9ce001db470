// Completes a view that was read from a plan's bytes: binds its texts and makes what follows from
// them, by the functions that Compile uses. Called by DecodePlan alone.
#pragma once

#include <string>
#include <vector>

#include "features/plan.h"

namespace millrace::features {

// A view's expressions as canonical texts, until the scopes they are bound to are known.
struct ViewTexts {
  std::string where;
  std::vector<std::string> inputs;
  std::vector<std::string> filters;
  std::vector<std::string> features;
  std::vector<Type> types;
};

// The error `corrupt`.
base::Status CorruptPlan(const std::string& what);

// REQUIRES: indices of the view are in range; the snapshot views it looks up are complete.
base::Status CompleteView(const FeaturePlan& plan, const ViewTexts& texts, View* view);
// texts[i], types[i]: of feature i. REQUIRES: the plan's views are complete.
base::Status CompleteOnDemand(const FeaturePlan& plan, const std::vector<std::string>& texts,
                              const std::vector<Type>& types, OnDemandView* view);

}  // namespace millrace::features

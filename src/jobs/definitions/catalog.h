// The catalog: what the registry's newest version holds, by name: for `list`, `show` and `lineage`.
// Finds names; what an item is made of is registry's. Called by cli.
#pragma once

#include <string>
#include <vector>

#include "jobs/repository.h"
#include "registry/description.h"
#include "registry/lineage.h"

namespace millrace::jobs {

// Error: not_ready, when nothing was ever applied.
base::Result<registry::Version> NewestVersion(const Repository& repository);

// `kind` as in registry::Kinds(), or its plural; "": all. Error: unknown_name with the nearest
// kind.
base::Result<std::vector<registry::Item>> ListItems(const features::FeaturePlan& plan,
                                                    const std::string& kind);

// `name` as Describe writes it, or a feature's name alone where it is one view's only. `kind` "":
// any. Errors: unknown_name with the nearest, ambiguous_name with what it may be.
base::Result<registry::Item> FindItem(const features::FeaturePlan& plan, const std::string& name,
                                      const std::string& kind);

// The same, and a source's column as "source.column".
base::Result<registry::Lineage> FindLineage(const features::FeaturePlan& plan,
                                            const std::string& name, const std::string& kind);

}  // namespace millrace::jobs

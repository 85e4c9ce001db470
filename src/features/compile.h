// Compile: the text of a repository's definitions -> FeaturePlan. Pure: files are read by project,
// the columns of the sources' files by whoever opens them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "features/plan.h"

namespace millrace::features {

// One definition file: its text and the name that messages give it ("features/spend.yaml").
struct DefinitionText {
  std::string file;
  std::string text;
};

// The columns that a source's files have, for a source whose location and declared columns are
// known and whose declaration does not list all columns itself. `source.columns` holds what was
// declared. An error (file_not_found, …) is reported at the source's place.
using SchemaReader = std::function<base::Result<std::vector<Field>>(const Source& source)>;

// Every problem of the repository at once (base::Errors), in order of file and line; the plan only
// when there is none. Any split of the same definitions into files gives the same plan.
base::Result<std::shared_ptr<const FeaturePlan>> Compile(const std::string& project,
                                                         const std::vector<DefinitionText>& texts,
                                                         const SchemaReader& schemas);

}  // namespace millrace::features

// The steps of compiling a repository, in order.
#include "features/compile.h"

#include <utility>

#include "features/compiler/draft.h"
#include "features/definition/reader.h"
#include "features/yaml/parse.h"

namespace millrace::features {

base::Result<std::shared_ptr<const FeaturePlan>> Compile(const std::string& project,
                                                         const std::vector<DefinitionText>& texts,
                                                         const SchemaReader& schemas) {
  ProblemList problems;
  std::vector<yaml::Document> documents;
  for (const DefinitionText& text : texts) {
    documents.push_back(yaml::Parse(text.file, text.text, &problems));
  }
  const Definitions definitions = ReadDefinitions(documents, &problems);
  Draft draft{definitions, schemas, &problems, {}, {}, {}, {}, {}, {}};
  draft.plan.project = project;
  CompileEntities(&draft);
  CompileSources(&draft);
  CompileViews(&draft);
  CompileLabels(&draft);
  CompileOnDemand(&draft);
  CompileServices(&draft);
  if (!problems.empty()) return base::Errors(problems.Sorted());
  // Whatever is not usable has been reported.
  for (const auto* usable : {&draft.source_usable, &draft.view_usable, &draft.on_demand_usable}) {
    for (const bool good : *usable) {
      if (!good)
        return base::Error(base::codes::kInternal, "a definition is wrong in a way not told");
    }
  }
  return std::make_shared<const FeaturePlan>(std::move(draft.plan));
}

}  // namespace millrace::features

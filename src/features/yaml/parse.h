// Parse: the text of a YAML file -> Nodes. Reports what YAML refuses and what YAML reads otherwise
// than it was meant (needs_quotes); knows nothing of definitions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "features/yaml/node.h"
#include "features/yaml/problem_list.h"

namespace millrace::features::yaml {

struct Document {
  std::unique_ptr<const File> file;
  std::vector<Node> roots;  // one per YAML document of the file; none when the file is empty
  bool readable = true;     // false: YAML could not be read to its end, what is missing is unknown
};

// Never fails and never throws: problems go to the list.
Document Parse(std::string file_name, std::string text, ProblemList* problems);

}  // namespace millrace::features::yaml

// Scope: the names an expression may use, each with its column and type.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "columns/type.h"

namespace millrace::expr {

class Scope {
 public:
  struct Name {
    std::string text;  // "amount", "item.embedding", "user_spend.count_7d"
    int column;        // index into the evaluator's inputs
    columns::Type type;
    std::vector<std::string> meanings;  // when not empty the name is ambiguous between these
    std::string full_name;              // what a message calls it when `text` is ambiguous
  };

  // A name for `column`. A second Add of the same text for another column makes the name ambiguous.
  // `full_name` is the unambiguous name that a message suggests; empty: the text itself.
  void Add(std::string text, int column, columns::Type type, std::string full_name = {});
  // Error: unknown_name with the nearest right one, or ambiguous_name with all meanings. The result
  // is valid until the next Add.
  base::Result<const Name*> Find(std::string_view text) const;
  const std::vector<Name>& names() const { return names_; }

 private:
  std::vector<Name> names_;
  absl::flat_hash_map<std::string, size_t> index_;  // text -> position in names_
};

}  // namespace millrace::expr

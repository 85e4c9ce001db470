// What the files of Answers share: a resolved question and one of its rows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/answers.h"

namespace millrace::reference {

struct Answers::Asked {
  features::Selection selection;
  std::vector<const features::Label*> labels;
  std::vector<std::vector<bool>> wanted;            // by selection.uses, by feature
  std::vector<std::vector<bool>> wanted_on_demand;  // by selection.on_demand, by feature
  std::vector<columns::Field> keys;                 // without a spine: the one entity's
};

struct Answers::At {
  const std::vector<columns::Field>* columns = nullptr;  // of `cells`
  std::vector<Value> cells;
  std::optional<int64_t> time;
  bool ignore_created = false;

  const Value& Cell(const std::string& column) const;  // null when there is none
};

// Where a feature's window begins: t - W, floored to the view's resolution.
__int128 WindowBegin(const features::View& view, const features::Feature& feature, int64_t t);

// The value with its default, the error counted, and why it is null.
Value Settle(const Cell& cell, const std::string& feature, const Value& default_value,
             std::string* reason, engines::Counts* errors);

// The key of a view under its columns' names; `null_key` when one is null.
Key KeyAt(const std::vector<Value>& cells, const std::vector<columns::Field>& fields,
          const std::vector<std::string>& key_columns, bool* null_key);

}  // namespace millrace::reference

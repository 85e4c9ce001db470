// ProblemList: gathers every problem of a repository while its definitions are read and compiled,
// so that all of them are told at once. Written to by every part of Compile.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "features/yaml/node.h"

namespace millrace::features {

class ProblemList {
 public:
  void Add(base::Code code, const base::Place& place, std::string message, std::string hint = {});
  void Add(base::Code code, const yaml::Node& node, std::string message, std::string hint = {});
  // The problems of a status about a whole definition: those without a place get this one.
  void AddStatus(const base::Status& status, const base::Place& place);
  // The problems of an expression: their columns are characters of the scalar that holds its text.
  void AddExpression(const base::Status& status, const yaml::Node& scalar);

  bool empty() const { return problems_.empty(); }
  size_t size() const { return problems_.size(); }
  // By file, line and column, each only once.
  std::vector<base::Problem> Sorted() const;

 private:
  std::vector<base::Problem> problems_;
};

}  // namespace millrace::features

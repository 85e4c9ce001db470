#include "expr/functions/function.h"

#include <algorithm>

namespace millrace::expr {
namespace {

std::vector<Function> AllFunctions() {
  std::vector<Function> all;
  for (const std::span<const Function> family :
       {ArithmeticFunctions(), ComparisonFunctions(), LogicFunctions(), ConditionalFunctions(),
        MathFunctions(), TextFunctions(), PatternFunctions(), TimeFunctions(), ListFunctions(),
        VectorFunctions(), HashFunctions()}) {
    all.insert(all.end(), family.begin(), family.end());
  }
  std::sort(all.begin(), all.end(),
            [](const Function& a, const Function& b) { return a.name < b.name; });
  return all;
}

}  // namespace

const std::vector<Function>& Functions() {
  static const std::vector<Function> kAll = AllFunctions();
  return kAll;
}

const Function* FindFunction(std::string_view name) {
  const std::vector<Function>& all = Functions();
  const auto at = std::lower_bound(
      all.begin(), all.end(), name,
      [](const Function& function, std::string_view wanted) { return function.name < wanted; });
  return at != all.end() && at->name == name ? &*at : nullptr;
}

}  // namespace millrace::expr

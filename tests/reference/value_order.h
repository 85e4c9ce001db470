// Sets and maps of values by the order of values (docs/semantics.md), for the reference engine.
#pragma once

#include <map>
#include <set>

#include "columns/value.h"

namespace millrace::reference {

struct ValueLess {
  bool operator()(const columns::Value& a, const columns::Value& b) const {
    return columns::Compare(a, b) < 0;
  }
};
using ValueSet = std::set<columns::Value, ValueLess>;
template <typename T>
using ValueMap = std::map<columns::Value, T, ValueLess>;

}  // namespace millrace::reference

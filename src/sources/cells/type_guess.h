// TypeGuess: the type of a column that nobody declared, from the texts of all its cells. Called for
// CSV tables.
#pragma once

#include <string_view>

#include "columns/type.h"

namespace millrace::sources {

class TypeGuess {
 public:
  // A cell that is not null.
  void See(std::string_view text, bool quoted);
  // The first that all cells are: bool, int64, uint64, float64, date, timestamp; else, and without
  // any cell, string. A number with a leading zero or plus is a text: it is the name of something.
  columns::Type type() const;

 private:
  bool any_ = false;
  bool bool_ = true;
  bool int_ = true;
  bool uint_ = true;
  bool float_ = true;
  bool date_ = true;
  bool time_ = true;
};

}  // namespace millrace::sources

// Progress: how far long work has come, told by whoever does it; an interface, for what shows it is
// a program's (cli/progress_line.h). Never how the work's result comes about.
#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::base {

class Progress {
 public:
  virtual ~Progress() = default;
  // A stage begins, and the one before it ends. `total` 0: not known. Both texts are short and
  // ASCII, as "reading events" and "events": a line of 80 columns shows them. One thread calls
  // Begin and End.
  virtual void Begin(std::string_view stage, int64_t total, std::string_view unit) = 0;
  // `n` more units are done. Any thread; cheap, and meant for every few 10,000 rows. REQUIRES:
  // between Begin and End.
  virtual void Advance(int64_t n) = 0;
  virtual void End() = 0;
};

// Shows nothing.
class NoProgress : public Progress {
 public:
  void Begin(std::string_view, int64_t, std::string_view) override {}
  void Advance(int64_t) override {}
  void End() override {}
};

}  // namespace millrace::base

// A random case as the text of a case file.
#include "differential/random_case.h"

namespace millrace::differential {
namespace {

std::string Join(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += text;
  return joined;
}

std::string ViewText(const RandomView& view) {
  std::string text = view.head + Join(view.features);
  if (!view.derived.empty()) text += "    derived:\n" + Join(view.derived);
  return text;
}

}  // namespace

std::string RandomCase::Text() const {
  std::string text = "# The differential test with MILLRACE_SEED=" + std::to_string(seed) + ".\n";
  text += definitions + "views:\n";
  for (const RandomView& view : views) text += ViewText(view);
  if (!on_demand.empty()) text += "on_demand:\n";
  for (const RandomView& view : on_demand) text += ViewText(view);
  if (!labels.empty()) text += "labels:\n" + Join(labels);
  for (const RandomTable& table : events) {
    text += "\n" + table.head;
    for (const std::string& row : table.rows) text += "  " + row + "\n";
  }
  for (const RandomTable& ask : asks) {
    if (ask.asked.empty()) continue;
    std::string header = "  " + ask.inputs + " |";
    std::string answers = " |";
    for (const std::string& name : ask.asked) {
      header += "| " + name + " ";
      answers += "| ? ";
    }
    text += "\n" + ask.head + "\n" + header + "\n";
    for (const std::string& row : ask.rows) text += "  " + row + answers + "\n";
  }
  return text;
}

}  // namespace millrace::differential

// RandomCase: definitions, events and questions drawn from a seed, as the text of a case without
// answers. Made and shrunk by the differential test; knows nothing of any engine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::differential {

struct RandomTable {
  std::string head;                // "events e" with its header line, "ask offline …"
  std::string inputs;              // an ask's columns before `||`; "" for events
  std::vector<std::string> rows;   // lines
  std::vector<std::string> asked;  // an ask's features; empty for events
};

struct RandomView {
  std::string head;                   // its lines up to `features:`
  std::vector<std::string> features;  // a line each
  std::vector<std::string> derived;
};

struct RandomCase {
  uint64_t seed = 0;
  std::string definitions;  // what never shrinks: sources, entities
  std::vector<RandomView> views;
  std::vector<RandomView> on_demand;
  std::vector<std::string> labels;  // a line each
  std::vector<RandomTable> events;
  std::vector<RandomTable> asks;

  std::string Text() const;  // a case whose answers are all `?`
};

RandomCase MakeRandomCase(uint64_t seed);

}  // namespace millrace::differential

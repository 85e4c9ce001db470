// LineageOf: what an item of a plan is made of, down to the columns of the sources, and what is
// made of it. Pure; read from the compiled plan, so it names exactly what is used.
#pragma once

#include <string>
#include <vector>

#include "features/plan.h"

namespace millrace::registry {

// "column" and "request" besides the kinds of Describe: a source's column is "source.column", a
// request field "on_demand_view.field".
struct LineageNode {
  std::string kind;
  std::string name;
  auto operator<=>(const LineageNode&) const = default;
};

// `user` is made of `input`.
struct LineageEdge {
  LineageNode user;
  LineageNode input;
  auto operator<=>(const LineageEdge&) const = default;
};

struct Lineage {
  LineageNode node;
  std::vector<LineageEdge>
      inputs;  // all edges on the way down to columns, entities and request fields; no edge twice
  std::vector<LineageEdge> users;  // all edges on the way up to services
};

// REQUIRES: the plan has the item.
Lineage LineageOf(const features::FeaturePlan& plan, const LineageNode& node);

// Two indented trees, inputs first.
std::string ToText(const Lineage& lineage);

}  // namespace millrace::registry

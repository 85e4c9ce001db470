// What was rejected by the sources, views and aggregates that a question reads.
#include <set>

#include "reference/answers_internal.h"

namespace millrace::reference {

using base::Status;
using features::View;

namespace {

void AddAll(const engines::Counts& more, engines::Counts* counts) {
  for (const auto& [what, count] : more) (*counts)[what] += count;
}

// "feature spend:sum", "features spend:sum_1d, spend:sum_7d, spend:avg_1d and 2 more".
std::string NamesOf(const View& view, const std::vector<size_t>& features) {
  std::string text = features.size() == 1 ? "feature " : "features ";
  for (size_t i = 0; i < features.size() && i < 3; ++i) {
    text += (i == 0 ? "" : ", ") + view.name + ":" + view.features[features[i]].name;
  }
  if (features.size() > 3) text += " and " + std::to_string(features.size() - 3) + " more";
  return text;
}

}  // namespace

// Rows that an aggregate alone rejects: an error in its filter, or in its input where the filter is
// true.
Status Answers::CountRejectedOf(const View& view, const std::string& owner,
                                const std::vector<bool>& wanted, engines::Counts* rejected) {
  ARROW_ASSIGN_OR_RAISE(const ViewTable* table, tables_.OfView(view, owner));
  AddAll(table->rejected, rejected);
  std::map<std::pair<int, int>, std::vector<size_t>> pairs;
  for (size_t i = 0; i < view.features.size(); ++i) {
    const features::Feature& feature = view.features[i];
    if (!wanted[i] || feature.kind != features::FeatureKind::kAggregate) continue;
    pairs[{feature.filter, feature.input}].push_back(i);
  }
  for (const auto& [pair, features] : pairs) {
    const auto [filter, input] = pair;
    for (const ViewRow& row : table->rows) {
      const Cell keep = filter < 0 ? Cell(Value(true)) : row.filters[static_cast<size_t>(filter)];
      const Cell value = input < 0 ? Cell() : row.inputs[static_cast<size_t>(input)];
      const bool kept = keep.cell == columns::kValid && keep.value.as_bool();
      const Cell& wrong = keep.is_error() || !kept ? keep : value;
      if (!wrong.is_error()) continue;
      ++(*rejected)[{NamesOf(view, features), std::string(columns::ErrorName(wrong.cell))}];
    }
  }
  return Status::OK();
}

Status Answers::CountRejected(const Asked& asked, engines::Counts* rejected) {
  std::map<const View*, std::vector<bool>> views;  // with the features that any use wants
  for (size_t i = 0; i < asked.selection.uses.size(); ++i) {
    const View* view = &plan_->views[static_cast<size_t>(asked.selection.uses[i].view)];
    std::vector<bool>& wanted = views[view];
    wanted.resize(view->features.size());
    for (size_t f = 0; f < wanted.size(); ++f) wanted[f] = wanted[f] || asked.wanted[i][f];
  }
  std::map<const View*, std::string> owners;
  for (const features::Label* label : asked.labels) {
    views[&label->view].assign(label->view.features.size(), true);
    owners[&label->view] = "label " + label->name;
  }
  // Looked-up views are read too, and what they look up.
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [view, wanted] : std::map(views)) {
      for (const features::Lookup& lookup : view->lookups) {
        const View* catalog = &plan_->views[static_cast<size_t>(lookup.view)];
        if (views.contains(catalog)) continue;
        views[catalog].resize(catalog->features.size());
        grown = true;
      }
    }
  }
  std::set<int> sources;
  for (const auto& [view, wanted] : views) {
    const std::string owner = owners.contains(view) ? owners[view] : "view " + view->name;
    ARROW_RETURN_NOT_OK(CountRejectedOf(*view, owner, wanted, rejected));
    sources.insert(view->source);
  }
  for (const int source : sources) {
    ARROW_ASSIGN_OR_RAISE(const SourceTable* table, tables_.OfSource(source));
    AddAll(table->rejected, rejected);
  }
  return Status::OK();
}

}  // namespace millrace::reference

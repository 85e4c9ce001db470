// Names of a table's header, found in the plan.
#include "engines/question.h"

#include <algorithm>

#include "base/time.h"

namespace millrace::engines {
namespace {

using base::Result;
using base::Status;
using features::FeaturePlan;

Status Wrong(const Case& definition, int line, std::string message) {
  return base::Error({base::codes::kSyntax, std::move(message), {definition.path, line, 0}});
}

struct Found {
  std::string view;  // "" for a label
  std::string feature;
  Type type;
};

std::vector<Found> FindFeature(const FeaturePlan& plan, const std::string& view,
                               const std::string& feature) {
  std::vector<Found> found;
  auto add = [&](const std::string& owner, const auto& features) {
    if (!view.empty() && owner != view) return;
    for (const auto& candidate : features) {
      if (candidate.name == feature) found.push_back({owner, feature, candidate.type});
    }
  };
  for (const features::View& candidate : plan.views) add(candidate.name, candidate.features);
  for (const auto& candidate : plan.on_demand) add(candidate.name, candidate.features);
  return found;
}

// The columns of a service's answer.
std::vector<std::pair<std::string, Type>> ServiceColumns(const FeaturePlan& plan,
                                                         const std::string& service,
                                                         bool full_names) {
  std::vector<std::pair<std::string, Type>> columns;
  const int index = plan.FindService(service);
  if (index < 0) return columns;
  for (const auto& entry : plan.services[static_cast<size_t>(index)].features) {
    for (const Found& found : FindFeature(plan, entry.view, entry.feature)) {
      const std::string prefix = entry.as.empty() ? entry.view : entry.as;
      columns.emplace_back(full_names ? prefix + "__" + entry.feature : entry.feature, found.type);
    }
  }
  return columns;
}

std::optional<Type> KeyOrRequestType(const FeaturePlan& plan, const std::string& service,
                                     const std::string& column) {
  if (const int index = plan.FindService(service); index >= 0) {
    for (const auto& entry : plan.services[static_cast<size_t>(index)].features) {
      const int view = plan.FindView(entry.view);
      for (const auto& [key, theirs] : entry.keys) {
        if (theirs != column || view < 0) continue;
        for (const Field& field : plan.views[static_cast<size_t>(view)].keys) {
          if (field.name == key) return field.type;
        }
      }
    }
  }
  for (const features::Entity& entity : plan.entities) {
    for (const Field& key : entity.keys) {
      if (key.name == column) return key.type;
    }
  }
  for (const features::OnDemandView& view : plan.on_demand) {
    for (const Field& field : view.request) {
      if (field.name == column) return field.type;
    }
  }
  return std::nullopt;
}

class Typer {
 public:
  Typer(const Case& definition, const AskBlock& ask, const FeaturePlan& plan)
      : case_(definition), ask_(ask), plan_(plan) {}

  Result<TypedAsk> Run() {
    Question& question = typed_.question;
    question.service = ask_.service;
    question.full_names = ask_.full_names;
    question.ignore_created = ask_.ignore_created;
    if (!ask_.every.empty()) {
      StepsAsked steps;
      ARROW_ASSIGN_OR_RAISE(steps.every, base::ParseDuration(ask_.every));
      ARROW_ASSIGN_OR_RAISE(steps.from, ReadTime(ask_.from));
      ARROW_ASSIGN_OR_RAISE(steps.to, ReadTime(ask_.to));
      question.steps = steps;
    }
    ARROW_RETURN_NOT_OK(TypeInputs());
    ARROW_RETURN_NOT_OK(TypeOutputs());
    return std::move(typed_);
  }

 private:
  static Result<base::EventTime> ReadTime(const std::string& text) {
    ARROW_ASSIGN_OR_RAISE(Value value, ReadValue({text, false, false}, columns::Kind::kTimestamp));
    return base::EventTime::Micros(value.as_int());
  }

  Status TypeInputs() {
    const CaseTable& table = ask_.table;
    std::vector<Type> types;
    int at = -1;
    for (int i = 0; i < table.inputs; ++i) {
      std::string name = table.header[static_cast<size_t>(i)];
      Type type(columns::Kind::kTimestamp);
      if (name == "at") {
        at = i;
      } else if (const size_t colon = name.find(':'); colon != std::string::npos) {
        ARROW_ASSIGN_OR_RAISE(type, Type::Parse(name.substr(colon + 1)));
        name.resize(colon);
      } else {
        std::optional<Type> known = KeyOrRequestType(plan_, ask_.service, name);
        if (!known) known = InferType(table, static_cast<size_t>(i));
        if (!known) return Wrong(case_, table.line, "column " + name + " has no type");
        type = *known;
      }
      types.push_back(type);
      if (typed_.question.steps) {
        typed_.expected.push_back({name, name, type, static_cast<size_t>(i)});
      } else if (name != "at") {
        typed_.question.inputs.push_back({name, type});
      }
    }
    if (at < 0) return Wrong(case_, table.line, "expected a column `at`");
    if (typed_.question.steps) return Status::OK();
    for (const CaseRow& row : table.rows) {
      std::vector<Value>& cells = typed_.question.rows.emplace_back();
      for (int i = 0; i < table.inputs; ++i) {
        const auto column = static_cast<size_t>(i);
        auto value = ReadValue(row.cells[column], types[column]);
        if (!value.ok()) return base::AtPlace(value.status(), {case_.path, row.line, 0});
        (i == at ? typed_.question.times : cells).push_back(std::move(*value));
      }
    }
    return Status::OK();
  }

  Status TypeOutputs() {
    const CaseTable& table = ask_.table;
    const auto service = ServiceColumns(plan_, ask_.service, ask_.full_names);
    for (auto i = static_cast<size_t>(table.inputs); i < table.header.size(); ++i) {
      ExpectedColumn column{table.header[i], table.header[i], Type(), i};
      if (!ask_.service.empty()) {
        auto known = std::find_if(service.begin(), service.end(),
                                  [&](const auto& c) { return c.first == column.name; });
        if (known == service.end() && ask_.fails.empty() && plan_.FindLabel(column.name) < 0) {
          return Wrong(case_, table.line, "the service has no column " + column.name);
        }
        if (known != service.end()) {
          column.type = known->second;
          typed_.expected.push_back(column);
          continue;
        }
      }
      ARROW_RETURN_NOT_OK(TypeFeature(column));
    }
    return Status::OK();
  }

  Status TypeFeature(ExpectedColumn column) {
    const size_t colon = column.header.find(':');
    const std::string view = colon == std::string::npos ? "" : column.header.substr(0, colon);
    const std::string feature =
        colon == std::string::npos ? column.header : column.header.substr(colon + 1);
    const int label = view.empty() ? plan_.FindLabel(feature) : -1;
    if (label >= 0) {
      if (!ask_.offline) return Wrong(case_, ask_.line, "labels are for `ask offline`");
      column.type = plan_.labels[static_cast<size_t>(label)].view.features.at(0).type;
      typed_.question.labels.push_back(feature);
      typed_.expected.push_back(column);
      return Status::OK();
    }
    std::vector<Found> found = FindFeature(plan_, view, feature);
    if (found.size() != 1) {
      if (ask_.fails.empty()) {
        return Wrong(case_, ask_.table.line,
                     found.empty() ? "there is no feature or label " + column.header
                                   : "several views have " + feature + ": write view:" + feature);
      }
      typed_.question.features.push_back(column.header);
      return Status::OK();
    }
    column.type = found[0].type;
    column.name = ask_.full_names ? found[0].view + "__" + feature : feature;
    typed_.question.features.push_back(found[0].view + ":" + feature);
    typed_.expected.push_back(column);
    return Status::OK();
  }

  const Case& case_;
  const AskBlock& ask_;
  const FeaturePlan& plan_;
  TypedAsk typed_;
};

class Comparer {
 public:
  Comparer(const Case& definition, const AskBlock& ask) : case_(definition), ask_(ask) {}

  std::vector<std::string> Run(const TypedAsk& typed, const Answer& answer) {
    const auto rows = ask_.table.rows.size();
    if (answer.rows.size() != rows) {
      Add(ask_.table.line,
          "expected " + std::to_string(rows) + " rows, got " + std::to_string(answer.rows.size()));
    }
    for (const ExpectedColumn& column : typed.expected) {
      size_t at = answer.columns.size();
      for (size_t i = 0; i < answer.columns.size(); ++i) {
        if (answer.columns[i].name == column.name) at = i;
      }
      if (at == answer.columns.size()) {
        Add(ask_.table.line, "the answer has no column " + column.name);
        continue;
      }
      if (!(answer.columns[at].type == column.type)) {
        Add(ask_.table.line, column.name + ": expected type " + column.type.ToString() + ", got " +
                                 answer.columns[at].type.ToString());
        continue;
      }
      for (size_t row = 0; row < std::min(rows, answer.rows.size()); ++row) {
        CompareCell(column, ask_.table.rows[row], answer.rows[row][at]);
      }
    }
    if (answer.rejected_known) CompareCounts("rejected", ask_.rejected, answer.rejected, true);
    if (!answer.errors_known) return std::move(differences_);
    CompareCounts("errors", ask_.errors, answer.errors, true);
    CompareCounts("nulls", ask_.nulls, answer.nulls, false);
    CompareCounts("counted", ask_.counted, answer.counted, false);
    return std::move(differences_);
  }

 private:
  void Add(int line, const std::string& text) {
    differences_.push_back(case_.path + ":" + std::to_string(line) + ": " + text);
  }

  void CompareCell(const ExpectedColumn& column, const CaseRow& row, const Value& got) {
    const CaseCell& cell = row.cells[column.cell];
    if (cell.is_question()) {
      Add(row.line, column.header + " is not filled in (--fill)");
      return;
    }
    const auto expected = ReadValue(cell, column.type);
    if (!expected.ok()) {
      Add(row.line, column.header + ": '" + cell.text + "' is not a " + column.type.ToString());
      return;
    }
    if (columns::SameBits(*expected, got)) return;
    Add(row.line, column.header + ": expected " + WriteValue(*expected, column.type) + ", got " +
                      WriteValue(got, column.type));
  }

  void CompareCounts(const std::string& what, const std::optional<CaseTable>& table,
                     const Counts& got, bool always) {
    if (!table && !always) return;
    Counts expected;
    int line = ask_.line;
    if (table) {
      line = table->line;
      for (const CaseRow& row : table->rows) {
        expected[{row.cells[0].text, row.cells[1].text}] =
            std::strtoll(row.cells[2].text.c_str(), nullptr, 10);
      }
    }
    for (const auto& [key, count] : expected) {
      const auto found = got.find(key);
      const int64_t other = found == got.end() ? 0 : found->second;
      if (other == count) continue;
      Add(line, what + " " + key.first + " | " + key.second + ": expected " +
                    std::to_string(count) + ", got " + std::to_string(other));
    }
    for (const auto& [key, count] : got) {
      if (expected.contains(key)) continue;
      Add(line, what + " " + key.first + " | " + key.second + ": expected none, got " +
                    std::to_string(count));
    }
  }

  const Case& case_;
  const AskBlock& ask_;
  std::vector<std::string> differences_;
};

}  // namespace

Result<TypedAsk> TypeAsk(const Case& definition, const AskBlock& ask, const FeaturePlan& plan) {
  auto typed = Typer(definition, ask, plan).Run();
  if (typed.ok()) return typed;
  return base::AtPlace(typed.status(), {definition.path, ask.line, 0});
}

std::vector<std::string> Compare(const Case& definition, const AskBlock& ask, const TypedAsk& typed,
                                 const Answer& answer) {
  return Comparer(definition, ask).Run(typed, answer);
}

}  // namespace millrace::engines

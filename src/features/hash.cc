// Identities as canonical bytes, hashed.
#include "features/hash.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"
#include "features/codec/constant.h"

namespace millrace::features {
namespace {

// Raised when stored bytes of events or states change their meaning.
constexpr uint64_t kCodecVersion = 1;

// Bytes that begin with what they identify, so that no two kinds of identity are equal.
class Identity {
 public:
  explicit Identity(std::string_view kind) {
    out_.String(kind);
    out_.Varint(kCodecVersion);
  }
  void Text(std::string_view text) { out_.String(text); }
  void Number(int64_t number) { out_.SignedVarint(number); }
  void Constant(const Value& value) { EncodeConstant(value, &out_); }
  void Default(const Value& value, const Type& type) {
    Number(value.is_null() ? 0 : 1);
    if (!value.is_null()) columns::Encode(value, type, &out_);
  }
  void Length(const std::optional<base::Duration>& length) {
    Number(length ? 1 : 0);
    if (length) Number(length->micros());
  }
  std::string Hash() const { return base::Hex(base::Hash64(out_.bytes())); }
  const std::string& bytes() const { return out_.bytes(); }

 private:
  base::ByteWriter out_;
};

// A column of a source: its name, type and where in a row it is found.
std::string ColumnIdentity(const Source& source, int column) {
  const Field& field = source.columns[static_cast<size_t>(column)];
  const auto path = source.location.column_paths.find(field.name);
  Identity id("column");
  id.Text(field.name);
  id.Text(field.type.ToString());
  id.Text(path == source.location.column_paths.end() ? field.name : path->second);
  return id.bytes();
}

// A column of a view's row scope: the source's own, or the feature of a looked-up view under the
// keys that find it.
std::string RowColumnIdentity(const FeaturePlan& plan, const View& view, int column) {
  const Source& source = plan.sources[static_cast<size_t>(view.source)];
  const Lookup* from = nullptr;
  for (const Lookup& lookup : view.lookups) {
    if (column >= lookup.first_column) from = &lookup;
  }
  if (from == nullptr) return ColumnIdentity(source, column);
  const View& target = plan.views[static_cast<size_t>(from->view)];
  Identity id("lookup");
  id.Text(view.row_columns[static_cast<size_t>(column)].name);
  id.Text(target.features[static_cast<size_t>(column - from->first_column)].hash);
  for (const int key : from->key_columns) id.Text(ColumnIdentity(source, key));
  return id.bytes();
}

// An expression: its canonical text and what its columns are, whatever their place in the scope. An
// empty one is no text and no columns.
template <typename ColumnBytes>
void AddExpression(const expr::Expression& expression, ColumnBytes column_bytes, Identity* id) {
  if (!expression) {
    id->Text("");
    id->Number(0);
    return;
  }
  std::vector<std::string> columns;
  for (const int column : expression.columns()) columns.push_back(column_bytes(column));
  std::sort(columns.begin(), columns.end());
  id->Text(expression.text());
  id->Number(static_cast<int64_t>(columns.size()));
  for (const std::string& column : columns) id->Text(column);
}

void AddTimes(const Source& source, Identity* id) {
  id->Text(source.name);
  id->Text(ColumnIdentity(source, source.timestamp));
  id->Number(static_cast<int64_t>(source.timestamp_unit));
  AddExpression(source.created, [&](int column) { return ColumnIdentity(source, column); }, id);
}

std::string EventId(const FeaturePlan& plan, const View& view) {
  const Source& source = plan.sources[static_cast<size_t>(view.source)];
  Identity id("event");
  AddTimes(source, &id);
  id.Number(static_cast<int64_t>(view.kind));
  id.Number(static_cast<int64_t>(view.keys.size()));
  for (size_t i = 0; i < view.keys.size(); ++i) {
    id.Text(view.keys[i].name);
    id.Text(view.keys[i].type.ToString());
    id.Text(ColumnIdentity(source, view.key_columns[i]));
  }
  std::vector<std::pair<std::string, std::string>> lookups;
  for (const Lookup& lookup : view.lookups) {
    lookups.emplace_back(lookup.prefix, plan.views[static_cast<size_t>(lookup.view)].event_id);
  }
  std::sort(lookups.begin(), lookups.end());
  id.Number(static_cast<int64_t>(lookups.size()));
  for (const auto& [prefix, event_id] : lookups) {
    id.Text(prefix);
    id.Text(event_id);
  }
  AddExpression(view.where, [&](int column) { return RowColumnIdentity(plan, view, column); }, &id);
  id.Number(view.resolution.micros());
  return id.Hash();
}

void HashAggregate(const FeaturePlan& plan, const View& view, Feature* feature) {
  const auto row = [&](int column) { return RowColumnIdentity(plan, view, column); };
  const auto at = [](const std::vector<expr::Expression>& list, int i) {
    return i < 0 ? expr::Expression() : list[static_cast<size_t>(i)];
  };
  Identity state("state");
  state.Text(view.event_id);
  AddExpression(at(view.filters, feature->filter), row, &state);
  AddExpression(at(view.inputs, feature->input), row, &state);
  state.Text(feature->call.function);
  state.Text(feature->call.input.ToString());
  state.Number(static_cast<int64_t>(feature->call.parameters.size()));
  for (const Value& parameter : feature->call.parameters) state.Constant(parameter);
  feature->state_id = state.Hash();

  Identity id("aggregate feature");
  id.Text(feature->state_id);
  id.Length(feature->window.length);
  id.Text(feature->type.ToString());
  id.Default(feature->default_value, feature->type);
  feature->hash = id.Hash();
}

void HashRow(const FeaturePlan& plan, const View& view, Feature* feature) {
  Identity id("row feature");
  id.Text(view.event_id);
  id.Length(view.ttl);
  AddExpression(
      feature->expression, [&](int column) { return RowColumnIdentity(plan, view, column); }, &id);
  id.Text(feature->type.ToString());
  id.Default(feature->default_value, feature->type);
  feature->hash = id.Hash();
}

// The winning row's event time depends on which rows there are and how old they may be.
std::string EventTimeIdentity(const View& view) {
  Identity id("event time");
  id.Text(view.event_id);
  id.Length(view.ttl);
  return id.bytes();
}

void HashDerived(const View& view, Feature* feature) {
  Identity id("derived feature");
  const auto used = [&](int column) {
    const int as_of = static_cast<int>(view.features.size());
    if (column == as_of) return std::string("as_of");
    if (column > as_of) return EventTimeIdentity(view);
    const Feature& read = view.features[static_cast<size_t>(column)];
    return read.name + " " + read.hash;
  };
  AddExpression(feature->expression, used, &id);
  id.Text(feature->type.ToString());
  id.Default(feature->default_value, feature->type);
  feature->hash = id.Hash();
}

}  // namespace

void FillHashes(const FeaturePlan& plan, View* view) {
  view->event_id = EventId(plan, *view);
  for (Feature& feature : view->features) {
    if (feature.kind == FeatureKind::kAggregate) HashAggregate(plan, *view, &feature);
    if (feature.kind == FeatureKind::kRow) HashRow(plan, *view, &feature);
  }
  for (const int i : view->derived_order)
    HashDerived(*view, &view->features[static_cast<size_t>(i)]);
}

void FillHashes(const FeaturePlan& plan, OnDemandView* view) {
  for (const int i : view->order) {
    OnDemandFeature& feature = view->features[static_cast<size_t>(i)];
    Identity id("on-demand feature");
    const auto used = [&](int column) -> std::string {
      const Field& field = view->scope_columns[static_cast<size_t>(column)];
      if (column >= view->as_of_column) return "as_of";
      if (column >= view->own_offset) {
        return field.name + " " +
               view->features[static_cast<size_t>(column - view->own_offset)].hash;
      }
      if (column >= view->request_offset) return field.name + " " + field.type.ToString();
      size_t input = view->inputs.size() - 1;
      while (view->input_offsets[input] > column) --input;
      const View& read = plan.views[static_cast<size_t>(view->inputs[input])];
      return field.name + " " +
             read.features[static_cast<size_t>(column - view->input_offsets[input])].hash;
    };
    AddExpression(feature.expression, used, &id);
    id.Text(feature.type.ToString());
    id.Default(feature.default_value, feature.type);
    feature.hash = id.Hash();
  }
}

std::string StoredColumnId(const FeaturePlan& plan, const View& view,
                           const expr::Expression& expression) {
  Identity id("stored column");
  AddExpression(expression, [&](int column) { return RowColumnIdentity(plan, view, column); }, &id);
  id.Text(expression.type().ToString());
  return id.Hash();
}

void FillLabelHashes(const FeaturePlan& plan, Label* label) {
  FillHashes(plan, &label->view);
  for (Feature& feature : label->view.features) {
    Identity id("label");
    id.Text(feature.hash);
    feature.hash = id.Hash();
  }
}

}  // namespace millrace::features

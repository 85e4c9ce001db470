// FeaturePlan: all definitions of a repository compiled: names bound, types known, hashes made.
// Immutable; every executor reads it and none changes it. Made by Compile (compile.h) or from its
// canonical bytes (plan_codec.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregate/registry.h"
#include "columns/value.h"
#include "expr/expression.h"
#include "window/window.h"

namespace millrace::features {

using columns::Field;
using columns::Type;
using columns::Value;

struct Entity {
  std::string name;
  std::vector<Field> keys;  // join keys, in declared order
  std::string description;
  std::string owner;
  std::map<std::string, std::string> tags;
};

// Where a source's bytes are and how they are read. In no hash: moving a file changes no feature.
struct SourceLocation {
  std::string path;    // file, glob or folder, s3:// too; "" when there is none; ${VAR} unexpanded
  std::string format;  // "parquet", "csv", "json", "delta"; "" by extension
  // The column as the user's definitions name it -> where it is found: another column's name
  // (`rename`) or a dotted path into structs (`columns: {device: {path: context.device}}`).
  std::map<std::string, std::string> column_paths;
  std::map<std::string, std::string>
      kafka;  // brokers, topic, group, format, watermark; empty: none
};

enum class TimestampUnit { kNone, kSeconds, kMillis, kMicros, kNanos };

struct Source {
  std::string name;
  std::vector<Field>
      columns;         // every readable column, by the user's names; types as declared or read
  int timestamp = -1;  // index into columns: event time
  TimestampUnit timestamp_unit = TimestampUnit::kNone;  // for integer time columns
  expr::Expression created;  // knowledge time over `columns`, type timestamp; empty: none declared
  std::optional<base::EventTime> from;
  SourceLocation location;
  std::string description;
  std::string owner;
  std::map<std::string, std::string> tags;
};

// Each event gains, before `where`, the columns "prefix.feature" of a snapshot view's answer at the
// earlier of its event time and knowledge time.
struct Lookup {
  std::string prefix;
  int view = -1;  // index into FeaturePlan::views; a snapshot view
  std::vector<int>
      key_columns;        // source columns that hold the looked-up entity's keys, in its order
  int first_column = -1;  // of its stored features in View::row_columns
};

enum class FeatureKind { kAggregate, kRow, kDerived };

struct Feature {
  std::string name;  // count_7d
  Type type;
  FeatureKind kind = FeatureKind::kAggregate;
  Value default_value;  // replaces null, whatever its cause, before derived features see it
  std::string hash;     // the feature hash: 16 hexadecimal digits
  // kAggregate
  std::shared_ptr<const aggregate::Aggregate> aggregate;
  aggregate::Call call;
  int input = -1;   // index into View::inputs; -1: no input
  int filter = -1;  // index into View::filters; -1: no filter
  window::Window window;
  std::string state_id;  // 16 hexadecimal digits; features that differ in window alone share it
  // kRow: over View::row_columns. kDerived: over the features (i = features[i]), then `as_of`
  // (features.size()), then in a snapshot view its row's `event_time` (features.size() + 1).
  expr::Expression expression;
  std::string description;
  std::string owner;
  std::map<std::string, std::string> tags;
};

enum class ViewKind { kWindowed, kSnapshot };

struct View {
  std::string name;
  ViewKind kind = ViewKind::kWindowed;
  int source = -1;               // index into FeaturePlan::sources
  std::vector<int> entities;     // indices into FeaturePlan::entities; none: one global key
  std::vector<Field> keys;       // of all entities, in order; columns of the source by these names
  std::vector<int> key_columns;  // their indices in the source's columns
  std::vector<Lookup> lookups;
  // The scope of where, inputs, filters and kRow features: the source's columns, then per lookup
  // the stored features of its view, as "prefix.feature".
  std::vector<Field> row_columns;
  expr::Expression where;  // bool; empty: every row
  std::vector<expr::Expression> inputs;
  std::vector<expr::Expression> filters;  // bool
  base::Duration resolution;              // 0: exact
  std::optional<base::Duration> ttl;      // snapshot only
  std::optional<base::Duration> history;  // none: all
  std::vector<Feature> features;   // stored ones in declared order (windows inner), then derived
  std::vector<int> derived_order;  // indices of the derived features, each after its inputs
  std::string event_id;            // 16 hexadecimal digits
  std::string description;
  std::string owner;
  std::map<std::string, std::string> tags;

  int FindFeature(std::string_view feature) const;  // -1: none
  int stored_count() const;                         // features before the first derived one
  window::Window LongestWindow() const;             // REQUIRES: kWindowed
};

struct OnDemandFeature {
  std::string name;
  Type type;
  Value default_value;
  std::string hash;
  expr::Expression expression;  // over OnDemandView::scope_columns
  // A feature of an on-demand view among the inputs, named "other.feature": computed here like an
  // own one, part of no answer and of no `view:*`. They stand after the own features.
  bool inherited = false;
  std::string description;
  std::string owner;
  std::map<std::string, std::string> tags;
};

// Computed when asked for, from features of other views and what only the caller knows.
struct OnDemandView {
  std::string name;
  // Views: those named as inputs, then those that only inherited features read, whose features have
  // no bare names here.
  std::vector<int> inputs;
  int named_inputs = 0;
  std::vector<Field> request;  // request fields: own, then those of inherited features
  std::vector<OnDemandFeature> features;
  std::vector<int> order;  // indices of features, each after its inputs
  // The scope: the features of each input view in turn, then request fields, then own features,
  // then as_of. input_offsets[i] is where inputs[i] begins.
  std::vector<Field> scope_columns;
  std::vector<int> input_offsets;
  int request_offset = 0;
  int own_offset = 0;
  int as_of_column = 0;
  std::string description;
  std::string owner;
  std::map<std::string, std::string> tags;
};

// A label: the aggregate over events in (t, t + W], in training sets only. One kAggregate feature
// over a windowed view of its own that no request can name.
struct Label {
  std::string name;
  View view;  // exactly one feature, named as the label; `where`, keys, inputs as in any view
  base::Duration length;
};

// One entry of a service's list, `*` expanded.
struct ServiceFeature {
  std::string view;  // view or on-demand view
  std::string feature;
  std::string as;  // replaces the view's name; "" none
  std::map<std::string, std::string>
      keys;  // entity key -> column of the spine or request; empty: itself
};

struct Service {
  std::string name;
  std::vector<ServiceFeature> features;
  double log = 0.0;  // share of answers kept, [0, 1]
  std::string description;
  std::string owner;
  std::map<std::string, std::string> tags;
};

struct FeaturePlan {
  std::string project;
  std::vector<Entity> entities;  // each list in byte order of the names
  std::vector<Source> sources;
  std::vector<View> views;
  std::vector<OnDemandView> on_demand;
  std::vector<Label> labels;
  std::vector<Service> services;

  // Index by name; -1: none.
  int FindEntity(std::string_view name) const;
  int FindSource(std::string_view name) const;
  int FindView(std::string_view name) const;
  int FindOnDemand(std::string_view name) const;
  int FindLabel(std::string_view name) const;
  int FindService(std::string_view name) const;
};

}  // namespace millrace::features

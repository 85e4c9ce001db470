// Plans as bytes (docs/formats/plan.md). Only what definitions say is written; keys, columns,
// types, orders and hashes follow from it by the functions that Compile uses, so bytes cannot
// contradict themselves.
#include "features/plan_codec.h"

#include <utility>

#include "expr/parse.h"
#include "features/constant_codec.h"
#include "features/hash.h"
#include "features/plan_scope.h"

namespace millrace::features {
namespace {

constexpr std::string_view kMagic = "MRPLAN";
constexpr uint8_t kVersion = 1;

class Writer {
 public:
  std::string Write(const FeaturePlan& plan) {
    out_.Raw(kMagic.data(), kMagic.size());
    out_.U8(kVersion);
    out_.String(plan.project);
    List(plan.entities, [&](const Entity& e) { WriteEntity(e); });
    List(plan.sources, [&](const Source& s) { WriteSource(s); });
    List(plan.views, [&](const View& v) { WriteView(v); });
    List(plan.labels, [&](const Label& l) { WriteLabel(l); });
    List(plan.on_demand, [&](const OnDemandView& v) { WriteOnDemand(v); });
    List(plan.services, [&](const Service& s) { WriteService(s); });
    return out_.Take();
  }

 private:
  template <typename T, typename F>
  void List(const std::vector<T>& items, F write) {
    out_.Varint(items.size());
    for (const T& item : items) write(item);
  }
  void Texts(const std::map<std::string, std::string>& texts) {
    out_.Varint(texts.size());
    for (const auto& [name, text] : texts) {
      out_.String(name);
      out_.String(text);
    }
  }
  void Index(int index) { out_.Varint(static_cast<uint64_t>(index + 1)); }
  void Expression(const expr::Expression& e) { out_.String(e ? e.text() : std::string()); }
  void Fields(const std::vector<Field>& fields) {
    List(fields, [&](const Field& f) {
      out_.String(f.name);
      out_.String(f.type.ToString());
    });
  }
  void Optional(const std::optional<base::Duration>& d) {
    out_.U8(d ? 1 : 0);
    if (d) out_.SignedVarint(d->micros());
  }
  void Default(const Value& value, const Type& type) {
    out_.U8(value.is_null() ? 0 : 1);
    if (!value.is_null()) columns::Encode(value, type, &out_);
  }
  void Describe(const auto& item) {
    out_.String(item.description);
    out_.String(item.owner);
    Texts(item.tags);
  }

  void WriteEntity(const Entity& entity) {
    out_.String(entity.name);
    Fields(entity.keys);
    Describe(entity);
  }

  void WriteSource(const Source& source) {
    out_.String(source.name);
    Fields(source.columns);
    Index(source.timestamp);
    out_.U8(static_cast<uint8_t>(source.timestamp_unit));
    Expression(source.created);
    out_.U8(source.from ? 1 : 0);
    if (source.from) out_.SignedVarint(source.from->micros());
    out_.String(source.location.path);
    out_.String(source.location.format);
    Texts(source.location.column_paths);
    Texts(source.location.kafka);
    Describe(source);
  }

  void WriteView(const View& view) {
    out_.String(view.name);
    out_.U8(static_cast<uint8_t>(view.kind));
    Index(view.source);
    List(view.entities, [&](int entity) { Index(entity); });
    List(view.lookups, [&](const Lookup& lookup) {
      out_.String(lookup.prefix);
      Index(lookup.view);
    });
    Expression(view.where);
    List(view.inputs, [&](const expr::Expression& e) { Expression(e); });
    List(view.filters, [&](const expr::Expression& e) { Expression(e); });
    out_.SignedVarint(view.resolution.micros());
    Optional(view.ttl);
    Optional(view.history);
    List(view.features, [&](const Feature& f) { WriteFeature(f); });
    Describe(view);
  }

  void WriteFeature(const Feature& feature) {
    out_.String(feature.name);
    out_.U8(static_cast<uint8_t>(feature.kind));
    if (feature.kind == FeatureKind::kAggregate) {
      out_.String(feature.call.function);
      List(feature.call.parameters, [&](const Value& v) { EncodeConstant(v, &out_); });
      Index(feature.input);
      Index(feature.filter);
      Optional(feature.window.length);
    } else {
      Expression(feature.expression);
    }
    out_.String(feature.type.ToString());
    Default(feature.default_value, feature.type);
    Describe(feature);
  }

  void WriteLabel(const Label& label) {
    out_.String(label.name);
    out_.SignedVarint(label.length.micros());
    WriteView(label.view);
  }

  void WriteOnDemand(const OnDemandView& view) {
    out_.String(view.name);
    List(view.inputs, [&](int input) { Index(input); });
    Index(view.named_inputs);
    Fields(view.request);
    List(view.features, [&](const OnDemandFeature& feature) {
      out_.String(feature.name);
      out_.U8(feature.inherited ? 1 : 0);
      Expression(feature.expression);
      out_.String(feature.type.ToString());
      Default(feature.default_value, feature.type);
      Describe(feature);
    });
    Describe(view);
  }

  void WriteService(const Service& service) {
    out_.String(service.name);
    List(service.features, [&](const ServiceFeature& feature) {
      out_.String(feature.view);
      out_.String(feature.feature);
      out_.String(feature.as);
      Texts(feature.keys);
    });
    out_.Float64(service.log);
    Describe(service);
  }

  base::ByteWriter out_;
};

base::Status Corrupt(const std::string& what) {
  return base::Error(base::codes::kCorrupt, "a plan's bytes are damaged: " + what);
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : in_(bytes) {}

  base::Result<std::shared_ptr<const FeaturePlan>> Read() {
    ARROW_ASSIGN_OR_RAISE(const std::string_view magic, in_.Raw(kMagic.size()));
    ARROW_ASSIGN_OR_RAISE(const uint8_t version, in_.U8());
    if (magic != kMagic) return Corrupt("it does not begin as one");
    if (version != kVersion) return Corrupt("its version is " + std::to_string(version));
    ARROW_RETURN_NOT_OK(String(&plan_.project));
    ARROW_RETURN_NOT_OK(List(&plan_.entities, [&](Entity* e) { return ReadEntity(e); }));
    ARROW_RETURN_NOT_OK(List(&plan_.sources, [&](Source* s) { return ReadSource(s); }));
    ARROW_RETURN_NOT_OK(List(&plan_.views, [&](View* v) { return ReadView(v); }));
    ARROW_RETURN_NOT_OK(CompleteViews());
    ARROW_RETURN_NOT_OK(List(&plan_.labels, [&](Label* l) { return ReadLabel(l); }));
    ARROW_RETURN_NOT_OK(List(&plan_.on_demand, [&](OnDemandView* v) { return ReadOnDemand(v); }));
    ARROW_RETURN_NOT_OK(List(&plan_.services, [&](Service* s) { return ReadService(s); }));
    ARROW_RETURN_NOT_OK(in_.ExpectEnd());
    return std::make_shared<const FeaturePlan>(std::move(plan_));
  }

 private:
  base::Status String(std::string* out) {
    ARROW_ASSIGN_OR_RAISE(const std::string_view text, in_.String());
    *out = std::string(text);
    return {};
  }
  template <typename T, typename F>
  base::Status List(std::vector<T>* items, F read) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t count, in_.Count(1));
    for (uint64_t i = 0; i < count; ++i) {
      T item{};
      ARROW_RETURN_NOT_OK(read(&item));
      items->push_back(std::move(item));
    }
    return {};
  }
  base::Status Texts(std::map<std::string, std::string>* texts) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t count, in_.Count(2));
    for (uint64_t i = 0; i < count; ++i) {
      std::string name;
      std::string text;
      ARROW_RETURN_NOT_OK(String(&name));
      ARROW_RETURN_NOT_OK(String(&text));
      texts->emplace(std::move(name), std::move(text));
    }
    return {};
  }
  // An index below `size`; -1 only where it may be none.
  base::Result<int> Index(size_t size, bool may_be_none) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t index, in_.Varint());
    if (index > size || (index == 0 && !may_be_none)) return Corrupt("an index is out of range");
    return static_cast<int>(index) - 1;
  }
  base::Result<bool> Flag() {
    ARROW_ASSIGN_OR_RAISE(const uint8_t flag, in_.U8());
    if (flag > 1) return Corrupt("a flag is neither 0 nor 1");
    return flag == 1;
  }
  base::Status Optional(std::optional<base::Duration>* out) {
    ARROW_ASSIGN_OR_RAISE(const bool some, Flag());
    if (!some) return {};
    ARROW_ASSIGN_OR_RAISE(const int64_t micros, in_.SignedVarint());
    *out = base::Duration::Micros(micros);
    return {};
  }
  base::Status ReadType(Type* out) {
    ARROW_ASSIGN_OR_RAISE(const std::string_view text, in_.String());
    ARROW_ASSIGN_OR_RAISE(*out, Type::Parse(text));
    return {};
  }
  base::Status Fields(std::vector<Field>* out) {
    return List(out, [&](Field* field) {
      ARROW_RETURN_NOT_OK(String(&field->name));
      return ReadType(&field->type);
    });
  }
  base::Status Default(const Type& type, Value* out) {
    ARROW_ASSIGN_OR_RAISE(const bool some, Flag());
    if (!some) return {};
    ARROW_ASSIGN_OR_RAISE(*out, columns::DecodeValue(type, &in_));
    return {};
  }
  base::Status Describe(auto* item) {
    ARROW_RETURN_NOT_OK(String(&item->description));
    ARROW_RETURN_NOT_OK(String(&item->owner));
    return Texts(&item->tags);
  }
  // An expression of the scope; empty where that is allowed.
  base::Status Expression(const expr::Scope& scope, bool may_be_empty, expr::Expression* out) {
    ARROW_ASSIGN_OR_RAISE(const std::string_view text, in_.String());
    if (text.empty() && may_be_empty) return {};
    ARROW_ASSIGN_OR_RAISE(*out, expr::Expression::Make(text, scope));
    return {};
  }

  base::Status ReadEntity(Entity* entity) {
    ARROW_RETURN_NOT_OK(String(&entity->name));
    ARROW_RETURN_NOT_OK(Fields(&entity->keys));
    return Describe(entity);
  }

  base::Status ReadSource(Source* source) {
    ARROW_RETURN_NOT_OK(String(&source->name));
    ARROW_RETURN_NOT_OK(Fields(&source->columns));
    ARROW_ASSIGN_OR_RAISE(source->timestamp, Index(source->columns.size(), false));
    ARROW_ASSIGN_OR_RAISE(const uint8_t unit, in_.U8());
    if (unit > static_cast<uint8_t>(TimestampUnit::kNanos)) return Corrupt("a unit is unknown");
    source->timestamp_unit = static_cast<TimestampUnit>(unit);
    ARROW_RETURN_NOT_OK(Expression(SourceScope(*source), true, &source->created));
    if (source->created && source->created.type().kind() != columns::Kind::kTimestamp) {
      return Corrupt("a knowledge time is no timestamp");
    }
    ARROW_ASSIGN_OR_RAISE(const bool from, Flag());
    if (from) {
      ARROW_ASSIGN_OR_RAISE(const int64_t micros, in_.SignedVarint());
      source->from = base::EventTime::Micros(micros);
    }
    ARROW_RETURN_NOT_OK(String(&source->location.path));
    ARROW_RETURN_NOT_OK(String(&source->location.format));
    ARROW_RETURN_NOT_OK(Texts(&source->location.column_paths));
    ARROW_RETURN_NOT_OK(Texts(&source->location.kafka));
    return Describe(source);
  }

  // A view's own fields, as texts: scopes need the views it looks up.
  struct Texted {
    std::string where;
    std::vector<std::string> inputs;
    std::vector<std::string> filters;
    std::vector<std::string> features;
    std::vector<Type> types;
  };

  base::Status ReadView(View* view) {
    Texted texts;
    ARROW_RETURN_NOT_OK(ReadViewTexts(view, &texts));
    texts_.push_back(std::move(texts));
    return {};
  }

  base::Status ReadViewTexts(View* view, Texted* texts) {
    ARROW_RETURN_NOT_OK(String(&view->name));
    ARROW_ASSIGN_OR_RAISE(const uint8_t kind, in_.U8());
    if (kind > static_cast<uint8_t>(ViewKind::kSnapshot))
      return Corrupt("a view's kind is unknown");
    view->kind = static_cast<ViewKind>(kind);
    ARROW_ASSIGN_OR_RAISE(view->source, Index(plan_.sources.size(), false));
    ARROW_RETURN_NOT_OK(List(&view->entities, [&](int* entity) -> base::Status {
      ARROW_ASSIGN_OR_RAISE(*entity, Index(plan_.entities.size(), false));
      return {};
    }));
    ARROW_RETURN_NOT_OK(List(&view->lookups, [&](Lookup* lookup) -> base::Status {
      ARROW_RETURN_NOT_OK(String(&lookup->prefix));
      ARROW_ASSIGN_OR_RAISE(lookup->view, Index(static_cast<size_t>(1) << 30, false));
      return {};
    }));
    const auto text = [&](std::string* t) { return String(t); };
    ARROW_RETURN_NOT_OK(String(&texts->where));
    ARROW_RETURN_NOT_OK(List(&texts->inputs, text));
    ARROW_RETURN_NOT_OK(List(&texts->filters, text));
    ARROW_ASSIGN_OR_RAISE(const int64_t resolution, in_.SignedVarint());
    if (resolution < 0) return Corrupt("a resolution is negative");
    view->resolution = base::Duration::Micros(resolution);
    ARROW_RETURN_NOT_OK(Optional(&view->ttl));
    ARROW_RETURN_NOT_OK(Optional(&view->history));
    ARROW_RETURN_NOT_OK(
        List(&view->features, [&](Feature* f) { return ReadFeature(*view, f, texts); }));
    return Describe(view);
  }

  base::Status ReadFeature(const View& view, Feature* feature, Texted* texts) {
    ARROW_RETURN_NOT_OK(String(&feature->name));
    ARROW_ASSIGN_OR_RAISE(const uint8_t kind, in_.U8());
    const auto stored =
        view.kind == ViewKind::kWindowed ? FeatureKind::kAggregate : FeatureKind::kRow;
    const bool after_derived =
        !view.features.empty() && view.features.back().kind == FeatureKind::kDerived;
    const auto derived = static_cast<uint8_t>(FeatureKind::kDerived);
    if (kind != derived && (kind != static_cast<uint8_t>(stored) || after_derived)) {
      return Corrupt("a feature's kind does not fit its view");
    }
    feature->kind = static_cast<FeatureKind>(kind);
    std::string text;
    if (feature->kind == FeatureKind::kAggregate) {
      ARROW_RETURN_NOT_OK(String(&feature->call.function));
      ARROW_RETURN_NOT_OK(List(&feature->call.parameters, [&](Value* v) -> base::Status {
        ARROW_ASSIGN_OR_RAISE(*v, DecodeConstant(&in_));
        return {};
      }));
      ARROW_ASSIGN_OR_RAISE(feature->input, Index(texts->inputs.size(), true));
      ARROW_ASSIGN_OR_RAISE(feature->filter, Index(texts->filters.size(), true));
      ARROW_RETURN_NOT_OK(Optional(&feature->window.length));
    } else {
      ARROW_RETURN_NOT_OK(String(&text));
    }
    texts->features.push_back(std::move(text));
    Type type;
    ARROW_RETURN_NOT_OK(ReadType(&type));
    texts->types.push_back(type);
    ARROW_RETURN_NOT_OK(Default(type, &feature->default_value));
    return Describe(feature);
  }

  // Snapshot views first, as windowed ones look them up.
  base::Status CompleteViews() {
    for (const ViewKind kind : {ViewKind::kSnapshot, ViewKind::kWindowed}) {
      for (size_t i = 0; i < plan_.views.size(); ++i) {
        View& view = plan_.views[i];
        if (view.kind == kind) ARROW_RETURN_NOT_OK(CompleteView(texts_[i], &view));
      }
    }
    return {};
  }

  base::Status CompleteView(const Texted& texts, View* view) {
    if (view->kind == ViewKind::kSnapshot && !view->lookups.empty()) {
      return Corrupt("a snapshot view has lookups");
    }
    for (const Lookup& lookup : view->lookups) {
      if (static_cast<size_t>(lookup.view) >= plan_.views.size() ||
          plan_.views[static_cast<size_t>(lookup.view)].kind != ViewKind::kSnapshot) {
        return Corrupt("a lookup names no snapshot view");
      }
    }
    FillKeys(plan_, view);
    FillRowColumns(plan_, view);
    for (const int column : view->key_columns) {
      if (column < 0) return Corrupt("a source lacks a key");
    }
    for (const Lookup& lookup : view->lookups) {
      for (const int column : lookup.key_columns) {
        if (column < 0) return Corrupt("a source lacks a lookup's key");
      }
    }
    const expr::Scope rows = RowScope(*view);
    if (!texts.where.empty()) {
      ARROW_ASSIGN_OR_RAISE(view->where, BindCondition(texts.where, rows));
    }
    for (const std::string& text : texts.inputs) {
      ARROW_ASSIGN_OR_RAISE(auto input, expr::Expression::Make(text, rows));
      view->inputs.push_back(std::move(input));
    }
    for (const std::string& text : texts.filters) {
      ARROW_ASSIGN_OR_RAISE(auto filter, BindCondition(text, rows));
      view->filters.push_back(std::move(filter));
    }
    for (int i = 0; i < view->stored_count(); ++i) {
      ARROW_RETURN_NOT_OK(CompleteStored(texts, rows, static_cast<size_t>(i), view));
    }
    ARROW_RETURN_NOT_OK(CompleteDerived(texts, view));
    FillHashes(plan_, view);
    return {};
  }

  static base::Result<expr::Expression> BindCondition(const std::string& text,
                                                      const expr::Scope& scope) {
    ARROW_ASSIGN_OR_RAISE(auto bound, expr::Expression::Make(text, scope));
    if (bound.type().kind() != columns::Kind::kBool) return Corrupt("a condition is no bool");
    return bound;
  }

  static base::Status CompleteStored(const Texted& texts, const expr::Scope& rows, size_t i,
                                     View* view) {
    Feature& feature = view->features[i];
    if (feature.kind == FeatureKind::kRow) {
      ARROW_ASSIGN_OR_RAISE(feature.expression, expr::Expression::Make(texts.features[i], rows));
      feature.type = feature.expression.type();
    } else {
      if (feature.input >= 0) {
        feature.call.input = view->inputs[static_cast<size_t>(feature.input)].type();
      }
      ARROW_ASSIGN_OR_RAISE(feature.aggregate, aggregate::Make(feature.call));
      feature.type = feature.aggregate->result_type();
    }
    return feature.type == texts.types[i] ? base::Status() : Corrupt("a feature's type differs");
  }

  static base::Status CompleteDerived(const Texted& texts, View* view) {
    const int first = view->stored_count();
    const std::vector<std::string> derived(texts.features.begin() + first, texts.features.end());
    const DependencyOrder order = OrderByUse(DerivedUses(*view, derived));
    if (!order.cycle.empty()) return Corrupt("derived features use one another in a circle");
    expr::Scope scope = DerivedScope(*view);
    for (const int i : order.order) {
      Feature& feature = view->features[static_cast<size_t>(first + i)];
      ARROW_ASSIGN_OR_RAISE(feature.expression,
                            expr::Expression::Make(derived[static_cast<size_t>(i)], scope));
      feature.type = feature.expression.type();
      if (!(feature.type == texts.types[static_cast<size_t>(first + i)])) {
        return Corrupt("a feature's type differs");
      }
      AddDerived(*view, first + i, &scope);
      view->derived_order.push_back(first + i);
    }
    return {};
  }

  base::Status ReadLabel(Label* label) {
    ARROW_RETURN_NOT_OK(String(&label->name));
    ARROW_ASSIGN_OR_RAISE(const int64_t length, in_.SignedVarint());
    label->length = base::Duration::Micros(length);
    Texted texts;
    ARROW_RETURN_NOT_OK(ReadViewTexts(&label->view, &texts));
    if (label->view.kind != ViewKind::kWindowed || label->view.features.size() != 1) {
      return Corrupt("a label is not one aggregate");
    }
    ARROW_RETURN_NOT_OK(CompleteView(texts, &label->view));
    FillLabelHashes(plan_, label);
    return {};
  }

  base::Status ReadOnDemand(OnDemandView* view) {
    ARROW_RETURN_NOT_OK(String(&view->name));
    ARROW_RETURN_NOT_OK(List(&view->inputs, [&](int* input) -> base::Status {
      ARROW_ASSIGN_OR_RAISE(*input, Index(plan_.views.size(), false));
      return {};
    }));
    ARROW_ASSIGN_OR_RAISE(view->named_inputs, Index(view->inputs.size() + 1, false));
    ARROW_RETURN_NOT_OK(Fields(&view->request));
    std::vector<std::string> texts;
    std::vector<Type> types;
    ARROW_RETURN_NOT_OK(List(&view->features, [&](OnDemandFeature* feature) -> base::Status {
      ARROW_RETURN_NOT_OK(String(&feature->name));
      ARROW_ASSIGN_OR_RAISE(feature->inherited, Flag());
      if (feature->inherited && feature->name.find('.') == std::string::npos) {
        return Corrupt("an inherited feature has no view");
      }
      texts.emplace_back();
      ARROW_RETURN_NOT_OK(String(&texts.back()));
      types.emplace_back();
      ARROW_RETURN_NOT_OK(ReadType(&types.back()));
      ARROW_RETURN_NOT_OK(Default(types.back(), &feature->default_value));
      return Describe(feature);
    }));
    ARROW_RETURN_NOT_OK(Describe(view));
    return CompleteOnDemand(texts, types, view);
  }

  base::Status CompleteOnDemand(const std::vector<std::string>& texts,
                                const std::vector<Type>& types, OnDemandView* view) {
    const DependencyOrder order = OrderByUse(OnDemandUses(*view, texts));
    if (!order.cycle.empty()) return Corrupt("on-demand features use one another in a circle");
    FillOnDemandColumns(plan_, view);
    expr::Scope scope = OnDemandScope(plan_, *view);
    for (const int index : order.order) {
      const auto i = static_cast<size_t>(index);
      OnDemandFeature& feature = view->features[i];
      ARROW_ASSIGN_OR_RAISE(feature.expression, expr::Expression::Make(texts[i], scope));
      feature.type = feature.expression.type();
      if (!(feature.type == types[i])) return Corrupt("a feature's type differs");
      AddOnDemandFeature(index, view, &scope);
      view->order.push_back(index);
    }
    FillHashes(plan_, view);
    return {};
  }

  base::Status ReadService(Service* service) {
    ARROW_RETURN_NOT_OK(String(&service->name));
    ARROW_RETURN_NOT_OK(List(&service->features, [&](ServiceFeature* feature) -> base::Status {
      ARROW_RETURN_NOT_OK(String(&feature->view));
      ARROW_RETURN_NOT_OK(String(&feature->feature));
      ARROW_RETURN_NOT_OK(String(&feature->as));
      ARROW_RETURN_NOT_OK(Texts(&feature->keys));
      const int view = plan_.FindView(feature->view);
      const int on_demand = plan_.FindOnDemand(feature->view);
      bool found =
          view >= 0 && plan_.views[static_cast<size_t>(view)].FindFeature(feature->feature) >= 0;
      if (on_demand >= 0) {
        for (const auto& own : plan_.on_demand[static_cast<size_t>(on_demand)].features) {
          found = found || own.name == feature->feature;
        }
      }
      return found ? base::Status() : Corrupt("a service names no feature of the plan");
    }));
    ARROW_ASSIGN_OR_RAISE(service->log, in_.Float64());
    return Describe(service);
  }

  base::ByteReader in_;
  FeaturePlan plan_;
  std::vector<Texted> texts_;  // by view
};

}  // namespace

std::string EncodePlan(const FeaturePlan& plan) {
  return Writer().Write(plan);
}

base::Result<std::shared_ptr<const FeaturePlan>> DecodePlan(std::string_view bytes) {
  auto plan = Reader(bytes).Read();
  // Whatever did not fit (an expression, a type, a value) means the same to a caller.
  if (!plan.ok()) return Corrupt(base::ProblemsOf(plan.status())[0].message);
  if (EncodePlan(**plan) != bytes) return Corrupt("they are not in canonical form");
  return plan;
}

}  // namespace millrace::features

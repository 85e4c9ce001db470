// Bytes to plans (docs/formats/plan.md): reads what definitions said and completes it as Compile
// does.
#include <utility>

#include "expr/parse.h"
#include "features/codec/constant.h"
#include "features/codec/plan_format.h"
#include "features/codec/view_completion.h"
#include "features/hash.h"
#include "features/plan_codec.h"
#include "features/plan_scope.h"

namespace millrace::features {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view bytes) : in_(bytes) {}

  base::Result<std::shared_ptr<const FeaturePlan>> Read() {
    ARROW_ASSIGN_OR_RAISE(const std::string_view magic, in_.Raw(kPlanMagic.size()));
    ARROW_ASSIGN_OR_RAISE(const uint8_t version, in_.U8());
    if (magic != kPlanMagic) return CorruptPlan("it does not begin as one");
    if (version != kPlanVersion) return CorruptPlan("its version is " + std::to_string(version));
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
    if (index > size || (index == 0 && !may_be_none))
      return CorruptPlan("an index is out of range");
    return static_cast<int>(index) - 1;
  }
  base::Result<bool> Flag() {
    ARROW_ASSIGN_OR_RAISE(const uint8_t flag, in_.U8());
    if (flag > 1) return CorruptPlan("a flag is neither 0 nor 1");
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
    if (unit > static_cast<uint8_t>(TimestampUnit::kNanos)) return CorruptPlan("a unit is unknown");
    source->timestamp_unit = static_cast<TimestampUnit>(unit);
    ARROW_RETURN_NOT_OK(Expression(SourceScope(*source), true, &source->created));
    if (source->created && source->created.type().kind() != columns::Kind::kTimestamp) {
      return CorruptPlan("a knowledge time is no timestamp");
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

  base::Status ReadView(View* view) {
    ViewTexts texts;
    ARROW_RETURN_NOT_OK(ReadViewTexts(view, &texts));
    texts_.push_back(std::move(texts));
    return {};
  }

  base::Status ReadViewTexts(View* view, ViewTexts* texts) {
    ARROW_RETURN_NOT_OK(String(&view->name));
    ARROW_ASSIGN_OR_RAISE(const uint8_t kind, in_.U8());
    if (kind > static_cast<uint8_t>(ViewKind::kSnapshot))
      return CorruptPlan("a view's kind is unknown");
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
    if (resolution < 0) return CorruptPlan("a resolution is negative");
    view->resolution = base::Duration::Micros(resolution);
    ARROW_RETURN_NOT_OK(Optional(&view->ttl));
    ARROW_RETURN_NOT_OK(Optional(&view->history));
    ARROW_RETURN_NOT_OK(
        List(&view->features, [&](Feature* f) { return ReadFeature(*view, f, texts); }));
    return Describe(view);
  }

  base::Status ReadFeature(const View& view, Feature* feature, ViewTexts* texts) {
    ARROW_RETURN_NOT_OK(String(&feature->name));
    ARROW_ASSIGN_OR_RAISE(const uint8_t kind, in_.U8());
    const auto stored =
        view.kind == ViewKind::kWindowed ? FeatureKind::kAggregate : FeatureKind::kRow;
    const bool after_derived =
        !view.features.empty() && view.features.back().kind == FeatureKind::kDerived;
    const auto derived = static_cast<uint8_t>(FeatureKind::kDerived);
    if (kind != derived && (kind != static_cast<uint8_t>(stored) || after_derived)) {
      return CorruptPlan("a feature's kind does not fit its view");
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
        if (view.kind == kind) ARROW_RETURN_NOT_OK(CompleteView(plan_, texts_[i], &view));
      }
    }
    return {};
  }

  base::Status ReadLabel(Label* label) {
    ARROW_RETURN_NOT_OK(String(&label->name));
    ARROW_ASSIGN_OR_RAISE(const int64_t length, in_.SignedVarint());
    label->length = base::Duration::Micros(length);
    ViewTexts texts;
    ARROW_RETURN_NOT_OK(ReadViewTexts(&label->view, &texts));
    if (label->view.kind != ViewKind::kWindowed || label->view.features.size() != 1) {
      return CorruptPlan("a label is not one aggregate");
    }
    ARROW_RETURN_NOT_OK(CompleteView(plan_, texts, &label->view));
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
        return CorruptPlan("an inherited feature has no view");
      }
      texts.emplace_back();
      ARROW_RETURN_NOT_OK(String(&texts.back()));
      types.emplace_back();
      ARROW_RETURN_NOT_OK(ReadType(&types.back()));
      ARROW_RETURN_NOT_OK(Default(types.back(), &feature->default_value));
      return Describe(feature);
    }));
    ARROW_RETURN_NOT_OK(Describe(view));
    return CompleteOnDemand(plan_, texts, types, view);
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
      return found ? base::Status() : CorruptPlan("a service names no feature of the plan");
    }));
    ARROW_ASSIGN_OR_RAISE(service->log, in_.Float64());
    return Describe(service);
  }

  base::ByteReader in_;
  FeaturePlan plan_;
  std::vector<ViewTexts> texts_;  // by view
};

}  // namespace

base::Result<std::shared_ptr<const FeaturePlan>> DecodePlan(std::string_view bytes) {
  auto plan = Reader(bytes).Read();
  // Whatever did not fit (an expression, a type, a value) means the same to a caller.
  if (!plan.ok()) return CorruptPlan(base::ProblemsOf(plan.status())[0].message);
  if (EncodePlan(**plan) != bytes) return CorruptPlan("they are not in canonical form");
  return plan;
}

}  // namespace millrace::features

// Plans to bytes (docs/formats/plan.md). Only what definitions say is written; keys, columns,
// types, orders and hashes follow from it by the functions that Compile uses, so bytes cannot
// contradict themselves.
#include "features/codec/constant.h"
#include "features/codec/plan_format.h"
#include "features/plan_codec.h"

namespace millrace::features {
namespace {

class Writer {
 public:
  std::string Write(const FeaturePlan& plan) {
    out_.Raw(kPlanMagic.data(), kPlanMagic.size());
    out_.U8(kPlanVersion);
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

}  // namespace

std::string EncodePlan(const FeaturePlan& plan) {
  return Writer().Write(plan);
}

}  // namespace millrace::features

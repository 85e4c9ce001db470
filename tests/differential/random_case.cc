// What is drawn: few keys, few instants, few values, so that ties, duplicates and edges are the
// rule; and the numbers that break sums. Some cases have a shape that is hard on its own: thousands
// of events of one key, of many keys, of one instant, thousands of questions.
#include "differential/random_case.h"

#include <algorithm>
#include <cstdio>
#include <random>

namespace millrace::differential {
namespace {

using Texts = std::vector<std::string>;

const Texts kInts = {"0", "1", "2", "-1", "7", "9223372036854775807", "-9223372036854775808"};
const Texts kFloats = {"0.0",  "-0.0",   "1.5",    "0.1", "-2.25", "1e308",    "-1e308",
                       "1e27", "5e-324", "1e-300", "3.0", "NaN",   "Infinity", "-Infinity"};
const Texts kTameFloats = {"0.0", "-0.0", "1.5", "0.1", "0.2", "-2.25", "3.0", "1e16"};
const Texts kFloat32s = {"0.5", "0.1", "-1.0", "16777216.0", "1e30", "NaN"};
const Texts kStrings = {"a", "b", "A", "''", "'a b'", "é"};
const Texts kNumberTexts = {"'1'", "'2'", "'-3'", "'4'", "x"};  // one cannot be cast
const Texts kUnsigned = {"0", "1", "18446744073709551615", "9223372036854775808"};
const Texts kVectors = {"[1.0, 0.0]", "[0.5, -2.0]", "[0.1, 0.2]", "[-0.0, 1e30]", "[NaN, 1.0]"};

// Keys that begin alike, and long ones.
const Texts kPrefixes = {"a",
                         "aa",
                         "'aa '",
                         "aaé",
                         "aaê",
                         "日本",
                         "日本語",
                         "'日本語 '",
                         "🂡",
                         "🂡🂢",
                         std::string(200, 'k'),
                         std::string(199, 'k') + "l"};

enum class Shape {
  kSmall,
  kHotKey,      // thousands of events, most of one key
  kManyKeys,    // hundreds of keys, more than a training set has partitions; many strings
  kLongSpine,   // thousands of questions about one key
  kOneInstant,  // events and questions at two instants and a microsecond beside them
  kAfter,       // no question is later than any event
  kFarCreated,  // known long after or long before it happened
  kPrefixes,    // keys and strings that begin alike, and many of them
};

// Heavy ones are rare: the reference engine is naive.
Shape ShapeOf(uint64_t seed) {
  std::mt19937_64 random(seed * 0x9e3779b97f4a7c15U + 1);
  const uint64_t drawn = random() % 100;
  if (drawn < 3) return static_cast<Shape>(1 + drawn);
  if (drawn < 23) return static_cast<Shape>(4 + drawn % 4);
  return Shape::kSmall;
}

class Drawer {
 public:
  explicit Drawer(uint64_t seed) : random_(seed), shape_(ShapeOf(seed)) { result_.seed = seed; }

  RandomCase Run() {
    has_created_ = Chance(0.5) || shape_ == Shape::kFarCreated;
    items_created_ = Chance(0.4);
    tame_ = Chance(0.4);
    int_key_ = Chance(0.3) && shape_ != Shape::kPrefixes;
    errors_ = Chance(0.3);
    before_epoch_ = Chance(0.2);
    if (has_created_ && shape_ != Shape::kFarCreated && Chance(0.2)) {
      has_created_ = false;
      result_.definitions = "sources:\n  e: {created: event_time + 20m}\n";
      created_expression_ = true;
    }
    result_.definitions += std::string("entities:\n  user: {keys: {user_id: ") + KeyType() +
                           "}}\n  item: {keys: {item_id: string}}\n";
    AddCatalog();
    const int64_t windowed = heavy() ? 1 : 1 + Below(2);
    for (int64_t i = 0; i < windowed; ++i) {
      AddWindowed("w" + std::to_string(i), "    entity: user\n");
    }
    if (!heavy() && Chance(0.25)) AddWindowed("gw", "");  // one key for all
    if (!heavy() && Chance(0.25)) AddWindowed("cw", "    entities: [user, item]\n");
    if (Chance(0.6)) AddSnapshot();
    if (Chance(0.4)) AddOnDemand();
    if (Chance(0.5)) AddLabels();
    AddEvents();
    AddItems();
    AddAsks();
    return std::move(result_);
  }

 private:
  int64_t Below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }
  bool Chance(double p) { return static_cast<double>(random_() >> 11) * 0x1p-53 < p; }
  // Whether the reference engine must not be asked for much more.
  bool heavy() const {
    return shape_ == Shape::kHotKey || shape_ == Shape::kManyKeys || shape_ == Shape::kLongSpine;
  }
  const std::string& Pick(const Texts& texts) {
    return texts[static_cast<size_t>(Below(static_cast<int64_t>(texts.size())))];
  }
  std::string OrNull(const std::string& text, double p = 0.12) { return Chance(p) ? "null" : text; }
  std::string KeyType() const { return int_key_ ? "int64" : "string"; }

  // Instants on a grid of ten minutes, now and then a microsecond beside it.
  std::string Time() {
    static const Texts kFar = {"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z",
                               "1677-09-21T00:12:43.145224Z"};
    if (Chance(0.02)) return Pick(kFar);
    return TimeBetween(0, 36);
  }

  std::string TimeBetween(int64_t first, int64_t last) {
    const int64_t step = first + Below(last - first);
    const int64_t minutes = 10 * (shape_ == Shape::kOneInstant ? step % 2 * 6 : step);
    char text[64];
    const char* day = before_epoch_ ? (minutes < 180 ? "1969-12-31" : "1970-01-01") : "2025-01-01";
    const int64_t hour = before_epoch_ ? (minutes / 60 + 21) % 24 : 8 + minutes / 60;
    const int64_t kind = Below(8);
    const char* second = kind == 0 ? "00.000001" : kind == 1 ? "59.999999" : "00";
    snprintf(text, sizeof text, "%sT%02d:%02d:%sZ", day, static_cast<int>(hour),
             static_cast<int>(minutes % 60), second);
    return text;
  }

  std::string EventTime() { return shape_ == Shape::kAfter ? TimeBetween(18, 36) : Time(); }
  std::string AskedTime() { return shape_ == Shape::kAfter ? TimeBetween(0, 19) : Time(); }
  std::string Created() {
    static const Texts kFar = {"1969-01-01T00:00:00Z", "2025-01-03T00:00:00Z",
                               "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z"};
    return shape_ == Shape::kFarCreated && Chance(0.7) ? Pick(kFar) : Time();
  }

  std::string User() {
    static const Texts kNames = {"ann", "bob", "eve"};
    static const Texts kNumbers = {"1", "-5", "9223372036854775807"};
    if (shape_ == Shape::kPrefixes) return Pick(kPrefixes);
    if (shape_ == Shape::kManyKeys) return (int_key_ ? "" : "u") + std::to_string(Below(700));
    const bool hot = shape_ == Shape::kHotKey || shape_ == Shape::kLongSpine;
    if (hot && Chance(0.9)) return int_key_ ? "1" : "ann";
    return Pick(int_key_ ? kNumbers : kNames);
  }
  std::string Float() { return Pick(tame_ ? kTameFloats : kFloats); }

  std::string IntInput() {
    static const Texts kPlain = {"x", "x", "w", "x % 3", "case when b then x else 1 end"};
    static const Texts kFailing = {"x", "x * 2", "cast(t as int64)", "x + 1"};
    return Pick(errors_ ? kFailing : kPlain);
  }
  std::string NumberInput() {
    static const Texts kInputs = {"x", "f", "f", "f", "g", "f / 3", "w", "u", "length(s)"};
    return Chance(0.2) ? IntInput() : Pick(kInputs);
  }
  std::string AnyInput() {
    static const Texts kInputs = {"x", "f", "s",        "b",          "d",        "g",
                                  "u", "v", "lower(s)", "event_time", "s || 'x'", "array[x, w]"};
    return Pick(kInputs);
  }
  std::string Condition() {
    static const Texts kPlain = {"b", "x > 0", "s = 'a'", "f > 1", "s is not null", "not b"};
    return errors_ && Chance(0.3) ? "cast(t as int64) > 0" : Pick(kPlain);
  }
  std::string Duration() {
    static const Texts kDurations = {"10m", "20m", "1h", "2h", "3h", "1d", "all"};
    return Pick(kDurations);
  }

  // An aggregate call; `any_time`: without those that look at t (labels look ahead).
  std::string Call(bool any_time, bool lookup) {
    static const Texts kP = {"0", "0.1", "0.5", "0.9", "1"};
    static const Texts kHalfLives = {"1s", "10m", "1h", "7d"};
    const std::string k = std::to_string(1 + Below(3));
    switch (Below(any_time ? 19 : 22)) {
      case 0:
        return "count()";
      case 1:
        return "count(" + (lookup && Chance(0.5) ? "it.price" : AnyInput()) + ")";
      case 2:
        return "count_if(" + Condition() + ")";
      case 3:
        return "sum(" + (lookup && Chance(0.5) ? "it.price" : NumberInput()) + ")";
      case 4:
        return "avg(" + NumberInput() + ")";
      case 5:
        return (Chance(0.5) ? "min(" : "max(") + AnyInput() + ")";
      case 6:
        return Pick({"var(", "var_pop(", "stddev(", "stddev_pop("}) + NumberInput() + ")";
      case 7:
        return "skewness(" + NumberInput() + ")";
      case 8:
        return "kurtosis(" + NumberInput() + ")";
      case 9:
        return "nunique(" + AnyInput() + ")";
      case 10:
        return "approx_nunique(" + AnyInput() + ")";
      case 11:
        return (Chance(0.5) ? "first(" : "last(") +
               (lookup && Chance(0.5) ? "it.kind" : AnyInput()) + ")";
      case 12:
        return (Chance(0.5) ? "first_k(" : "last_k(") + AnyInput() + ", " + k + ")";
      case 13:
        return "collect_distinct(" + AnyInput() + ")";
      case 14:
        return Chance(0.5) ? "mode(" + AnyInput() + ")" : "top_k(" + AnyInput() + ", " + k + ")";
      case 15:
        return "histogram(" + Pick({"x", "s", "b", "d", "f"}) + ")";
      case 16:
        return (Chance(0.5) ? "percentile(" : "approx_percentile(") + NumberInput() + ", " +
               Pick(kP) + ")";
      case 17:
        return (Chance(0.5) ? "any(" : "all(") + Condition() + ")";
      case 18:
        return Chance(0.5) ? "vector_avg(v)" : "vector_recency_avg(v, " + k + ")";
      case 19:
        return Chance(0.5) ? "time_since_last()" : "mean_gap()";
      default:
        return (Chance(0.5) ? "decayed_sum(" : "ewma(") + NumberInput() + ", " + Pick(kHalfLives) +
               ")";
    }
  }

  std::string Aggregate(bool any_time, bool lookup) {
    std::string text = Call(any_time, lookup);
    if (Chance(0.3)) {
      text += " filter (where " + (lookup && Chance(0.5) ? "it.kind = 'a'" : Condition()) + ")";
    }
    return text;
  }

  void AddCatalog() {
    RandomView view;
    view.head = "  catalog:\n    entity: item\n    source: items\n";
    if (Chance(0.4)) view.head += "    ttl: " + Pick({"10m", "1h", "2h"}) + "\n";
    if (Chance(0.3)) view.head += "    where: price > 0\n";
    view.head += "    features:\n";
    view.features = {"      price: price\n", "      kind: kind\n"};
    result_.views.push_back(view);
    if (Chance(0.3)) asked_ = {"catalog:price", "catalog:kind"};
  }

  // `entity`: the line that names it.
  void AddWindowed(const std::string& name, const std::string& entity) {
    RandomView view;
    view.head = "  " + name + ":\n" + entity + "    source: e\n";
    const bool lookup = Chance(0.4);
    if (lookup) view.head += "    lookup: {it: catalog}\n";
    if (Chance(0.3)) {
      view.head +=
          "    where: " + (lookup && Chance(0.4) ? "it.price is not null" : Condition()) + "\n";
    }
    Texts windows;
    while (static_cast<int64_t>(windows.size()) < 1 + Below(heavy() ? 2 : 3)) {
      const std::string window = Duration();
      if (std::find(windows.begin(), windows.end(), window) == windows.end()) {
        windows.push_back(window);
      }
    }
    const bool suffix = Chance(0.7);
    if (!suffix) windows.resize(1);
    std::string list;
    for (const std::string& window : windows) list += (list.empty() ? "" : ", ") + window;
    view.head += suffix ? "    windows: [" + list + "]\n" : "    window: " + list + "\n";
    const bool has_all = std::find(windows.begin(), windows.end(), "all") != windows.end();
    if (!has_all && Chance(0.3)) view.head += "    resolution: 10m\n";
    if (Chance(0.3)) view.head += "    history: " + Pick({"1m", "15m", "1d", "all"}) + "\n";
    view.head += "    features:\n";
    const int64_t count = 2 + Below(heavy() ? 2 : 4);
    for (int64_t i = 0; i < count; ++i) {
      const std::string feature = "a" + std::to_string(i);
      const std::string call = i == 0 ? "count()" : Aggregate(false, lookup);
      const bool with_default = call.starts_with("sum(f") || call.starts_with("avg(");
      view.features.push_back("      " + feature + ": " +
                              (with_default && Chance(0.5)
                                   ? "{value: \"" + call + "\", default: -1.5}"
                                   : "\"" + call + "\"") +
                              "\n");
      for (const std::string& window : windows) {
        asked_.push_back(name + ":" + feature + (suffix ? "_" + window : ""));
      }
    }
    if (Chance(0.5)) {
      const std::string counted = "a0" + (suffix ? "_" + windows[0] : "");
      view.derived = {
          "      d0: 10 / (" + counted + " - 1)\n",
          "      d1: {value: d0 + " + counted + ", default: 0.5}\n",
          "      d2: date_diff('hour', date_trunc('day', as_of), as_of) + " + counted + "\n"};
      if (errors_) view.derived.push_back("      d3: 9223372036854775806 + " + counted + "\n");
      for (size_t i = 0; i < view.derived.size(); ++i) {
        asked_.push_back(name + ":d" + std::to_string(i));
      }
      if (on_demand_input_.empty() && !entity.empty()) on_demand_input_ = name;
    }
    result_.views.push_back(std::move(view));
  }

  void AddSnapshot() {
    RandomView view;
    view.head = "  p:\n    entity: user\n    source: e\n";
    if (Chance(0.5)) view.head += "    ttl: " + Pick({"10m", "1h", "2h"}) + "\n";
    if (Chance(0.3)) view.head += "    where: " + Condition() + "\n";
    view.head += "    features:\n";
    view.features = {"      px: x\n", "      pf: {value: f, default: 0.25}\n", "      ps: s\n",
                     "      pv: v\n", "      pt: event_time\n"};
    if (errors_) view.features.push_back("      pe: cast(t as int64)\n");
    view.derived = {"      pd: date_diff('minute', pt, as_of)\n",
                    "      pa: (as_of - event_time) / 1h\n"};
    for (const char* feature : {"px", "pf", "ps", "pv", "pt", "pd", "pa"}) {
      asked_.push_back(std::string("p:") + feature);
    }
    if (errors_) asked_.push_back("p:pe");
    result_.views.push_back(std::move(view));
  }

  void AddOnDemand() {
    if (on_demand_input_.empty()) return;
    RandomView view;
    view.head =
        "  o:\n    inputs: [" + on_demand_input_ + "]\n    request: {r: float64}\n    features:\n";
    view.features = {"      o0: r * d1\n", "      o1: {value: o0 + 1, default: 0.0}\n"};
    asked_.push_back("o:o0");
    asked_.push_back("o:o1");
    has_request_ = true;
    result_.on_demand.push_back(std::move(view));
  }

  void AddLabels() {
    const int64_t count = 1 + Below(2);
    for (int64_t i = 0; i < count; ++i) {
      const std::string name = "l" + std::to_string(i);
      std::string window = Duration();
      if (window == "all") window = "30m";
      const std::string where = Chance(0.3) ? ", where: \"" + Condition() + "\"" : "";
      const std::string call = Chance(0.3) ? "count()" : Aggregate(true, false);
      const std::string fallback = call == "count()" && Chance(0.5) ? ", default: 3" : "";
      result_.labels.push_back("  " + name + ": {entity: user, source: e, window: " + window +
                               ", value: \"" + call + "\"" + where + fallback + "}\n");
      labels_.push_back(name);
    }
  }

  std::string EventRow() {
    // A tenth of the cells that may be unreadable are, in cases with errors.
    auto unreadable = [&](const std::string& text) {
      return errors_ && Chance(0.05) ? std::string("!zz") : text;
    };
    std::string row = unreadable(OrNull(EventTime(), 0.03));
    if (has_created_) row += " | " + OrNull(Created(), 0.03);
    row += " | " + OrNull(User(), 0.05) + " | " + OrNull(Pick({"pen", "ink", "tea"}));
    row += " | " + unreadable(OrNull(Chance(0.8) && tame_ ? Pick({"1", "2", "3"}) : Pick(kInts)));
    row += " | " + OrNull(Float()) + " | " + OrNull(String()) + " | " +
           OrNull(Pick({"true", "false"})) + " | " + OrNull(Pick(kNumberTexts));
    row += " | " + OrNull(Pick(kFloat32s)) + " | " + OrNull(Pick(kUnsigned)) + " | " +
           OrNull(Pick({"1", "-128", "127"}));
    row += " | " + OrNull(Pick({"2024-02-29", "1969-12-31", "2025-01-01"}));
    return row + " | " + (errors_ && Chance(0.1) ? "[1.0]" : OrNull(Pick(kVectors)));
  }

  std::string String() {
    if (shape_ == Shape::kPrefixes && Chance(0.5)) return Pick(kPrefixes);
    const bool many = heavy() || shape_ == Shape::kPrefixes;
    return many && Chance(0.5) ? "s" + std::to_string(Below(2'000)) : Pick(kStrings);
  }

  int64_t EventCount() {
    if (shape_ == Shape::kHotKey) return 2'000 + Below(2'000);
    if (shape_ == Shape::kManyKeys) return 2'000;
    return Below(12) == 0 ? Below(2) : 5 + Below(40);
  }

  int64_t AskedCount() {
    if (shape_ == Shape::kManyKeys) return 200;
    return shape_ == Shape::kLongSpine ? 1'000 + Below(2'000) : 3 + Below(12);
  }

  void AddEvents() {
    RandomTable table;
    table.head = std::string("events e\n  event_time") + (has_created_ ? " | created" : "") +
                 " | user_id:" + KeyType() +
                 " | item_id:string | x:int64 | f:float64 | s:string | b:bool | t:string | "
                 "g:float32 | u:uint64 | w:int8 | d:date | v:vector<float32, 2>\n";
    const int64_t rows = EventCount();
    for (int64_t i = 0; i < rows; ++i) {
      table.rows.push_back(i > 0 && Chance(0.1) ? table.rows.back() : EventRow());
    }
    result_.events.push_back(std::move(table));
  }

  void AddItems() {
    RandomTable table;
    table.head = std::string("events items\n  event_time") + (items_created_ ? " | created" : "") +
                 " | item_id:string | price:float64 | kind:string\n";
    const int64_t rows = Below(16);
    for (int64_t i = 0; i < rows; ++i) {
      std::string row = Time();
      if (items_created_) row += " | " + Time();
      table.rows.push_back(row + " | " + OrNull(Pick({"pen", "ink"}), 0.05) + " | " +
                           OrNull(Float()) + " | " + OrNull(Pick({"a", "b"})));
    }
    result_.events.push_back(std::move(table));
  }

  void AddAsks() {
    RandomTable ask;
    ask.head = "ask offline --full-names";
    ask.inputs = std::string("at | user_id | item_id") + (has_request_ ? " | r" : "");
    ask.asked = asked_;
    ask.asked.insert(ask.asked.end(), labels_.begin(), labels_.end());
    const int64_t rows = AskedCount();
    for (int64_t i = 0; i < rows; ++i) {
      std::string row = OrNull(AskedTime(), 0.05) + " | " + OrNull(User(), 0.05) + " | " +
                        OrNull(Pick({"pen", "ink", "tea"}), 0.05);
      if (has_request_) row += " | " + OrNull(Float());
      ask.rows.push_back(row);
    }
    if (!asked_.empty()) {
      // What every engine answers: no labels.
      RandomTable plain = ask;
      plain.head = "ask --full-names";
      plain.asked = asked_;
      result_.asks.push_back(std::move(plain));
    }
    result_.asks.push_back(ask);
    if ((has_created_ || created_expression_) && Chance(0.5)) {
      ask.head += " --ignore-created";
      result_.asks.push_back(ask);
    }
    AddSteps();
  }

  void AddSteps() {
    if (shape_ == Shape::kManyKeys || !Chance(0.3)) return;
    RandomTable ask;
    const std::string day = before_epoch_ ? "1970-01-01T" : "2025-01-01T";
    ask.head = "ask offline --full-names --every " + Pick({"10m", "1h"}) + " --from " + day +
               (before_epoch_ ? "00:00:00Z" : "09:00:00Z") + " --to " + day +
               (before_epoch_ ? "02:00:00Z" : "11:30:00Z");
    ask.inputs = "at | user_id";
    for (const std::string& name : asked_) {
      if (name.starts_with("w") || name.starts_with("p:")) ask.asked.push_back(name);
    }
    ask.asked.insert(ask.asked.end(), labels_.begin(), labels_.end());
    result_.asks.push_back(std::move(ask));
  }

  std::mt19937_64 random_;
  const Shape shape_;
  RandomCase result_;
  Texts asked_;
  Texts labels_;
  std::string on_demand_input_;
  bool has_created_ = false;
  bool created_expression_ = false;
  bool items_created_ = false;
  bool tame_ = false;
  bool int_key_ = false;
  bool errors_ = false;
  bool before_epoch_ = false;
  bool has_request_ = false;
};

}  // namespace

RandomCase MakeRandomCase(uint64_t seed) {
  return Drawer(seed).Run();
}

}  // namespace millrace::differential

// What wrong definitions are told, as text: YAML, then each problem's place, code and a part of its
// words. A case is: a line `=== name`, YAML for a.yaml, `+++ file` before the text of another file,
// and after
// `---` the problems in order. The shop of definition_testing.h is there too, unless the name ends
// in
// `(alone)`. A hint may be asked for after ` ~ `.
#include <gtest/gtest.h>

#include <sstream>

#include "features/definition_testing.h"

namespace millrace::features {
namespace {

struct ErrorCase {
  std::string name;
  std::vector<DefinitionText> files;
  std::vector<std::string> expected;
};

std::vector<ErrorCase> ReadCases(const char* text) {
  std::vector<ErrorCase> cases;
  bool expecting = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({line.substr(4), {}, {}});
      if (!line.ends_with("(alone)")) cases.back().files.push_back({"shop.yaml", kShop});
      cases.back().files.push_back({"a.yaml", ""});
      expecting = false;
    } else if (line.starts_with("+++ ")) {
      cases.back().files.push_back({line.substr(4), ""});
    } else if (line == "---") {
      expecting = true;
    } else if (expecting) {
      if (!line.empty()) cases.back().expected.push_back(line);
    } else if (!cases.empty()) {
      cases.back().files.back().text += line + "\n";
    }
  }
  return cases;
}

// "a.yaml:3:5 unknown_name there is no source ~ purchases": all of it is in the problem.
bool Fits(const base::Problem& problem, const std::string& expected) {
  std::istringstream words(expected);
  std::string place;
  std::string code;
  words >> place >> code;
  std::string message;
  std::getline(words >> std::ws, message);
  std::string hint;
  const size_t tilde = message.find(" ~ ");
  if (tilde != std::string::npos) {
    hint = message.substr(tilde + 3);
    message.resize(tilde);
  }
  return problem.place.ToString() == place && problem.code.name == code &&
         problem.message.find(message) != std::string::npos &&
         problem.hint.find(hint) != std::string::npos;
}

void RunCases(const char* text) {
  const SchemaReader schemas = SchemasOf({{"data/files.parquet",
                                           {{"user_id", columns::Kind::kString},
                                            {"amount", columns::Kind::kFloat64},
                                            {"cents", columns::Kind::kInt64},
                                            {"event_time", columns::Kind::kTimestamp}}}});
  const std::vector<ErrorCase> cases = ReadCases(text);
  ASSERT_FALSE(cases.empty());
  for (const ErrorCase& one : cases) {
    const auto plan = Compile("shop", one.files, schemas);
    const auto problems = base::ProblemsOf(plan.status());
    std::string found;
    bool good = problems.size() == one.expected.size();
    for (size_t i = 0; i < problems.size(); ++i) {
      found += "\n  " + problems[i].place.ToString() + " " + std::string(problems[i].code.name) +
               " " + problems[i].message + " ~ " + problems[i].hint;
      good = good && Fits(problems[i], one.expected[i]);
    }
    std::string expected;
    for (const std::string& line : one.expected) expected += "\n  " + line;
    EXPECT_TRUE(good) << "case " << one.name << "\nexpected:" << expected << "\nfound:" << found;
  }
}

TEST(DefinitionErrorsTest, Yaml) {
  RunCases(R"yaml(
=== a flow value that YAML splits
views:
  v: {entity: user, source: purchases, window: 1h, features: {p90: percentile(amount, 0.9)}}
---
a.yaml:2:68 needs_quotes YAML splits this value at its comma ~ "percentile(amount, 0.9)"

=== a split value is still checked
views:
  v: {entity: user, source: purchases, window: 1h, features: {p90: percentile(amout, 0.9), n: count()}}
---
a.yaml:2:68 needs_quotes YAML splits this value
a.yaml:2:79 unknown_name amout ~ amount

=== a split type (alone)
sources: {s: {timestamp: t, columns: {t: timestamp, v: vector<float32, 3>, m: map<string, int64>}}}
---
a.yaml:1:56 needs_quotes YAML splits ~ "vector<float32, 3>"
a.yaml:1:79 needs_quotes YAML splits ~ "map<string, int64>"

=== a split item of a list
services:
  s: {features: [f(a, b)]}
---
a.yaml:2:18 bad_value expected view:feature
a.yaml:2:18 needs_quotes YAML splits ~ "f(a, b)"

=== an expression with brackets inside braces
views:
  v: {entity: user, source: profiles, features: {a: array[1, 2]}}
---
a.yaml:2:53 needs_quotes brackets or braces

=== text after a closing quote
views:
  v:
    entity: user
    source: profiles
    features:
      a: '_' || device
---
a.yaml:6:10 needs_quotes after its closing quote ~ quotes of the other kind

=== a colon inside a value
views:
  v:
    entity: user
    source: profiles
    features:
      a: case when device = 'a: b' then 1 end
---
a.yaml:6:10 needs_quotes holds ': '

=== a value that starts with a star
views:
  v:
    entity: user
    source: profiles
    features: {a: *device}
---
a.yaml:5:19 needs_quotes starts with '*'

=== a value that starts with an ampersand
views:
  v: {entity: user, source: profiles, features: [device], owner: &me}
---
a.yaml:2:66 needs_quotes starts with '&'

=== a value that starts with a percent sign
views:
  v:
    entity: user
    source: profiles
    features: [device]
    description: %d
---
a.yaml:6:18 needs_quotes starts with '%'

=== a value that starts with an at sign
views:
  v:
    entity: user
    source: profiles
    owner: @team
    features: [device, devise]
---
a.yaml:5:12 needs_quotes starts with '@'
a.yaml:6:24 unknown_name devise ~ device

=== a value that starts with an exclamation mark
views:
  v: {entity: user, source: profiles, features: [device], owner: !me x}
---
a.yaml:2:66 needs_quotes starts with '!'

=== words that YAML reads as something else
views:
  v:
    entity: user
    source: profiles
    features: [device]
    description: yes
    owner: 12
    tags: {pii: no, x: 1.5e3, y: "no"}
---
a.yaml:6:18 needs_quotes which YAML reads as a boolean ~ "yes"
a.yaml:7:12 needs_quotes which YAML reads as a number ~ "12"
a.yaml:8:17 needs_quotes which YAML reads as a boolean ~ "no"
a.yaml:8:24 needs_quotes which YAML reads as a number ~ "1.5e3"

=== a service's feature that YAML reads as a mapping
views:
  v: {entity: user, source: profiles, features: [device]}
services:
  s:
    features:
      - v: device
---
a.yaml:6:9 needs_quotes YAML reads this as a mapping ~ "v:device"

=== an expression that is a list
views:
  v: {entity: user, source: profiles, features: {a: [1]}}
---
a.yaml:2:53 needs_quotes is a list

=== an unclosed brace
views:
  v: {entity: user
---
a.yaml:3:1 syntax_error YAML cannot be read

=== a tab
views:
	v: {entity: user}
---
a.yaml:2:3 syntax_error YAML cannot be read

=== a list instead of definitions (alone)
- a
- b
---
a.yaml:1:1 bad_value a definition file holds a list

=== an unknown kind of definition (alone)
viewss: {}
---
a.yaml:1:1 unknown_field 'viewss' is no kind of definition ~ views

=== what a broken file may hold is not missed
views:
  v: {entity: nobody, source: nothing, window: 1h, features: {n: count(}}
+++ b.yaml
sources: {x: {timestamp: nope, columns: {t: timestamp}}}
services: {s: {features: ["other:*"]}}
+++ c.yaml
views: {other: {entity: user
---
a.yaml:2:72 syntax_error expected
b.yaml:1:26 missing_column nope
c.yaml:2:1 syntax_error YAML cannot be read
)yaml");
}

TEST(DefinitionErrorsTest, FieldsAndNames) {
  RunCases(R"yaml(
=== unknown fields with the nearest
views:
  v: {entity: user, source: profiles, feature: [device], features: [device], ttll: 1d}
---
a.yaml:2:39 unknown_field view 'v' has no field 'feature' ~ features
a.yaml:2:78 unknown_field view 'v' has no field 'ttll' ~ ttl

=== fields twice
views:
  v: {entity: user, source: profiles, features: [device], source: clicks}
---
a.yaml:2:59 duplicate_name 'source' stands twice

=== fields that say nothing
views:
  v:
    entity:
    source: profiles
    features: [device]
---
a.yaml:3:5 missing_field 'entity' of view 'v' says nothing

=== missing fields
entities: {e: {}}
sources: {s: {columns: {t: timestamp}}, t: {timestamp: t}}
views: {v: {}}
on_demand: {o: {}}
labels: {l: {}}
services: {s: {}}
---
a.yaml:1:15 missing_field entity 'e' has no 'keys'
a.yaml:2:14 missing_field source 's' has no 'timestamp'
a.yaml:2:44 missing_field source 't' has no 'columns'
a.yaml:3:12 missing_field view 'v' has no 'features'
a.yaml:3:12 missing_field view 'v' has no 'source'
a.yaml:4:16 missing_field on-demand view 'o' has no 'features'
a.yaml:5:13 missing_field label 'l' has no 'source'
a.yaml:5:13 missing_field label 'l' has no 'value'
a.yaml:5:13 missing_field label 'l' has no 'window'
a.yaml:6:15 missing_field service 's' has no 'features'

=== unknown entities, sources, views
views:
  v: {entity: usr, source: purchase, window: 1h, features: {n: count()}}
  w: {entity: user, source: clicks, window: 1h, lookup: {i: catalogue}, features: {n: count()}}
on_demand:
  o: {inputs: [vv], features: {a: x}}
services:
  s: {features: ["z:*", "w:m", {view: w, keys: {usr_id: a}}]}
---
a.yaml:2:15 unknown_name there is no entity 'usr' ~ user
a.yaml:2:28 unknown_name there is no source 'purchase' ~ purchases
a.yaml:3:61 unknown_name there is no view 'catalogue'
a.yaml:5:16 unknown_name there is no view 'vv'
a.yaml:7:18 unknown_name there is no view 'z'
a.yaml:7:28 unknown_name view 'w' has no feature 'm'
a.yaml:7:49 unknown_name 'usr_id' is no entity key of view 'w' ~ user_id

=== definitions twice, across files
views:
  v: {entity: user, source: profiles, features: [device]}
  v: {entity: user, source: profiles, features: [score]}
+++ b.yaml
on_demand:
  v: {features: {a: 1}}
entities:
  user: {keys: {user_id: string}}
---
a.yaml:3:3 duplicate_name view 'v' is defined twice ~ a.yaml:2:3
b.yaml:2:3 duplicate_name on-demand view 'v' is defined twice, first as a view ~ a.yaml:2:3
b.yaml:4:3 duplicate_name entity 'user' is defined twice ~ shop.yaml:3:3

=== features twice
views:
  v:
    entity: user
    source: purchases
    windows: [1d]
    features: {n: count(), n_1d: {value: count(), window: 1d}, n: count(paid)}
    derived: {n_1d: 1, m: 2}
---
a.yaml:6:28 duplicate_name feature 'n_1d' of view 'v' is defined twice ~ a.yaml:6:16
a.yaml:6:64 duplicate_name feature 'n_1d' of view 'v' is defined twice
a.yaml:7:15 duplicate_name feature 'n_1d' of view 'v' is defined twice

=== names that expressions could not say
views:
  v-1: {entity: user, source: profiles, features: {as_of: device, case: score, 2x: score, "": score}}
---
a.yaml:2:3 bad_value expected letters, digits and _
a.yaml:2:52 bad_value 'as_of', a word of the expression language
a.yaml:2:67 bad_value 'case', a word of the expression language
a.yaml:2:80 bad_value expected letters, digits and _
a.yaml:2:91 bad_value expected letters, digits and _

=== reserved words
sources:
  s: {timestamp: t, columns: {t: timestamp}, id: a, deleted: b}
views:
  a: {entity: user, sources: [purchases, clicks], window: 1h, features: {n: count()}}
  b: {entity: user, source: [purchases, clicks], window: 1h, features: {n: count()}}
  c: {entity: user, source: purchases, window: {last: 10}, features: {n: count()}}
  d: {entity: user, source: purchases, window: 1h, offset: 1d, by: category, features: {n: count()}}
  e: {entity: user, source: purchases, features: {n: {value: count(), window: {last: 3}, by: x, offset: 1h}}}
---
a.yaml:2:46 reserved 'id'
a.yaml:2:53 reserved 'deleted'
a.yaml:4:21 reserved 'sources'
a.yaml:5:29 reserved several sources
a.yaml:6:49 reserved 'last'
a.yaml:7:52 reserved 'offset'
a.yaml:7:64 reserved 'by'
a.yaml:8:80 reserved 'last'
a.yaml:8:90 reserved 'by'
a.yaml:8:97 reserved 'offset'
)yaml");
}

TEST(DefinitionErrorsTest, EntitiesAndSources) {
  RunCases(R"yaml(
=== keys
entities:
  a: {keys: {}}
  b: {keys: {x: float64, y: list<string>, z: strng}}
  c: {keys: [x]}
---
a.yaml:2:13 bad_value entity 'a' has no key
a.yaml:3:14 type_mismatch key 'x' is float64
a.yaml:3:26 type_mismatch key 'y' is list<string>
a.yaml:3:46 bad_value 'strng' is not a type ~ string
a.yaml:4:13 bad_value is a list

=== types
sources:
  s: {timestamp: t, columns: {t: timestamp, a: decimal, b: struct, c: {path: x.y}, d: {type: int, path: a.b}}}
---
a.yaml:2:48 bad_value is a decimal ~ float64 or string
a.yaml:2:60 bad_value is a struct ~ path: struct.field
a.yaml:2:71 missing_field 'c' in 'columns' of source 's' has no 'type'
a.yaml:2:94 bad_value 'int' is not a type ~ int8

=== times
sources:
  a: {timestamp: t, columns: {t: int64}}
  b: {timestamp: t, columns: {t: float64}}
  c: {timestamp: t, timestamp_unit: days, columns: {t: int64}}
  d: {timestamp: tt, columns: {t: timestamp}}
  e: {timestamp: t, created: t + 1, columns: {t: timestamp}}
  f: {timestamp: t, created: n, columns: {t: timestamp, n: int64}}
  g: {timestamp: t, created: x, columns: {t: timestamp}}
  h: {timestamp: t, created: n > 1, columns: {t: timestamp, n: int64}}
---
a.yaml:2:18 missing_field 'timestamp_unit' is not given
a.yaml:3:18 type_mismatch column 't' is float64
a.yaml:4:18 missing_field 'timestamp_unit' is not given
a.yaml:4:37 bad_value 'timestamp_unit' is 'days'
a.yaml:5:18 missing_column no column 'tt'
a.yaml:6:34 type_mismatch
a.yaml:7:30 missing_field 'timestamp_unit' is not given
a.yaml:8:30 unknown_name x
a.yaml:9:30 type_mismatch 'created' is bool; expected a timestamp

=== places and formats
sources:
  a: {path: x.csv, timestamp: t}
  b: {path: x.parquet, format: parqet, timestamp: t, columns: {t: timestamp}}
  c: {path: none.parquet, timestamp: t}
  d: {path: a.csv, timestamp: t, columns: {t: timestamp}, kafka: {brokers: b, topic: c}}
  e: {timestamp: t, columns: {t: timestamp}, from: yesterday, kafka: {topic: c, format: avro, watermark: 5 s, x: y}}
  f: {timestamp: t, kafka: {brokers: b, topic: c}}
---
a.yaml:2:6 missing_field source 'a' has no 'columns'
a.yaml:3:13 file_not_found x.parquet
a.yaml:3:32 bad_value expected parquet, csv, json or delta ~ parquet
a.yaml:4:13 file_not_found none.parquet
a.yaml:5:6 missing_field no 'from'
a.yaml:6:52 bad_value 'from' of source 'e' is 'yesterday'
a.yaml:6:70 missing_field 'kafka' of source 'e' has no 'brokers'
a.yaml:6:89 bad_value expected json
a.yaml:6:106 bad_value expected a duration
a.yaml:6:111 unknown_field no field 'x'
a.yaml:7:6 missing_field source 'f' has no 'columns'

=== columns of files
sources:
  s:
    path: data/files.parquet
    timestamp: event_tme
    rename: {who: user_id, what: nothing, amount: cents}
    columns: {amout: float64, cents: string, deep: {type: string, path: a.b}}
views:
  v: {entity: user, source: s, window: 1h, features: {n: count()}}
---
a.yaml:4:16 missing_column 'event_tme' for its event time ~ event_time
a.yaml:5:34 missing_column the files have no column 'nothing'
a.yaml:6:15 missing_column the files have no column 'amout' ~ amount

=== renaming what is not declared, and both ways
sources:
  s:
    timestamp: t
    columns: {t: timestamp, a: {type: string, path: x.y}}
    rename: {b: c, a: d}
---
a.yaml:5:14 missing_column 'b' is renamed
a.yaml:5:20 duplicate_name both a 'path' and a 'rename'
)yaml");
}

TEST(DefinitionErrorsTest, Views) {
  RunCases(R"yaml(
=== keys in the source
entities: {shop: {keys: {shop_id: string}}, numbered: {keys: {user_id: int64}}, twin: {keys: {user_id: string}}}
views:
  a: {entity: shop, source: purchases, window: 1h, features: {n: count()}}
  b: {entity: numbered, source: purchases, window: 1h, features: {n: count()}}
  c: {entities: [user, twin], source: purchases, window: 1h, features: {n: count()}}
  d: {entities: [user, user], entity: user, source: purchases, window: 1h, features: {n: count()}}
---
a.yaml:3:15 missing_column has no column 'shop_id', a key of entity 'shop'
a.yaml:4:15 type_mismatch is string; expected int64
a.yaml:5:24 duplicate_name key 'user_id' of entity 'twin'
a.yaml:6:39 bad_value both 'entity' and 'entities'

=== windows
views:
  a: {entity: user, source: purchases, window: 1 day, features: {n: count()}}
  b: {entity: user, source: purchases, windows: [7d, 1w, 1d, 1d], features: {n: count()}}
  c: {entity: user, source: purchases, windows: [90m, all], resolution: 1h, features: {n: count()}}
  d: {entity: user, source: purchases, windows: 7d, features: {n: count()}}
  e: {entity: user, source: purchases, window: [7d], features: {n: count()}}
  f: {entity: user, source: purchases, windows: [], features: {n: count()}}
  g: {entity: user, source: purchases, window: 1h, windows: [1d], features: {n: count()}}
  h: {entity: user, source: purchases, features: {n: count(), m: sum(amount)}}
  i: {entity: user, source: purchases, features: {n: {value: count(), window: 1d}, m: sum(amount)}}
  j: {entity: user, source: purchases, window: 0d, resolution: hourly, history: 1 hour, features: {n: count()}}
---
a.yaml:2:48 bad_window is '1 day'
a.yaml:3:54 bad_window the window 1w stands twice, first as 7d
a.yaml:3:62 bad_window the window 1d stands twice
a.yaml:4:50 bad_window the window 90m is no multiple of the resolution 1h
a.yaml:4:55 bad_window the window all has no resolution
a.yaml:5:49 bad_window 'windows' of view 'd' is '7d' ~ window: 7d
a.yaml:6:48 bad_window 'window' of view 'e' is a list ~ windows: […]
a.yaml:7:49 bad_window 'windows' of view 'f' is empty
a.yaml:8:48 bad_window both 'window' and 'windows'
a.yaml:9:50 missing_field view 'h' has aggregates and no 'windows'
a.yaml:10:84 missing_field feature 'm' has no window
a.yaml:11:48 bad_window is '0d'
a.yaml:11:64 bad_window 'resolution' of view 'j' is 'hourly'
a.yaml:11:81 bad_value 'history' of view 'j' is '1 hour'

=== what belongs to the other kind
views:
  a: {entity: user, source: purchases, window: 1h, ttl: 1d, features: {n: count()}}
  b: {entity: user, source: profiles, resolution: 1h, lookup: {x: b}, features: [device]}
  c: {entity: user, source: purchases, window: 1h, features: [amount]}
  d: {entity: user, source: purchases, ttl: 1d, features: {n: count()}}
---
a.yaml:2:57 bad_value 'ttl' is for snapshot views
a.yaml:3:51 bad_value 'resolution' is for windowed views
a.yaml:3:63 bad_value 'lookup' is for windowed views
a.yaml:4:62 bad_value expected {name: aggregate, …}
a.yaml:5:45 bad_value 'ttl' is for snapshot views

=== aggregates
views:
  v:
    entity: user
    source: purchases
    window: 1h
    features:
      a: summ(amount)
      b: sum(amount) / count()
      c: amount
      d: sum()
      e: "percentile(amount, 2)"
      f: "percentile(amount)"
      g: sum(category)
      h: "ewma(amount, 7)"
      i: "percentile(amount, cents)"
      j: sum(amuont)
      k: count() filter (where amount)
      l: count() filter (where amuont > 1)
      m: lower(category)
      n: "sum(amount, 1)"
      o: sum(amount
      p: "first_k(amount, 0)"
---
a.yaml:7:10 unknown_name there is no aggregate 'summ' ~ sum
a.yaml:8:10 bad_value expected one aggregate ~ derived
a.yaml:9:10 bad_value expected one aggregate
a.yaml:10:10 wrong_arguments 'sum' has 0 arguments
a.yaml:11:30 wrong_arguments percentile
a.yaml:12:11 wrong_arguments 'percentile' has 1 argument
a.yaml:13:14 type_mismatch sum
a.yaml:14:24 wrong_arguments expected a duration such as 7d
a.yaml:15:30 wrong_arguments expected a constant
a.yaml:16:14 unknown_name amuont ~ amount
a.yaml:17:32 type_mismatch the filter is float64
a.yaml:18:32 unknown_name amuont ~ amount
a.yaml:19:10 bad_value expected one aggregate
a.yaml:20:11 wrong_arguments 'sum' has 2 arguments
a.yaml:21:20 syntax_error expected
a.yaml:22:27 wrong_arguments first_k

=== conditions and defaults
views:
  v:
    entity: user
    source: purchases
    where: amount + 1
    window: 1h
    features:
      a: {value: count(), default: none}
      b: {value: last(category), default: no}
      c: {value: last(category), default: 5}
      d: {value: count(), default: "5"}
      e: {value: count(), default: 1.5}
      f: {value: "last_k(category, 2)", default: x}
      g: {value: any(paid), default: yes}
      h: {value: sum(amount), default: [1]}
---
a.yaml:5:12 type_mismatch 'where' is float64
a.yaml:8:36 type_mismatch 'default' is 'none'; expected a value of the feature's type, int64
a.yaml:9:43 needs_quotes which YAML reads as a boolean ~ "no"
a.yaml:10:43 needs_quotes which YAML reads as a number
a.yaml:11:36 type_mismatch 'default' is '5'
a.yaml:12:36 type_mismatch 'default' is '1.5'
a.yaml:13:50 type_mismatch list<string>
a.yaml:14:38 type_mismatch bool
a.yaml:15:40 type_mismatch 'default' is a list

=== lookups
views:
  goods: {entity: item, source: catalog, features: [price]}
  counted: {entity: item, source: purchases, window: 1h, features: {n: count()}}
  a: {entity: user, source: clicks, lookup: {i: counted}, window: 1h, features: {n: avg(i.n)}}
  b: {entity: user, source: clicks, lookup: {i: goods}, window: 1h, features: {n: avg(i.prise)}}
  c: {entity: user, source: profiles, lookup: {i: goods}, window: 1h, features: {n: count()}}
  d: {entity: user, source: clicks, lookup: [goods], window: 1h, features: {n: count()}}
---
a.yaml:4:49 type_mismatch view 'counted' is windowed; expected a snapshot view
a.yaml:5:87 unknown_name i.prise ~ i.price
a.yaml:6:51 missing_column source 'profiles' has no column 'item_id', a key of view 'goods'
a.yaml:7:45 bad_value 'lookup' of view 'd' is a list

=== snapshot features
views:
  a: {entity: user, source: profiles, features: [devise, lower(device), 12]}
  b: {entity: user, source: profiles, features: {t: event_time - event_time, u: null, v: devise, w: "array[]"}}
---
a.yaml:2:50 unknown_name devise ~ device
a.yaml:2:58 bad_value expected a column's name
a.yaml:2:73 needs_quotes which YAML reads as a number
a.yaml:3:53 type_mismatch is a duration
a.yaml:3:78 missing_field feature 'u' has no value
a.yaml:3:90 unknown_name devise ~ device
a.yaml:3:101 type_mismatch has no type

=== derived features
views:
  v:
    entity: user
    source: purchases
    windows: [1d, 7d]
    features: {n: count(), bad: summ(amount)}
    derived:
      a: b + 1
      b: c + 1
      c: a + 1
      d: d
      e: n_1d + a
      f: n_3d
      g: bad_1d
      h: as_of - as_of
      i: n_1d + 'x'
      j: "n_7d +"
      as_of: 1
---
a.yaml:6:33 unknown_name there is no aggregate 'summ' ~ sum
a.yaml:8:7 cycle a -> b -> c -> a
a.yaml:11:7 cycle d -> d
a.yaml:13:10 unknown_name n_3d ~ n_1d
a.yaml:15:10 type_mismatch is a duration
a.yaml:16:17 type_mismatch
a.yaml:17:17 syntax_error
a.yaml:18:7 bad_value 'as_of'

=== places inside folded and quoted expressions
views:
  v:
    entity: user
    source: purchases
    window: 1h
    features: {n: count(), m: sum(amount)}
    derived:
      a: >
        n
        + k
      b: n +
        k
      c: 'if(m = 0, ''a'', k)'
      d: "if(m = 0, \"k, k)"
      e: |
        n +
          k
---
a.yaml:10:11 unknown_name k
a.yaml:12:9 unknown_name k
a.yaml:13:28 unknown_name k
a.yaml:14:21 syntax_error
a.yaml:17:11 unknown_name k
)yaml");
}

TEST(DefinitionErrorsTest, OnDemandLabelsAndServices) {
  RunCases(R"yaml(
=== on-demand scopes
views:
  v: {entity: user, source: purchases, window: 1h, features: {n: count(), m: sum(amount)}}
  w: {entity: user, source: profiles, features: {n: score}}
on_demand:
  o:
    inputs: [v, w, v]
    request: {x: float64, y: flot64, m: int64}
    features:
      a: n + 1
      b: v.n + w.n
      c: x + z
      x: 1
      d: m
      e: request.m + v.m
      f: y + 1
      g: g
---
a.yaml:6:20 duplicate_name input 'v' stands twice
a.yaml:7:30 bad_value 'flot64' is not a type ~ float64
a.yaml:9:10 ambiguous_name 'v.n' or 'w.n'
a.yaml:11:14 unknown_name z
a.yaml:12:7 duplicate_name hides the request field ~ a.yaml:7:15
a.yaml:13:10 ambiguous_name 'v.m' or 'request.m'
a.yaml:16:7 cycle g -> g

=== on-demand views that use one another
on_demand:
  a: {inputs: [b], features: {x: 1}}
  b: {inputs: [a], features: {x: 2}}
---
a.yaml:2:3 cycle a -> b -> a

=== a broken input is told once
views:
  v: {entity: user, source: purchases, window: 1h, features: {n: coumt(), m: count()}}
on_demand:
  o: {inputs: [v], features: {a: n + 1, b: v.n, c: m}}
services:
  s: {features: ["v:n", "o:a", "v:k"]}
---
a.yaml:2:66 unknown_name there is no aggregate 'coumt' ~ count
a.yaml:6:35 unknown_name view 'v' has no feature 'k'

=== labels
labels:
  a: {entity: user, source: purchases, window: all, value: count()}
  b: {entity: user, source: purchases, windows: [1d], value: count()}
  c: {entity: user, source: purchases, window: 1d, value: amount, where: 1}
  d: {entity: usr, source: purchases, window: 1d, value: count(), default: x, lookup: {a: b}}
---
a.yaml:2:48 bad_window 'window' of label 'a' is all
a.yaml:3:49 bad_window 'windows' of label 'b'
a.yaml:4:59 bad_value expected one aggregate
a.yaml:4:74 type_mismatch 'where' is int64
a.yaml:5:15 unknown_name there is no entity 'usr'
a.yaml:5:76 type_mismatch 'default'
a.yaml:5:79 unknown_field label 'd' has no field 'lookup'

=== services
views:
  v: {entity: user, source: profiles, features: [device, score]}
services:
  a: {features: [v, "v:device", "v:*", 3], log: 2}
  b: {features: {v: "*"}}
  c: {features: [{view: v, as: x}, {view: v, as: x, keys: {user_id: other}}, {view: v, features: [scor]}]}
  d: {features: [{as: x}], log: often}
---
a.yaml:4:18 bad_value expected view:feature ~ v:*
a.yaml:4:33 duplicate_name 'v:device' stands twice
a.yaml:4:40 needs_quotes reads as a number
a.yaml:4:49 bad_value expected a share from 0 to 1
a.yaml:5:17 bad_value is a mapping
a.yaml:6:36 duplicate_name 'x:device' stands twice
a.yaml:6:36 duplicate_name 'x:score' stands twice
a.yaml:6:99 unknown_name view 'v' has no feature 'scor' ~ score
a.yaml:7:18 missing_field has no 'view'
a.yaml:7:33 bad_value expected a share
)yaml");
}

TEST(DefinitionErrorsTest, BytesThatAreNoText) {
  for (const std::string& text : {std::string("views:\n  v\0: {}", 14), std::string("a: \xFF"),
                                  std::string("\xFF\xFE"
                                              "a\0:\0",
                                              6)}) {
    const auto plan = Compile("shop", {{"a.yaml", text}}, {});
    const auto problems = base::ProblemsOf(plan.status());
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_EQ(problems[0].code, base::codes::kSyntax);
  }
}

}  // namespace
}  // namespace millrace::features

// What wrong YAML, fields, names, entities and sources are told.
#include <gtest/gtest.h>

#include "features/compiler/error_case_testing.h"

namespace millrace::features {
namespace {

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

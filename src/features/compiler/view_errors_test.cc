// What wrong views, on-demand views, labels and services are told.
#include <gtest/gtest.h>

#include "features/compiler/error_case_testing.h"

namespace millrace::features {
namespace {

TEST(ViewErrorsTest, Views) {
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

TEST(ViewErrorsTest, OnDemandLabelsAndServices) {
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

}  // namespace
}  // namespace millrace::features

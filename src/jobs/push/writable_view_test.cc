#include "jobs/push/writable_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "features/compile.h"

namespace millrace::jobs {
namespace {

using testing::HasSubstr;

std::shared_ptr<const features::FeaturePlan> Plan() {
  constexpr const char* kText = R"(entities:
  user: {keys: {user_id: string}}
sources:
  profiles:
    timestamp: event_time
    created: ingested_at
    rename: {user_id: customer_no}
    columns:
      user_id: string
      age: int64
      device: {type: string, path: context.device}
      event_time: timestamp
      ingested_at: timestamp
  reports: {timestamp: at, timestamp_unit: ms, columns: {user_id: string, at: int64, x: int64}}
  hours: {timestamp: at, created: at + 1h, columns: {user_id: string, at: timestamp, x: int64}}
  days: {timestamp: day, columns: {user_id: string, day: date, x: int64}}
  texts: {timestamp: at, created: known, columns: {user_id: string, at: string, known: string, x: int64}}
views:
  profile:
    entity: user
    source: profiles
    features: {years: age, device: device}
    derived: {older: years + 1}
  adult: {entity: user, source: profiles, where: age > 17, features: [age]}
  computed: {entity: user, source: profiles, features: {next: age + 1, age: age}}
  twice: {entity: user, source: profiles, features: {a: age, b: age}}
  moment: {entity: user, source: profiles, features: {seen: event_time}}
  known: {entity: user, source: profiles, features: {since: ingested_at}}
  report: {entity: user, source: reports, features: [x]}
  hourly: {entity: user, source: hours, features: [x]}
  daily: {entity: user, source: days, features: [x]}
  text: {entity: user, source: texts, features: [x]}
  spend: {entity: user, source: profiles, window: 7d, features: {n: count()}}
on_demand:
  price: {inputs: [profile], request: {price: float64}, features: {ratio: price / years}}
)";
  const auto plan = features::Compile("shop", {{"all.yaml", kText}}, {});
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *plan : nullptr;
}

// "source timestamp created: key->column …"; the code and the message.
std::string Found(const std::string& view) {
  const auto found = FindWritableView(*Plan(), view);
  if (!found.ok()) {
    const base::Problem problem = base::ProblemsOf(found.status())[0];
    return std::string(problem.code.name) + " " + problem.message;
  }
  std::string text = found->source + " " + found->timestamp;
  if (found->timestamp_unit == features::TimestampUnit::kMillis) text += "(ms)";
  text += " " + found->created + ":";
  for (const auto& [name, column] : found->columns) text += " " + name + "->" + column;
  return text;
}

TEST(WritableViewTest, FeaturesThatAreBareColumns) {
  EXPECT_EQ(Found("profile"),
            "profiles event_time ingested_at: user_id->customer_no years->age "
            "device->context.device");
  EXPECT_EQ(Found("text"), "texts at known: user_id->user_id x->x");
}

TEST(WritableViewTest, AnEventTimeMayBeAnInteger) {
  EXPECT_EQ(Found("report"), "reports at(ms) : user_id->user_id x->x");
}

TEST(WritableViewTest, AKnowledgeTimeThatIsMadeIsNotGiven) {
  EXPECT_EQ(Found("hourly"), "hours at : user_id->user_id x->x");
}

TEST(WritableViewTest, AFeatureMaySayTheKnowledgeTime) {
  EXPECT_EQ(Found("known"), "profiles event_time : user_id->customer_no since->ingested_at");
}

TEST(WritableViewTest, OthersSayWhyTheyAreNot) {
  const auto refused = [](const std::string& view) {
    const std::string found = Found(view);
    const std::string begin = "view_not_writable view '" + view + "' cannot be written to: ";
    return found.starts_with(begin) ? found.substr(begin.size()) : "? " + found;
  };
  EXPECT_EQ(refused("spend"), "its features are aggregates of events");
  EXPECT_EQ(refused("adult"), "its `where` (age > 17) may leave out what was written");
  EXPECT_EQ(refused("computed"), "feature 'next' (age + 1) is no bare column of source 'profiles'");
  EXPECT_EQ(refused("twice"),
            "feature 'a' and feature 'b' are one column of source 'profiles', 'age'");
  EXPECT_EQ(refused("moment"),
            "the event time and feature 'seen' are one column of source 'profiles', 'event_time'");
  EXPECT_EQ(refused("daily"), "the event time 'day' of source 'days' is a date");
  EXPECT_EQ(refused("price"), "an on-demand view has no rows");
}

TEST(WritableViewTest, AnUnknownViewHasANearestOne) {
  const auto found = FindWritableView(*Plan(), "profil");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(base::ProblemsOf(found.status())[0].code, base::codes::kUnknownName);
  EXPECT_EQ(base::ProblemsOf(found.status())[0].hint, "did you mean 'profile'?");
}

}  // namespace
}  // namespace millrace::jobs

// Pushed rows in training sets: in the values, the report and the proof; and a proof that holds
// while the log grows and is compacted.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "jobs/training/training_set.h"
#include "jobs/training/verify.h"
#include "offline/source_testing.h"
#include "sources/push/push_log_writer.h"
#include "sources/table_file.h"

namespace millrace::jobs {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

base::EventTime At(const char* time) {
  return base::ParseTime(time).ValueOrDie();
}

class PushedRowsTest : public ::testing::Test {
 protected:
  PushedRowsTest()
      : plan_(offline::PlanOf(R"(
entities:
  user: {keys: {user_id: string}}
sources:
  purchases:
    path: data/purchases.csv
    timestamp: event_time
    created: known
    columns: {event_time: timestamp, user_id: string, amount: float64, known: timestamp}
  clicks:
    timestamp: event_time
    columns: {event_time: timestamp, user_id: string, amount: float64, known: timestamp}
views:
  spend: {entity: user, source: purchases, window: 1h, features: {sum: sum(amount)}}
  taps: {entity: user, source: clicks, window: 1h, features: {taps: sum(amount)}}
)")) {
    std::string pattern = (std::filesystem::temp_directory_path() / "pushed_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    std::filesystem::create_directories(folder_ + "/data");
    std::ofstream(folder_ + "/data/purchases.csv")
        << "event_time,user_id,amount,known\n"
           "2025-01-01T09:30:00Z,ann,5,2025-01-01T09:30:00Z\n";
    std::ofstream(folder_ + "/spine.csv")
        << "user_id,event_timestamp\nann,2025-01-01T10:00:00Z\nbob,2025-01-01T10:00:00Z\n"
           "bob,2025-01-01T09:50:00Z\n";
    options_.folders = {folder_, folder_ + "/lake/push"};
    options_.spine = folder_ + "/spine.csv";
    options_.features = {"spend:sum"};
    options_.out = folder_ + "/out.csv";
  }
  ~PushedRowsTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<sources::PushLogWriter> Open(const char* source) const {
    return sources::PushLogWriter::Open(options_.folders.push,
                                        plan_->sources[plan_->FindSource(source)], {})
        .ValueOrDie();
  }
  // One row at 09:40, known when it came: at 09:55.
  static void Push(sources::PushLogWriter* writer, const char* user, double amount,
                   sources::PushTo to = sources::PushTo::kBoth) {
    const auto utc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    arrow::TimestampBuilder times(utc, arrow::default_memory_pool());
    arrow::StringBuilder users;
    arrow::DoubleBuilder amounts;
    ASSERT_TRUE(times.Append(At("2025-01-01T09:40:00Z").micros()).ok());
    ASSERT_TRUE(users.Append(user).ok() && amounts.Append(amount).ok());
    arrow::ArrayVector columns;
    for (const auto& field : writer->schema()->fields()) {
      columns.push_back(field->name() == "event_time" ? *times.Finish()
                        : field->name() == "user_id"  ? *users.Finish()
                        : field->name() == "amount"   ? *amounts.Finish()
                                                      : *arrow::MakeArrayOfNull(utc, 1));
    }
    const sources::PushRows rows{arrow::RecordBatch::Make(writer->schema(), 1, columns),
                                 At("2025-01-01T09:55:00Z"), to};
    ASSERT_TRUE(writer->Append({&rows, 1}).ok());
  }

  offline::Report Make() const {
    const auto made = MakeTrainingSet(*plan_, options_);
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? *made : offline::Report();
  }
  std::string Table(const std::string& feature) const {
    const auto read = sources::ReadTable(options_.out, {});
    EXPECT_TRUE(read.ok()) << read.status();
    return offline::TextOf(**read, {"user_id", feature});
  }
  // "" or what is wrong.
  std::string Verify() const {
    const PlanOfVersion plan_of = [&](int) { return plan_; };
    const auto verified =
        VerifyTrainingSet(plan_of, {.file = options_.out, .folders = options_.folders});
    std::string text;
    for (const auto& problem : base::ProblemsOf(verified.status())) text += problem.message + "\n";
    return text;
  }
  std::string Proof() const {
    std::ifstream in(options_.out + ".proof.json");
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::vector<std::filesystem::path> LogFiles() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry :
         std::filesystem::directory_iterator(options_.folders.push + "/purchases")) {
      if (entry.path().extension() != ".lock") files.push_back(entry.path());
    }
    return files;
  }

  std::shared_ptr<const features::FeaturePlan> plan_;
  std::string folder_;
  TrainingSetOptions options_;
};

TEST_F(PushedRowsTest, CountBesideThoseOfFilesFromWhenTheyCame) {
  const auto writer = Open("purchases");
  Push(writer.get(), "ann", 2);
  Push(writer.get(), "bob", 3);
  Push(writer.get(), "bob", 100, sources::PushTo::kOnline);
  const offline::Report report = Make();
  EXPECT_EQ(Table("sum"), "ann | 7.0\nbob | 3.0\nbob | null\n");
  ASSERT_EQ(report.sources.size(), 1U);
  EXPECT_EQ(report.sources[0].events, 3);
  EXPECT_EQ(report.sources[0].one_sided, 1);
  EXPECT_EQ(report.rejected.total(), 0);
  EXPECT_THAT(ToText(report),
              HasSubstr("  online           1  rows pushed into purchases for stores alone"));
  EXPECT_THAT(ToJson(report), HasSubstr("\"one_sided\": 1"));
  EXPECT_THAT(Proof(), HasSubstr("\"push:" + writer->writer() + "/1-3\""));
}

TEST_F(PushedRowsTest, AreProvenWhileTheLogGrowsAndIsCompacted) {
  const auto writer = Open("purchases");
  Push(writer.get(), "ann", 2);
  Push(writer.get(), "bob", 3, sources::PushTo::kOnline);
  Make();
  EXPECT_EQ(Verify(), "");
  Push(writer.get(), "ann", 50);
  EXPECT_EQ(Verify(), "");
  ASSERT_TRUE(writer->Compact().ok());
  EXPECT_EQ(Verify(), "");
  Push(writer.get(), "bob", 60);
  EXPECT_EQ(Verify(), "");
  Make();
  EXPECT_EQ(Table("sum"), "ann | 57.0\nbob | 60.0\nbob | null\n");
  EXPECT_EQ(Verify(), "");
}

TEST_F(PushedRowsTest, ThatWereNotThereAreNotMissed) {
  Make();
  const auto writer = Open("purchases");
  Push(writer.get(), "ann", 2);
  EXPECT_EQ(Verify(), "");
}

TEST_F(PushedRowsTest, ThatAreLostOrOthersAreFound) {
  std::filesystem::path saved = folder_ + "/saved.log";
  {
    const auto writer = Open("purchases");
    Push(writer.get(), "ann", 2);
    std::filesystem::copy(LogFiles()[0], saved);
    Push(writer.get(), "bob", 3);
  }
  Make();
  const std::filesystem::path log = LogFiles()[0];
  std::filesystem::remove(log);
  EXPECT_THAT(Verify(),
              HasSubstr("/1-2 of source purchases: the push log does not have all these"));
  std::filesystem::copy(saved, log);
  EXPECT_THAT(Verify(),
              HasSubstr("/1-2 of source purchases: the push log does not have all these"));
  {
    const auto writer = Open("purchases");
    Push(writer.get(), "bob", 4);
  }
  EXPECT_THAT(Verify(), HasSubstr("/1-2 of source purchases has other content (tag)"));
}

TEST_F(PushedRowsTest, AreAllThatASourceWithoutPathHas) {
  options_.features = {"taps:taps"};
  const auto none = MakeTrainingSet(*plan_, options_);
  EXPECT_THAT(none.status().ToString(), AllOf(HasSubstr("clicks"), HasSubstr("empty_source")));
  const auto writer = Open("clicks");
  EXPECT_FALSE(MakeTrainingSet(*plan_, options_).ok());
  Push(writer.get(), "bob", 3);
  Make();
  // Without `created` it is known when it happened.
  EXPECT_EQ(Table("taps"), "ann | null\nbob | 3.0\nbob | 3.0\n");
  EXPECT_EQ(Verify(), "");
  Push(writer.get(), "ann", 9);
  ASSERT_TRUE(writer->Compact().ok());
  EXPECT_EQ(Verify(), "");
}

TEST_F(PushedRowsTest, AreTheSameWheneverOneRunOpensTheirSource) {
  const auto writer = Open("purchases");
  Push(writer.get(), "ann", 2);
  const features::Source& source = plan_->sources[plan_->FindSource("purchases")];
  const auto open = SourcesIn(options_.folders);
  const auto files = [&] {
    const auto reader = open(source, {.root = "", .columns = {}});
    EXPECT_TRUE(reader.ok()) << reader.status();
    return (*reader)->Files().ValueOrDie();
  };
  const auto before = files();
  Push(writer.get(), "ann", 3);
  ASSERT_TRUE(writer->Compact().ok());
  const auto after = files();
  ASSERT_EQ(before.size(), 2U);
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[1].path, before[1].path);
  EXPECT_EQ(after[1].tag, before[1].tag);
}

TEST(SourceFolders, PushLogsAreInTheLakeOrBesideTheProject) {
  project::Project project;
  project.folder = "/p";
  project.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "LAKE") return "/big/lake";
    return std::nullopt;
  };
  const auto push = [&](const char* lake) {
    project.lake = lake;
    const auto folders = FoldersOf(project);
    return folders.ok() ? folders->push
                        : std::string(base::ProblemsOf(folders.status())[0].code.name);
  };
  EXPECT_EQ(push("./lake"), "/p/lake/push");
  EXPECT_EQ(push("${LAKE}"), "/big/lake/push");
  EXPECT_EQ(push("s3://bucket/lake"), "/p/.millrace/push");
  EXPECT_EQ(push("${NONE}"), "missing_variable");
}

}  // namespace
}  // namespace millrace::jobs

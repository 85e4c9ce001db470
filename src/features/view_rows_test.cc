#include "features/view_rows.h"

#include <gtest/gtest.h>

#include <map>

#include "expr/expression.h"

namespace millrace::features {
namespace {

using columns::Cell;
using columns::ColumnBuffer;
using columns::Kind;

// One view: key user_id, where amount < 100 (an error where amount is unreadable), inputs amount
// and cast(text as int64), filter flag.
struct Fixture {
  Fixture() {
    Source& source = plan.sources.emplace_back();
    source.name = "s";
    source.columns = {{"user_id", Kind::kString},
                      {"amount", Kind::kInt64},
                      {"text", Kind::kString},
                      {"flag", Kind::kBool},
                      {"unread", Kind::kInt64}};
    View& view = plan.views.emplace_back();
    view.name = "v";
    view.source = 0;
    view.keys = {source.columns[0]};
    view.key_columns = {0};
    view.row_columns = source.columns;
    view.where = Bound("amount < 100");
    view.inputs = {Bound("amount"), Bound("cast(text as int64)")};
    view.filters = {Bound("flag")};
    AddFeature("all", 0, -1);
    AddFeature("casts", 1, -1);
    AddFeature("flagged", 1, 0);
    buffers.reserve(source.columns.size());
    for (const Field& column : source.columns) buffers.emplace_back(column.type);
  }

  expr::Expression Bound(const std::string& text) {
    expr::Scope scope;
    const auto& columns = plan.sources[0].columns;
    for (size_t i = 0; i < columns.size(); ++i) {
      scope.Add(columns[i].name, static_cast<int>(i), columns[i].type);
    }
    const auto bound = expr::Expression::Make(text, scope);
    EXPECT_TRUE(bound.ok()) << bound.status().ToString();
    return bound.ok() ? *bound : expr::Expression();
  }

  void AddFeature(const std::string& name, int input, int filter) {
    Feature& feature = plan.views[0].features.emplace_back();
    feature.name = name;
    feature.input = input;
    feature.filter = filter;
  }

  // "-" is null, "!" an unreadable cell.
  void AddRow(const std::string& user, const std::string& amount, const std::string& text,
              const std::string& flag) {
    const std::string cells[] = {user, amount, text, flag};
    for (size_t i = 0; i < 4; ++i) {
      if (cells[i] == "-") {
        buffers[i].AppendNull();
      } else if (cells[i] == "!") {
        buffers[i].AppendCell(columns::kBadCast);
      } else {
        buffers[i].AppendValue(*columns::FromText(cells[i], buffers[i].type()));
      }
    }
    buffers[4].AppendNull();
  }

  columns::EventBatch Batch() {
    columns::EventBatch batch;
    batch.origin = "file";
    batch.size = buffers[0].size();
    for (int64_t row = 0; row < batch.size; ++row) {
      batch.rows.push_back(row + 1);
      batch.event_times.emplace_back();
    }
    for (ColumnBuffer& buffer : buffers) batch.columns.push_back(columns::Own(std::move(buffer)));
    return batch;
  }

  FeaturePlan plan;
  std::vector<ColumnBuffer> buffers;
};

std::map<std::string, int64_t> Counts(const columns::RejectedRows& rejected) {
  std::map<std::string, int64_t> counts;
  for (const auto& reason : rejected.reasons) {
    counts[reason.where + ": " + reason.code] += reason.count;
  }
  return counts;
}

TEST(ViewProjector, JudgesEveryRow) {
  Fixture fixture;
  fixture.AddRow("ann", "1", "7", "true");
  fixture.AddRow("ann", "100", "7", "true");  // where is false
  fixture.AddRow("-", "100", "7", "true");    // where is false, so the key does not matter
  fixture.AddRow("ann", "-", "7", "true");    // where is null
  fixture.AddRow("ann", "!", "7", "true");
  fixture.AddRow("-", "1", "7", "true");
  fixture.AddRow("!", "1", "7", "true");
  ViewProjector projector(fixture.plan, fixture.plan.views[0]);
  const columns::EventBatch batch = fixture.Batch();
  const ViewRows rows = projector.Run(batch, {});
  EXPECT_EQ(rows.verdicts,
            (std::vector<Verdict>{Verdict::kKept, Verdict::kFiltered, Verdict::kFiltered,
                                  Verdict::kFiltered, Verdict::kWhereError, Verdict::kNullKey,
                                  Verdict::kUnreadableKey}));
  EXPECT_EQ(rows.rows, std::vector<int64_t>{0});
  EXPECT_EQ(rows.keys.size(), 1u);
  EXPECT_EQ(rows.keys[0], "\3ann");
  EXPECT_EQ(Counts(rows.rejected),
            (std::map<std::string, int64_t>{
                {"view v: bad_cast", 1}, {"view v: null_key", 1}, {"view v: unreadable_key", 1}}));
  EXPECT_EQ(rows.rejected.reasons[0].examples, std::vector<std::string>{"file row 5"});
}

TEST(ViewProjector, AnErrorInAnInputRejectsTheRowForThatAggregateAlone) {
  Fixture fixture;
  fixture.AddRow("ann", "1", "seven", "true");
  fixture.AddRow("ann", "2", "seven", "false");
  fixture.AddRow("ann", "3", "7", "!");
  fixture.AddRow("ann", "200", "seven", "true");  // not kept, so not counted
  ViewProjector projector(fixture.plan, fixture.plan.views[0]);
  const columns::EventBatch batch = fixture.Batch();
  const ViewRows rows = projector.Run(batch, {});
  EXPECT_EQ(rows.rows, (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(rows.inputs[0].ints[2], 3);
  EXPECT_FALSE(rows.inputs[1].valid(0));
  EXPECT_EQ(rows.inputs[1].ints[2], 7);
  EXPECT_EQ(Counts(rows.rejected),
            (std::map<std::string, int64_t>{{"feature v:casts: bad_cast", 2},
                                            // Row 1's filter is false; row 2's is unreadable.
                                            {"feature v:flagged: bad_cast", 2}}));
}

TEST(ViewProjector, ReadsOnlyWhatIsWanted) {
  Fixture fixture;
  EXPECT_EQ(ViewProjector(fixture.plan, fixture.plan.views[0]).SourceColumns(),
            (std::vector<int>{0, 1, 2, 3}));
  ViewProjector one(fixture.plan, fixture.plan.views[0], {true, false, false});
  EXPECT_EQ(one.SourceColumns(), (std::vector<int>{0, 1}));
  fixture.AddRow("ann", "1", "seven", "!");
  const columns::EventBatch batch = fixture.Batch();
  const ViewRows rows = one.Run(batch, {});
  EXPECT_TRUE(rows.inputs[1].type.is_null());
  EXPECT_TRUE(rows.filters[0].type.is_null());
  EXPECT_EQ(rows.rejected.total(), 0);
}

}  // namespace
}  // namespace millrace::features

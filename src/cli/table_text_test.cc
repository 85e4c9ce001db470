#include "cli/table_text.h"

#include <gtest/gtest.h>

namespace millrace::cli {
namespace {

TEST(TableText, AlignsByCodePointsAndPadsNoLastColumn) {
  EXPECT_EQ(TableText({"A", "B"}, {{"x", "1"}, {"längst", "2"}}),
            "A       B\n"
            "x       1\n"
            "längst  2\n");
}

TEST(TableText, EmptyCellsLeaveNoTrailingSpace) {
  EXPECT_EQ(TableText({"A", "B", "C"}, {{"x", "", ""}}), "A  B  C\nx\n");
  EXPECT_EQ(TableText({"A"}, {}), "A\n");
}

}  // namespace
}  // namespace millrace::cli

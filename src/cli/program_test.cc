#include "cli/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/embedded_file.h"
#include "cli/system_clock.h"

namespace millrace::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

class ProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "program_test_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(folder_); }

  int Run(const std::vector<std::string>& arguments) {
    out_.str("");
    err_.str("");
    Program program({.out = &out_,
                     .err = &err_,
                     .clock = &clock_,
                     .err_is_terminal = false,
                     .project_dir = folder_.string()});
    return program.Run(arguments);
  }

  fs::path folder_;
  SystemClock clock_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(ProgramTest, AMistypedCommandNamesTheNearest) {
  EXPECT_EQ(Run({"aply"}), 2);
  EXPECT_EQ(err_.str(), "no command 'aply' (did you mean 'apply'?) [usage]\n");
  EXPECT_THAT(out_.str(), IsEmpty());
  EXPECT_EQ(Run({"--project", "apply", "hsitory"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("'history'"));
  EXPECT_EQ(Run({"zzzzzzzz"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--help"));
}

TEST_F(ProgramTest, AMistypedOptionNamesTheNearest) {
  EXPECT_EQ(Run({"plan", "--jsn"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("did you mean '--json'?"));
  EXPECT_THAT(err_.str(), HasSubstr("[usage]"));
}

TEST_F(ProgramTest, NoCommandIsUsage) {
  EXPECT_EQ(Run({}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("[usage]"));
}

TEST_F(ProgramTest, HelpIsAResult) {
  EXPECT_EQ(Run({"--help"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("training-set"));
  EXPECT_THAT(err_.str(), IsEmpty());
  EXPECT_EQ(Run({"apply", "--help"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("--author"));
}

TEST_F(ProgramTest, CommandsThatAreNotBuiltAreRefusedByName) {
  for (const std::string& command : ReservedCommands()) {
    EXPECT_EQ(Run({command, "--whatever", "x"}), 2) << command;
    EXPECT_EQ(err_.str(), "`millrace " + command + "` is reserved, and not built yet [reserved]\n");
  }
}

TEST_F(ProgramTest, VersionSaysWhatWasBuilt) {
  EXPECT_EQ(Run({"version", "--json"}), 0);
  const auto json = nlohmann::json::parse(out_.str());
  EXPECT_EQ(json["version"], "0.1.0");
  EXPECT_THAT(json["arrow"].get<std::string>(), HasSubstr("26."));
  EXPECT_EQ(Run({"version"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("millrace 0.1.0"));
}

TEST_F(ProgramTest, InitWritesTheTemplateUnderTheFoldersName) {
  const fs::path made = folder_ / "My-Shop";
  ASSERT_EQ(Run({"init", made.string()}), 0) << err_.str();
  for (const base::EmbeddedFile& file : TemplateFiles())
    EXPECT_TRUE(fs::exists(made / file.path)) << file.path;
  std::ifstream settings(made / "millrace.yaml");
  std::string first;
  std::getline(settings, first);
  EXPECT_EQ(first, "project: \"my_shop\"");
  EXPECT_FALSE(fs::exists(folder_ / "My-Shop.unfinished"));
}

TEST_F(ProgramTest, InitTouchesNoFolderWithFiles) {
  std::ofstream(folder_ / "mine") << "x";
  EXPECT_EQ(Run({"init", folder_.string()}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("not empty"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
  EXPECT_EQ(Run({"init", (folder_ / "mine").string()}), 2);
}

TEST_F(ProgramTest, InitTakesAnEmptyFolder) {
  fs::create_directory(folder_ / "empty");
  EXPECT_EQ(Run({"init", (folder_ / "empty").string() + "/"}), 0) << err_.str();
  EXPECT_TRUE(fs::exists(folder_ / "empty" / "millrace.yaml"));
}

TEST_F(ProgramTest, InitKnowsItsExamples) {
  EXPECT_EQ(Run({"init", (folder_ / "x").string(), "--example", "shp"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("did you mean 'shop'?"));
  EXPECT_FALSE(fs::exists(folder_ / "x"));
}

TEST_F(ProgramTest, AFolderWithoutAProjectIsNamed) {
  EXPECT_EQ(Run({"plan"}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("millrace.yaml"));
  EXPECT_THAT(err_.str(), HasSubstr("[file_not_found]"));
}

TEST_F(ProgramTest, AStreamThatFailsIsNotSuccess) {
  std::ostream broken(nullptr);
  Program program({.out = &broken,
                   .err = &err_,
                   .clock = &clock_,
                   .err_is_terminal = false,
                   .project_dir = "."});
  EXPECT_EQ(program.Run({"version"}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("[io_error]"));
}

}  // namespace
}  // namespace millrace::cli

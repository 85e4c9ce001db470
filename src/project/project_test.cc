// Loading projects: settings, variables, files.
#include "project/project.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "project/memory.h"

namespace millrace::project {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

Environment Variables(std::map<std::string, std::string> values) {
  return [values](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

class ProjectTest : public testing::Test {
 protected:
  ProjectTest() {
    std::string name = (fs::temp_directory_path() / "millrace_project_XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~ProjectTest() override {
    std::error_code ignored;
    fs::permissions(folder_, fs::perms::owner_all, ignored);
    fs::remove_all(folder_, ignored);
  }
  void Write(const std::string& file, const std::string& text) {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text;
  }
  base::Result<Project> Load(const std::string& text, std::map<std::string, std::string> env = {}) {
    Write("millrace.yaml", text);
    return Project::Load(folder_.string(), Variables(std::move(env)));
  }
  // "line:column code", one per problem.
  static std::string Problems(const base::Status& status) {
    std::string text;
    for (const base::Problem& problem : base::ProblemsOf(status)) {
      text += (text.empty() ? "" : ", ") + problem.place.ToString() + " " +
              std::string(problem.code.name);
    }
    return text;
  }

  fs::path folder_;
};

TEST_F(ProjectTest, Defaults) {
  const auto project = Load("project: shop\n");
  ASSERT_TRUE(project.ok()) << project.status();
  EXPECT_EQ(project->name, "shop");
  EXPECT_EQ(project->folder, folder_.string());
  EXPECT_EQ(project->registry, "sqlite:registry.db");
  EXPECT_EQ(project->lake, "./lake");
  EXPECT_EQ(project->online, "lmdb:./online");
  EXPECT_EQ(project->memory_bytes_max, int64_t{4} << 30);
  EXPECT_EQ(project->durability, Durability::kProcess);
}

TEST_F(ProjectTest, DurabilityIsOneOfTwoWords) {
  const auto sync = Load("project: shop\ndurability: ${D}\n", {{"D", "sync"}});
  ASSERT_TRUE(sync.ok()) << sync.status();
  EXPECT_EQ(sync->durability, Durability::kSync);
  const auto process = Load("project: shop\ndurability: process\n");
  ASSERT_TRUE(process.ok()) << process.status();
  EXPECT_EQ(process->durability, Durability::kProcess);
  EXPECT_EQ(Problems(Load("project: shop\ndurability: power\n").status()),
            "millrace.yaml:2:13 bad_value");
}

TEST_F(ProjectTest, VariablesStayUnexpanded) {
  const auto project = Load(
      "project: shop\nregistry: sqlite:${DB}\nlake: ${LAKE:-s3://b}/x\nonline: 'redis://:${PW}@h'\n"
      "memory: ${MEM:-1GiB}\n",
      {{"DB", "a.db"}, {"PW", "s${DB}t"}});
  ASSERT_TRUE(project.ok()) << project.status();
  EXPECT_EQ(project->registry, "sqlite:${DB}");
  EXPECT_EQ(project->Expand(project->registry).ValueOr("?"), "sqlite:a.db");
  EXPECT_EQ(project->Expand(project->lake).ValueOr("?"), "s3://b/x");
  EXPECT_EQ(project->Expand(project->online).ValueOr("?"), "redis://:s${DB}t@h");
  EXPECT_EQ(project->memory_bytes_max, int64_t{1} << 30);
}

TEST_F(ProjectTest, EverythingWrongIsToldAtOnce) {
  const auto project = Load(
      "projct: shop\nregistry: a/${NONE}/b\nlake: \"${\"\nonline: 12\nmemory: lots\nlake: x\n"
      "project: a b\n");
  EXPECT_EQ(Problems(project.status()),
            "millrace.yaml:1:1 unknown_field, millrace.yaml:2:13 missing_variable, "
            "millrace.yaml:3:8 bad_value, millrace.yaml:4:9 needs_quotes, "
            "millrace.yaml:5:9 bad_value, millrace.yaml:6:1 duplicate_name, "
            "millrace.yaml:7:10 bad_value");
}

TEST_F(ProjectTest, AFolderWithoutAProjectSaysWhatToDo) {
  const auto project = Project::Load(folder_.string(), Variables({}));
  const auto problems = base::ProblemsOf(project.status());
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].code, base::codes::kNotFound);
  EXPECT_THAT(problems[0].message, HasSubstr(folder_.string()));
  EXPECT_THAT(problems[0].hint, HasSubstr("millrace init"));
}

TEST_F(ProjectTest, FilesThatAreNoProject) {
  EXPECT_EQ(Problems(Load("").status()), "millrace.yaml:1:1 missing_field");
  EXPECT_EQ(Problems(Load("- a\n").status()), "millrace.yaml:1:1 bad_value");
  EXPECT_EQ(Problems(Load("project: a\n---\nproject: b\n").status()),
            "millrace.yaml:1:1 missing_field");
  EXPECT_EQ(Problems(Load("project: {\n").status()), "millrace.yaml:2:1 syntax_error");
}

TEST_F(ProjectTest, DefinitionsComeInOrderOfTheirPaths) {
  const auto project = Load("project: shop\n");
  ASSERT_TRUE(project.ok());
  EXPECT_TRUE(project->ReadDefinitions()->empty());
  Write("features/b.yaml", "b");
  Write("features/a/z.yml", "z");
  Write("features/a.yaml", "a");
  Write("features/.hidden.yaml", "no");
  Write("features/notes.txt", "no");
  Write("quality/q.yaml", "no");
  const auto texts = project->ReadDefinitions();
  ASSERT_TRUE(texts.ok()) << texts.status();
  ASSERT_EQ(texts->size(), 3u);
  EXPECT_EQ((*texts)[0].file, "features/a.yaml");
  EXPECT_EQ((*texts)[1].file, "features/a/z.yml");
  EXPECT_EQ((*texts)[2].file, "features/b.yaml");
  EXPECT_EQ((*texts)[1].text, "z");
}

TEST_F(ProjectTest, ADefinitionFileThatCannotBeReadIsNamed) {
  const auto project = Load("project: shop\n");
  ASSERT_TRUE(project.ok());
  fs::create_directories(folder_ / "features");
  fs::create_symlink(folder_ / "gone", folder_ / "features" / "a.yaml");
  EXPECT_EQ(Problems(project->ReadDefinitions().status()), "features/a.yaml file_not_found");
}

TEST_F(ProjectTest, ARelativeFolderIsMadeAbsolute) {
  Write("millrace.yaml", "project: shop\n");
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  const auto project = Project::Load(".", Variables({}));
  fs::current_path(before);
  ASSERT_TRUE(project.ok()) << project.status();
  EXPECT_TRUE(fs::equivalent(project->folder, folder_));
  EXPECT_EQ(project->folder.back() == '/', false);
}

TEST(ExpandTest, Texts) {
  const auto environment = Variables({{"A", "1"}, {"EMPTY", ""}, {"B_2", "${A}"}});
  EXPECT_EQ(Expand("x${A}y${B_2}", environment).ValueOr("?"), "x1y${A}");
  EXPECT_EQ(Expand("$A $ ${EMPTY} $${A}", environment).ValueOr("?"), "$A $  $1");
  EXPECT_EQ(Expand("${EMPTY:-d}${NO:-}${A:-z}${NO:-a:-b}", environment).ValueOr("?"), "d1a:-b");
  const auto missing = base::ProblemsOf(Expand("ab${NO}", environment).status());
  ASSERT_EQ(missing.size(), 1u);
  EXPECT_EQ(missing[0].code, base::codes::kMissingVariable);
  EXPECT_EQ(missing[0].place.column, 3);
  EXPECT_FALSE(Expand("${A", environment).ok());
  EXPECT_FALSE(Expand("${}", environment).ok());
  EXPECT_FALSE(Expand("${A B}", environment).ok());
}

TEST(ParseMemoryTest, Texts) {
  EXPECT_EQ(ParseMemory("4GiB").ValueOr(0), int64_t{4} << 30);
  EXPECT_EQ(ParseMemory("512 mib").ValueOr(0), int64_t{512} << 20);
  EXPECT_EQ(ParseMemory("1.5GB").ValueOr(0), 1'500'000'000);
  EXPECT_EQ(ParseMemory("1000000").ValueOr(0), 1'000'000);
  for (const char* text : {"", "GiB", "-1GiB", "0", "4 G i B?", "4X", "1e3", "nan", "9999999TiB"}) {
    EXPECT_FALSE(ParseMemory(text).ok()) << text;
  }
}

}  // namespace
}  // namespace millrace::project

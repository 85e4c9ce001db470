#include "sources/files/file_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "sources/folder_testing.h"

namespace millrace::sources {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Shown(const base::Result<FileList>& list) {
  std::vector<std::string> shown;
  if (!list.ok()) return {TextOf(list.status())};
  for (const ListedFile& file : list->files) shown.push_back(file.shown);
  return shown;
}

TEST(Glob, MatchesNamesAndFolders) {
  EXPECT_TRUE(GlobMatches("a/*.csv", "a/b.csv"));
  EXPECT_FALSE(GlobMatches("a/*.csv", "a/b/c.csv"));
  EXPECT_FALSE(GlobMatches("a/*.csv", "a/.b.csv"));
  EXPECT_TRUE(GlobMatches("a/_*.csv", "a/_b.csv"));
  EXPECT_TRUE(GlobMatches("a/?.csv", "a/b.csv"));
  EXPECT_FALSE(GlobMatches("a/?.csv", "a/bb.csv"));
  EXPECT_TRUE(GlobMatches("a/[b-d]?.csv", "a/c1.csv"));
  EXPECT_FALSE(GlobMatches("a/[!b-d]?.csv", "a/c1.csv"));
  EXPECT_TRUE(GlobMatches("a/**/x.csv", "a/x.csv"));
  EXPECT_TRUE(GlobMatches("a/**/x.csv", "a/b/c/x.csv"));
  EXPECT_FALSE(GlobMatches("a/**/x.csv", "a/.b/x.csv"));
  EXPECT_FALSE(GlobMatches("a/**/x.csv", "a/_b/x.csv"));
  EXPECT_TRUE(GlobMatches("**", "a/b"));
  EXPECT_TRUE(GlobMatches("*/*", "a/b"));
  EXPECT_FALSE(GlobMatches("*", "a/b"));
}

TEST(ListFiles, OneFileRelativeToTheRoot) {
  const Folder folder;
  folder.Write("data/a.csv", "x\n");
  EXPECT_THAT(Shown(ListFiles("data/a.csv", "", folder.path())), ElementsAre("data/a.csv"));
  EXPECT_THAT(Shown(ListFiles("data/a.csv", "", folder.path() + "/")), ElementsAre("data/a.csv"));
  EXPECT_THAT(Shown(ListFiles(folder / "data/a.csv", "", "/elsewhere")),
              ElementsAre(folder / "data/a.csv"));
  const FileList list = ListFiles("data/a.csv", "", folder.path()).ValueOrDie();
  EXPECT_EQ(list.format, Format::kCsv);
  EXPECT_EQ(list.files[0].bytes, 2);
}

TEST(ListFiles, GlobsComeInOrderOfTheirNames) {
  const Folder folder;
  for (const char* name :
       {"d/b.csv", "d/a10.csv", "d/a2.csv", "d/.h.csv", "d/e/c.csv", "d/x.txt"}) {
    folder.Write(name, "x\n");
  }
  EXPECT_THAT(Shown(ListFiles("d/*.csv", "", folder.path())),
              ElementsAre("d/a10.csv", "d/a2.csv", "d/b.csv"));
  EXPECT_THAT(Shown(ListFiles("d/**/*.csv", "", folder.path())),
              ElementsAre("d/a10.csv", "d/a2.csv", "d/b.csv", "d/e/c.csv"));
  EXPECT_THAT(Shown(ListFiles("*/[a-b]*.csv", "", folder.path())),
              ElementsAre("d/a10.csv", "d/a2.csv", "d/b.csv"));
  EXPECT_THAT(Shown(ListFiles("d/*.txt", "csv", folder.path())), ElementsAre("d/x.txt"));
}

TEST(ListFiles, RelativeToTheCurrentFolder) {
  const Folder folder;
  folder.Write("a.csv", "x\n");
  folder.Write("d/b.csv", "x\n");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const auto top = Shown(ListFiles("*.csv", "", ""));
  const auto below = Shown(ListFiles("*/b.csv", "", ""));
  const auto all = Shown(ListFiles("**", "csv", ""));
  std::filesystem::current_path(before);
  EXPECT_THAT(top, ElementsAre("a.csv"));
  EXPECT_THAT(below, ElementsAre("d/b.csv"));
  EXPECT_THAT(all, ElementsAre("a.csv", "d/b.csv"));
}

TEST(ListFiles, AFileOfThatVeryNameComesBeforeAGlob) {
  const Folder folder;
  folder.Write("a[1].csv", "x\n");
  folder.Write("a1.csv", "x\n");
  EXPECT_THAT(Shown(ListFiles("a[1].csv", "", folder.path())), ElementsAre("a[1].csv"));
}

TEST(ListFiles, FoldersAreSearchedAndHiddenNamesSkipped) {
  const Folder folder;
  for (const char* name : {"d/day=2/p.parquet", "d/day=1/p.parquet", "d/_temporary/p.parquet",
                           "d/_SUCCESS", "d/.p.parquet", "d/.git/p.parquet", "d/notes.txt"}) {
    folder.Write(name, "x");
  }
  EXPECT_THAT(Shown(ListFiles("d", "", folder.path())),
              ElementsAre("d/day=1/p.parquet", "d/day=2/p.parquet"));
  EXPECT_THAT(Shown(ListFiles("d/", "parquet", folder.path())),
              ElementsAre("d/day=1/p.parquet", "d/day=2/p.parquet"));
  EXPECT_EQ(CodeOf(ListFiles("d", "csv", folder.path()).status()), "empty_source");
}

TEST(ListFiles, WhatIsNotThere) {
  const Folder folder;
  folder.Write("d/notes.txt", "x");
  const auto code = [&](const char* path) {
    return CodeOf(ListFiles(path, "", folder.path()).status());
  };
  EXPECT_EQ(code("nothing.csv"), "file_not_found");
  EXPECT_EQ(code("nothing/*.csv"), "file_not_found");
  EXPECT_EQ(code("d/*.csv"), "empty_source");
  EXPECT_EQ(code("d"), "empty_source");
  EXPECT_EQ(code("d/notes.txt"), "usage");
  EXPECT_EQ(code(""), "missing_field");
  EXPECT_THAT(TextOf(ListFiles("d/*.csv", "", folder.path()).status()), HasSubstr("d/*.csv"));
}

TEST(ListFiles, SeveralFormatsAreNoSource) {
  const Folder folder;
  folder.Write("d/a.csv", "x\n");
  folder.Write("d/b.parquet", "x");
  EXPECT_EQ(CodeOf(ListFiles("d", "", folder.path()).status()), "bad_value");
  EXPECT_THAT(Shown(ListFiles("d", "csv", folder.path())), ElementsAre("d/a.csv"));
  EXPECT_EQ(CodeOf(ListFiles("d", "delta", folder.path()).status()), "reserved");
  EXPECT_EQ(CodeOf(ListFiles("d", "xml", folder.path()).status()), "bad_value");
}

TEST(ListFiles, AFolderThatMayNotBeReadIsNamed) {
  const Folder folder;
  folder.Write("d/a.csv", "x\n");
  ::chmod((folder / "d").c_str(), 0);
  ::chmod(folder.path().c_str(), 0755);
  const bool root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const auto list = ListFiles("d/*.csv", "", folder.path());
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  ::chmod((folder / "d").c_str(), 0755);
  EXPECT_EQ(CodeOf(list.status()), "permission_denied") << list.status();
}

TEST(ContentTag, IsOfTheContent) {
  const Folder folder;
  folder.Write("a.csv", "x\n");
  folder.Write("b.csv", "x\n");
  folder.Write("c.csv", "y\n");
  const FileList list = ListFiles("*.csv", "", folder.path()).ValueOrDie();
  std::vector<std::string> tags;
  for (const ListedFile& file : list.files) tags.push_back(ContentTag(list, file).ValueOrDie());
  EXPECT_EQ(tags[0].size(), 16);
  EXPECT_EQ(tags[0], tags[1]);
  EXPECT_NE(tags[0], tags[2]);
}

}  // namespace
}  // namespace millrace::sources

// Loading of a project.
#include "project/project.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "features/yaml/map_reader.h"
#include "features/yaml/parse.h"
#include "project/memory.h"
#include "project/text_file.h"

namespace millrace::project {

namespace codes = base::codes;
namespace fs = std::filesystem;
namespace yaml = features::yaml;

namespace {

constexpr const char* kFileName = "millrace.yaml";

class SettingsReader {
 public:
  SettingsReader(const yaml::Node& root, Project* project, features::ProblemList* problems)
      : fields_(root, "the project", problems), project_(project), problems_(problems) {}

  void Read() {
    if (fields_.Require("project", "the project's name") != nullptr) ReadName();
    ReadText("registry", &project_->registry);
    ReadText("lake", &project_->lake);
    ReadText("online", &project_->online);
    ReadMemory();
    ReadDurability();
    fields_.Finish();
  }

 private:
  void ReadName() {
    const auto name = fields_.FindText("project");
    if (!name) return;
    const bool good =
        !name->value.empty() && std::all_of(name->value.begin(), name->value.end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '_' || c == '-';
        });
    if (good) {
      project_->name = name->value;
      return;
    }
    problems_->Add(
        codes::kBadValue, *name->node,
        "the project's name is '" + name->value + "'; expected letters, digits, _ and -");
  }

  void ReadText(std::string_view field, std::string* out) {
    const auto text = fields_.FindText(field);
    if (!text) return;
    *out = text->value;
    const auto expanded = project_->Expand(text->value);
    if (!expanded.ok()) {
      problems_->AddExpression(expanded.status(), *text->node);
    } else if (expanded->empty()) {
      problems_->Add(
          codes::kBadValue, *text->node,
          "'" + std::string(field) + "' of the project is empty; expected a path or URL");
    }
  }

  void ReadMemory() {
    const auto text = fields_.FindScalar("memory", "an amount such as 4GiB");
    if (!text) return;
    const auto expanded = project_->Expand(text->value);
    if (!expanded.ok()) {
      problems_->AddExpression(expanded.status(), *text->node);
      return;
    }
    const auto bytes = ParseMemory(*expanded);
    if (bytes.ok()) {
      project_->memory_bytes_max = *bytes;
    } else {
      problems_->AddStatus(bytes.status(), text->place());
    }
  }

  void ReadDurability() {
    const auto text = fields_.FindText("durability");
    if (!text) return;
    const auto expanded = project_->Expand(text->value);
    if (!expanded.ok()) {
      problems_->AddExpression(expanded.status(), *text->node);
    } else if (*expanded == "sync") {
      project_->durability = Durability::kSync;
    } else if (*expanded != "process") {
      problems_->Add(codes::kBadValue, *text->node,
                     "'durability' of the project is '" + *expanded +
                         "'; expected process (a write survives the end of the process) or sync "
                         "(a power cut too)");
    }
  }

  yaml::MapReader fields_;
  Project* project_;
  features::ProblemList* problems_;
};

bool IsDefinitionFile(const fs::path& path) {
  const std::string name = path.filename().string();
  return !name.starts_with('.') && (path.extension() == ".yaml" || path.extension() == ".yml");
}

base::Status FolderError(const std::error_code& error, const std::string& folder) {
  const bool denied = error == std::errc::permission_denied;
  return base::Error({.code = denied ? codes::kPermission : codes::kIo,
                      .message = "cannot read the folder: " + error.message(),
                      .place = {folder, 0, 0}});
}

}  // namespace

base::Result<Project> Project::Load(const std::string& folder, Environment environment) {
  Project project;
  project.environment = std::move(environment);
  std::error_code error;
  const fs::path absolute = fs::absolute(folder.empty() ? "." : folder, error).lexically_normal();
  if (error) return FolderError(error, folder);
  project.folder = absolute.has_filename() ? absolute.string() : absolute.parent_path().string();
  auto text = ReadTextFile((absolute / kFileName).string());
  if (!text.ok()) {
    base::Problem problem = base::ProblemsOf(text.status())[0];
    if (!(problem.code == codes::kNotFound)) return text.status();
    problem.message = "there is no " + std::string(kFileName) + " in " + project.folder;
    problem.place = {};
    problem.hint = "`millrace init DIR` makes a repository; --project names the folder of another";
    return base::Error(std::move(problem));
  }
  features::ProblemList problems;
  const yaml::Document document = yaml::Parse(kFileName, std::move(*text), &problems);
  if (document.roots.size() == 1) {
    SettingsReader(document.roots[0], &project, &problems).Read();
  } else if (document.readable) {
    problems.Add(codes::kMissingField, {kFileName, 1, 1},
                 "the file holds " + std::to_string(document.roots.size()) +
                     " documents; expected one, with the field 'project'");
  }
  if (!problems.empty()) return base::Errors(problems.Sorted());
  return project;
}

base::Result<std::string> Project::Expand(std::string_view text) const {
  return project::Expand(text, environment);
}

base::Result<std::vector<features::DefinitionText>> Project::ReadDefinitions() const {
  const fs::path root = fs::path(folder) / "features";
  std::vector<features::DefinitionText> texts;
  std::error_code error;
  if (!fs::exists(root, error) && !error) return texts;
  std::vector<fs::path> files;
  fs::recursive_directory_iterator at(root, error);
  while (!error && at != fs::recursive_directory_iterator()) {
    std::error_code ignored;
    if (!at->is_directory(ignored) && IsDefinitionFile(at->path())) files.push_back(at->path());
    at.increment(error);
  }
  if (error) return FolderError(error, root.string());
  std::vector<base::Problem> problems;
  for (const fs::path& file : files) {
    const std::string name = file.lexically_relative(folder).generic_string();
    auto text = ReadTextFile(file.string());
    if (text.ok()) {
      texts.push_back({name, std::move(*text)});
      continue;
    }
    for (base::Problem& problem : base::ProblemsOf(text.status())) {
      problem.place.file = name;
      problems.push_back(std::move(problem));
    }
  }
  const auto by_file = [](const auto& a, const auto& b) { return a.file < b.file; };
  std::sort(texts.begin(), texts.end(), by_file);
  std::sort(problems.begin(), problems.end(),
            [](const auto& a, const auto& b) { return a.place.file < b.place.file; });
  if (!problems.empty()) return base::Errors(std::move(problems));
  return texts;
}

}  // namespace millrace::project

// `millrace init`: writes a template repository (embedded_file.h) into a new folder, whole or not
// at all.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "cli/embedded_file.h"
#include "cli/program.h"

namespace millrace::cli {
namespace {

namespace codes = base::codes;
namespace fs = std::filesystem;

struct InitOptions {
  std::string folder;
  std::string example;
};

// A project's name from its folder's: lower case letters, digits and underscores.
std::string ProjectName(const fs::path& folder) {
  std::string name;
  for (const char c : fs::absolute(folder).lexically_normal().filename().string()) {
    const bool kept =
        std::isalnum(static_cast<unsigned char>(c)) != 0 && static_cast<unsigned char>(c) < 128;
    name += kept ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : '_';
  }
  const bool starts_well = !name.empty() && std::isalpha(static_cast<unsigned char>(name[0])) != 0;
  return starts_well ? name : "project_" + name;
}

base::Status FileError(const fs::path& path, const std::error_code& error) {
  const base::Code code =
      error == std::errc::permission_denied || error == std::errc::read_only_file_system
          ? codes::kPermission
      : error == std::errc::no_space_on_device ? codes::kDiskFull
                                               : codes::kIo;
  return base::Error(code, fmt::format("{}: {}", path.string(), error.message()));
}

base::Status WriteFile(const fs::path& path, std::string_view content) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) return FileError(path.parent_path(), error);
  errno = 0;
  std::ofstream file(path, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  if (!file) return FileError(path, std::error_code(errno ? errno : EIO, std::generic_category()));
  if (content.starts_with("#!"))
    fs::permissions(path, fs::perms::owner_exec, fs::perm_options::add, error);
  return base::Status::OK();
}

base::Status WriteFiles(const std::vector<base::EmbeddedFile>& files, const fs::path& folder,
                        const std::string& project) {
  constexpr std::string_view kPlaceholder = "@project@";
  for (const base::EmbeddedFile& file : files) {
    std::string content(file.content);
    if (const size_t at = content.find(kPlaceholder); at != std::string::npos) {
      content.replace(at, kPlaceholder.size(), project);
    }
    ARROW_RETURN_NOT_OK(WriteFile(folder / file.path, content));
  }
  return base::Status::OK();
}

// Written beside and renamed, so that the folder is there whole or not at all.
base::Status MakeRepository(const std::vector<base::EmbeddedFile>& files, const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder, error) &&
      !(fs::is_directory(folder, error) && fs::is_empty(folder, error))) {
    return base::Error({.code = codes::kUsage,
                        .message = fmt::format("{}: already there, and not empty", folder.string()),
                        .hint = "name a new folder"});
  }
  const fs::path final_path = fs::absolute(folder).lexically_normal() / "";
  const fs::path target = final_path.parent_path();
  fs::path unfinished = target;
  unfinished += ".unfinished";
  fs::remove_all(unfinished, error);
  const base::Status written = WriteFiles(files, unfinished, ProjectName(target));
  if (written.ok()) fs::rename(unfinished, target, error);
  if (written.ok() && !error) return written;
  const base::Status failed = written.ok() ? FileError(target, error) : written;
  fs::remove_all(unfinished, error);
  return failed;
}

base::Result<int> RunInit(const InitOptions& options, const Terminal& terminal) {
  const bool shop = options.example == "shop";
  if (!shop && !options.example.empty()) {
    std::string hint = base::NearestHint(options.example, {"shop"});
    return base::Error({.code = codes::kUnknownName,
                        .message = fmt::format("no example '{}': there is shop", options.example),
                        .hint = std::move(hint)});
  }
  const std::vector<base::EmbeddedFile>& files = shop ? ShopFiles() : TemplateFiles();
  ARROW_RETURN_NOT_OK(MakeRepository(files, options.folder));
  *terminal.out << fmt::format("{}: {} files\n", options.folder, files.size());
  for (const base::EmbeddedFile& file : files) *terminal.out << "  " << file.path << '\n';
  *terminal.out << fmt::format("next: cd {} && {}millrace plan\n", options.folder,
                               shop ? "python3 prepare.py && " : "");
  return kExitDone;
}

}  // namespace

void AddInit(CLI::App& app, Program& program) {
  auto options = std::make_shared<InitOptions>();
  CLI::App* command = app.add_subcommand("init", "Make a repository that runs");
  command->add_option("folder", options->folder, "A folder that is not there yet, or is empty")
      ->required()
      ->type_name("DIR");
  command->add_option("--example", options->example,
                      "Start from an example: shop (real purchases)");
  command->callback([options, &program] {
    program.Choose([options, &program] { return RunInit(*options, program.terminal()); });
  });
}

}  // namespace millrace::cli

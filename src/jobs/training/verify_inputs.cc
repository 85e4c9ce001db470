// The inputs' sizes and tags as they are now against those of the proof.
#include "jobs/training/verify_inputs.h"

#include <algorithm>
#include <map>

#include "jobs/training/file_tag.h"
#include "sources/files/file_list.h"
#include "sources/push/push_log_reader.h"

namespace millrace::jobs {

namespace {

void CompareFile(const std::string& what, const sources::InputFile& proven,
                 const sources::InputFile& found, Findings* findings) {
  if (proven.bytes != found.bytes) {
    findings->Compare(what + " has another size", proven.bytes, found.bytes);
  } else if (proven.tag != found.tag) {
    findings->CompareText(what + " has other content (tag)", proven.tag, found.tag);
  }
}

// By the names that they are shown by.
base::Result<std::map<std::string, sources::InputFile>> FilesOf(const features::Source& source,
                                                                const std::string& root) {
  std::map<std::string, sources::InputFile> files;
  if (source.location.path.empty()) return files;
  ARROW_ASSIGN_OR_RAISE(const sources::FileList list,
                        sources::ListFiles(source.location.path, source.location.format, root));
  for (const sources::ListedFile& file : list.files) {
    ARROW_ASSIGN_OR_RAISE(std::string tag, sources::ContentTag(list, file));
    files[file.shown] = {file.shown, file.bytes, std::move(tag)};
  }
  return files;
}

// The writers' rows of the proof as the push log has them now, by the names that they are shown by.
void CheckPushed(const ProofSource& proven, const std::string& push, Findings* findings) {
  const std::string of = " of source " + proven.source;
  sources::PushSelection selection{.others = false};
  for (const sources::InputFile& file : proven.files) {
    const auto shown = sources::ShownWriterRows(file.path);
    if (!shown.has_value()) continue;
    if (selection.writers.emplace(shown->writer, shown->rows).second) continue;
    findings->Add("input " + file.path + of + " is of a writer that is named twice in the proof");
  }
  if (selection.writers.empty()) return;
  const auto found = sources::TagPushedRows(push, proven.source, selection);
  if (!found.ok()) return findings->AddAll("the push log" + of, found.status());
  for (const sources::InputFile& file : proven.files) {
    if (!sources::ShownWriterRows(file.path).has_value()) continue;
    const auto same = std::find_if(found->begin(), found->end(),
                                   [&](const auto& other) { return other.path == file.path; });
    if (same == found->end()) {
      findings->Add("input " + file.path + of + ": the push log does not have all these rows");
    } else {
      CompareFile("input " + file.path + of, file, *same, findings);
    }
  }
}

void CheckSource(const ProofSource& proven, const features::Source& source,
                 const SourceFolders& folders, Findings* findings) {
  const std::string of = " of source " + proven.source;
  auto files = FilesOf(source, folders.root);
  if (!files.ok()) return findings->AddAll("the files" + of, files.status());
  CheckPushed(proven, folders.push, findings);
  for (const sources::InputFile& file : proven.files) {
    if (sources::ShownWriterRows(file.path).has_value()) continue;
    const auto found = files->find(file.path);
    if (found == files->end()) {
      findings->Add("input " + file.path + of + " is gone, or named twice in the proof");
      continue;
    }
    CompareFile("input " + file.path + of, file, found->second, findings);
    files->erase(found);
  }
  for (const auto& [path, file] : *files) {
    findings->Add("input " + path + of + " is new: the proof does not know it");
  }
}

}  // namespace

void CheckSpine(const sources::InputFile& proven, Findings* findings) {
  const auto found = TagFile(proven.path);
  if (!found.ok()) return findings->AddAll("the spine " + proven.path, found.status());
  CompareFile("the spine " + proven.path, proven, *found, findings);
}

void CheckSources(const Proof& proof, const features::FeaturePlan& plan,
                  const SourceFolders& folders, Findings* findings) {
  for (const ProofSource& proven : proof.sources) {
    const int index = plan.FindSource(proven.source);
    if (index < 0) {
      findings->Add("the proof's source " + proven.source + " is not in the definitions");
      continue;
    }
    const features::Source& source = plan.sources[index];
    if (proven.has_created != static_cast<bool>(source.created)) {
      findings->Add("source " + proven.source + ": the proof is wrong about its `created`");
    }
    CheckSource(proven, source, folders, findings);
  }
}

}  // namespace millrace::jobs

// Builds Nodes from yaml-cpp's events. yaml-cpp throws; this file is the fence.
#include "features/yaml/parse.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "features/yaml/quoting.h"

namespace millrace::features::yaml {
namespace {

namespace codes = base::codes;

// A repository's files are written by people: more than this is not a definition.
constexpr size_t kFileBytesMax = 16 << 20;

class TreeBuilder : public YAML::EventHandler {
 public:
  // `blanks`: offsets of values that were blanked, as they are reported already.
  TreeBuilder(const File* file, const std::set<size_t>* blanks, ProblemList* problems)
      : file_(file), blanks_(blanks), problems_(problems) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseAnchor(mark, anchor);
    Node node = MakeNode(NodeKind::kNull, mark);
    node.refused = anchor != YAML::NullAnchor || blanks_->contains(node.offset);
    Place(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    problems_->Add(
        codes::kNeedsQuotes, MakeNode(NodeKind::kNull, mark),
        "YAML reads text that starts with '*' as an alias, which definitions do not have",
        "put the value in quotes");
    Node node = MakeNode(NodeKind::kNull, mark);
    node.refused = true;
    Place(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    Node node = MakeNode(NodeKind::kScalar, mark);
    node.text = value;
    const char first = node.offset < file_->text.size() ? file_->text[node.offset] : ' ';
    if (tag == "!") {
      node.style = first == '\''  ? Style::kSingleQuoted
                   : first == '"' ? Style::kDoubleQuoted
                                  : Style::kBlock;
    }
    Place(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    Open(NodeKind::kList, mark, style == YAML::EmitterStyle::Flow);
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    Open(NodeKind::kMap, mark, style == YAML::EmitterStyle::Flow);
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
  }
  void OnMapEnd() override { Close(); }

  // What was built, also of a text that ended in an error.
  std::vector<Node> TakeRoots() {
    while (!open_.empty()) CutOff();
    return std::move(roots_);
  }

 private:
  Node MakeNode(NodeKind kind, const YAML::Mark& mark) const {
    Node node;
    node.kind = kind;
    node.file = file_;
    const size_t line = static_cast<size_t>(std::max(mark.line, 0));
    if (line < file_->line_starts.size()) {
      node.offset = file_->line_starts[line] + static_cast<size_t>(std::max(mark.column, 0));
    }
    return node;
  }

  void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor == YAML::NullAnchor) return;
    problems_->Add(
        codes::kNeedsQuotes, MakeNode(NodeKind::kNull, mark),
        "YAML reads text that starts with '&' as an anchor, which definitions do not have",
        "put the value in quotes");
  }

  void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "!" || tag == "?") return;
    problems_->Add(codes::kNeedsQuotes, MakeNode(NodeKind::kNull, mark),
                   "YAML reads text that starts with '!' as a tag, which definitions do not have",
                   "put the value in quotes");
  }

  void Open(NodeKind kind, const YAML::Mark& mark, bool flow) {
    Node node = MakeNode(kind, mark);
    node.flow = flow;
    open_.push_back(std::move(node));
  }

  void Close() {
    Node node = std::move(open_.back());
    open_.pop_back();
    Place(std::move(node));
  }

  // Closes what an error left open. Its last value may not be what was meant.
  void CutOff() {
    Node& node = open_.back();
    if (node.is_map() && node.keys.size() > node.values.size()) {
      Node nothing;
      nothing.file = file_;
      nothing.offset = node.keys.back().offset;
      node.values.push_back(std::move(nothing));
    }
    if (!node.values.empty()) node.values.back().refused = true;
    node.refused = true;
    Close();
  }

  void Place(Node node) {
    if (open_.empty()) {
      roots_.push_back(std::move(node));
      return;
    }
    Node& parent = open_.back();
    if (parent.is_map() && parent.keys.size() == parent.values.size()) {
      parent.keys.push_back(std::move(node));
    } else {
      parent.values.push_back(std::move(node));
    }
  }

  const File* file_;
  const std::set<size_t>* blanks_;
  ProblemList* problems_;
  std::vector<Node> open_;
  std::vector<Node> roots_;
};

// The first byte that is not UTF-8 text, or npos.
size_t FindBadByte(const std::string& text) {
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) return i;
    const size_t length = c < 0x80                ? 1
                          : c >= 0xF0 && c < 0xF5 ? 4
                          : c >= 0xE0             ? 3
                          : c >= 0xC2             ? 2
                                                  : 0;
    if (length == 0 || c >= 0xF5 || i + length > text.size()) return i;
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return i;
    }
    i += length;
  }
  return std::string::npos;
}

// Where and why YAML gave up.
struct SyntaxError {
  size_t offset;
  std::string reason;
};

// Reads `text`, which is the file's but for values that were blanked. Nothing when it was read
// whole.
std::optional<SyntaxError> Build(const File& file, const std::string& text, TreeBuilder* builder) {
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(*builder)) {
    }
  } catch (const YAML::Exception& error) {
    size_t offset = 0;
    if (!error.mark.is_null() && error.mark.line >= 0 &&
        static_cast<size_t>(error.mark.line) < file.line_starts.size()) {
      offset = file.line_starts[static_cast<size_t>(error.mark.line)] +
               static_cast<size_t>(std::max(error.mark.column, 0));
    }
    return SyntaxError{offset, error.msg};
  } catch (const std::exception& error) {
    return SyntaxError{0, error.what()};
  }
  return std::nullopt;
}

}  // namespace

Document Parse(std::string file_name, std::string text, ProblemList* problems) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  Document document;
  document.file = std::make_unique<const File>(std::move(file_name), std::move(text));
  const File& file = *document.file;
  const size_t bad = FindBadByte(file.text);
  if (bad != std::string::npos || file.text.size() > kFileBytesMax) {
    document.readable = false;
    const bool long_file = bad == std::string::npos;
    problems->Add(codes::kSyntax, file.PlaceOf(long_file ? 0 : bad),
                  long_file ? "the file is larger than 16 MiB"
                            : "this byte is not UTF-8 text, which definitions are written in");
    return document;
  }
  // A value that only lacks quotes is reported and blanked, so that the rest of the file is read.
  constexpr size_t kBlanksMax = 100;
  std::string patched = file.text;
  std::set<size_t> blanks;
  while (true) {
    TreeBuilder builder(&file, &blanks, problems);
    const auto error = Build(file, patched, &builder);
    document.roots = builder.TakeRoots();
    if (!error) break;
    const auto advice = AdviseQuotes(patched, error->offset);
    if (!advice || blanks.size() == kBlanksMax || !blanks.insert(advice->offset).second) {
      document.readable = false;
      problems->Add(codes::kSyntax, file.PlaceOf(error->offset),
                    "YAML cannot be read here: " + error->reason);
      break;
    }
    problems->Add(codes::kNeedsQuotes, file.PlaceOf(advice->offset), advice->message, advice->hint);
    std::fill(patched.begin() + static_cast<ptrdiff_t>(advice->offset),
              patched.begin() + static_cast<ptrdiff_t>(advice->end), ' ');
    patched[advice->offset] = '~';
  }
  for (Node& root : document.roots) JoinSplitFlowValues(&root, problems);
  return document;
}

}  // namespace millrace::features::yaml

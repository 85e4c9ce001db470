// A proof's text back into a Proof: every field must be there, of its type, and no other.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/status.h"
#include "jobs/training/proof.h"

namespace millrace::jobs {

using Json = nlohmann::ordered_json;

namespace {

// One object of the text. Keeps the first problem; what is read after it is of no meaning.
class Object {
 public:
  Object(const Json* json, std::string place, std::string* problem)
      : json_(json), place_(std::move(place)), problem_(problem) {
    if (!json_->is_object()) Fail("", "is no object");
  }

  std::string String(const char* name) {
    const Json* field = Find(name);
    if (field == nullptr || !Check(field->is_string(), name, "text")) return "";
    return field->get<std::string>();
  }
  bool Bool(const char* name) {
    const Json* field = Find(name);
    return field != nullptr && Check(field->is_boolean(), name, "true or false") &&
           field->get<bool>();
  }
  int64_t Count(const char* name) {
    const int64_t count = Int(name);
    return Check(count >= 0, name, "a count") ? count : 0;
  }
  std::optional<base::Duration> Micros(const char* name) {
    const Json* field = Find(name);
    if (field == nullptr || field->is_null()) return std::nullopt;
    return base::Duration::Micros(Int(name));
  }
  std::optional<base::EventTime> Time(const char* name) {
    const Json* field = Find(name);
    if (field == nullptr || field->is_null()) return std::nullopt;
    const auto time = base::ParseTime(String(name));
    // One text per time, or two texts would have one digest.
    const bool exact = time.ok() && base::FormatTime(*time) == field->get<std::string>();
    if (!Check(exact, name, "a time")) return std::nullopt;
    return *time;
  }
  std::vector<std::string> Strings(const char* name) {
    std::vector<std::string> strings;
    const Json* field = Find(name);
    if (field == nullptr || !Check(field->is_array(), name, "a list")) return strings;
    for (const Json& element : *field) {
      if (!Check(element.is_string(), name, "a list of texts")) return {};
      strings.push_back(element.get<std::string>());
    }
    return strings;
  }
  template <typename Read>
  void Inside(const char* name, Read read) {
    const Json* field = Find(name);
    if (field == nullptr) return;
    Object object(field, PlaceOf(name), problem_);
    read(&object);
    object.Finish();
  }
  template <typename Read>
  void Each(const char* name, Read read) {
    const Json* field = Find(name);
    if (field == nullptr || !Check(field->is_array(), name, "a list")) return;
    for (size_t i = 0; i < field->size() && problem_->empty(); ++i) {
      Object object(&(*field)[i], fmt::format("{}[{}]", PlaceOf(name), i), problem_);
      read(&object);
      object.Finish();
    }
  }
  bool IsNull(const char* name) {
    const Json* field = Find(name);
    return field == nullptr || field->is_null();
  }
  // Refuses what was not asked for.
  void Finish() {
    if (!problem_->empty()) return;
    for (const auto& [name, value] : json_->items()) {
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
        Fail(name, "is no field of a proof");
      }
    }
  }
  bool Check(bool is, const std::string& name, const char* what) {
    if (!is) Fail(name, fmt::format("is not {}", what));
    return is;
  }

 private:
  int64_t Int(const char* name) {
    const Json* field = Find(name);
    if (field == nullptr || !Check(field->is_number_integer(), name, "a whole number")) return 0;
    const bool fits = !field->is_number_unsigned() ||
                      field->get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()};
    return Check(fits, name, "a number of 64 bits") ? field->get<int64_t>() : 0;
  }
  const Json* Find(const std::string& name) {
    known_.push_back(name);
    if (!problem_->empty()) return nullptr;
    const auto found = json_->find(name);
    if (found == json_->end()) {
      Fail(name, "is missing");
      return nullptr;
    }
    return &*found;
  }
  std::string PlaceOf(const std::string& name) const {
    return place_.empty() || name.empty() ? place_ + name : place_ + "." + name;
  }
  void Fail(const std::string& name, const std::string& what) {
    if (!problem_->empty()) return;
    const std::string place = PlaceOf(name);
    *problem_ = (place.empty() ? "the text" : place) + " " + what;
  }

  const Json* json_;
  const std::string place_;
  std::string* problem_;
  std::vector<std::string> known_;
};

sources::InputFile ReadFile(Object* object) {
  return {object->String("path"), object->Count("bytes"), object->String("tag")};
}

void ReadOptions(Object* object, ProofOptions* options) {
  options->features = object->Strings("features");
  options->service = object->String("service");
  options->labels = object->Strings("labels");
  options->timestamp = object->String("timestamp");
  options->full_names = object->Bool("full_names");
  options->ignore_created = object->Bool("ignore_created");
  options->strict = object->Bool("strict");
  options->every = object->Micros("every_us");
  options->from = object->Time("from");
  options->to = object->Time("to");
}

void ReadInputs(Object* object, Proof* proof) {
  if (!object->IsNull("spine")) {
    object->Inside("spine", [&](Object* file) { proof->spine = ReadFile(file); });
  }
  object->Each("sources", [&](Object* each) {
    ProofSource source;
    source.source = each->String("source");
    source.has_created = each->Bool("has_created");
    source.rows_pruned = each->Count("rows_pruned");
    source.events = each->Count("events");
    each->Each("files", [&](Object* file) { source.files.push_back(ReadFile(file)); });
    proof->sources.push_back(std::move(source));
  });
}

void ReadCounts(Object* object, Proof* proof) {
  object->Inside("rows", [&](Object* rows) {
    proof->rows_in = rows->Count("in");
    proof->rows_out = rows->Count("out");
    proof->rows_null_key = rows->Count("null_key");
    proof->rows_null_time = rows->Count("null_time");
  });
  object->Each("rejected", [&](Object* reason) {
    proof->rejected.push_back(
        {reason->String("where"), reason->String("code"), reason->Count("count")});
  });
  object->Each("null_cells", [&](Object* cells) {
    proof->null_cells.push_back(
        {cells->String("column"), cells->String("reason"), cells->Count("count")});
  });
  object->Each("gaps", [&](Object* gap) {
    proof->gaps.push_back(
        {gap->String("view"), gap->Micros("event_us"), gap->Micros("created_us")});
  });
}

void ReadProof(Object* object, Proof* proof) {
  object->Check(object->String("format") == "millrace training set proof", "format",
                "\"millrace training set proof\"");
  object->Check(object->Count("format_version") == 1, "format_version",
                "1, the version that this millrace reads");
  proof->project = object->String("project");
  const int64_t version = object->Count("registry_version");
  object->Check(version <= std::numeric_limits<int>::max(), "registry_version", "a version");
  proof->registry_version = static_cast<int>(version);
  object->Each("columns", [&](Object* column) {
    proof->columns.push_back(
        {column->String("column"), column->String("feature"), column->String("hash")});
  });
  object->Inside("options", [&](Object* options) { ReadOptions(options, &proof->options); });
  ReadInputs(object, proof);
  ReadCounts(object, proof);
  proof->assumptions = object->Strings("assumptions");
  object->Inside("output", [&](Object* output) {
    proof->output = {output->Count("bytes"), output->String("tag"), output->Count("rows"),
                     output->Count("columns")};
  });
  proof->digest = object->String("digest");
}

}  // namespace

base::Result<Proof> ProofFromJson(std::string_view text) {
  const auto corrupt = [](const std::string& message) {
    return base::Error(base::codes::kCorrupt, "this is no proof of a training set: " + message);
  };
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return corrupt("it is not JSON");
  std::string problem;
  Proof proof;
  Object object(&json, "", &problem);
  ReadProof(&object, &proof);
  object.Finish();
  if (!problem.empty()) return corrupt(problem);
  return proof;
}

}  // namespace millrace::jobs

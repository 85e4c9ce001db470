// WrittenDefinitions: what a case's YAML says and what it leaves to the tables. Used by scenario.cc
// alone; judges nothing: wrong definitions go to the compiler as they are.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace YAML {
class Node;
}

namespace millrace::engines {

struct EventTable;

struct Completed {
  std::string own;      // the case's text; without `sources:` if that had to be completed
  std::string derived;  // entities and sources that follow from the tables; may be empty
};

class WrittenDefinitions {
 public:
  explicit WrittenDefinitions(std::string text);
  ~WrittenDefinitions();

  // As written in `sources: NAME: columns:`; "" when it is not.
  std::string ColumnType(const std::string& source, const std::string& column) const;
  // As written in `timestamp:`, else event_time.
  std::string TimestampColumn(const std::string& source) const;
  // What `rename:` says that the files call a column, else its own name.
  std::string FileColumn(const std::string& source, const std::string& column) const;
  Completed Complete(const std::vector<EventTable>& tables, const std::string& format) const;

 private:
  std::string DerivedEntities(const std::vector<EventTable>& tables) const;
  std::string DerivedSources(const std::vector<EventTable>& tables,
                             const std::string& format) const;
  std::string WithoutSources() const;

  std::string text_;
  std::unique_ptr<YAML::Node> root_;  // null when the text is not YAML
};

}  // namespace millrace::engines

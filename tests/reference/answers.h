// Answers: the reference engine. For every row asked for and every feature, a loop over all rows of
// the view, by docs/semantics.md word for word; slow and plain on purpose.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engines/engine.h"
#include "features/plan.h"
#include "features/selection.h"
#include "reference/evaluate.h"
#include "reference/tables.h"

namespace millrace::reference {

// What one view answers for one key at one time.
struct ViewAnswer {
  std::vector<Value> values;         // by View::features, settled; null where it was not wanted
  std::vector<std::string> reasons;  // why a value is null; "" for values
};

class Answers {
 public:
  Answers(std::shared_ptr<const features::FeaturePlan> plan,
          const std::vector<engines::EventTable>& events)
      : plan_(std::move(plan)), tables_(*plan_, events) {}

  base::Result<engines::Answer> Ask(const engines::Question& question);

 private:
  struct Asked;  // a question resolved against the plan
  struct At;     // one row: key and request columns, time

  base::Result<Asked> Resolve(const engines::Question& question) const;
  base::Status CheckInputs(const Asked& asked, const engines::Question& question) const;
  base::Result<engines::Answer> Run(const Asked& asked, const engines::Question& question,
                                    bool ignore_created);
  base::Status AnswerRow(const Asked& asked, const At& at, engines::Answer* answer);
  base::Result<ViewAnswer> AnswerView(const Asked& asked, size_t use, const At& at,
                                      engines::Counts* errors);
  base::Result<Cell> Stored(const features::View& view, size_t feature, const Key& key,
                            const At& at, std::string* reason);
  // `key`: nothing where it is null.
  base::Status Derive(const features::View& view, const std::vector<bool>& wanted, const At& at,
                      const std::optional<Key>& key, ViewAnswer* answer, engines::Counts* errors);
  // The event time of a snapshot view's row; null where no row answers.
  base::Result<Cell> RowTime(const features::View& view, const Key& key, const At& at);
  base::Result<ViewAnswer> AnswerOnDemand(const Asked& asked, size_t index, const At& at,
                                          const std::vector<ViewAnswer>& views,
                                          engines::Counts* errors);
  base::Result<Value> AnswerLabel(const features::Label& label, const At& at,
                                  engines::Answer* answer, std::string* reason);
  base::Result<Cell> AggregateRows(const features::View& view, const features::Feature& feature,
                                   const std::vector<const ViewRow*>& rows, int64_t as_of);
  base::Result<std::vector<At>> ListKeys(const Asked& asked, const engines::StepsAsked& steps,
                                         bool ignore_created);
  base::Result<bool> HasRows(const features::View& view, const Key& key, int64_t t,
                             bool ignore_created);
  base::Status CountRejected(const Asked& asked, engines::Counts* rejected);
  base::Status CountRejectedOf(const features::View& view, const std::string& owner,
                               const std::vector<bool>& wanted, engines::Counts* rejected);
  RowEvaluator* EvaluatorOf(const expr::Expression& expression,
                            const std::vector<columns::Field>& scope);

  std::shared_ptr<const features::FeaturePlan> plan_;
  Tables tables_;
  std::map<const void*, std::unique_ptr<RowEvaluator>> evaluators_;  // by the expression's place
};

}  // namespace millrace::reference

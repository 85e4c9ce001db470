// Engine `reference`: hands the case's tables to tests/reference.
#include "engines/reference_engine.h"

#include "reference/answers.h"

namespace millrace::engines {
namespace {

using base::Result;
using base::Status;

class ReferenceEngine : public Engine {
 public:
  Status Setup(const Scenario& scenario, const Variation& variation) override {
    (void)variation;  // it has no files and no batches; the runner has shuffled the rows
    events_ = scenario.events;
    auto columns = [&](const features::Source& source) -> Result<std::vector<Field>> {
      for (const EventTable& table : events_) {
        if (table.source == source.name) return table.columns;
      }
      return base::Error(base::codes::kNotFound, "the case has no events of " + source.name);
    };
    ARROW_ASSIGN_OR_RAISE(plan_, features::Compile("cases", scenario.definitions, columns));
    answers_ = std::make_unique<reference::Answers>(plan_, events_);
    return Status::OK();
  }

  const features::FeaturePlan& plan() const override { return *plan_; }
  Result<Answer> Ask(const Question& question) override { return answers_->Ask(question); }

 private:
  std::vector<EventTable> events_;
  std::shared_ptr<const features::FeaturePlan> plan_;
  std::unique_ptr<reference::Answers> answers_;
};

}  // namespace

std::unique_ptr<Engine> MakeReferenceEngine() {
  return std::make_unique<ReferenceEngine>();
}

}  // namespace millrace::engines

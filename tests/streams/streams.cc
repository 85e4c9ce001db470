// SweepStreams as C functions, for an engine that is no C++: definitions as text in, Arrow streams
// in by the C data interface, batches pushed out. Called by streams_test.py through ctypes. Links
// the room sweep and what lies below it, nothing else.
#include <arrow/c/abi.h>
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/hash.h"
#include "features/compile.h"
#include "sweep/stream_sweep.h"

namespace millrace::streams {
namespace {

using base::Result;
using base::Status;

// One view, or one label, of the definitions, all of its stored features.
struct Session {
  std::shared_ptr<const features::FeaturePlan> plan;
  sweep::ViewSweep sweep;
  std::string columns;
  std::string problem;
};

// What the streams have to hold, a line each: the column's name and the expression of its cells.
std::string ColumnsOf(const features::View& view) {
  std::string text;
  const auto add = [&](const std::string& column, const expr::Expression& expression) {
    if (expression) text += column + "\t" + expression.text() + "\n";
  };
  add("where", view.where);
  for (size_t i = 0; i < view.inputs.size(); ++i) {
    add("input " + std::to_string(i), view.inputs[i]);
  }
  for (size_t i = 0; i < view.filters.size(); ++i) {
    add("filter " + std::to_string(i), view.filters[i]);
  }
  for (size_t i = 0; i < view.features.size(); ++i) {
    const features::Feature& feature = view.features[i];
    if (feature.kind == features::FeatureKind::kDerived) continue;
    text += "feature " + std::to_string(i) + "\t" + feature.name + "\n";
    if (feature.kind == features::FeatureKind::kRow) {
      add("value " + std::to_string(i), feature.expression);
    }
  }
  return text;
}

Status Choose(const std::string& name, Session* session) {
  const features::FeaturePlan& plan = *session->plan;
  sweep::ViewSweep& sweep = session->sweep;
  if (const int label = plan.FindLabel(name); label >= 0) {
    sweep.view = &plan.labels[label].view;
    sweep.label_length = plan.labels[label].length;
  } else if (const int view = plan.FindView(name); view >= 0) {
    sweep.view = &plan.views[view];
  } else {
    return base::Error(base::codes::kUnknownName, "there is no view or label '" + name + "'");
  }
  for (int i = 0; i < sweep.view->stored_count(); ++i) sweep.features.push_back(i);
  session->columns = ColumnsOf(*sweep.view);
  return Status::OK();
}

Status Open(const std::string& yaml, const std::string& name, Session* session) {
  const auto columns = [](const features::Source& source) -> Result<std::vector<features::Field>> {
    return source.columns;
  };
  ARROW_ASSIGN_OR_RAISE(session->plan, features::Compile("streams", {{"all.yaml", yaml}}, columns));
  return Choose(name, session);
}

using Push = int (*)(ArrowSchema* schema, ArrowArray* batch);

struct Asked {
  ArrowArrayStream* events;
  ArrowArrayStream* spine;
  int64_t rows_max;
  Push push;
};

Status Run(const Session& session, const Asked& asked) {
  ARROW_ASSIGN_OR_RAISE(const auto events, arrow::ImportRecordBatchReader(asked.events));
  ARROW_ASSIGN_OR_RAISE(const auto spine, arrow::ImportRecordBatchReader(asked.spine));
  const auto push = [&](const std::shared_ptr<arrow::RecordBatch>& batch) -> Status {
    ArrowSchema schema;
    ArrowArray array;
    ARROW_RETURN_NOT_OK(arrow::ExportRecordBatch(*batch, &array, &schema));
    return asked.push(&schema, &array) == 0 ? Status::OK() : Status::Cancelled("push refused");
  };
  sweep::Gaps gaps;
  return sweep::SweepStreams(session.sweep, {events.get(), spine.get(), asked.rows_max}, push,
                             &gaps);
}

}  // namespace
}  // namespace millrace::streams

using millrace::streams::Session;

extern "C" {

// To be given to streams_close, whatever streams_problem says of it.
Session* streams_open(const char* yaml, const char* name, int ignore_created) {
  auto session = std::make_unique<Session>();
  session->sweep.ignore_created = ignore_created != 0;
  const auto opened = millrace::streams::Open(yaml, name, session.get());
  if (!opened.ok()) session->problem = opened.ToString();
  return session.release();
}

void streams_close(Session* session) {
  delete session;
}

// What went wrong last; "" when nothing did.
const char* streams_problem(const Session* session) {
  return session->problem.c_str();
}

const char* streams_columns(const Session* session) {
  return session->columns.c_str();
}

// 0 when all is answered. `push` takes what it is given and says 0 to go on.
int streams_sweep(Session* session, ArrowArrayStream* events, ArrowArrayStream* spine,
                  int64_t rows_max, int (*push)(ArrowSchema*, ArrowArray*)) {
  const auto swept = millrace::streams::Run(*session, {events, spine, rows_max, push});
  session->problem = swept.ok() ? "" : swept.ToString();
  return swept.ok() ? 0 : 1;
}

uint64_t streams_key_hash(const char* bytes, int64_t size) {
  return millrace::base::Hash64({bytes, static_cast<size_t>(size)});
}

}  // extern "C"

// The ids of what is stored and the hashes of what a feature is (docs/semantics.md, "Rows and
// identity"): XXH3-64 of canonical bytes that hold no path, broker, description, owner or order of
// definitions. docs/formats/plan.md has the bytes.
#pragma once

#include <string>

#include "features/plan.h"

namespace millrace::features {

// View::event_id, and of every feature its state id and hash. REQUIRES: everything else of the
// view, its source and the views it looks up is complete.
void FillHashes(const FeaturePlan& plan, View* view);
// REQUIRES: everything else of the view and its inputs is complete.
void FillHashes(const FeaturePlan& plan, OnDemandView* view);
// The name under which the cells of an input, filter or row feature are stored: what the expression
// means over its view's rows.  REQUIRES: as FillHashes, which may have run.
std::string StoredColumnId(const FeaturePlan& plan, const View& view,
                           const expr::Expression& expression);
// The feature hash of a label: its feature's, with the direction of its window.
void FillLabelHashes(const FeaturePlan& plan, Label* label);

}  // namespace millrace::features

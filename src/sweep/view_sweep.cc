#include "sweep/view_sweep.h"

#include <utility>

#include "sweep/snapshot_sweep.h"
#include "sweep/window_sweep.h"

namespace millrace::sweep {

void Gaps::AddEvent(base::Duration gap) {
  if (!event.has_value() || gap > *event) event = gap;
}

void Gaps::AddCreated(base::Duration gap) {
  if (!created.has_value() || gap > *created) created = gap;
}

void Gaps::Merge(const Gaps& other) {
  if (other.event.has_value()) AddEvent(*other.event);
  if (other.created.has_value()) AddCreated(*other.created);
}

std::unique_ptr<ViewSweeper> MakeViewSweeper(ViewSweep sweep) {
  if (sweep.view->kind == features::ViewKind::kSnapshot) {
    return std::make_unique<SnapshotSweeper>(std::move(sweep));
  }
  return std::make_unique<WindowSweeper>(std::move(sweep));
}

}  // namespace millrace::sweep

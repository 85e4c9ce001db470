// WindowRead: the windowed features of a view for one key after another: merged states where they
// stand for their events, the events themselves at the edges, all windows in one pass. Called by
// FeatureReader; one thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "online/view_cells.h"
#include "state/binding.h"
#include "state/key/stored_key.h"

namespace millrace::online {

class WindowRead {
 public:
  // `features`: those of the view that are asked for (ViewCells::features). REQUIRES: `binding`
  // outlives this.
  WindowRead(const state::ViewBinding& binding, const std::vector<int>& features);
  // By `features`: which of ViewCells::times has what their windows saw.
  const std::vector<int>& times_of() const { return times_of_; }
  // Appends one row; key: nullptr when the store does not know it. Errors: corrupt, the store's.
  base::Status Read(const state::StoredKey* key, base::EventTime as_of, ViewCells* out);

 private:
  // One function over one input and filter; windows share it.
  struct Function {
    std::shared_ptr<const aggregate::Aggregate> aggregate;
    int slot = -1;
    int column = -1;
    int filter = -1;
    std::string state_id;
    std::vector<std::pair<int, size_t>> asked;  // (window, index in ViewCells::features)
  };
  // What lies between the begins of a window and of the next shorter one.
  struct Ring {
    std::vector<std::unique_ptr<aggregate::State>> states;  // by function; nullptr: nothing yet
    base::EventTime newest = ViewCells::kNoTime;
    std::vector<int64_t> rows;  // of the block that is looked at
  };
  // A chunk or group that has to be read for some functions.
  struct Unread {
    int64_t number;
    std::vector<int> functions;
  };

  void Begin(base::EventTime as_of);
  std::vector<bool> ColumnsOf(std::span<const int> functions) const;
  int RingOf(base::EventTime time) const;  // -1: in no window
  void UpdateRing(const state::EventColumns& events, std::span<const int> functions, Ring* ring);
  void TakeRows(const state::EventColumns& events, std::span<const int> functions);
  // Whether `part` stands for its events; if so, `unread` are the functions whose states it lacks.
  base::Result<bool> TakePart(const state::Summary& part, std::span<const int> functions,
                              std::vector<int>* unread);
  base::Status TakeParts(const std::vector<state::Summary>& parts, std::span<const int> functions,
                         std::vector<Unread>* unread);
  base::Status TakeClosed(const state::StoredKey& key);
  base::Status TakeChunks(const state::StoredKey& key, std::vector<Unread>* chunks);
  base::Status TakeTiles(const state::StoredKey& key);
  void Finish(ViewCells* out);

  const state::ViewBinding& binding_;
  std::vector<window::Window> windows_;  // ascending; the last is the view's longest
  std::vector<int> times_of_;            // by features: index into windows_
  std::vector<Function> functions_;
  std::vector<int> all_functions_;
  base::EventTime as_of_;
  std::vector<base::EventTime> begins_;  // by window
  std::vector<Ring> rings_;              // by window
  state::EventBlock block_;
};

}  // namespace millrace::online

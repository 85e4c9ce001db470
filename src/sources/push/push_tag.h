// The tag of a writer's rows, the same whichever files they lie in (docs/formats/push_log.md).
// Called by the reader.
#pragma once

#include <vector>

#include "sources/event_reader.h"
#include "sources/push/push_content.h"
#include "sources/push/push_log_reader.h"

namespace millrace::sources {

// The rows of the writer's file that the selection asks for; nothing, when first > last.
RowRange SelectedRows(const ContentFile& file, const PushSelection& selection);

// One InputFile per writer that has rows in the selection. `tagged`: as PushSelection; without, the
// bytes are 0 too.
base::Result<std::vector<InputFile>> TagContent(const LogContent& content,
                                                const PushSelection& selection);

}  // namespace millrace::sources

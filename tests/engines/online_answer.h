// What engines that ask an online store have in common: which views a question reads, when its rows
// are asked, and an online answer as an engine's.
#pragma once

#include <map>
#include <vector>

#include "base/time.h"
#include "engines/engine.h"
#include "features/selection.h"
#include "online/answer.h"

namespace millrace::engines {

// Indices of the views that the selection reads, and of those that they look up.
std::vector<int> ViewsReadBy(const features::FeaturePlan& plan,
                             const features::Selection& selection);

// The question's rows by when they are asked. Rows without a time are asked with the first; a
// question without rows is asked once.
std::map<base::EventTime, std::vector<size_t>> ByTime(const Question& question);

// `got` answers these rows of the question. REQUIRES: answer->rows has a row for each.
void TakeOnlineAnswer(const online::Answer& got, const features::Selection& selection,
                      const std::vector<size_t>& rows, Answer* answer);

}  // namespace millrace::engines

#include "serve/routes/served_read.h"

#include <absl/container/inlined_vector.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace millrace::serve {

namespace {

constexpr size_t kCellStatuses = 4;
constexpr size_t kNamesMax = 200;    // bytes of names in the log
constexpr size_t kServedMax = 1000;  // that a thread keeps

std::string ShortNames(const jobs::AskedNames& asked) {
  if (!asked.service.empty()) return asked.service;
  std::string names = fmt::format("{}", fmt::join(asked.features, ","));
  if (names.size() > kNamesMax) names = names.substr(0, kNamesMax) + "…";
  return names;
}

}  // namespace

ServedRead::ServedRead(std::shared_ptr<const jobs::PreparedRead> read, std::string service_name,
                       std::string names_text, Metrics* metrics)
    : prepared(std::move(read)), service(std::move(service_name)), names(std::move(names_text)) {
  const std::vector<std::string>& of = prepared->views();
  for (const std::string& view : of) {
    views.push_back(metrics->View(view));
    is_stored.push_back(prepared->plan().FindView(view) >= 0);
  }
  const features::Selection& selection = prepared->selection();
  for (const features::SelectedColumn& column : selection.columns) {
    const std::string& view = column.on_demand
                                  ? prepared->plan().on_demand[selection.on_demand[column.use]].name
                                  : prepared->plan().views[selection.uses[column.use].view].name;
    view_of_column.push_back(
        static_cast<size_t>(std::find(of.begin(), of.end(), view) - of.begin()));
  }
}

std::shared_ptr<const ServedRead> ServedRead::Make(
    std::shared_ptr<const jobs::PreparedRead> prepared, const jobs::AskedNames& asked,
    Metrics* metrics) {
  return std::make_shared<const ServedRead>(std::move(prepared),
                                            asked.service.substr(0, asked.service.rfind('@')),
                                            ShortNames(asked), metrics);
}

void ServedRead::Count(const online::Answer& answer) const {
  struct Counts {
    std::array<int64_t, kCellStatuses> cells = {};
    base::EventTime newest = base::EventTime::Min();
  };
  absl::InlinedVector<Counts, 4> counts(views.size());
  for (size_t i = 0; i < answer.columns.size(); ++i) {
    const online::AnswerColumn& column = answer.columns[i];
    Counts& of = counts[view_of_column[i]];
    for (const online::CellStatus status : column.statuses) ++of.cells[static_cast<size_t>(status)];
    for (const base::EventTime time : column.event_times) of.newest = std::max(of.newest, time);
  }
  for (size_t view = 0; view < views.size(); ++view) {
    const Counts& of = counts[view];
    for (size_t status = 0; status < kCellStatuses; ++status) {
      if (of.cells[status] == 0) continue;
      views[view]->Status(static_cast<online::CellStatus>(status), of.cells[status]);
    }
    if (of.newest > base::EventTime::Micros(0)) views[view]->Newest(of.newest);
    if (is_stored[view]) views[view]->StoreReads(answer.rows);
  }
  for (const features::ErrorCell& error : answer.errors) {
    const std::string view = error.feature.substr(0, error.feature.find(':'));
    const auto found = std::find(prepared->views().begin(), prepared->views().end(), view);
    if (found == prepared->views().end()) continue;
    views[static_cast<size_t>(found - prepared->views().begin())]->Error(
        error.code, static_cast<int64_t>(error.rows.size()));
  }
}

std::shared_ptr<const ServedRead> ServedReads::Of(
    const std::shared_ptr<const jobs::PreparedRead>& prepared, const jobs::AskedNames& asked) {
  const auto found = served_.find(prepared.get());
  if (found != served_.end()) return found->second;
  // Those of former versions of the definitions go too.
  if (served_.size() >= kServedMax) served_.clear();
  auto served = ServedRead::Make(prepared, asked, metrics_);
  served_.emplace(prepared.get(), served);
  return served;
}

}  // namespace millrace::serve

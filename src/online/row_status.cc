#include "online/row_status.h"

namespace millrace::online {

std::string_view CellStatusName(CellStatus status) {
  switch (status) {
    case CellStatus::kPresent:
      return "PRESENT";
    case CellStatus::kNullValue:
      return "NULL_VALUE";
    case CellStatus::kNotFound:
      return "NOT_FOUND";
    case CellStatus::kOutsideMaxAge:
      return "OUTSIDE_MAX_AGE";
  }
  return "";
}

}  // namespace millrace::online

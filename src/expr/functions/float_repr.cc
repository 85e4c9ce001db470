#include "expr/functions/float_repr.h"

#include <cmath>

#include "columns/float_text.h"

namespace millrace::expr {

void AppendFloatRepr(double value, std::string* out) {
  if (std::isnan(value)) {
    *out += "nan";
  } else if (std::isinf(value)) {
    *out += value < 0 ? "-inf" : "inf";
  } else {
    columns::AppendFloatText(value == 0 ? 0.0 : value, out);
  }
}

}  // namespace millrace::expr

// AppendFloatRepr: a float64 as Python's repr writes it.
#pragma once

#include <string>

namespace millrace::expr {

// "1.0", "0.1", "1e+16", "1e-05", "nan", "inf", "-inf"; -0.0 is "0.0", as everywhere here.
void AppendFloatRepr(double value, std::string* out);

}  // namespace millrace::expr

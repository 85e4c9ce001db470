// FloatText: the one text form of a float64: the shortest digits that read back to the same bits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace millrace::columns {

// As Python's repr, so always with .0 or an exponent: "1.0", "0.1", "1e+16", "1e-05". Not finite:
// "NaN", "Infinity", "-Infinity".
std::string FloatText(double value);
void AppendFloatText(double value, std::string* out);

// Reads a decimal or exponent form, "NaN", "Infinity", "-Infinity" (and "inf", "nan" in any case),
// the whole text, rounded to nearest even. Nothing when it does not fit; too large a number is
// infinite.
std::optional<double> ParseFloat(std::string_view text);

}  // namespace millrace::columns

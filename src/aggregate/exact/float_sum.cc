// The stored form of FloatSum and Specials: docs/formats/state.md.
#include "aggregate/exact/float_sum.h"

namespace millrace::aggregate::exact {

void Specials::Encode(base::ByteWriter* out) const {
  out->U8(any() ? 1 : 0);
  if (!any()) return;
  out->Varint(nan);
  out->Varint(positive);
  out->Varint(negative);
}

base::Result<Specials> Specials::Decode(base::ByteReader* in) {
  Specials specials;
  ARROW_ASSIGN_OR_RAISE(const uint8_t present, in->U8());
  if (present == 0) return specials;
  ARROW_ASSIGN_OR_RAISE(specials.nan, in->Varint());
  ARROW_ASSIGN_OR_RAISE(specials.positive, in->Varint());
  ARROW_ASSIGN_OR_RAISE(specials.negative, in->Varint());
  if (present != 1 || !specials.any()) {
    return base::Error(base::codes::kCorrupt,
                       "the counts of NaN and infinity of a state are malformed");
  }
  return specials;
}

void FloatSum::Encode(base::ByteWriter* out) const {
  specials_.Encode(out);
  finite_.ToDyadic().Encode(out);
}

base::Status FloatSum::Decode(base::ByteReader* in) {
  ARROW_ASSIGN_OR_RAISE(specials_, Specials::Decode(in));
  ARROW_ASSIGN_OR_RAISE(const Dyadic finite, Dyadic::Decode(-1074, FloatPowerSum<1>::kHighBit, in));
  finite_.AddDyadic(finite);
  return base::Status::OK();
}

}  // namespace millrace::aggregate::exact

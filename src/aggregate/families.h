// The maker of every aggregate function, each defined in its family's file. They check types and
// the range of parameters; registry.cc has checked how many there are. Called by registry.cc alone.
#pragma once

#include "aggregate/binding.h"

namespace millrace::aggregate {

using Maker = base::Result<AggregatePtr>(const Call& call);

// count.cc
Maker MakeCount, MakeCountIf;
// sum.cc
Maker MakeSum, MakeAvg;
// moments.cc
Maker MakeVar, MakeVarPop, MakeStddev, MakeStddevPop, MakeSkewness, MakeKurtosis;
// extremum.cc
Maker MakeMin, MakeMax;
// distinct.cc
Maker MakeNunique, MakeCollectDistinct;
// approx_nunique.cc
Maker MakeApproxNunique;
// ordered.cc
Maker MakeFirst, MakeLast, MakeFirstK, MakeLastK;
// frequency.cc
Maker MakeMode, MakeTopK, MakeHistogram;
// percentile.cc
Maker MakePercentile;
// approx_percentile.cc
Maker MakeApproxPercentile;
// boolean.cc
Maker MakeAny, MakeAll;
// decay.cc
Maker MakeDecayedSum, MakeEwma;
// recency.cc
Maker MakeTimeSinceLast, MakeMeanGap;
// vector.cc, vector_recency.cc
Maker MakeVectorAvg, MakeVectorRecencyAvg;

}  // namespace millrace::aggregate

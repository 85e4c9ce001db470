// ReadByHeads: OnlineReads::ReadLater: rounds of one read of the store each, none of which is
// waited for.
#pragma once

#include <vector>

#include "jobs/reads/online_reads.h"

namespace millrace::jobs {

// REQUIRES: as OnlineReads::ReadLater; every read was prepared by KeptReaders.
void ReadByHeads(kv::AsyncReader* store, std::vector<ReadTogether> reads, OnlineReads::Then then);

}  // namespace millrace::jobs

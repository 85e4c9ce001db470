#include "serve/work/loop_reads.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace millrace::serve {

LoopReads::LoopReads(jobs::OnlineReads* reads, ReadQueue* queue, EventLoop loop,
                     std::unique_ptr<kv::AsyncReader> reader)
    : reads_(reads), queue_(queue), loop_(std::move(loop)), reader_(std::move(reader)) {}

LoopReads::~LoopReads() {
  reader_.reset();  // which calls Finish
  for (const auto& read : arrived_) queue_->Add(read);
}

// Behind what the loop has found to do already: requests of other connections.
void LoopReads::Add(std::shared_ptr<QueuedRead> read) {
  arrived_.push_back(std::move(read));
  if (arrived_.size() == 1) boost::asio::post(*loop_, [this] { ReadWhatArrived(); });
}

void LoopReads::ReadWhatArrived() {
  Reads reads = std::exchange(arrived_, {});
  std::vector<jobs::ReadTogether> together;
  together.reserve(reads.size());
  for (const auto& read : reads) together.push_back({read->read(), &read->asked()});
  reads_->ReadLater(reader_.get(), std::move(together),
                    [this, reads = std::move(reads)](std::vector<jobs::ReadTogether> answered) {
                      Finish(reads, std::move(answered));
                    });
}

void LoopReads::Finish(const Reads& reads, std::vector<jobs::ReadTogether> answered) {
  for (size_t i = 0; i < reads.size(); ++i) {
    if (answered[i].is_left) {
      queue_->Add(reads[i]);
    } else {
      queue_->Finish(reads[i].get(), std::move(answered[i].read), std::move(answered[i].answer));
    }
  }
}

}  // namespace millrace::serve

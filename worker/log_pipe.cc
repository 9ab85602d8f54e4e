// SPDX-License-Identifier: Apache-2.0
#include "worker/log_pipe.h"

#include <google/protobuf/io/coded_stream.h>

#include <cerrno>
#include <cstring>

#include "worker/clock.h"

namespace gatehouse::worker {
namespace {

using google::protobuf::io::CodedOutputStream;

// Longer than any record whose fields are within the limits of a head and its log fields.
constexpr std::size_t kMaxRecord = 16 * 1024;

}  // namespace

LogPipe::LogPipe(UniqueFd fd, Poller* poller, MetricsPage* metrics)
    : fd_(std::move(fd)), poller_(poller), metrics_(metrics), buffer_(kCapacity) {
  slot_ = poller_->add(fd_.get(), Poller::Interest::kSink, this, 0);
}

// Writes the oneof's envelope by hand: a LogRecord would own its record and free it when cleared,
// while the strings of a record that is kept by the caller keep their memory.
template <class Record>
bool LogPipe::append(int field, const Record& record) {
  const auto size = static_cast<std::uint32_t>(record.ByteSizeLong());
  const std::uint32_t envelope = 1 + CodedOutputStream::VarintSize32(size) + size;
  if (envelope > kMaxRecord) return false;
  const std::size_t total = 4 + envelope;
  if (kCapacity - end_ < total) {
    if (kCapacity - (end_ - begin_) < total) return false;
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  std::uint8_t* at = buffer_.data() + end_;
  at = CodedOutputStream::WriteLittleEndian32ToArray(envelope, at);
  *at++ = static_cast<std::uint8_t>(field << 3 | 2);  // length-delimited
  at = CodedOutputStream::WriteVarint32ToArray(size, at);
  record.SerializeWithCachedSizesToArray(at);
  end_ += total;
  return true;
}

template <class Record>
void LogPipe::add(int field, const Record& record) {
  if (dropped_ > 0) {
    wire::DroppedRecords dropped;
    dropped.set_count(dropped_);
    if (append(wire::LogRecord::kDroppedFieldNumber, dropped)) dropped_ = 0;
  }
  if (dropped_ == 0 && append(field, record)) return;
  ++dropped_;
  MetricsPage::add(metrics_->log_dropped);
}

void LogPipe::write(const wire::AccessRecord& record) {
  add(wire::LogRecord::kAccessFieldNumber, record);
}

void LogPipe::event(wire::EventRecord::Level level, std::string_view text) {
  wire::EventRecord record;
  record.set_time_us(Clock::wall_us());
  record.set_level(level);
  record.set_text(text.data(), std::min<std::size_t>(text.size(), 1024));
  add(wire::LogRecord::kEventFieldNumber, record);
}

void LogPipe::flush(bool busy) {
  if (begin_ == end_ || !writable_ || (busy && end_ - begin_ < kWorthWriting)) return;
  const ssize_t n = ::write(fd_.get(), buffer_.data() + begin_, end_ - begin_);
  if (n > 0) begin_ += static_cast<std::size_t>(n);
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else {
    // The pipe is full, and an event tells when it is no longer; or there is no reader, in which
    // case records go on being counted as dropped.
    writable_ = false;
  }
}

}  // namespace gatehouse::worker

// SPDX-License-Identifier: Apache-2.0
#include "ipc/event_log.h"

#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <string>

#include "proto/log.pb.h"

namespace gatehouse::ipc {
namespace {

constexpr std::string_view kNames[] = {"info", "warning", "error", "security"};

std::string encode(const wire::LogRecord& record) {
  const auto size = static_cast<std::uint32_t>(record.ByteSizeLong());
  std::string text(sizeof size, '\0');
  for (std::size_t i = 0; i < sizeof size; ++i) text[i] = static_cast<char>(size >> (8 * i));
  record.AppendToString(&text);
  return text;
}

}  // namespace

void EventLog::write(Level level, std::string_view text) {
  text = text.substr(0, 1024);
  if (!pipe_.valid()) {
    const std::string line = "gatehoused: " + std::string(kNames[static_cast<int>(level)]) + ": " +
                             std::string(text) + "\n";
    (void)!::write(STDERR_FILENO, line.data(), line.size());
    return;
  }
  if (dropped_ != 0) {
    wire::LogRecord record;
    record.mutable_dropped()->set_count(dropped_);
    if (write_record(encode(record))) dropped_ = 0;
  }
  wire::LogRecord record;
  auto* event = record.mutable_event();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  event->set_time_us(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
  event->set_level(static_cast<wire::EventRecord::Level>(level));
  event->set_text(std::string(text));
  if (!write_record(encode(record))) ++dropped_;
}

// A record is shorter than PIPE_BUF, so it is written whole or not at all (pipe(7)).
bool EventLog::write_record(const std::string& encoded) {
  return ::write(pipe_.get(), encoded.data(), encoded.size()) ==
         static_cast<ssize_t>(encoded.size());
}

}  // namespace gatehouse::ipc

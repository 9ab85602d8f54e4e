// SPDX-License-Identifier: Apache-2.0
#include "tests/hostile/report.h"

#include <unistd.h>

#include <string>

#include "base/privileges.h"
#include "proto/log.pb.h"

namespace gatehouse::hostile {

bool write_log(std::string_view octets) {
  return write(kWorkerLogFd, octets.data(), octets.size()) == static_cast<ssize_t>(octets.size());
}

bool write_event(std::string_view text) {
  wire::LogRecord record;
  record.mutable_event()->set_text(std::string(text));
  const auto size = static_cast<std::uint32_t>(record.ByteSizeLong());
  std::string octets;
  for (int i = 0; i < 4; ++i) octets += static_cast<char>(size >> (8 * i));
  record.AppendToString(&octets);
  return write_log(octets);
}

void report(std::string_view text) { write_event("outcome " + std::string(text)); }

}  // namespace gatehouse::hostile

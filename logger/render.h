// SPDX-License-Identifier: Apache-2.0
// Records as lines. docs/logging.md describes the two formats.
//
// Trusts: nothing in a record but that it was decoded. Invariant: exactly one line is appended,
// printable ASCII with one '\n' at its end.
#pragma once

#include <cstdint>
#include <string>

#include "logger/timestamp.h"
#include "proto/config.pb.h"
#include "proto/log.pb.h"

namespace gatehouse::logger {

class Renderer {
 public:
  void set_format(wire::ConfigLog::Format format) { format_ = format; }

  // slot is the worker whose pipe the record came from.
  void append_access(const wire::AccessRecord& record, unsigned slot, std::string* out);

  // count records of this worker were lost before they reached the logger.
  void append_lost_by_worker(std::uint64_t now_us, unsigned slot, std::uint64_t count,
                             std::string* out);
  // count records were lost because the log could not be written.
  void append_lost_by_target(std::uint64_t now_us, std::uint64_t count, std::string* out);

 private:
  void append_json(const wire::AccessRecord& record, unsigned slot, std::string* out);
  void append_combined(const wire::AccessRecord& record, unsigned slot, std::string* out);

  wire::ConfigLog::Format format_ = wire::ConfigLog::JSON;
  Timestamp timestamp_;
};

}  // namespace gatehouse::logger

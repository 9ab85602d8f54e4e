// SPDX-License-Identifier: Apache-2.0
// Gets the compiled configuration: asks the loader spawner for a fresh loader, takes its result.
//
// Runs in: parent. Trusts: nothing of the result (privileged/settings.h checks it).
#pragma once

#include <functional>
#include <string>

#include "privileged/event_log.h"
#include "privileged/helper.h"
#include "privileged/settings.h"

namespace gatehouse::privileged {

struct LoadedConfig {
  Settings settings;
  UniqueFd memfd;  // sealed, the serialized wire::Config, for workers and logger
  UniqueFd lists;  // sealed, compiled lists, for workers; empty where there are none
};

class ConfigSource {
 public:
  using Done = std::function<void(Result<LoadedConfig>)>;

  // spawner: the loader spawner's channel. path: of the file, for messages.
  ConfigSource(Loop& loop, EventLog& log, int spawner, std::string path)
      : loader_(loop, spawner, [this] { on_channel(); }), log_(log), path_(std::move(path)) {}

  // One at a time: busy() must be false.
  void load(Done done);
  bool busy() const { return done_ != nullptr; }
  TimePoint next_deadline() const { return busy() ? deadline_ : TimePoint::max(); }
  void expire(TimePoint now);

  // From the spawner: the loader has ended.
  void child_exited(const wire::Exited& exited);

 private:
  void on_channel();
  void finish(Result<LoadedConfig> result);
  Result<LoadedConfig> take(std::size_t size, std::uint64_t lists_size);

  Helper loader_;
  EventLog& log_;
  std::string path_;
  Done done_;
  UniqueFd memfd_, lists_;
  TimePoint deadline_;
};

}  // namespace gatehouse::privileged

// SPDX-License-Identifier: Apache-2.0
// Configuration text (TOML) to gatehouse.wire.Config, with every mistake named.
//
// Runs in: the loader and the confined child of `gatehouse check`. Trusts: nothing; the text is
// hostile, and so is, for those who receive it, the result: the parent checks its bounds again.
// Invariant: an outcome without errors carries a complete Config, every default filled in.
// Not here: reading files, seccomp (loader_main.cc, cli/check.cc).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/language/compile.h"
#include "policy/language/files.h"
#include "proto/config.pb.h"

namespace gatehouse::config {

inline constexpr std::size_t kMaxText = std::size_t{1} << 20;  // octets of configuration text
inline constexpr std::uint32_t kConfigVersion = 1;             // of the Config message

// What a text doesn't say and the machine does.
struct Surroundings {
  std::uint32_t processors = 1;  // for workers = "auto"
  std::string pseudonym;         // a token, for Via without via_pseudonym
  std::string resolv_conf = {};  // the text of /etc/resolv.conf, as hostile as the configuration's
  policy::Files* files = nullptr;  // of the policy; null: none can be read
  policy::ListWork lists = {};     // a random key
};
// Asks the kernel: sched_getaffinity(2), getrandom(2). Not for the text.
Surroundings look_around();
// All of fd, at most 64 KiB; empty where it is closed or can't be read. After confinement.
std::string read_resolv_conf_text(int fd);

struct Outcome {
  wire::Config config;
  std::vector<std::byte> lists;        // compiled, of the policy; empty: there are none
  std::vector<std::string> errors;     // sentences without newlines; empty: success
  std::vector<std::string> notes;      // likewise: what of the surroundings is not used, and why
  std::vector<std::string> warnings;   // likewise: what of the policy is hardly meant
  std::size_t rules = 0, expects = 0;  // of the policy; the expect lines hold
};

// file_name stands at the start of every error.
Outcome parse(std::string_view text, std::string_view file_name, const Surroundings& surroundings);

// The effective settings, themselves a configuration text that parses to the same Config.
std::string describe(const wire::Config& config);

// One sentence: "4 workers, transparent on 0.0.0.0:8888 and [::]:8888, ...".
std::string summarize(const wire::Config& config);

}  // namespace gatehouse::config

// SPDX-License-Identifier: Apache-2.0
// A request as people write it, in an expect line or behind `gatehouse why`:
//
//   CLIENT METHOD URL [to ADDRESS[:PORT]] [listener MODE] [at TIME] [with "NAME: VALUE"]
//   [label KEY=VALUE]... [unverified] [status N] [type TYPE] [size SIZE]
//
// The last three are of the response, if there is one; what is not said of it is 200, no type, 0.
// What the gateway would see of it: of an https URL a forward listener sees CONNECT, a transparent
// one neither method nor name.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "policy/language/document.h"
#include "policy/request.h"

namespace gatehouse::policy {

class Engine;
struct Trace;

// What rules may count on: the modes of the configuration's listeners, the names of its upstreams.
struct Modes {
  bool transparent = true;
  bool forward = true;
  bool reverse = true;
  std::optional<std::vector<std::string>> upstreams = {};  // none: not known, of a rule file alone
};

class Question final : private Fields {
 public:
  // A mistake: which word, and a sentence about it.
  struct Mistake {
    std::size_t word = 0;  // may be the number of words: something is missing at the end
    std::string what;
  };

  // Fills in *this; nothing: it is right.
  std::optional<Mistake> read(std::span<const Word> words, const Modes& modes);

  // A view of *this. now: where no time was given.
  Request request(std::int64_t now = 0) const;
  bool has_time() const { return time_.has_value(); }
  // About the request, then about its response where the question has one. trace may be null.
  void decide(Engine* engine, std::int64_t now, Decision* decision, Trace* trace = nullptr) const;

 private:
  bool any(std::string_view name, const TextPattern* pattern) const override;
  std::optional<Mistake> read_url(const Word& word, bool* https);
  std::optional<Mistake> read_option(std::span<const Word> words, std::size_t* at);
  // What is valid instead; empty: it is right.
  std::string_view read_value(std::string_view name, const std::string& value);
  std::string_view read_response(std::string_view name, const std::string& value);
  bool read_field(std::string_view value);
  void see_as_the_gateway(const Modes& modes, bool https);

  IpAddress client_;
  std::string method_, host_, path_;
  Endpoint destination_;
  std::uint16_t listener_port_ = 0;
  std::optional<wire::ConfigMode> mode_;
  std::vector<std::pair<std::string, std::string>> fields_;  // names in lower case
  std::vector<std::string> labels_;
  std::optional<std::int64_t> time_;
  bool unverified_ = false;
  bool has_response_ = false;
  unsigned status_ = 200;
  std::string type_;
  std::uint64_t size_ = 0;
};

// "2026-11-24T10:00Z", "2026-11-24T10:00:00+01:00" (RFC 3339) as seconds since 1970.
std::optional<std::int64_t> parse_time(std::string_view text);

}  // namespace gatehouse::policy

// SPDX-License-Identifier: Apache-2.0
#include "policy/language/question.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "config/values.h"
#include "policy/clients/key.h"
#include "policy/engine.h"
#include "policy/language/findings.h"
#include "policy/text_pattern.h"

namespace gatehouse::policy {
namespace {

using Mistake = Question::Mistake;

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return result;
}

// A number of exactly so many digits at the beginning of *text, which is taken away.
std::optional<int> take_number(std::string_view* text, std::size_t digits) {
  if (text->size() < digits) return std::nullopt;
  int number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if ((*text)[i] < '0' || (*text)[i] > '9') return std::nullopt;
    number = number * 10 + ((*text)[i] - '0');
  }
  text->remove_prefix(digits);
  return number;
}

bool take(std::string_view* text, char c) {
  if (text->empty() || (*text)[0] != c) return false;
  text->remove_prefix(1);
  return true;
}

// "Z" or "+01:00", all of text; in seconds.
std::optional<int> parse_offset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  const bool ahead = take(&text, '+');
  if (!ahead && !take(&text, '-')) return std::nullopt;
  const auto hours = take_number(&text, 2);
  if (!hours || !take(&text, ':')) return std::nullopt;
  const auto minutes = take_number(&text, 2);
  if (!minutes || !text.empty() || *hours > 23 || *minutes > 59) return std::nullopt;
  return (*hours * 60 + *minutes) * (ahead ? 60 : -60);
}

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view text) {
  const auto year = take_number(&text, 4);
  if (!year || !take(&text, '-')) return std::nullopt;
  const auto month = take_number(&text, 2);
  if (!month || !take(&text, '-')) return std::nullopt;
  const auto day = take_number(&text, 2);
  if (!day || !take(&text, 'T')) return std::nullopt;
  const auto hour = take_number(&text, 2);
  if (!hour || !take(&text, ':')) return std::nullopt;
  const auto minute = take_number(&text, 2);
  if (!minute) return std::nullopt;
  std::optional<int> second = 0;
  if (take(&text, ':')) second = take_number(&text, 2);
  const auto offset = parse_offset(text);
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!second || !offset || !date.ok() || *hour > 23 || *minute > 59 || *second > 59) {
    return std::nullopt;
  }
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + *hour) * 60 + *minute) * 60 + *second - *offset;
}

std::optional<Mistake> Question::read(std::span<const Word> words, const Modes& modes) {
  if (words.size() < 3) {
    return Mistake{words.size(), "expected the client's address, a method and a URL"};
  }
  const auto client = config::parse_address(words[0].text);
  if (!client) return Mistake{0, in_quotes(words[0].text) + " is no IP address of a client"};
  client_ = *client;
  method_ = words[1].text;
  if (!config::is_token(method_)) return Mistake{1, in_quotes(method_) + " is no method"};
  bool https = false;
  if (auto mistake = read_url(words[2], &https)) {
    mistake->word = 2;
    return mistake;
  }
  for (std::size_t at = 3; at < words.size();) {
    if (auto mistake = read_option(words, &at)) return mistake;
  }
  see_as_the_gateway(modes, https);
  return std::nullopt;
}

std::optional<Mistake> Question::read_url(const Word& word, bool* https) {
  std::string_view text = word.text;
  *https = text.starts_with("https://");
  if (!*https && !text.starts_with("http://")) {
    return Mistake{0, in_quotes(word.text) + " is no URL with http:// or https://"};
  }
  text.remove_prefix(*https ? 8 : 7);
  const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  std::string_view authority = text.substr(0, end);
  path_ = text.substr(end);
  if (!path_.starts_with('/')) path_.insert(0, "/");
  destination_.port = *https ? 443 : 80;
  const std::size_t colon = authority.rfind(':');
  if (colon != authority.npos && authority.find(']', colon) == authority.npos) {
    const auto port = config::parse_port(authority.substr(colon + 1));
    if (!port) return Mistake{0, in_quotes(word.text) + " has no port from 1 to 65535"};
    destination_.port = *port;
    authority = authority.substr(0, colon);
  }
  if (!config::is_host(authority)) {
    return Mistake{0, in_quotes(word.text) + " has no host name or address"};
  }
  if (authority.starts_with('[')) authority = authority.substr(1, authority.size() - 2);
  if (const auto literal = config::parse_address(authority)) {
    destination_.address = *literal;
  } else {
    host_ = authority;
  }
  return std::nullopt;
}

// One option from *at on, which is moved behind it.
std::optional<Mistake> Question::read_option(std::span<const Word> words, std::size_t* at) {
  const std::string& name = words[(*at)++].text;
  if (name == "unverified") {
    unverified_ = true;
    return std::nullopt;
  }
  constexpr std::array<std::string_view, 8> kOptions = {"to",    "listener", "at",   "with",
                                                        "label", "status",   "type", "size"};
  if (std::find(kOptions.begin(), kOptions.end(), name) == kOptions.end()) {
    return Mistake{*at - 1, in_quotes(name) +
                                " is nothing that a request has; valid is to, listener, at, with, "
                                "label or unverified, and of its response status, type and size"};
  }
  if (*at == words.size()) return Mistake{*at, "expected a value after " + name};
  const std::string& value = words[(*at)++].text;
  const std::string_view valid = read_value(name, value);
  if (valid.empty()) return std::nullopt;
  return Mistake{*at - 1, in_quotes(value) + " is not right after " + name + "; valid is " +
                              std::string(valid)};
}

std::string_view Question::read_value(std::string_view name, const std::string& value) {
  if (name == "to") {
    if (const auto endpoint = config::parse_endpoint(value)) {
      destination_ = *endpoint;
    } else if (const auto address = config::parse_address(value)) {
      destination_.address = *address;
    } else {
      return "an address, with or without a port, such as 192.0.2.1:80";
    }
  } else if (name == "listener") {
    if (const auto port = config::parse_port(value)) {
      listener_port_ = *port;
    } else if (value == "transparent") {
      mode_ = wire::TRANSPARENT;
    } else if (value == "forward") {
      mode_ = wire::FORWARD;
    } else if (value == "reverse") {
      mode_ = wire::REVERSE;
    } else {
      return "transparent, forward, reverse or a port";
    }
  } else if (name == "label") {
    if (!clients::is_label(value)) return "KEY=VALUE, such as role=guest";
    labels_.push_back(value);
  } else if (name == "at") {
    time_ = parse_time(value);
    if (!time_) return "a time such as 2026-11-24T10:00:00+01:00 or 2026-11-24T09:00Z";
  } else if (name == "with") {
    return read_field(value) ? "" : "a header field such as \"User-Agent: curl\"";
  } else {
    return read_response(name, value);
  }
  return {};
}

bool Question::read_field(std::string_view value) {
  const std::size_t colon = value.find(':');
  if (colon == value.npos || !config::is_token(value.substr(0, colon))) return false;
  const std::size_t begin = value.find_first_not_of(" \t", colon + 1);
  const std::size_t end = value.find_last_not_of(" \t") + 1;
  fields_.emplace_back(lower(value.substr(0, colon)),
                       begin == value.npos ? "" : value.substr(begin, end - begin));
  return true;
}

std::string_view Question::read_response(std::string_view name, const std::string& value) {
  has_response_ = true;
  if (name == "status") {
    const auto status = config::parse_port(value);
    if (!status || *status < 100 || *status > 599) return "100 to 599";
    status_ = *status;
  } else if (name == "type") {
    type_ = value;
  } else {
    const auto size = config::parse_size(value);
    if (!size) return "a number with B, KiB, MiB or GiB, such as 100MiB";
    size_ = *size;
  }
  return {};
}

void Question::decide(Engine* engine, std::int64_t now, Decision* decision, Trace* trace) const {
  engine->decide(request(now), decision, trace);
  if (!has_response_ || decision->rule->verb() != wire::POLICY_ALLOW) return;
  Response response{status_, {}, size_};
  if (!type_.empty()) response.types.push_back(type_);
  const ResponseDecision second = decide_response(decision->later, response);
  decision->effects.insert(decision->effects.end(), second.effects.begin(), second.effects.end());
  if (second.rule != nullptr) decision->rule = second.rule;
}

void Question::see_as_the_gateway(const Modes& modes, bool https) {
  if (!mode_) {
    if (https) {
      mode_ = modes.forward || !modes.transparent ? wire::FORWARD : wire::TRANSPARENT;
    } else {
      mode_ = modes.transparent ? wire::TRANSPARENT : modes.forward ? wire::FORWARD : wire::REVERSE;
    }
  }
  if (!https) return;
  path_.clear();
  fields_.clear();
  if (*mode_ == wire::TRANSPARENT) {
    method_.clear();
    host_.clear();
  } else {
    method_ = "CONNECT";
  }
}

Request Question::request(std::int64_t now) const {
  Request request;
  request.client = client_;
  request.mode = mode_.value_or(wire::TRANSPARENT);
  request.listener_port = listener_port_;
  request.destination = destination_;
  request.host = host_;
  request.method = method_;
  request.path = path_;
  request.fields = this;
  request.labels = labels_;
  request.now = time_.value_or(now);
  const bool nameless = request.mode == wire::TRANSPARENT && method_.empty();
  request.verified = unverified_ || nameless ? Verified::kNo : Verified::kYes;
  return request;
}

bool Question::any(std::string_view name, const TextPattern* pattern) const {
  return std::any_of(fields_.begin(), fields_.end(), [&](const auto& field) {
    return field.first == name && (pattern == nullptr || pattern->matches(field.second));
  });
}

}  // namespace gatehouse::policy

// SPDX-License-Identifier: Apache-2.0
// The forms that list files come in, and what one line of each says.
//
// Trusts: nothing; lists are downloaded. Pure: text in, calls out. docs/lists.md has the forms in
// words.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "policy/lists/fault.h"

namespace gatehouse::lists {

enum class Form : std::uint8_t { kPlain, kHosts, kAdblock, kRpz, kNetworks, kUrls };
inline constexpr std::size_t kForms = 6;

inline constexpr std::array<std::string_view, kForms> kFormTexts = {"plain", "hosts",    "adblock",
                                                                    "rpz",   "networks", "urls"};
// "plain", "hosts", "adblock", "rpz", "networks", "urls".
std::string_view form_text(Form form);
std::optional<Form> form_from_text(std::string_view text);

// What most lines of a sample look like; kPlain where none looks like anything.
Form detect_form(std::string_view sample);

// Which names an entry holds, as bits: the name itself, those below it.
enum class Scope : std::uint8_t { kSelf = 1, kBelow = 2, kBoth = 3 };

// What a line says. Names are in lower case, without a final dot, and well formed; views end with
// the call. deliberate: it may be a public suffix.
class EntrySink {
 public:
  virtual void name(std::string_view host, Scope scope, bool deliberate) = 0;
  virtual void url(std::string_view host, Scope scope, std::string_view path) = 0;
  virtual void network(const Network& network) = 0;
  virtual void fault(Fault fault, std::string_view text) = 0;

 protected:
  ~EntrySink() = default;
};

// Of one file, its lines in order.
class LineReader {
 public:
  explicit LineReader(Form form) : form_(form) {}
  // line: without its end.
  void read(std::string_view line, EntrySink* sink);

 private:
  void read_rpz(std::string_view line, EntrySink* sink);
  void read_rpz_record(std::string_view owner, std::string_view rest, EntrySink* sink);

  Form form_;
  bool in_parentheses_ = false;  // of an SOA record
  std::string origin_;           // of a zone, with its final dot; empty: not known yet
};

}  // namespace gatehouse::lists

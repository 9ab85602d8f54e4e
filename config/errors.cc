// SPDX-License-Identifier: Apache-2.0
#include "config/errors.h"

#include <algorithm>
#include <array>
#include <string>

#include "config/section.h"
#include "config/values.h"

namespace gatehouse::config {
namespace {

constexpr std::size_t kMaxTemplate = std::size_t{16} * 1024;  // octets; each worker keeps it
constexpr unsigned kMaxPlaceholders = 32;                     // so that a page has a bounded length
constexpr std::array<std::string_view, 5> kPlaceholders = {"status", "reason", "sentence",
                                                           "reference", "rule"};

std::string in_line(std::string_view text, std::size_t at) {
  const auto lines = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  return "in its line " + std::to_string(lines + 1);
}

// "{{NAME}}" of what stands between.
std::string braced(std::string_view name) { return "{{" + std::string(name) + "}}"; }

// What is wrong with the placeholders; empty: nothing.
std::string placeholder_problem(std::string_view text) {
  std::string valid = "; valid is";
  for (const std::string_view name : kPlaceholders) valid += " " + braced(name);
  unsigned count = 0;
  for (std::size_t at = text.find("{{"); at != text.npos; at = text.find("{{", at)) {
    const std::size_t end = text.find("}}", at);
    if (end == text.npos) {
      return "has {{ " + in_line(text, at) + ", and no }} after it" + valid;
    }
    const std::string_view name = text.substr(at + 2, end - at - 2);
    if (std::find(kPlaceholders.begin(), kPlaceholders.end(), name) == kPlaceholders.end()) {
      std::string what = "has " + braced(printable(name, 40)) + " " + in_line(text, at) +
                         ", which is no placeholder";
      if (const auto near = nearest(name, kPlaceholders)) {
        what += " (did you mean " + braced(*near) + "?)";
      }
      return what + valid;
    }
    if (++count > kMaxPlaceholders) {
      return "has more than " + std::to_string(kMaxPlaceholders) +
             " placeholders; valid is an HTML page with fewer";
    }
    at = end + 2;
  }
  return {};
}

std::string template_problem(std::string_view text) {
  if (text.size() > kMaxTemplate) {
    return "has " + std::to_string(text.size()) +
           " octets; valid is an HTML page of at most 16 KiB";
  }
  if (!text.empty() && text.find('<') == text.npos) {
    return "is " + quoted(text) +
           ", which is no HTML (no file is opened); valid is the page itself, in three quotes";
  }
  const auto control = std::find_if(text.begin(), text.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return (octet < 0x20 && c != '\n' && c != '\t' && c != '\r') || octet == 0x7f;
  });
  if (control != text.end()) {
    return "has a control character " +
           in_line(text, static_cast<std::size_t>(control - text.begin())) +
           "; valid is an HTML page without any";
  }
  return placeholder_problem(text);
}

}  // namespace

void read_errors(const Node* table, Diagnostics* diagnostics, wire::Config* config) {
  Section section("[errors]", table, diagnostics);
  if (const Node* node = section.find("template")) {
    if (node->kind != Node::Kind::kString) {
      section.complain(*node, "template",
                       "is " + shown(*node) +
                           "; valid is an HTML page of at most 16 KiB, in three quotes, or \"\"");
    } else if (const std::string problem = template_problem(node->text); !problem.empty()) {
      section.complain(*node, "template", problem);
    } else {
      config->set_error_template(node->text);
    }
  }
  section.finish();
}

}  // namespace gatehouse::config

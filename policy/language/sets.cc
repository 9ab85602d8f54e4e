// SPDX-License-Identifier: Apache-2.0
#include "policy/language/sets.h"

#include <algorithm>
#include <array>

#include "config/values.h"
#include "policy/language/parse.h"
#include "policy/lists/blob_format.h"
#include "policy/name_index.h"

namespace gatehouse::policy {
namespace {

constexpr std::size_t kMaxSetName = 64;

std::string network_problem(std::string_view text, const Network& network) {
  if (config::is_v4_mapped(network.address) && network.prefix >= 96) {
    return in_quotes(text) + " is an IPv4 network in IPv6 clothes; write its IPv4 form";
  }
  const Network clean = config::masked(network);
  if (clean.address == network.address) return {};
  return in_quotes(text) + " has bits set beyond its prefix; write " + config::to_string(clean) +
         " or another prefix";
}

// Of a name in lower case without dots at its ends.
bool is_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxName) return false;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    const std::string_view label = name.substr(begin, end - begin);
    const bool right =
        !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
        std::all_of(label.begin(), label.end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        });
    if (!right) return false;
    begin = end + 1;
  }
  // A name whose last label is a number is no name but a mistyped address (WHATWG URL 3.5).
  const std::string_view last = name.substr(name.rfind('.') + 1);
  return last.find_first_not_of("0123456789") != last.npos;
}

std::string name_problem(std::string_view text) {
  const std::string shown = in_quotes(text);
  if (std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; })) {
    return shown + " has letters outside ASCII; write the name as it is sent, such as \"xn--...\"";
  }
  const std::size_t slash = text.find('/');
  if (slash != text.npos && config::parse_address(text.substr(0, slash))) {
    return shown + " has a prefix that is not 0 to 32, or 0 to 128 of an IPv6 address";
  }
  if (text.find("://") != text.npos || text.find('/') != text.npos) {
    return shown + " is no host name or network; paths have a condition of their own (path /a/*)";
  }
  if (text.find('*') != text.npos) {
    return shown + " has a star; write .example.com for a name and all beneath it";
  }
  if (text.find(':') != text.npos) {
    return shown + " is no address or host name; ports have a condition of their own (port 443)";
  }
  return shown + " is no host name, address or network";
}

}  // namespace

void Members::add(const Members& more) {
  networks.insert(networks.end(), more.networks.begin(), more.networks.end());
  exact.insert(exact.end(), more.exact.begin(), more.exact.end());
  suffixes.insert(suffixes.end(), more.suffixes.begin(), more.suffixes.end());
}

std::string add_member(std::string_view text, Members* members) {
  if (const auto network = config::parse_network(text)) {
    std::string problem = network_problem(text, *network);
    if (problem.empty()) members->networks.push_back(*network);
    return problem;
  }
  const bool suffix = text.starts_with('.');
  std::array<char, kMaxName> space;
  const std::string_view name = normal_name(text.substr(suffix ? 1 : 0), space);
  if (!is_name(name)) return name_problem(text);
  (suffix ? members->suffixes : members->exact).emplace_back(name);
  return {};
}

NamedSet* Sets::add(const Word& name) {
  if (name.text.size() > kMaxSetName) {
    errors_->add(name.place, in_quotes(name.text) + " is longer than 64 letters");
    return nullptr;
  }
  const auto [found, added] = sets_.try_emplace(name.text);
  if (!added) {
    errors_->add(name.place, in_quotes(name.text) + " is defined already, in line " +
                                 std::to_string(found->second.name.place.line));
    return nullptr;
  }
  found->second.name = name;
  return &found->second;
}

void Sets::define(const WrittenSet& set) {
  Members members;
  for (const Word& item : set.items) {
    if (item.kind == Word::Kind::kReference) {
      const NamedSet* other = find(item);
      if (other != nullptr && other->list) {
        errors_->add(item.place, "@" + item.text +
                                     " is a list, and a set can't hold one; rules can name both: "
                                     "@" +
                                     set.name.text + ", @" + item.text);
      } else if (other != nullptr) {
        members.add(other->members);
      }
    } else if (item.kind == Word::Kind::kRegex) {
      errors_->add(item.place, "a set holds networks, addresses and names, no expressions");
    } else if (const std::string why = add_member(item.text, &members); !why.empty()) {
      errors_->add(item.place, why);
    }
  }
  if (NamedSet* named = add(set.name)) named->members = std::move(members);
}

// "lists/*.domains" is a file for each name.
void Sets::define(const WrittenList& list) {
  const std::string& pattern = list.path.text;
  const std::size_t star = pattern.find('*');
  if (star == pattern.npos && list.names.size() > 1) {
    return errors_->add(list.path.place, "the path needs a *, which stands for each of the names");
  }
  for (const Word& name : list.names) {
    std::string path = pattern;
    if (star != path.npos) path.replace(star, 1, name.text);
    NamedSet* set = add(name);
    if (set == nullptr) continue;
    if (const std::string why = path_problem(path); !why.empty()) {
      errors_->add(list.path.place, in_quotes(path) + " " + why);
      continue;
    }
    if (const auto form = form_of(list, path)) set->list = NamedList{path, *form, !list.form, {}};
  }
}

// By its beginning; it is compiled as this form whatever follows.
std::optional<lists::Form> Sets::form_of(const WrittenList& list, const std::string& path) {
  if (list.form) {
    const auto form = lists::form_from_text(list.form->text);
    if (!form) {
      std::string what = in_quotes(list.form->text) + " is no form of list";
      if (const auto near = config::nearest(list.form->text, lists::kFormTexts)) {
        what.append(" (did you mean ").append(*near).append("?)");
      }
      errors_->add(list.form->place,
                   what + "; valid is plain, hosts, adblock, rpz, networks or urls");
    }
    return form;
  }
  std::string problem;
  if (auto read = files_->open(path)) {
    lists::LineSource source(std::move(*read));
    const auto sample = source.sample();
    if (sample) return lists::detect_form(*sample);
    problem = sample.error().what;
  } else {
    problem = read.error().what;
  }
  errors_->add(list.path.place, in_quotes(path) + " " + problem);
  return std::nullopt;
}

std::uint32_t Sets::number_of(NamedSet* set) {
  NamedList& list = *set->list;
  if (!list.number) {
    list.number = static_cast<std::uint32_t>(used_lists_.size());
    used_lists_.push_back(set);
    if (used_lists_.size() == lists::kMaxLists + 1) {
      errors_->add(set->name.place, "this is one list more than the 64 that rules can use");
    }
  }
  return *list.number;
}

std::vector<lists::ListFile> Sets::used_lists() const {
  std::vector<lists::ListFile> files;
  for (const NamedSet* set : used_lists_) {
    // Opened when it is its turn, so that one is open at a time.
    lists::ReadSome read = [this, path = set->list->path, opened = lists::ReadSome()](
                               std::span<char> to) mutable -> Result<std::size_t> {
      if (!opened) {
        auto file = files_->open(path);
        if (!file) return file.error();
        opened = std::move(*file);
      }
      return opened(to);
    };
    files.push_back(
        {set->name.text, set->list->path, set->list->form, std::move(read), set->list->detected});
  }
  return files;
}

NamedSet* Sets::find(const Word& reference) {
  const auto found = sets_.find(reference.text);
  if (found != sets_.end()) {
    found->second.used = true;
    return &found->second;
  }
  std::vector<std::string_view> names;
  for (const auto& [name, set] : sets_) names.push_back(name);
  std::string what = "there is no set or list " + in_quotes(reference.text) + " above this line";
  if (const auto near = config::nearest(reference.text, names)) {
    what.append(" (did you mean @").append(*near).append("?)");
  }
  errors_->add(reference.place, what);
  return nullptr;
}

void Sets::warn_of_unused() {
  for (const auto& [name, set] : sets_) {
    if (!set.used) warnings_->add(set.name.place, in_quotes(name) + " is used by no rule");
  }
}

}  // namespace gatehouse::policy

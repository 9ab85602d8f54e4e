// SPDX-License-Identifier: Apache-2.0
#include "registrar/calls.h"

#include <arpa/inet.h>

#include <algorithm>
#include <set>

#include "base/address.h"
#include "ipc/codec.h"
#include "policy/clients/key.h"

namespace gatehouse::registrar {
namespace {

constexpr unsigned kVersion = 1;
constexpr std::uint64_t kShortest_ms = 1000;
constexpr std::uint64_t kLongest_ms = 366ULL * 24 * 3600 * 1000;
constexpr std::size_t kMaxReason = 200, kMaxHost = 253;
constexpr std::size_t kMaxList = 3500;  // octets of the entries in a reply

constexpr const char* kNames[] = {"client", "bypass", "grant"};

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

// In the one form in which workers compare it.
bool is_name_or_address(const std::string& host) {
  IpAddress address;
  address.family = host.find(':') == host.npos ? AF_INET : AF_INET6;
  if (inet_pton(address.family, host.c_str(), address.octets.data()) == 1) {
    return to_string(address) == host;
  }
  return !host.empty() && host.size() <= kMaxHost && host.back() != '.' &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                  c == '_';
         });
}

// Empty: the labels may stand in an entry.
std::string label_problem(const Entry& entry) {
  if (entry.kind() != Entry::CLIENT)
    return entry.labels().empty() ? "" : "only a client has labels";
  if (entry.labels().empty()) return "a client needs a label, such as role=guest";
  if (entry.labels_size() > static_cast<int>(clients::kMaxLabels)) {
    return "a client has at most 8 labels";
  }
  std::set<std::string> keys;
  for (const std::string& label : entry.labels()) {
    if (!clients::is_label(label)) {
      return "a label is KEY=VALUE, each of letters, digits, '-', '_' and '.', the key at most 32 "
             "and the value at most 64 of them";
    }
    if (!keys.insert(label.substr(0, label.find('='))).second) {
      return "the label " + label.substr(0, label.find('=')) + " is there twice";
    }
  }
  if (text_of(entry).size() > clients::kMaxText) return "the labels are longer than 264 octets";
  return "";
}

// Empty: it names an entry. Else a sentence.
std::string key_problem(const Entry& entry) {
  if (!Entry::Kind_IsValid(entry.kind())) return "there is no such kind of entry";
  const auto address = address_from_bytes(entry.address());
  if (!address) return "the client is no IPv4 or IPv6 address or network";
  if (entry.prefix() > address->size() * 8 ||
      clients::first_bits(*address, entry.prefix()) != *address) {
    return "the network has bits beyond its prefix";
  }
  if (entry.kind() == Entry::GRANT && !is_name_or_address(entry.host())) {
    return "a grant needs a host: a name of letters, digits, '-', '_' and '.', or an address";
  }
  if (entry.kind() != Entry::GRANT && !entry.host().empty()) return "only a grant has a host";
  return "";
}

std::string put_problem(const Entry& entry) {
  if (auto why = key_problem(entry); !why.empty()) return why;
  if (auto why = label_problem(entry); !why.empty()) return why;
  if (entry.for_ms() < kShortest_ms || entry.for_ms() > kLongest_ms) {
    return "the time must be from 1 second to 366 days";
  }
  if (entry.reason().size() > kMaxReason || !printable(entry.reason())) {
    return "the reason must be at most 200 letters of ASCII";
  }
  if (entry.kind() == Entry::GRANT && entry.reason().empty()) return "a grant needs a reason";
  return "";
}

std::string named(const Entry& entry) {
  if (!Entry::Kind_IsValid(entry.kind())) return "?";
  const auto address = address_from_bytes(entry.address());
  std::string text = address ? to_string(*address) : "?";
  if (address && entry.prefix() != address->size() * 8) {
    text += "/" + std::to_string(entry.prefix());
  }
  if (!entry.host().empty()) text += " " + entry.host().substr(0, kMaxHost);
  return text;
}

std::string described(const Entry& entry) {
  std::string text = named(entry);
  for (int i = 0; i < std::min(entry.labels_size(), 8); ++i) {
    text += " " + entry.labels(i).substr(0, 100);
  }
  text += " for " + std::to_string(entry.for_ms() / 1000) + " s";
  if (!entry.reason().empty()) text += ": " + entry.reason().substr(0, kMaxReason);
  return text;
}

void list(const wire::ListEntries& request, const Registry& registry, wire::EntryList* list) {
  std::size_t octets = 0;
  // The kind is the first of a key.
  std::string after = request.after();
  if (after.empty()) after = static_cast<char>('a' + request.kind());
  std::string last;
  registry.each(request.kind(), after, [&](const std::string& key, const Entry& entry) {
    octets += entry.ByteSizeLong() + 4;
    if (octets > kMaxList) {
      list->set_next(last);
      return false;
    }
    *list->add_entries() = entry;
    last = key;
    return true;
  });
}

}  // namespace

wire::ClientsReply error_reply(std::string text) {
  wire::ClientsReply reply;
  reply.set_version(kVersion);
  reply.mutable_error()->set_text(std::move(text));
  return reply;
}

Outcome handle(const wire::ClientsRequest& request, std::uint32_t uid, std::int64_t now_ms,
               Registry* registry) {
  Outcome outcome;
  outcome.what = "a call of another version";
  if (request.version() != kVersion) {
    outcome.reply = error_reply(
        "the protocol of run-time changes has version 1; use the gatehouse command of this "
        "version");
    return outcome;
  }
  outcome.reply.set_version(kVersion);
  const auto finish = [&](Result<Entry> result) {
    if (!result) {
      outcome.reply = error_reply(result.error().what);
      return;
    }
    outcome.changed = true;
    *outcome.reply.mutable_done() = std::move(*result);
  };
  switch (request.body_case()) {
    case wire::ClientsRequest::kPut: {
      Entry entry = request.put();
      const bool valid = Entry::Kind_IsValid(entry.kind());
      outcome.what = std::string(valid ? kNames[entry.kind()] : "?") + " add " + described(entry);
      if (auto why = put_problem(entry); !why.empty()) {
        outcome.reply = error_reply(std::move(why));
        break;
      }
      entry.set_until_ms(now_ms + static_cast<std::int64_t>(entry.for_ms()));
      entry.set_uid(uid);
      finish(registry->put(std::move(entry), now_ms));
      break;
    }
    case wire::ClientsRequest::kRemove: {
      const Entry& key = request.remove();
      const bool valid = Entry::Kind_IsValid(key.kind());
      outcome.what = std::string(valid ? kNames[key.kind()] : "?") + " remove " + named(key);
      if (auto why = key_problem(key); !why.empty()) {
        outcome.reply = error_reply(std::move(why));
        break;
      }
      finish(registry->remove(key, now_ms));
      outcome.resets = outcome.changed && key.kind() == Entry::CLIENT;
      break;
    }
    case wire::ClientsRequest::kList:
      outcome.what = "list";
      if (!Entry::Kind_IsValid(request.list().kind())) {
        outcome.reply = error_reply("there is no such kind of entry");
        break;
      }
      outcome.what = std::string(kNames[request.list().kind()]) + " list";
      list(request.list(), *registry, outcome.reply.mutable_list());
      break;
    case wire::ClientsRequest::BODY_NOT_SET:
      outcome.reply = error_reply("the call is empty");
      break;
  }
  return outcome;
}

}  // namespace gatehouse::registrar

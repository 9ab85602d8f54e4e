// SPDX-License-Identifier: Apache-2.0
#include "cli/run_time.h"

#include <algorithm>
#include <ctime>

#include "cli/control_client.h"
#include "cli/json.h"
#include "cli/table.h"
#include "config/values.h"
#include "ipc/codec.h"

namespace gatehouse::cli {
namespace {

constexpr int kAnswer_ms = 10'000;

}  // namespace

Result<RunTimeClient> RunTimeClient::connect(const std::string& run_directory) {
  auto socket = connect_to(run_directory + "/clients.sock",
                           "only root and members of the group of --control-group may ask");
  if (!socket) return socket.error();
  return RunTimeClient(std::move(*socket));
}

Result<wire::ClientsReply> RunTimeClient::ask(wire::ClientsRequest request) {
  request.set_version(1);
  if (request.ByteSizeLong() > ipc::kMaxMessage) {
    return Error{0, "the call is longer than the registrar takes (4096 octets)"};
  }
  if (ipc::send_message(socket_.get(), request) != ipc::Send::kSent) {
    return Error{0, "the registrar does not take the call"};
  }
  ipc::Message message;
  wire::ClientsReply reply;
  if (auto status = await_answer(socket_.get(), kAnswer_ms, &message); !status)
    return status.error();
  if (!ipc::decode(message.bytes(), &reply)) {
    return Error{0, "the registrar's answer can't be read; is it of another version?"};
  }
  if (reply.has_error()) return Error{0, reply.error().text()};
  return reply;
}

Result<std::vector<wire::RunTimeEntry>> RunTimeClient::list(wire::RunTimeEntry::Kind kind) {
  std::vector<wire::RunTimeEntry> entries;
  wire::ClientsRequest request;
  request.mutable_list()->set_kind(kind);
  for (;;) {
    const auto reply = ask(request);
    if (!reply) return reply.error();
    if (!reply->has_list()) return Error{0, "the registrar answers something else"};
    entries.insert(entries.end(), reply->list().entries().begin(), reply->list().entries().end());
    if (reply->list().next().empty()) return entries;
    request.mutable_list()->set_after(reply->list().next());
  }
}

Status take_client(const std::string& text, wire::RunTimeEntry* entry) {
  const auto network = config::parse_network(text);
  if (!network) {
    return Error{0, text + " is no address or network of clients, such as 10.0.0.5 or 10.0.0.0/24"};
  }
  entry->set_address(std::string(network->address.bytes()));
  entry->set_prefix(network->prefix);
  return ok();
}

void take_host(std::string_view text, wire::RunTimeEntry* entry) {
  if (const auto address = config::parse_address(text)) {
    return entry->set_host(to_string(*address));
  }
  if (text.ends_with('.')) text.remove_suffix(1);
  std::string host(text);
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  entry->set_host(host);
}

std::string client_text(const wire::RunTimeEntry& entry) {
  const auto address = address_from_bytes(entry.address());
  if (!address) return "?";
  const bool one = entry.prefix() == address->size() * 8;
  return to_string(*address) + (one ? "" : "/" + std::to_string(entry.prefix()));
}

std::string time_text(std::int64_t ms_since_1970) {
  const std::time_t seconds = ms_since_1970 / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string labels_text(const wire::RunTimeEntry& entry) {
  std::string text;
  for (const std::string& label : entry.labels()) {
    text.append(text.empty() ? "" : ",").append(label);
  }
  return config::printable(text, 300);
}

std::string entries_table(wire::RunTimeEntry::Kind kind,
                          const std::vector<wire::RunTimeEntry>& entries) {
  const bool client = kind == wire::RunTimeEntry::CLIENT, grant = kind == wire::RunTimeEntry::GRANT;
  std::vector<std::string> head = {"CLIENT"};
  if (client) head.push_back("LABELS");
  if (grant) head.push_back("HOST");
  head.insert(head.end(), {"UNTIL", "NUMBER", "BY UID"});
  if (!client) head.push_back("REASON");
  Table table(head);
  for (const wire::RunTimeEntry& entry : entries) {
    std::vector<std::string> row = {client_text(entry)};
    if (client) row.push_back(labels_text(entry));
    if (grant) row.push_back(config::printable(entry.host(), 300));
    row.insert(row.end(), {time_text(entry.until_ms()), std::to_string(entry.number()),
                           std::to_string(entry.uid())});
    if (!client)
      row.push_back(entry.reason().empty() ? "-" : config::printable(entry.reason(), 300));
    table.add(row);
  }
  return table.str();
}

std::string entries_json(const std::vector<wire::RunTimeEntry>& entries) {
  std::vector<std::string> items;
  for (const wire::RunTimeEntry& entry : entries) {
    JsonObject object;
    object.text("client", client_text(entry));
    if (entry.kind() == wire::RunTimeEntry::CLIENT) {
      std::vector<std::string> labels;
      for (const std::string& label : entry.labels()) labels.push_back(json_string(label));
      object.raw("labels", json_array(labels));
    } else {
      if (entry.kind() == wire::RunTimeEntry::GRANT) object.text("host", entry.host());
      object.text("reason", entry.reason());
    }
    items.push_back(object.text("until", time_text(entry.until_ms()))
                        .number("number", static_cast<long long>(entry.number()))
                        .number("uid", entry.uid())
                        .str());
  }
  return json_array(items);
}

}  // namespace gatehouse::cli

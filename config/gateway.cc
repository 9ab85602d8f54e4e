// SPDX-License-Identifier: Apache-2.0
#include "config/gateway.h"

#include <algorithm>
#include <string>

#include "config/networks.h"
#include "config/section.h"
#include "config/values.h"
#include "policy/language/files.h"

namespace gatehouse::config {
namespace {

constexpr std::uint32_t kMaxWorkers = 64;
constexpr std::uint32_t kMaxSockets = 64;    // listening sockets for each address
constexpr std::uint32_t kUsualSockets = 16;  // room to raise workers without a restart
constexpr std::size_t kMaxClients = 256;     // networks; the parent looks at each of them

void read_workers(Section& section, const Surroundings& around, wire::Config* config) {
  std::uint32_t workers = std::clamp(around.processors, 1U, kMaxWorkers);
  const Node* node = section.find("workers");
  if (node != nullptr && !(node->kind == Node::Kind::kString && node->text == "auto")) {
    if (node->kind == Node::Kind::kInteger && node->integer >= 1 && node->integer <= kMaxWorkers) {
      workers = static_cast<std::uint32_t>(node->integer);
    } else {
      section.complain(*node, "workers",
                       "is " + shown(*node) +
                           "; valid is \"auto\" (one for each processor) or an integer "
                           "from 1 to 64");
    }
  }
  config->set_workers(workers);
}

void read_sockets(Section& section, wire::Config* config) {
  std::uint32_t sockets = std::max(kUsualSockets, config->workers());
  const Node* node = section.find("sockets_per_listener");
  if (node != nullptr) section.integer("sockets_per_listener", {1, kMaxSockets}, &sockets);
  if (sockets < config->workers()) {
    section.complain(*node, "sockets_per_listener",
                     "is " + std::to_string(sockets) + ", so that some of the " +
                         std::to_string(config->workers()) +
                         " workers would have nothing to accept from; valid is an integer from " +
                         std::to_string(config->workers()) + " to " + std::to_string(kMaxSockets));
  }
  config->set_sockets_per_listener(sockets);
}

void read_pseudonym(Section& section, const Surroundings& around, wire::Config* config) {
  config->set_via_pseudonym(around.pseudonym);
  const Node* node = section.find("via_pseudonym");
  if (node == nullptr) return;
  if (node->kind == Node::Kind::kString && is_token(node->text)) {
    config->set_via_pseudonym(node->text);
    return;
  }
  section.complain(
      *node, "via_pseudonym",
      "is " + shown(*node) + "; valid is 1 to 64 letters, digits or any of !#$%&'*+-.^_`|~");
}

void read_policy_file(Section& section, wire::Config* config) {
  const Node* node = section.find("policy");
  if (node == nullptr) return;
  std::string problem = "is " + shown(*node) + "; valid is the path of a rule file";
  if (node->kind == Node::Kind::kString) {
    const std::string why = policy::path_problem(node->text);
    if (why.empty()) return config->set_policy_file(node->text);
    problem = quoted(node->text) + " " + why;
  }
  section.complain(*node, "policy", problem);
}

}  // namespace

void read_gateway(const Node* table, const Surroundings& around, Diagnostics* diagnostics,
                  wire::Config* config) {
  Section section("[gateway]", table, diagnostics);
  read_workers(section, around, config);
  int keep_source = 1;
  section.choice("source_address", {{"client", 1}, {"own", 0}}, &keep_source);
  config->set_keep_source(keep_source == 1);
  for (const ReadNetwork& client : read_networks(section, "clients", kMaxClients)) {
    *config->add_clients() = to_wire(client.network);
  }
  int via = wire::VIA_REQUEST;
  section.choice("via",
                 {{"off", wire::VIA_OFF}, {"request", wire::VIA_REQUEST}, {"both", wire::VIA_BOTH}},
                 &via);
  config->set_via(static_cast<wire::ConfigVia>(via));
  read_pseudonym(section, around, config);
  read_sockets(section, config);
  int host_check = wire::HOST_CHECK_OFF;
  section.choice("host_check",
                 {{"off", wire::HOST_CHECK_OFF},
                  {"tag", wire::HOST_CHECK_TAG},
                  {"enforce", wire::HOST_CHECK_ENFORCE}},
                 &host_check);
  config->set_host_check(static_cast<wire::ConfigHostCheck>(host_check));
  read_policy_file(section, config);
  section.finish();
}

}  // namespace gatehouse::config

// SPDX-License-Identifier: Apache-2.0
#include "worker/access_record.h"

#include "worker/clock.h"

namespace gatehouse::worker {
namespace {

// Octets of one value in a record: a record must fit 16 KiB with six of them.
constexpr std::size_t kMaxValue = 2048;
// Octets of all names of audit rules, and of all tags.
constexpr std::size_t kMaxNames = 512;

// Octets of an Accept field that count. Browsers send about 130.
constexpr std::size_t kMaxAccept = 512;

void assign(std::string* field, std::string_view value, std::size_t most = kMaxValue) {
  const std::string_view cut = value.substr(0, most);
  field->assign(cut.data(), cut.size());
}

}  // namespace

void note_connection(Exchange& exchange, const Endpoint& client, const Endpoint& destination,
                     std::uint64_t number) {
  wire::AccessRecord& record = exchange.record;
  record.set_time_us(Clock::wall_us());
  assign(record.mutable_client(), client.address.bytes());
  record.set_client_port(client.port);
  assign(record.mutable_destination(), destination.address.bytes());
  record.set_destination_port(destination.port);
  record.set_exchange(number);
}

void note_request(Exchange& exchange, const http::Head& head, std::uint64_t now_us) {
  wire::AccessRecord& record = exchange.record;
  record.set_head_us(now_us - exchange.started);
  if (head.method_text.size == 0) return;
  assign(record.mutable_method(), head.text(head.method_text));
  assign(record.mutable_target(), head.text(head.target));
  if (head.size > 0) record.set_version(head.minor == 0 ? 10 : 11);
  for (const http::Field& field : head.fields()) {
    switch (field.id) {
      case http::FieldId::kHost:
        if (record.host().empty()) assign(record.mutable_host(), head.value(field));
        break;
      case http::FieldId::kUserAgent:
        assign(record.mutable_user_agent(), head.value(field));
        break;
      case http::FieldId::kReferer:
        assign(record.mutable_referer(), head.value(field));
        break;
      case http::FieldId::kAccept:
        note_accept(exchange, head.value(field));
        break;
      default:
        break;
    }
  }
}

void note_accept(Exchange& exchange, std::string_view accept) {
  exchange.accept = accept.substr(0, kMaxAccept);
}

void note_policy(Exchange& exchange, const PolicyVerdict& verdict) {
  wire::AccessRecord& record = exchange.record;
  assign(record.mutable_rule(), verdict.rule->name());
  record.set_action(verdict.rule->verb() == wire::POLICY_ALLOW ? wire::AccessRecord::ALLOW
                                                               : wire::AccessRecord::DENY);
  if (!verdict.audits.empty()) assign(record.mutable_audit(), verdict.audits, kMaxNames);
  if (!verdict.tags.empty()) assign(record.mutable_tag(), verdict.tags, kMaxNames);
}

void note_response_policy(Exchange& exchange, const policy::ResponseDecision& decision) {
  wire::AccessRecord& record = exchange.record;
  if (decision.rule != nullptr) {
    assign(record.mutable_rule(), decision.rule->name());
    record.set_action(wire::AccessRecord::DENY);
  }
  for (const policy::Rule* effect : decision.effects) {
    const bool audit = effect->verb() == wire::POLICY_AUDIT;
    if (!audit && effect->verb() != wire::POLICY_TAG) continue;
    std::string* const words = audit ? record.mutable_audit() : record.mutable_tag();
    const std::string& word = audit ? effect->name() : effect->source->tag();
    if (words->size() + word.size() + 1 > kMaxNames) continue;
    if (!words->empty()) *words += ',';
    *words += word;
  }
}

void note_limit(Exchange& exchange, std::string_view rule) {
  std::string* const limits = exchange.record.mutable_limit();
  if (limits->size() + 1 + rule.size() > kMaxNames) return;
  if (!limits->empty()) limits->push_back(',');
  limits->append(rule);
}

void note_host(Exchange& exchange, std::string_view host) {
  assign(exchange.record.mutable_host(), host);
}

void note_end(Exchange& exchange, wire::Ending ending, std::string_view reason,
              std::uint64_t client_sent, std::uint64_t now_us) {
  wire::AccessRecord& record = exchange.record;
  record.set_ending(ending);
  if (!reason.empty()) assign(record.mutable_reason(), reason);
  record.set_octets_in(exchange.head_size + exchange.request.taken());
  record.set_octets_out(client_sent - exchange.client_sent_before);
  record.set_reused(exchange.upstream_used_before);
  record.set_total_us(now_us - exchange.started);
}

}  // namespace gatehouse::worker

// SPDX-License-Identifier: Apache-2.0
#include "worker/http/request_rules.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "worker/http/authority.h"
#include "worker/http/connection_options.h"
#include "worker/http/framing.h"
#include "worker/http/request_target.h"
#include "worker/http/scan.h"

namespace gatehouse::worker::http {
namespace {

// One pass over the fields, then one rule after the other.
class RequestCheck {
 public:
  RequestCheck(Head& head, const RequestSettings& settings, const Endpoint& destination,
               RequestPlan& plan)
      : head_(head), settings_(settings), destination_(destination), plan_(plan) {}

  Refusal run() {
    plan_ = RequestPlan{};
    plan_.facts.method = head_.method;
    plan_.facts.client_minor = http11() ? 1 : 0;
    for (Field& field : head_.fields()) {
      if (const Refusal refusal = read_field(field); refusal != Refusal::kNone) return refusal;
    }
    for (const auto rule : {&RequestCheck::framing, &RequestCheck::target_and_host,
                            &RequestCheck::method_rules, &RequestCheck::upgrade}) {
      if (const Refusal refusal = (this->*rule)(); refusal != Refusal::kNone) return refusal;
    }
    persistence();
    return Refusal::kNone;
  }

 private:
  bool http11() const { return head_.minor >= 1; }
  bool has_content() const {
    return plan_.framing == Framing::kChunked || plan_.content_length > 0;
  }

  Refusal read_field(Field& field);
  Refusal read_host(const Field& field);
  Refusal read_expect(Field& field);
  Refusal read_via(std::string_view value) const;
  Refusal read_max_forwards(std::string_view value);
  void read_te(std::string_view value);

  Refusal framing();
  Refusal target_and_host();
  Refusal method_rules();
  Refusal upgrade();
  void persistence();

  Head& head_;
  const RequestSettings& settings_;
  const Endpoint& destination_;
  RequestPlan& plan_;

  ConnectionOptions connection_;
  ContentLength length_{false};
  TransferEncoding coding_;
  std::optional<Authority> host_;
  bool websocket_ = false;
  bool expect_ = false;
};

Refusal RequestCheck::read_field(Field& field) {
  const std::string_view value = head_.value(field);
  switch (field.id) {
    case FieldId::kOther:
      return Refusal::kNone;
    case FieldId::kHost:
      return read_host(field);
    case FieldId::kContentLength:
      return length_.add(value);
    case FieldId::kTransferEncoding:
      return coding_.add(value);
    case FieldId::kUnderscoreFraming:
      return Refusal::kUnderscore;
    case FieldId::kConnection:
      field.drop = true;
      return read_connection(MessageKind::kRequest, head_, field, connection_);
    case FieldId::kUpgrade:
      field.drop = true;
      websocket_ = websocket_ || names_websocket(value);
      return Refusal::kNone;
    case FieldId::kTe:
      field.drop = true;
      read_te(value);
      return Refusal::kNone;
    case FieldId::kTrailer:  // trailers of requests aren't forwarded
      field.drop = true;
      return Refusal::kNone;
    case FieldId::kVia:
      return read_via(value);
    case FieldId::kExpect:
      return read_expect(field);
    case FieldId::kMaxForwards:
      return read_max_forwards(value);
    default:
      field.drop = field.drop || is_hop_by_hop(field.id);
      return Refusal::kNone;
  }
}

// RFC 9112 3.2, RFC 9110 7.2: one Host, and it is an authority.
Refusal RequestCheck::read_host(const Field& field) {
  if (host_) return Refusal::kManyHosts;
  host_ = parse_authority(head_.value(field));
  if (!host_) return Refusal::kBadHost;
  plan_.authority = {field.value_begin, field.value_size};
  return Refusal::kNone;
}

// RFC 9110 10.1.1.
Refusal RequestCheck::read_expect(Field& field) {
  if (!http11()) {
    field.drop = true;  // "MUST ignore"; forwarded as HTTP/1.1 it would be answered
    return Refusal::kNone;
  }
  ListReader list(head_.value(field));
  std::string_view member;
  while (list.next(member)) {
    if (member.empty()) continue;
    if (!equals_ignoring_case(member, "100-continue")) return Refusal::kBadExpectation;
    expect_ = true;
  }
  return Refusal::kNone;
}

// RFC 9110 7.6.3: received-protocol RWS received-by [RWS comment].
Refusal RequestCheck::read_via(std::string_view value) const {
  if (settings_.via_pseudonym.empty()) return Refusal::kNone;
  ListReader list(value);
  std::string_view member;
  while (list.next(member)) {
    const std::size_t protocol_end = member.find_first_of(" \t");
    if (protocol_end == std::string_view::npos) continue;
    const std::string_view by = trim(member.substr(protocol_end));
    if (equals_ignoring_case(by.substr(0, by.find_first_of(" \t(")), settings_.via_pseudonym)) {
      return Refusal::kLoop;
    }
  }
  return Refusal::kNone;
}

// RFC 9110 7.6.2: only TRACE and OPTIONS take notice.
Refusal RequestCheck::read_max_forwards(std::string_view value) {
  if (head_.method != Method::kTrace && head_.method != Method::kOptions) return Refusal::kNone;
  if (plan_.max_forwards >= 0 || plan_.recipient != Recipient::kUpstream || value.empty()) {
    return Refusal::kBadMaxForwards;
  }
  std::int64_t hops = 0;
  for (const char c : value) {
    if (!is_digit(c)) return Refusal::kBadMaxForwards;
    hops = std::min<std::int64_t>(hops * 10 + (c - '0'), std::numeric_limits<std::int32_t>::max());
  }
  if (hops == 0) {
    plan_.recipient =
        head_.method == Method::kTrace ? Recipient::kGatewayTrace : Recipient::kGatewayOptions;
  } else {
    plan_.max_forwards = hops - 1;
  }
  return Refusal::kNone;
}

void RequestCheck::read_te(std::string_view value) {
  if (!http11()) return;
  ListReader list(value);
  std::string_view member;
  while (list.next(member)) {
    if (equals_ignoring_case(member, "trailers")) plan_.facts.te_trailers = true;
  }
}

// RFC 9112 6.3, stricter where it leaves a choice.
Refusal RequestCheck::framing() {
  if (coding_.present()) {
    if (!http11()) return Refusal::kTransferEncodingVersion;
    if (length_.present()) return Refusal::kFramingConflict;
    if (const Refusal verdict = coding_.verdict(); verdict != Refusal::kNone) return verdict;
    plan_.framing = Framing::kChunked;
    return Refusal::kNone;
  }
  if (!length_.present()) {
    const bool needs_length = head_.method == Method::kPost || head_.method == Method::kPut ||
                              head_.method == Method::kPatch;
    return !http11() && needs_length ? Refusal::kLengthRequired : Refusal::kNone;
  }
  const std::uint64_t limit =
      settings_.body_limit == 0 ? kMaxBody : std::min(settings_.body_limit, kMaxBody);
  if (length_.value() > limit) return Refusal::kBodyTooLong;
  plan_.framing = Framing::kLength;
  plan_.content_length = length_.value();
  return Refusal::kNone;
}

Refusal RequestCheck::target_and_host() {
  std::optional<Authority> from_target;
  if (const Refusal refusal = read_target(head_, settings_.mode, plan_, from_target);
      refusal != Refusal::kNone) {
    return refusal;
  }
  if (!host_ && http11()) return Refusal::kNoHost;
  if (from_target) {
    if (host_) {
      // CONNECT always names the port in its target; clients leave it out of Host.
      const std::uint16_t default_port =
          plan_.form == TargetForm::kAuthority ? from_target->port : 80;
      if (!same_authority(*from_target, *host_, default_port)) return Refusal::kHostMismatch;
    }
    host_ = from_target;
  }
  if (!host_) return Refusal::kNone;
  plan_.host = {plan_.authority.begin, static_cast<std::uint32_t>(host_->host.size())};
  plan_.port = host_->port;
  plan_.literal = host_->literal;
  const bool elsewhere = settings_.mode == Mode::kTransparent &&
                         host_->literal.family != AF_UNSPEC &&
                         destination_.address.family != AF_UNSPEC &&
                         !same_address(host_->literal, destination_.address);
  return elsewhere ? Refusal::kWrongDestination : Refusal::kNone;
}

Refusal RequestCheck::method_rules() {
  if (head_.method == Method::kConnect) {
    if (settings_.mode != Mode::kForward) return Refusal::kMethodNotAllowed;
    if (has_content()) return Refusal::kContentNotAllowed;
  }
  // RFC 9110 9.3.8.
  if (head_.method == Method::kTrace && has_content()) return Refusal::kContentNotAllowed;
  // RFC 9110 9.3.7: without an authority in the target a proxy is itself what is asked about.
  if (plan_.form == TargetForm::kAsterisk && settings_.mode == Mode::kForward) {
    plan_.recipient = Recipient::kGatewayOptions;
  }
  return Refusal::kNone;
}

// RFC 9110 7.8, RFC 6455 4.1. What is not on the list is stripped, not refused.
Refusal RequestCheck::upgrade() {
  if (!websocket_ || !connection_.upgrade || !http11()) return Refusal::kNone;
  if (has_content()) return Refusal::kUpgradeWithContent;
  plan_.facts.websocket = head_.method == Method::kGet;
  return Refusal::kNone;
}

// RFC 9112 9.3. An HTTP/1.0 client of a forward proxy may itself be a proxy that passed
// keep-alive on blindly, so its connection doesn't persist there.
void RequestCheck::persistence() {
  const bool asked = http11() || (connection_.keep_alive && settings_.mode != Mode::kForward);
  plan_.facts.keep_alive = asked && !connection_.close;
  plan_.facts.expect_continue = expect_ && has_content();
}

}  // namespace

Refusal check_request(Head& head, const RequestSettings& settings, const Endpoint& destination,
                      RequestPlan& plan) {
  return RequestCheck(head, settings, destination, plan).run();
}

}  // namespace gatehouse::worker::http

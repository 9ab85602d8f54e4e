// SPDX-License-Identifier: Apache-2.0
#include "worker/http/response_rules.h"

#include "worker/http/connection_options.h"
#include "worker/http/framing.h"

namespace gatehouse::worker::http {
namespace {

class ResponseCheck {
 public:
  ResponseCheck(Head& head, const RequestFacts& request, ResponsePlan& plan)
      : head_(head), request_(request), plan_(plan) {}

  Refusal run(std::uint32_t interim_seen, std::uint32_t interim_limit) {
    plan_ = ResponsePlan{};
    plan_.status = head_.status;
    for (Field& field : head_.fields()) {
      if (const Refusal refusal = read_field(field); refusal != Refusal::kNone) return refusal;
    }
    if (const Refusal refusal = framing_fields(); refusal != Refusal::kNone) return refusal;
    if (head_.status < 200) return informational(interim_seen, interim_limit);
    body();
    persistence();
    trailer_field();
    return Refusal::kNone;
  }

 private:
  Refusal read_field(Field& field);
  Refusal framing_fields() const;
  Refusal informational(std::uint32_t interim_seen, std::uint32_t interim_limit);
  void body();
  void persistence();
  void trailer_field();

  Head& head_;
  const RequestFacts& request_;
  ResponsePlan& plan_;

  ConnectionOptions connection_;
  ContentLength length_{true};
  TransferEncoding coding_;
  bool websocket_ = false;
};

Refusal ResponseCheck::read_field(Field& field) {
  switch (field.id) {
    case FieldId::kOther:
      return Refusal::kNone;
    case FieldId::kContentLength:
      return field.space_before_colon ? Refusal::kSpaceBeforeColon
                                      : length_.add(head_.value(field));
    case FieldId::kTransferEncoding:
      return field.space_before_colon ? Refusal::kSpaceBeforeColon
                                      : coding_.add(head_.value(field));
    case FieldId::kConnection:
      field.drop = true;
      return read_connection(MessageKind::kResponse, head_, field, connection_);
    case FieldId::kUpgrade:
      field.drop = true;
      websocket_ = websocket_ || names_websocket(head_.value(field));
      return Refusal::kNone;
    default:
      field.drop = field.drop || is_hop_by_hop(field.id);
      return Refusal::kNone;
  }
}

// RFC 9112 6.1 and 6.3, stricter where it leaves a choice.
Refusal ResponseCheck::framing_fields() const {
  if (coding_.present()) {
    if (head_.minor == 0) return Refusal::kTransferEncodingVersion;
    if (length_.present()) return Refusal::kFramingConflict;
    return coding_.verdict();
  }
  return length_.present() && length_.value() > kMaxBody ? Refusal::kBodyTooLong : Refusal::kNone;
}

// RFC 9110 15.2. Such a head ends the message whatever framing fields it has.
Refusal ResponseCheck::informational(std::uint32_t interim_seen, std::uint32_t interim_limit) {
  if (head_.status == 101) {
    const bool agreed = request_.websocket && websocket_ && connection_.upgrade && head_.minor >= 1;
    plan_.tunnel = true;
    return agreed ? Refusal::kNone : Refusal::kUnaskedSwitch;
  }
  if (interim_seen >= interim_limit) return Refusal::kInterimFlood;
  plan_.interim = true;
  plan_.forward = request_.client_minor >= 1;
  plan_.upstream_keep = true;
  plan_.client_keep = request_.keep_alive;
  trailer_field();
  return Refusal::kNone;
}

// RFC 9112 6.3.
void ResponseCheck::body() {
  plan_.content_length = length_.value();
  const Framing stated = coding_.present()   ? Framing::kChunked
                         : length_.present() ? Framing::kLength
                                             : Framing::kUntilClose;
  if (request_.method == Method::kConnect && head_.status < 300) {
    plan_.tunnel = true;
    return;
  }
  if (head_.status == 204) return;
  if (head_.status == 304 || request_.method == Method::kHead) {
    // What a GET would have got. No octets follow, so a chunked coding says nothing useful to a
    // client that can't read it, and a 304 is safer without.
    const bool chunked_head =
        stated == Framing::kChunked && request_.client_minor >= 1 && head_.status != 304;
    if (stated == Framing::kLength || chunked_head) plan_.declared = stated;
    return;
  }
  plan_.framing = stated;
  plan_.client_framing =
      stated == Framing::kChunked && request_.client_minor == 0 ? Framing::kUntilClose : stated;
  if (plan_.client_framing != Framing::kUntilClose) plan_.declared = plan_.client_framing;
}

// RFC 9112 9.3.
void ResponseCheck::persistence() {
  if (plan_.tunnel) return;
  const bool offered =
      head_.minor >= 1 ? !connection_.close : connection_.keep_alive && !connection_.close;
  // Framing fields on a response that can't have content: octets may follow that the server takes
  // for its body, so the next response isn't read from there.
  const bool doubtful = (head_.status == 204 && (coding_.present() || length_.value() > 0)) ||
                        (head_.status == 304 && coding_.present());
  plan_.upstream_keep = offered && !doubtful && plan_.framing != Framing::kUntilClose;
  plan_.client_keep = request_.keep_alive && plan_.client_framing != Framing::kUntilClose;
}

// Announces trailers: of use only where they are forwarded.
void ResponseCheck::trailer_field() {
  if (request_.te_trailers && plan_.client_framing == Framing::kChunked) return;
  for (Field& field : head_.fields()) {
    if (field.id == FieldId::kTrailer) field.drop = true;
  }
}

}  // namespace

Refusal check_response(Head& head, const RequestFacts& request, std::uint32_t interim_seen,
                       std::uint32_t interim_limit, ResponsePlan& plan) {
  return ResponseCheck(head, request, plan).run(interim_seen, interim_limit);
}

}  // namespace gatehouse::worker::http

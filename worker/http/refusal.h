// SPDX-License-Identifier: Apache-2.0
// Why the gateway answers by itself instead of passing a message on: one enum, one table from
// reason to status, log word and sentence.
//
// The same reason may be found in a request (the client gets the status of the table) and in a
// response (the client always gets 502). Every refusal of a message ends its connection.
#pragma once

#include <cstdint>
#include <string_view>

namespace gatehouse::worker::http {

enum class MessageKind : std::uint8_t { kRequest, kResponse };

enum class Refusal : std::uint8_t {
  kNone,
  // Found by HeadParser.
  kNotHttp,
  kBadMethod,
  kMethodTooLong,
  kBadTarget,
  kStartLineTooLong,
  kBadVersion,
  kVersionNotSupported,
  kBadStatusLine,
  kBadLineEnd,
  kEmptyLines,
  kBadFieldName,
  kSpaceBeforeColon,
  kBadFieldValue,
  kFolding,
  kFieldTooLong,
  kHeadTooLong,
  kTooManyFields,
  // Found by check_request and check_response.
  kNoHost,
  kManyHosts,
  kBadHost,
  kHostMismatch,
  kUserinfo,
  kWrongScheme,
  kWrongDestination,
  kMethodNotAllowed,
  kFramingConflict,
  kBadContentLength,
  kManyContentLengths,
  kBadTransferEncoding,
  kCodingNotUnderstood,
  kTransferEncodingVersion,
  kLengthRequired,
  kBodyTooLong,
  kUnderscore,
  kBadConnection,
  kUpgradeWithContent,
  kContentNotAllowed,
  kLoop,
  kBadExpectation,
  kBadMaxForwards,
  kUnaskedSwitch,
  kInterimFlood,
  // Found by ChunkDecoder.
  kBadChunk,
  kExtensionTooLong,
  kBadTrailer,
  kTrailersTooLong,
  // Not faults of a message: found by the relay, listed here so that one table gives every answer.
  kHeadTimeout,
  kBodyTimeout,
  kBodySlow,
  kConnectFailed,
  kConnectTimeout,
  kUpstreamClosed,
  kUpstreamReset,
  kResponseTimeout,
  kUpstreamSlow,
  kNameUnresolved,
  kDestinationForbidden,
  kPrivateForbidden,
  kPortForbidden,
  kHostUnverified,
  kClientForbidden,
  kQuota,
  kPolicy,
  kPolicyFloor,
  kLimit,
  kOverload,
  kDraining,
  kCount,  // not a reason: the number of reasons
};

struct RefusalText {
  std::string_view word;      // for the log: lower case and hyphens, at most 32 octets
  std::uint16_t status;       // towards the client when a request has the fault
  std::string_view sentence;  // for the page: plain ASCII, nothing that needs escaping
};

// refusal must not be kCount.
const RefusalText& refusal_text(Refusal refusal);

// 502 for anything wrong with a response, else the status of the table.
std::uint16_t refusal_status(Refusal refusal, MessageKind kind);

}  // namespace gatehouse::worker::http

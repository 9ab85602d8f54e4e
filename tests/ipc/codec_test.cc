// SPDX-License-Identifier: Apache-2.0
// One strict message per datagram: nothing unknown, nothing twice, nothing but the shortest form.
#include "ipc/codec.h"

#include <gtest/gtest.h>

#include <random>

#include "proto/from_worker.pb.h"
#include "proto/to_worker.pb.h"

namespace gatehouse::ipc {
namespace {

std::string connect_bytes(std::uint64_t id) {
  wire::FromWorker message;
  wire::Request& request = *message.mutable_requests()->add_requests();
  request.set_id(id);
  request.mutable_connect()->mutable_client_destination();
  return message.SerializeAsString();
}

// A Request of these octets as the only one of a message.
std::string with_request(const std::string& octets) {
  const auto sized = [](char tag, const std::string& inner) {
    return std::string{tag, static_cast<char>(inner.size())} + inner;
  };
  return sized('\x12', sized('\x0a', octets));
}

// As the parent does: no unknown field in the message or in a message inside it.
bool decodes(std::string_view bytes) {
  wire::FromWorker message;
  if (!decode(bytes, &message) || !all_known(message.requests())) return false;
  for (const wire::Request& request : message.requests().requests()) {
    if (!all_known(request, request.connect(), request.connect().client_destination()))
      return false;
  }
  return true;
}

TEST(Codec, TakesWhatItWrites) {
  auto pair = make_pair();
  ASSERT_TRUE(pair);
  wire::FromWorker sent;
  wire::Request& request = *sent.mutable_requests()->add_requests();
  request.set_id(~0ULL);
  request.mutable_connect()->mutable_client_destination();
  ASSERT_EQ(send_message(pair->theirs.get(), sent), Send::kSent);
  Message message;
  ASSERT_EQ(receive(pair->ours.get(), &message, 0), Receive::kMessage);
  wire::FromWorker got;
  ASSERT_TRUE(decode(message.bytes(), &got));
  ASSERT_EQ(got.requests().requests_size(), 1);
  EXPECT_EQ(got.requests().requests(0).id(), ~0ULL);
  EXPECT_TRUE(got.requests().requests(0).connect().has_client_destination());
}

TEST(Codec, RefusesAMessageWithoutBody) {
  EXPECT_FALSE(decodes(""));
  EXPECT_FALSE(decodes("\x18\x01"));  // a number for a body
}

TEST(Codec, RefusesEveryTruncation) {
  const std::string whole = connect_bytes(1'000'000);
  ASSERT_TRUE(decodes(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decodes(std::string_view(whole).substr(0, size))) << size;
  }
}

TEST(Codec, RefusesWhatIsUnknownOrNotCanonical) {
  const std::string request("\x08\x01\x12\x02\x0a\x00", 6);
  const std::string good = with_request(request);
  ASSERT_EQ(good, connect_bytes(1));
  ASSERT_TRUE(decodes(good));
  const std::pair<const char*, std::string> bad[] = {
      {"a field that isn't there", good + std::string("\x78\x01", 2)},
      {"the same beside the requests",
       std::string("\x12\x0a\x0a\x06", 4) + request + std::string("\x78\x01", 2)},
      {"the same inside a request", with_request(request + std::string("\x78\x01", 2))},
      {"the same inside its Connect",
       with_request(std::string("\x08\x01\x12\x04\x0a\x00\x78\x01", 8))},
      {"the same inside that", with_request(std::string("\x08\x01\x12\x04\x0a\x02\x78\x01", 8))},
      {"a field of the wrong type", with_request(std::string("\x0d\x01\x00\x00\x00", 5) + request)},
      {"an id in more octets than it needs",
       with_request(std::string("\x08\x81\x00\x12\x02\x0a\x00", 7))},
      {"an id twice", with_request(std::string("\x08\x02", 2) + request)},
      {"an id of nothing, written out", with_request(std::string("\x08\x00\x12\x02\x0a\x00", 6))},
      {"a varint of eleven octets", with_request("\x08" + std::string(11, '\xff') + request)},
      {"two bodies", good + std::string("\x0a\x00", 2)},
      {"a body twice", good + good},
      {"a group", good + std::string("\x7b\x7c", 2)},
      {"a field number of 0", good + std::string("\x00\x00", 2)},
      {"a length beyond the end", std::string("\x12\x7f\x0a\x00", 4)},
  };
  for (const auto& [what, bytes] : bad) EXPECT_FALSE(decodes(bytes)) << what;
}

// What is taken is exactly its own encoding: no two encodings of one message are both taken.
TEST(Codec, TakesOneEncodingOnly) {
  std::mt19937 random(1);
  const std::string seeds[] = {connect_bytes(0), connect_bytes(300), std::string("\x0a\x00", 2)};
  unsigned taken = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string bytes = seeds[random() % std::size(seeds)];
    for (unsigned changes = random() % 4; changes > 0; --changes) {
      switch (random() % 3) {
        case 0:
          bytes[random() % bytes.size()] = static_cast<char>(random());
          break;
        case 1:
          bytes.insert(random() % bytes.size(), 1, static_cast<char>(random()));
          break;
        default:
          if (bytes.size() > 1) bytes.erase(random() % bytes.size(), 1);
      }
    }
    wire::FromWorker message;
    if (!decode(bytes, &message)) continue;
    ++taken;
    std::string again = message.SerializeAsString();
    EXPECT_EQ(again.size(), bytes.size());
  }
  EXPECT_GT(taken, 1000u);
}

}  // namespace
}  // namespace gatehouse::ipc

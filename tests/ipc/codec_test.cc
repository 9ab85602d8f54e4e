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
  message.set_id(id);
  message.mutable_connect()->mutable_client_destination();
  return message.SerializeAsString();
}

// As the parent does: no unknown field in the message or in a message inside it.
bool decodes(std::string_view bytes) {
  wire::FromWorker message;
  return decode(bytes, &message) &&
         all_known(message.connect(), message.connect().client_destination());
}

TEST(Codec, TakesWhatItWrites) {
  auto pair = make_pair();
  ASSERT_TRUE(pair);
  wire::FromWorker sent;
  sent.set_id(~0ULL);
  sent.mutable_connect()->mutable_client_destination();
  ASSERT_EQ(send_message(pair->theirs.get(), sent), Send::kSent);
  Message message;
  ASSERT_EQ(receive(pair->ours.get(), &message, 0), Receive::kMessage);
  wire::FromWorker got;
  ASSERT_TRUE(decode(message.bytes(), &got));
  EXPECT_EQ(got.id(), ~0ULL);
  EXPECT_TRUE(got.connect().has_client_destination());
}

TEST(Codec, RefusesAMessageWithoutBody) {
  EXPECT_FALSE(decodes(""));
  EXPECT_FALSE(decodes("\x08\x01"));  // an id alone
}

TEST(Codec, RefusesEveryTruncation) {
  const std::string whole = connect_bytes(1'000'000);
  ASSERT_TRUE(decodes(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decodes(std::string_view(whole).substr(0, size))) << size;
  }
}

TEST(Codec, RefusesWhatIsUnknownOrNotCanonical) {
  const std::string good = connect_bytes(1);
  ASSERT_TRUE(decodes(good));
  const std::pair<const char*, std::string> bad[] = {
      {"a field that isn't there", good + std::string("\x78\x01", 2)},
      {"the same inside a message", std::string("\x08\x01\x1a\x04\x0a\x00\x78\x01", 8)},
      {"a reserved field of Connect", std::string("\x08\x01\x1a\x02\x10\x01", 6)},
      {"a field of the wrong type", std::string("\x0d\x01\x00\x00\x00", 5) + good},
      {"an id in more octets than it needs", std::string("\x08\x81\x00\x1a\x02\x0a\x00", 7)},
      {"an id twice", std::string("\x08\x02", 2) + good},
      {"an id of nothing, written out", std::string("\x08\x00\x1a\x02\x0a\x00", 6)},
      {"a varint of eleven octets", "\x08" + std::string(11, '\xff') + good},
      {"two bodies", good + std::string("\x12\x00", 2)},
      {"a group", good + std::string("\x7b\x7c", 2)},
      {"a field number of 0", good + std::string("\x00\x00", 2)},
      {"a length beyond the end", std::string("\x1a\x7f\x0a\x00", 4)},
  };
  for (const auto& [what, bytes] : bad) EXPECT_FALSE(decodes(bytes)) << what;
}

// What is taken is exactly its own encoding: no two encodings of one message are both taken.
TEST(Codec, TakesOneEncodingOnly) {
  std::mt19937 random(1);
  const std::string seeds[] = {connect_bytes(0), connect_bytes(300), std::string("\x12\x00", 2)};
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

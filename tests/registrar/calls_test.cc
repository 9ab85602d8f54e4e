// SPDX-License-Identifier: Apache-2.0
#include "registrar/calls.h"

#include "tests/registrar/surroundings.h"

namespace gatehouse::registrar {
namespace {

class CallsTest : public ::testing::Test {
 protected:
  CallsTest() : registry_(files_.open(), PageWriter(page_.get(), {1, 2})) {
    EXPECT_TRUE(registry_.load(kNow));
  }
  Outcome put(const Entry& entry) {
    wire::ClientsRequest request;
    request.set_version(1);
    *request.mutable_put() = entry;
    return handle(request, 1000, kNow, &registry_);
  }
  Outcome remove(const Entry& key) {
    wire::ClientsRequest request;
    request.set_version(1);
    *request.mutable_remove() = key;
    return handle(request, 1000, kNow, &registry_);
  }
  void expect_refused(const Entry& entry, const std::string& part) {
    const Outcome outcome = put(entry);
    EXPECT_FALSE(outcome.changed);
    EXPECT_NE(outcome.reply.error().text().find(part), std::string::npos)
        << part << ": " << outcome.reply.error().text();
    EXPECT_EQ(registry_.size(), 0u);
  }

  JournalFiles files_;
  PageMemory page_;
  Registry registry_;
};

TEST_F(CallsTest, AddIsDoneAndSaid) {
  const Outcome outcome = put(client(v4(10, 0, 0, 0), 24, {"role=guest", "site=hq"}));
  EXPECT_TRUE(outcome.changed);
  EXPECT_FALSE(outcome.resets);
  EXPECT_EQ(outcome.what, "client add 10.0.0.0/24 role=guest site=hq for 3600 s");
  EXPECT_EQ(outcome.reply.done().number(), 1u);
  EXPECT_EQ(outcome.reply.done().uid(), 1000u);
  EXPECT_EQ(outcome.reply.done().until_ms(), kNow + kHour);
}

TEST_F(CallsTest, RemovingAClientResets) {
  put(client(v4(10, 0, 0, 1), 32, {"a=b"}));
  put(grant(v4(10, 0, 0, 1), "a.example"));
  EXPECT_FALSE(remove(grant(v4(10, 0, 0, 1), "a.example")).resets);
  const Outcome outcome = remove(client(v4(10, 0, 0, 1), 32, {}));
  EXPECT_TRUE(outcome.resets);
  EXPECT_EQ(outcome.what, "client remove 10.0.0.1");
  const Outcome again = remove(client(v4(10, 0, 0, 1), 32, {}));
  EXPECT_FALSE(again.resets);
  EXPECT_EQ(again.reply.error().text(), "there is no such client");
  EXPECT_EQ(remove(grant(v4(10, 0, 0, 1), "x.example")).reply.error().text(),
            "there is no such grant");
}

TEST_F(CallsTest, WhatIsMalformedIsRefusedWithASentence) {
  const IpAddress address = v4(10, 0, 0, 1);
  expect_refused(client(address, 24, {"a=b"}), "bits beyond its prefix");
  expect_refused(client(address, 33, {"a=b"}), "bits beyond its prefix");
  Entry none = client(address, 32, {"a=b"});
  none.set_address("abc");
  expect_refused(none, "no IPv4 or IPv6 address");
  expect_refused(client(address, 32, {}), "a client needs a label");
  for (const char* label : {"", "a", "=b", "a=", "a b=c", "a=b\n", "a=\xc3\xa4", "a=b=c"}) {
    expect_refused(client(address, 32, {label}), "a label is KEY=VALUE");
  }
  expect_refused(client(address, 32, {"a=b", "a=c"}), "the label a is there twice");
  expect_refused(client(address, 32, std::vector<std::string>(9, "a=b")), "at most 8 labels");
  std::vector<std::string> labels;
  for (char c = 'a'; c < 'i'; ++c) labels.push_back(std::string(1, c) + "=" + std::string(60, 'v'));
  expect_refused(client(address, 32, labels), "longer than 264 octets");
  Entry brief = client(address, 32, {"a=b"});
  brief.set_for_ms(999);
  expect_refused(brief, "from 1 second to 366 days");
  brief.set_for_ms(~0ULL);
  expect_refused(brief, "from 1 second to 366 days");
  for (const std::string& host :
       {std::string(), std::string("A.example"), std::string("a."), std::string("a b"),
        std::string(254, 'a'), std::string("::0001"), std::string("a/b")}) {
    expect_refused(grant(address, host), "a grant needs a host");
  }
  Entry silent = grant(address, "a.example");
  silent.clear_reason();
  expect_refused(silent, "a grant needs a reason");
  silent.set_reason("two\nlines");
  expect_refused(silent, "letters of ASCII");
  Entry odd = client(address, 32, {"a=b"});
  odd.set_host("a.example");
  expect_refused(odd, "only a grant has a host");
  odd.set_kind(static_cast<Entry::Kind>(7));
  expect_refused(odd, "no such kind");
  EXPECT_EQ(handle({}, 0, kNow, &registry_).reply.error().text().find("the protocol"), 0u);
}

// What does not belong to a key is not kept, however much of it there is.
TEST_F(CallsTest, ARemovalMayCarryAnything) {
  put(client(v4(10, 0, 0, 1), 32, {"a=b"}));
  Entry key = client(v4(10, 0, 0, 1), 32, std::vector<std::string>(40, std::string(95, 'x')));
  key.set_reason(std::string(200, '\n'));
  EXPECT_TRUE(remove(key).changed);
  EXPECT_EQ(registry_.size(), 0u);
}

TEST_F(CallsTest, HostsMayBeAddresses) {
  EXPECT_TRUE(put(grant(v4(10, 0, 0, 1), "192.0.2.1")).changed);
  EXPECT_TRUE(put(grant(v4(10, 0, 0, 1), "2001:db8::1")).changed);
}

// A list is as long as it is, in answers that each fit a message.
TEST_F(CallsTest, ListsComeInPieces) {
  for (int i = 0; i < 1000; ++i) {
    put(client(v4(10, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)), 32,
               {"number=" + std::to_string(i)}));
  }
  put(grant(v4(10, 0, 0, 1), "a.example"));
  wire::ClientsRequest request;
  request.set_version(1);
  request.mutable_list()->set_kind(Entry::CLIENT);
  int seen = 0;
  for (;;) {
    const Outcome outcome = handle(request, 0, kNow, &registry_);
    EXPECT_LE(outcome.reply.ByteSizeLong(), 4096u);
    for (const Entry& entry : outcome.reply.list().entries()) {
      EXPECT_EQ(entry.labels(0), "number=" + std::to_string(seen++));
    }
    if (outcome.reply.list().next().empty()) break;
    request.mutable_list()->set_after(outcome.reply.list().next());
  }
  EXPECT_EQ(seen, 1000);
}

}  // namespace
}  // namespace gatehouse::registrar

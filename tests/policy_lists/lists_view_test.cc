// SPDX-License-Identifier: Apache-2.0
#include "policy/lists/lists_view.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "policy/lists/host_text.h"
#include "tests/policy_lists/made_lists.h"

namespace gatehouse::lists {
namespace {

class Compiled {
 public:
  explicit Compiled(std::vector<std::string> texts) {
    std::vector<ListFile> files;
    for (std::string& text : texts) {
      const std::string name = "list" + std::to_string(files.size());
      files.push_back(text_file(name, name, std::nullopt, std::move(text)));
    }
    blob_ = must_compile(std::move(files)).blob;
    view_ = ListsView::open(blob_);
    CHECK(view_);
  }
  const ListsView* operator->() const { return &*view_; }
  std::uint64_t address(const char* text) const { return view_->match(*parse_address(text)); }

 private:
  std::vector<std::byte> blob_;
  std::optional<ListsView> view_;
};

TEST(ListsView, ANameAndWhatIsBelow) {
  const Compiled lists({"example.com\n*.below.example\n"});
  EXPECT_EQ(lists->count(), 1U);
  EXPECT_EQ(lists->match("example.com"), 1U);
  EXPECT_EQ(lists->match("www.example.com"), 1U);
  EXPECT_EQ(lists->match("a.b.c.d.e.f.example.com"), 1U);
  EXPECT_EQ(lists->match("WWW.EXAMPLE.COM."), 1U);
  EXPECT_EQ(lists->match("a.below.example"), 1U);
  for (const char* host :
       {"below.example", "com", "notexample.com", "example.com.evil.example", "example.co",
        "xample.com", "", ".", "..", "example.com..", "example..com", "www.example.com.x"}) {
    EXPECT_EQ(lists->match(host), 0U) << host;
  }
  EXPECT_EQ(lists->match(".example.com"), 1U) << "an empty label below it";
}

TEST(ListsView, LongHosts) {
  const Compiled lists({"example.com\n"});
  std::string host;
  while (host.size() < 240) host += "a.";
  EXPECT_EQ(lists->match(host + "example.com"), 1U);
  while (host.size() < 242) host += "b";
  EXPECT_EQ(lists->match(host.substr(0, 241) + ".example.com"), 1U);
  EXPECT_EQ(lists->match(std::string(242, 'x') + ".example.com"), 0U) << "254 octets";
  EXPECT_EQ(lists->match(std::string(100'000, '.')), 0U);
}

TEST(ListsView, ListsAreBits) {
  const Compiled lists(
      {"a.example\nb.example\n", "b.example\nx.b.example\n", "", "0.0.0.0 b.example\n"});
  EXPECT_EQ(lists->count(), 4U);
  EXPECT_EQ(lists->match("a.example"), 1U);
  EXPECT_EQ(lists->match("b.example"), 0b1011U);
  EXPECT_EQ(lists->match("y.b.example"), 0b0011U);
  EXPECT_EQ(lists->match("y.x.b.example"), 0b0011U);
}

TEST(ListsView, SixtyFourLists) {
  std::vector<std::string> texts;
  for (int i = 0; i < 64; ++i) texts.push_back("n" + std::to_string(i) + ".example\nall.example\n");
  const Compiled lists(std::move(texts));
  EXPECT_EQ(lists->match("all.example"), ~std::uint64_t{0});
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(lists->match("n" + std::to_string(i) + ".example"), std::uint64_t{1} << i);
  }
}

TEST(ListsView, PathsOfUrls) {
  const Compiled lists(
      {"a.example/ads\na.example/x/y\n*.b.example/p\n192.0.2.1/mal\nc.example/\n", "a.example\n"});
  EXPECT_EQ(lists->match("a.example", "/ads"), 3U);
  EXPECT_EQ(lists->match("a.example", "/ads/"), 3U);
  EXPECT_EQ(lists->match("a.example", "/ads/banner.png"), 3U);
  EXPECT_EQ(lists->match("A.Example.", "/x/y/z"), 3U);
  EXPECT_EQ(lists->match("www.a.example", "/ads"), 2U) << "the URL is of this host only";
  EXPECT_EQ(lists->match("www.b.example", "/p/q"), 1U);
  EXPECT_EQ(lists->match("b.example", "/p"), 0U);
  EXPECT_EQ(lists->match("192.0.2.1", "/mal"), 1U);
  EXPECT_EQ(lists->match("c.example", "/anything"), 1U);
  EXPECT_EQ(lists->match("c.example"), 1U);
  for (const char* path : {"/adsense", "/ad", "/", "", "/x", "/x/yz", "ads", "//ads", "/y/ads"}) {
    EXPECT_EQ(lists->match("a.example", path), 2U) << path;
  }
  EXPECT_EQ(lists->match("a.example", "/" + std::string(100'000, '/')), 2U);
}

TEST(ListsView, Addresses) {
  const Compiled lists({"10.0.0.0/8\n192.0.2.1\n2001:db8::/32\n", "10.1.0.0/16\n10.1.2.0/24\n::1\n",
                        "10.1.2.0/24\n255.255.255.255\nffff::/16\n"});
  EXPECT_EQ(lists.address("10.0.0.0"), 1U);
  EXPECT_EQ(lists.address("9.255.255.255"), 0U);
  EXPECT_EQ(lists.address("10.255.255.255"), 1U);
  EXPECT_EQ(lists.address("11.0.0.0"), 0U);
  EXPECT_EQ(lists.address("10.1.0.0"), 3U);
  EXPECT_EQ(lists.address("10.1.2.255"), 7U);
  EXPECT_EQ(lists.address("10.1.3.0"), 3U);
  EXPECT_EQ(lists.address("10.2.0.0"), 1U);
  EXPECT_EQ(lists.address("192.0.2.1"), 1U);
  EXPECT_EQ(lists.address("192.0.2.2"), 0U);
  EXPECT_EQ(lists.address("255.255.255.255"), 4U);
  EXPECT_EQ(lists.address("255.255.255.254"), 0U);
  EXPECT_EQ(lists.address("0.0.0.0"), 0U);
  EXPECT_EQ(lists.address("::ffff:10.1.2.3"), 7U);
  EXPECT_EQ(lists.address("::1"), 2U);
  EXPECT_EQ(lists.address("::"), 0U);
  EXPECT_EQ(lists.address("::2"), 0U);
  EXPECT_EQ(lists.address("2001:db8:ffff::"), 1U);
  EXPECT_EQ(lists.address("2001:db9::"), 0U);
  EXPECT_EQ(lists.address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 4U);
  EXPECT_EQ(lists->match(IpAddress{}), 0U);
}

TEST(ListsView, NoListsAtAll) {
  const Compiled lists({});
  EXPECT_EQ(lists->count(), 0U);
  EXPECT_EQ(lists->match("example.com", "/"), 0U);
  EXPECT_EQ(lists.address("10.0.0.1"), 0U);
}

TEST(ListsView, WhatIsNoBlobIsNotOpened) {
  const auto compiled = must_compile([] {
    std::vector<ListFile> files;
    files.push_back(text_file("a", "a", std::nullopt, "a.example\nb.example/x\n"));
    return files;
  }());
  ASSERT_TRUE(ListsView::open(compiled.blob));
  EXPECT_FALSE(ListsView::open({}));
  for (std::size_t size = 0; size < compiled.blob.size(); ++size) {
    EXPECT_FALSE(ListsView::open(std::span(compiled.blob).first(size))) << size;
  }
  auto longer = compiled.blob;
  longer.resize(longer.size() + 8);
  EXPECT_FALSE(ListsView::open(longer));
  auto other = compiled.blob;
  other[7] = std::byte{'2'};
  EXPECT_FALSE(ListsView::open(other)) << "another version";
}

}  // namespace
}  // namespace gatehouse::lists

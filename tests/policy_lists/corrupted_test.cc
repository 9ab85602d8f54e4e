// SPDX-License-Identifier: Apache-2.0
// A blob with wrong octets is not opened, or look-ups in it end and stay within it. What reads
// beyond its end fails in the build with AddressSanitizer: the blob lies in memory of just its
// size.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "policy/lists/lists_view.h"
#include "tests/policy_lists/made_lists.h"

namespace gatehouse::lists {
namespace {

std::vector<std::byte> sample_blob() {
  std::string names, networks, urls;
  NameMaker maker(3);
  for (int i = 0; i < 300; ++i) names += maker.next() + "\n";
  for (int i = 1; i < 40; ++i) {
    networks += std::to_string(i) + ".0.0.0/8\n2001:" + std::to_string(i) + "::/32\n";
    urls += maker.next() + "/a/b/" + std::to_string(i) + "\n";
  }
  std::vector<ListFile> files;
  files.push_back(text_file("a", "a", Form::kPlain, names));
  files.push_back(text_file("b", "b", Form::kNetworks, networks));
  files.push_back(text_file("c", "c", Form::kUrls, urls + urls));
  files.push_back(text_file("d", "d", Form::kPlain, names.substr(0, names.find('\n', 999) + 1)));
  return must_compile(std::move(files)).blob;
}

// Whether it was opened.
bool use(const std::vector<std::byte>& blob) {
  const std::unique_ptr<std::byte[]> exact(new std::byte[blob.size()]);
  std::memcpy(exact.get(), blob.data(), blob.size());
  const auto view = ListsView::open({exact.get(), blob.size()});
  if (!view) return false;
  NameMaker maker(3);
  std::uint64_t sum = 0;
  for (int i = 0; i < 400; ++i) sum += view->match("www." + maker.next(), "/a/b/1/c/d/e");
  IpAddress address;
  for (int i = 0; i < 256; i += 5) {
    address.family = i % 2 == 0 ? AF_INET : AF_INET6;
    address.octets.fill(static_cast<std::uint8_t>(i));
    sum += view->match(address);
  }
  std::uint64_t volatile sink = sum;
  (void)sink;
  return true;
}

TEST(Corrupted, EveryOctetOfTheHeader) {
  const auto blob = sample_blob();
  ASSERT_TRUE(use(blob));
  for (std::size_t i = 0; i < sizeof(Header); ++i) {
    for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      auto wrong = blob;
      wrong[i] = static_cast<std::byte>(value);
      use(wrong);
    }
  }
}

TEST(Corrupted, CountsThatGoTogetherWithTheLength) {
  const auto blob = sample_blob();
  std::mt19937_64 random(5);
  std::size_t opened = 0;
  for (int i = 0; i < 1000; ++i) {
    auto wrong = blob;
    Header header;
    std::memcpy(&header, wrong.data(), sizeof header);
    header.names = random() % 400;
    header.ranges4 = random() % 100;
    header.ranges6 = random() % 100;
    header.groups = static_cast<std::uint32_t>(random() % 10);
    header.group_bits = static_cast<std::uint32_t>(random() % 21);
    header.bucket_bits = static_cast<std::uint32_t>(random() % 10);
    header.least_labels = static_cast<std::uint32_t>(random());
    header.most_labels = static_cast<std::uint32_t>(random() % 128);
    header.most_segments = static_cast<std::uint32_t>(random() % 1025);
    if (i % 2 == 0) header.least_labels = 0;
    std::memcpy(wrong.data(), &header, sizeof header);
    wrong.resize(layout_of(header)->end, static_cast<std::byte>(random()));
    opened += use(wrong);
  }
  EXPECT_EQ(opened, 1000U);
}

TEST(Corrupted, RandomOctets) {
  const auto blob = sample_blob();
  std::mt19937_64 random(6);
  for (int i = 0; i < 1000; ++i) {
    auto wrong = blob;
    for (int j = 0; j < 1 + i % 64; ++j) {
      wrong[sizeof(Header) + random() % (wrong.size() - sizeof(Header))] =
          static_cast<std::byte>(random() % 3 == 0 ? 0xff : random());
    }
    EXPECT_TRUE(use(wrong));
  }
}

TEST(Corrupted, CountsAboveTheirLimits) {
  const auto blob = sample_blob();
  Header good;
  std::memcpy(&good, blob.data(), sizeof good);
  ASSERT_TRUE(layout_of(good));
  const auto refused = [&](auto member, auto value) {
    Header header = good;
    header.*member = value;
    return !layout_of(header).has_value();
  };
  EXPECT_TRUE(refused(&Header::names, kMaxNames + 1));
  EXPECT_TRUE(refused(&Header::names, ~std::uint64_t{0}));
  EXPECT_TRUE(refused(&Header::ranges4, kMaxNames + 1));
  EXPECT_TRUE(refused(&Header::ranges6, kMaxNames + 1));
  EXPECT_TRUE(refused(&Header::groups, kMaxGroups + 1));
  EXPECT_TRUE(refused(&Header::group_bits, 21U));
  EXPECT_TRUE(refused(&Header::bucket_bits, 25U));
  EXPECT_TRUE(refused(&Header::lists, 65U));
  EXPECT_TRUE(refused(&Header::most_labels, 128U));
  EXPECT_TRUE(refused(&Header::most_segments, 1025U));
  EXPECT_TRUE(refused(&Header::reserved, 1U));
}

}  // namespace
}  // namespace gatehouse::lists

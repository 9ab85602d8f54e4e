// SPDX-License-Identifier: Apache-2.0
// The compiled matcher says of many names, URLs and addresses just what a naive one says, which
// compares every entry as text.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "policy/lists/lists_view.h"
#include "tests/policy_lists/made_lists.h"

namespace gatehouse::lists {
namespace {

struct NaiveName {
  std::uint64_t list;
  std::string host;
  bool self, below;
  std::string path;  // empty: all of the host
};
struct NaiveNetwork {
  std::uint64_t list;
  Network network;
};

// Few different labels, so that names meet.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}
  std::size_t number(std::size_t below) { return random_() % below; }
  std::string host() {
    static constexpr const char* kLabels[] = {"a", "b", "aa", "a-long-label-of-it", "x1", "b_b"};
    static constexpr const char* kTails[] = {"example.com", "example.co.uk", "test.org", "a.de"};
    std::string host = kTails[number(4)];
    for (std::size_t i = number(5); i > 0; --i) host = std::string(kLabels[number(6)]) + "." + host;
    return host;
  }
  std::string path() {
    static constexpr const char* kSegments[] = {"/a", "/b", "/aa", "/ads.js"};
    std::string path;
    for (std::size_t i = 1 + number(4); i > 0; --i) path += kSegments[number(4)];
    return path;
  }
  IpAddress address() {
    IpAddress address;
    address.family = number(2) == 0 ? AF_INET : AF_INET6;
    const std::size_t size = address.size();
    address.octets[0] = static_cast<std::uint8_t>(number(2) == 0 ? 0x20 : 0xff);
    for (std::size_t i = 1; i < size; ++i) {
      static constexpr std::uint8_t kOctets[] = {0, 0, 1, 0x80, 0xff};
      address.octets[i] = kOctets[number(5)];
    }
    return address;
  }
  Network network() {
    Network network{address(), 0};
    const auto bits = static_cast<unsigned>(network.address.size() * 8);
    network.prefix = 1 + static_cast<unsigned>(number(bits));
    for (unsigned bit = network.prefix; bit < bits; ++bit) {
      network.address.octets[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> bit % 8));
    }
    return network;
  }

 private:
  std::mt19937_64 random_;
};

// Lists in every form with random entries, as texts and as what they mean.
struct Case {
  std::vector<ListFile> files;
  std::vector<NaiveName> names;
  std::vector<NaiveNetwork> networks;
};

std::string entry_text(Form form, Maker* maker, std::uint64_t list, Case* made) {
  NaiveName name{list, maker->host(), true, true, {}};
  const std::size_t kind = maker->number(3);
  switch (form) {
    case Form::kPlain:
      name.self = kind != 0;
      made->names.push_back(name);
      return (kind == 0 ? "*." : kind == 1 ? "." : "") + name.host;
    case Form::kHosts:
      name.below = false;
      made->names.push_back(name);
      return "0.0.0.0 " + name.host;
    case Form::kAdblock:
      made->names.push_back(name);
      return "||" + name.host + "^";
    case Form::kRpz:
      name.self = kind != 0;
      name.below = kind == 0;
      made->names.push_back(name);
      return (kind == 0 ? "*." : "") + name.host + " CNAME .";
    case Form::kUrls:
      name.self = kind != 0;
      name.below = kind == 0;
      name.path = maker->path();
      made->names.push_back(name);
      return (kind == 0 ? "*." : "http://") + name.host + name.path + (kind == 2 ? "/" : "");
    case Form::kNetworks:
      break;
  }
  const Network network = maker->network();
  made->networks.push_back({list, network});
  return to_string(network.address) + "/" + std::to_string(network.prefix);
}

Case make_case(std::uint64_t seed) {
  Maker maker(seed);
  Case made;
  const std::size_t lists = 1 + maker.number(seed % 10 == 0 ? 64 : 8);
  for (std::size_t list = 0; list < lists; ++list) {
    const auto form = static_cast<Form>(maker.number(kForms));
    std::string text;
    for (std::size_t i = maker.number(seed % 7 == 0 ? 400 : 30); i > 0; --i) {
      text += entry_text(form, &maker, std::uint64_t{1} << list, &made) + "\n";
    }
    const std::string name = "list" + std::to_string(list);
    made.files.push_back(text_file(name, name, form, text));
  }
  return made;
}

std::uint64_t naive(const Case& made, const std::string& host, const std::string& path) {
  std::uint64_t lists = 0;
  for (const NaiveName& name : made.names) {
    const bool is_it = host == name.host, is_below = host.ends_with("." + name.host);
    const bool path_fits =
        name.path.empty() || path == name.path || path.starts_with(name.path + "/");
    if (((is_it && name.self) || (is_below && name.below)) && path_fits) lists |= name.list;
  }
  return lists;
}

std::uint64_t naive(const Case& made, const IpAddress& address) {
  std::uint64_t lists = 0;
  for (const NaiveNetwork& network : made.networks) {
    if (network.network.contains(address)) lists |= network.list;
  }
  return lists;
}

TEST(Naive, CompiledListsSayTheSame) {
  std::size_t hits = 0, asked = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Case made = make_case(seed);
    const auto blob = must_compile(std::move(made.files)).blob;
    const auto view = ListsView::open(blob);
    ASSERT_TRUE(view);
    Maker maker(seed + 1'000'000);
    for (int i = 0; i < 300; ++i, ++asked) {
      const std::string host = maker.host();
      const std::string path = maker.number(3) == 0 ? "" : maker.path();
      const std::uint64_t lists = naive(made, host, path);
      ASSERT_EQ(view->match(host, path), lists) << "seed " << seed << ": " << host << path;
      hits += lists != 0;
      IpAddress address = maker.address();
      if (i % 2 == 0 && !made.networks.empty()) {  // at the edges of a network
        const Network& network = made.networks[maker.number(made.networks.size())].network;
        address = network.address;
        const auto bits = static_cast<unsigned>(address.size() * 8);
        for (unsigned bit = network.prefix; bit < bits && i % 4 == 0; ++bit) {
          address.octets[bit / 8] |= static_cast<std::uint8_t>(0x80U >> bit % 8);
        }
      }
      ASSERT_EQ(view->match(address), naive(made, address))
          << "seed " << seed << ": " << to_string(address);
    }
  }
  EXPECT_GT(hits, asked / 4);
  EXPECT_LT(hits, asked * 9 / 10);
}

TEST(Naive, ManyNames) {
  std::vector<std::string> names;
  NameMaker maker(11);
  for (int i = 0; i < 200'000; ++i) names.push_back(maker.next());
  std::string text;
  for (const std::string& name : names) text += "0.0.0.0 " + name + "\n";
  std::vector<ListFile> files;
  files.push_back(text_file("a", "a", std::nullopt, text));
  const auto compiled = must_compile(std::move(files));
  const auto view = ListsView::open(compiled.blob);
  std::sort(names.begin(), names.end());
  const std::size_t with_duplicates = names.size();
  names.erase(std::unique(names.begin(), names.end()), names.end());
  EXPECT_EQ(compiled.files[0].duplicates, with_duplicates - names.size());
  NameMaker others(12);
  for (int i = 0; i < 200'000; ++i) {
    const std::string other = others.next();
    ASSERT_EQ(view->match(other) != 0, std::binary_search(names.begin(), names.end(), other));
  }
  for (const std::string& name : names) ASSERT_EQ(view->match(name), 1U) << name;
}

}  // namespace
}  // namespace gatehouse::lists

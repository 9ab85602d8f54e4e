// SPDX-License-Identifier: Apache-2.0
// Size, compile time, memory and nanoseconds per look-up of a list with so many million names (10
// by default) and of one with a million networks, mapped as workers map them. Not a test: run by
// hand.
//
//   policy_lists_bench [MILLIONS [FILE]]   FILE: the list is written there and kept
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "ipc/sealed_memfd.h"
#include "policy/lists/compile.h"
#include "policy/lists/lists_view.h"
#include "tests/policy_lists/made_lists.h"

namespace gatehouse::lists {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

void write_names(std::FILE* file, std::size_t count) {
  NameMaker names(1);
  for (std::size_t i = 0; i < count; ++i) std::fprintf(file, "%s\n", names.next().c_str());
  std::fflush(file);
}

void write_networks(std::FILE* file, std::size_t count) {
  std::mt19937 random(2);
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned a = random(), b = random();
    if (i % 2 == 0) {
      std::fprintf(file, "%u.%u.%u.0/24\n", 1 + a % 223, a >> 8 & 255, a >> 16 & 255);
    } else {
      std::fprintf(file, "2%03x:%x:%x::/48\n", a & 0xfff, a >> 16, b & 0xffff);
    }
  }
  std::fflush(file);
}

CompiledLists compile(std::FILE* file, const char* name) {
  std::rewind(file);
  const int fd = fileno(file);
  std::vector<ListFile> files(1);
  files[0] = {name, name, std::nullopt, [fd](std::span<char> to) -> Result<std::size_t> {
                const ssize_t n = ::read(fd, to.data(), to.size());
                if (n < 0) return errno_error("reading");
                return static_cast<std::size_t>(n);
              }};
  const auto start = Clock::now();
  auto compiled = compile_lists(std::move(files), {{0x0123456789abcdef, 0xfedcba9876543210}}, {});
  CHECK(compiled);
  const FileReport& report = compiled->files[0];
  std::printf("%s\n", report.summary().c_str());
  std::printf(
      "text %.1f MB, blob %.1f MB (%.2f octets an entry), compiled in %.2f s, peak %.0f MB\n",
      static_cast<double>(report.octets) / 1e6, static_cast<double>(compiled->blob.size()) / 1e6,
      static_cast<double>(compiled->blob.size()) /
          static_cast<double>(report.entries - report.duplicates),
      seconds_since(start), peak_mb());
  return std::move(*compiled);
}

// As workers see it: a sealed memfd, mapped privately.
std::span<const std::byte> map(const std::vector<std::byte>& blob) {
  const auto memfd = ipc::make_memfd("lists", blob.size());
  CHECK(memfd);
  CHECK(::pwrite(memfd->get(), blob.data(), blob.size(), 0) == static_cast<ssize_t>(blob.size()));
  CHECK(ipc::seal(memfd->get(), true));
  void* const at = mmap(nullptr, blob.size(), PROT_READ, MAP_PRIVATE, memfd->get(), 0);
  CHECK(at != MAP_FAILED);
  return {static_cast<const std::byte*>(at), blob.size()};
}

// Each asked of `ask` once in a first round that is not counted, and then five times.
template <class Questions, class Ask>
void time_lookups(const char* what, const Questions& questions, Ask ask) {
  std::size_t hits = 0;
  double best = 1e9;
  for (int round = 0; round < 6; ++round) {
    hits = 0;
    const auto start = Clock::now();
    for (const auto& question : questions) hits += ask(question) != 0;
    if (round > 0) best = std::min(best, seconds_since(start));
  }
  std::printf("%-46s %5.0f ns a look-up, %4.1f %% on the list\n", what,
              best * 1e9 / static_cast<double>(questions.size()),
              100.0 * static_cast<double>(hits) / static_cast<double>(questions.size()));
}

void time_names(const ListsView& view, std::size_t count) {
  // One text, as a worker has a host in the request that it has just read.
  std::string text;
  std::vector<std::pair<std::size_t, std::size_t>> places;
  NameMaker listed(1), others(3);
  constexpr std::size_t kHosts = std::size_t{1} << 20;
  const std::size_t step = std::max<std::size_t>(1, count / kHosts);
  std::vector<std::string> hosts;
  for (std::size_t i = 0; i < count; ++i) {
    std::string name = listed.next();
    if (i % step == 0) hosts.push_back("www." + name);
    if (i % step == 0) hosts.push_back(others.other());
  }
  std::shuffle(hosts.begin(), hosts.end(), std::mt19937(4));
  for (const std::string& host : hosts) {
    places.emplace_back(text.size(), host.size());
    text += host;
  }
  std::vector<std::string_view> questions, few;
  for (const auto& [at, size] : places)
    questions.push_back(std::string_view(text).substr(at, size));
  few.assign(questions.begin(), questions.begin() + 10'000);
  const auto ask = [&](std::string_view host) { return view.match(host); };
  std::printf("hosts of %.1f octets on average\n",
              static_cast<double>(text.size()) / static_cast<double>(places.size()));
  time_lookups("hosts, none twice:", questions, ask);
  time_lookups("10,000 hosts again and again:", few, ask);
}

void time_networks(const ListsView& view) {
  std::mt19937 random(5);
  std::vector<IpAddress> four(1 << 20), six(1 << 20);
  for (IpAddress& address : four) {
    address.family = AF_INET;
    for (int i = 0; i < 4; ++i) address.octets[i] = static_cast<std::uint8_t>(random());
  }
  for (IpAddress& address : six) {
    address.family = AF_INET6;
    for (std::uint8_t& octet : address.octets) octet = static_cast<std::uint8_t>(random());
    address.octets[0] = 0x20 | (address.octets[0] & 15);
  }
  const auto ask = [&](const IpAddress& address) { return view.match(address); };
  time_lookups("IPv4 addresses:", four, ask);
  time_lookups("IPv6 addresses:", six, ask);
}

int run(int argc, char** argv) {
  const double millions = argc > 1 ? std::atof(argv[1]) : 10;  // NOLINT(cert-err34-c): by hand
  const auto count = static_cast<std::size_t>(millions * 1e6);
  std::FILE* names = argc > 2 ? std::fopen(argv[2], "w+") : std::tmpfile();
  std::FILE* networks = std::tmpfile();
  CHECK(names != nullptr && networks != nullptr);
  write_names(names, count);
  write_networks(networks, 1'000'000);
  {
    const auto compiled = compile(names, "names");
    const auto view = ListsView::open(map(compiled.blob));
    CHECK(view);
    time_names(*view, count);
  }
  const auto compiled = compile(networks, "networks");
  const auto view = ListsView::open(map(compiled.blob));
  CHECK(view);
  time_networks(*view);
  return 0;
}

}  // namespace
}  // namespace gatehouse::lists

int main(int argc, char** argv) { return gatehouse::lists::run(argc, argv); }

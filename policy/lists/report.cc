// SPDX-License-Identifier: Apache-2.0
#include "policy/lists/report.h"

#include <numeric>

namespace gatehouse::lists {
namespace {

constexpr std::size_t kMaxShown = 80;  // characters of a line

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

}  // namespace

std::string printable(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string shown;
  for (const char c : text) {
    if (shown.size() >= kMaxShown) return shown + "...";
    const auto octet = static_cast<std::uint8_t>(c);
    if (octet >= ' ' && octet <= '~' && c != '"' && c != '\\') {
      shown += c;
    } else {
      shown += {'\\', 'x', kDigits[octet >> 4], kDigits[octet & 15]};
    }
  }
  return shown;
}

std::uint64_t FileReport::junk() const {
  const auto end = faults.begin() + static_cast<std::size_t>(Fault::kException);
  return std::accumulate(faults.begin(), end, std::uint64_t{0});
}

std::uint64_t FileReport::unsupported() const {
  return std::accumulate(faults.begin(), faults.end(), std::uint64_t{0}) - junk();
}

void FileReport::add_fault(std::uint64_t line, Fault fault, std::string_view text) {
  std::uint64_t& count = faults[static_cast<std::size_t>(fault)];
  if (++count > kSamples) return;
  samples.push_back(printable(file) + ":" + std::to_string(line) + ": \"" + printable(text) +
                    "\" " + std::string(fault_text(fault)));
}

void FileReport::add_duplicate(std::uint64_t line, std::string_view of) {
  if (++duplicates > kSamples) return;
  samples.push_back(printable(file) + ":" + std::to_string(line) + ": says the same as " +
                    printable(of));
}

std::string FileReport::summary() const {
  return printable(file) + ": " + std::string(form_text(form)) +
         (detected ? " form (detected), " : " form, ") + counted(lines, "line", "lines") + ": " +
         counted(entries, "entry", "entries") + ", " +
         counted(duplicates, "duplicate", "duplicates") + ", " + std::to_string(junk()) +
         " junk, " + std::to_string(unsupported()) + " not supported";
}

}  // namespace gatehouse::lists

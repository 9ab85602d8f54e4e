// SPDX-License-Identifier: Apache-2.0
#include "registrar/journal.h"

#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

#include "base/check.h"

namespace gatehouse::registrar {
namespace {

constexpr std::uint64_t kMagic = 0x314c'4a48'4754'4147ULL;
constexpr std::uint64_t kMost = std::uint64_t{256} << 20;  // octets of a file that is read

struct Header {
  std::uint64_t magic = kMagic;
  std::uint64_t generation = 0;
  std::uint32_t check = 0;  // of both
  std::uint32_t unused = 0;
};
struct Frame {
  std::uint32_t size;
  std::uint32_t check;
};

std::string_view octets_of(const Header& header) {
  return {reinterpret_cast<const char*>(&header), 16};
}

constexpr std::array<std::uint32_t, 256> kTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0x82f63b78U : 0);
    table[i] = value;
  }
  return table;
}();

Status write_at(int file, std::string_view octets, std::uint64_t at) {
  while (!octets.empty()) {
    const ssize_t n = pwrite(file, octets.data(), octets.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return errno_error("writing the journal");
    octets.remove_prefix(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
  return ok();
}

Result<std::string> read_all(int file) {
  std::string text;
  std::array<char, 65536> part;
  for (;;) {
    const ssize_t n = pread(file, part.data(), part.size(), static_cast<off_t>(text.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("reading the journal");
    if (n == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(n));
    if (text.size() > kMost) return Error{EFBIG, "the journal is longer than 256 MiB"};
  }
}

// 0: the file does not count.
std::uint64_t generation_of(std::string_view text) {
  Header header;
  if (text.size() < sizeof header) return 0;
  std::memcpy(&header, text.data(), sizeof header);
  const bool good = header.magic == kMagic && header.check == checksum(octets_of(header));
  return good ? header.generation : 0;
}

void append_framed(std::string_view record, std::string* text) {
  CHECK(!record.empty() && record.size() <= kMaxRecord);
  const Frame frame{static_cast<std::uint32_t>(record.size()), checksum(record)};
  text->append(reinterpret_cast<const char*>(&frame), sizeof frame).append(record);
}

// The next record at *at, which is moved behind it; empty: there is none.
std::string_view next_record(std::string_view text, std::uint64_t* at) {
  Frame frame;
  if (text.size() - *at < sizeof frame) return {};
  std::memcpy(&frame, text.data() + *at, sizeof frame);
  const std::string_view rest = text.substr(*at + sizeof frame);
  if (frame.size == 0 || frame.size > kMaxRecord || frame.size > rest.size()) return {};
  const std::string_view record = rest.substr(0, frame.size);
  if (checksum(record) != frame.check) return {};
  *at += sizeof frame + frame.size;
  return record;
}

}  // namespace

std::uint32_t checksum(std::string_view octets) {
  std::uint32_t value = ~0U;
  for (const char c : octets) {
    value = value >> 8 ^ kTable[(value ^ static_cast<unsigned char>(c)) & 0xff];
  }
  return ~value;
}

Status Journal::read(const Sink& take) {
  std::string text;
  for (unsigned i = 0; i < 2; ++i) {
    auto all = read_all(files_[i].get());
    if (!all) return all.error();
    const std::uint64_t generation = generation_of(*all);
    if (generation <= generation_) continue;
    generation_ = generation;
    current_ = i;
    text = std::move(*all);
  }
  if (generation_ == 0) {
    return compact([](const Sink&) {});
  }
  end_ = sizeof(Header);
  for (std::string_view record; !(record = next_record(text, &end_)).empty();) take(record);
  dropped_ = text.size() - end_;
  if (dropped_ != 0 && ftruncate(files_[current_].get(), static_cast<off_t>(end_)) != 0) {
    return errno_error("cutting the journal");
  }
  return ok();
}

Status Journal::append(std::string_view record) {
  std::string text;
  append_framed(record, &text);
  if (auto status = write_at(files_[current_].get(), text, end_); !status) return status;
  end_ += text.size();
  return ok();
}

Status Journal::sync() {
  if (fdatasync(files_[current_].get()) != 0) return errno_error("writing the journal to disk");
  return ok();
}

Status Journal::begin(int file, std::uint64_t generation,
                      const std::function<void(const Sink&)>& fill, std::uint64_t* end) {
  if (ftruncate(file, 0) != 0) return errno_error("emptying the journal");
  *end = sizeof(Header);
  std::string text;
  Status written = ok();
  const auto flush = [&] {
    if (written) written = write_at(file, text, *end);
    *end += text.size();
    text.clear();
  };
  fill([&](std::string_view record) {
    append_framed(record, &text);
    if (text.size() > 65536) flush();
  });
  flush();
  if (!written) return written;
  if (fdatasync(file) != 0) return errno_error("writing the journal to disk");
  Header header;
  header.generation = generation;
  header.check = checksum(octets_of(header));
  const std::string_view octets(reinterpret_cast<const char*>(&header), sizeof header);
  if (auto status = write_at(file, octets, 0); !status) return status;
  if (fdatasync(file) != 0) return errno_error("writing the journal to disk");
  return ok();
}

Status Journal::compact(const std::function<void(const Sink&)>& fill) {
  const unsigned other = current_ ^ 1;
  std::uint64_t end = 0;
  if (auto status = begin(files_[other].get(), generation_ + 1, fill, &end); !status) {
    // Its header may be there already: this one must not be taken for the newer.
    (void)!ftruncate(files_[other].get(), 0);
    return status;
  }
  current_ = other;
  ++generation_;
  end_ = end;
  return ok();
}

}  // namespace gatehouse::registrar

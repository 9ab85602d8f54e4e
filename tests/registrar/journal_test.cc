// SPDX-License-Identifier: Apache-2.0
#include "registrar/journal.h"

#include <fcntl.h>

#include "tests/registrar/surroundings.h"

namespace gatehouse::registrar {
namespace {

std::vector<std::string> read_all(Journal& journal) {
  std::vector<std::string> records;
  EXPECT_TRUE(journal.read([&](std::string_view record) { records.emplace_back(record); }));
  return records;
}

std::string content(int fd) {
  std::string text(static_cast<std::size_t>(lseek(fd, 0, SEEK_END)), '\0');
  EXPECT_EQ(pread(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  return text;
}
UniqueFd file_of(std::string_view text) {
  UniqueFd fd(memfd_create("file", MFD_CLOEXEC));
  EXPECT_EQ(write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return fd;
}

const std::vector<std::string> kRecords = {"first", std::string(300, 'x'), "third", "4"};

// The file that a new journal uses, with these records.
std::string journal_text(const std::vector<std::string>& records) {
  const JournalFiles files;
  Journal journal = files.open();
  EXPECT_TRUE(read_all(journal).empty());
  for (const std::string& record : records) EXPECT_TRUE(journal.append(record));
  EXPECT_TRUE(journal.sync());
  return content(files.second.get());
}

TEST(Journal, KeepsRecordsInTheirOrder) {
  const JournalFiles files;
  {
    Journal journal = files.open();
    read_all(journal);
    for (const std::string& record : kRecords) ASSERT_TRUE(journal.append(record));
  }
  Journal again = files.open();
  EXPECT_EQ(read_all(again), kRecords);
  EXPECT_EQ(again.dropped(), 0u);
}

TEST(Journal, ChecksumIsCrc32c) { EXPECT_EQ(checksum("123456789"), 0xe3069283U); }

// Cut off anywhere: the whole records before are there, and what is appended then as well.
TEST(Journal, TornAtEveryOctet) {
  const std::string text = journal_text(kRecords);
  std::vector<std::size_t> ends = {text.size()};
  for (std::size_t i = kRecords.size(); i-- > 0;)
    ends.push_back(ends.back() - kRecords[i].size() - 8);
  const std::size_t header = ends.back();
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Journal journal(file_of(text.substr(0, cut)), file_of(""));
    const auto records = read_all(journal);
    std::size_t whole = 0;
    while (whole < kRecords.size() && ends[kRecords.size() - whole - 1] <= cut) ++whole;
    if (cut < header) whole = 0;
    ASSERT_EQ(records, std::vector(kRecords.begin(), kRecords.begin() + static_cast<long>(whole)))
        << "cut at " << cut;
    ASSERT_TRUE(journal.append("afterwards"));
  }
}

TEST(Journal, AppendsBehindATornRecord) {
  const std::string text = journal_text(kRecords);
  const UniqueFd first = file_of(text.substr(0, text.size() - 3));
  {
    Journal journal(UniqueFd(dup(first.get())), file_of(""));
    EXPECT_EQ(read_all(journal).size(), 3u);
    EXPECT_EQ(journal.dropped(), 6u);
    ASSERT_TRUE(journal.append("afterwards"));
  }
  Journal again(UniqueFd(dup(first.get())), file_of(""));
  auto wanted = kRecords;
  wanted.back() = "afterwards";
  EXPECT_EQ(read_all(again), wanted);
}

// Whatever octet is changed: no record is there that was not written.
TEST(Journal, EveryChangedOctetEndsIt) {
  const std::string text = journal_text(kRecords);
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    Journal journal(file_of(changed), file_of(""));
    const auto records = read_all(journal);
    ASSERT_LE(records.size(), kRecords.size());
    for (std::size_t i = 0; i < records.size(); ++i) ASSERT_EQ(records[i], kRecords[i]) << at;
  }
}

TEST(Journal, CompactionReplacesAllThatWasThere) {
  const JournalFiles files;
  {
    Journal journal = files.open();
    read_all(journal);
    for (const std::string& record : kRecords) ASSERT_TRUE(journal.append(record));
    ASSERT_TRUE(journal.compact([](const Journal::Sink& sink) { sink("all"); }));
    ASSERT_TRUE(journal.append("more"));
  }
  Journal again = files.open();
  EXPECT_EQ(read_all(again), (std::vector<std::string>{"all", "more"}));
}

// A compaction that was cut off anywhere leaves what was there, or what it makes.
TEST(Journal, CompactionIsCutOffAnywhere) {
  const JournalFiles files;
  Journal journal = files.open();
  read_all(journal);
  for (const std::string& record : kRecords) ASSERT_TRUE(journal.append(record));
  const std::string before = content(files.second.get());
  ASSERT_TRUE(journal.compact([](const Journal::Sink& sink) { sink("all"); }));
  const std::string after = content(files.first.get());
  const std::size_t header = 24;
  for (std::size_t cut = 0; cut <= after.size(); ++cut) {
    // The header comes last.
    std::string partial = std::string(header, '\0') + after.substr(header);
    partial.resize(cut);
    Journal torn(file_of(partial), file_of(before));
    ASSERT_EQ(read_all(torn), kRecords) << cut;
  }
  for (std::size_t cut = 0; cut < header; ++cut) {
    const std::string partial =
        after.substr(0, cut) + std::string(header - cut, '\0') + after.substr(header);
    Journal torn(file_of(partial), file_of(before));
    const auto records = read_all(torn);
    // Its last octets are 0 in any case.
    ASSERT_EQ(records, cut < 20 ? kRecords : std::vector<std::string>{"all"}) << cut;
  }
}

TEST(Journal, AFullDiskChangesNothing) {
  UniqueFd full(memfd_create("full", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(fcntl(full.get(), F_ADD_SEALS, F_SEAL_GROW), 0);
  const std::string text = journal_text(kRecords);
  const UniqueFd first = file_of(text);
  Journal journal(UniqueFd(dup(first.get())), std::move(full));
  EXPECT_EQ(read_all(journal), kRecords);
  EXPECT_FALSE(journal.compact([](const Journal::Sink& sink) { sink("all"); }));
  ASSERT_TRUE(journal.append("more"));
  Journal again(UniqueFd(dup(first.get())), file_of(""));
  EXPECT_EQ(read_all(again).back(), "more");
}

}  // namespace
}  // namespace gatehouse::registrar

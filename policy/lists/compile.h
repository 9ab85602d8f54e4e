// SPDX-License-Identifier: Apache-2.0
// Compiles list files into the one blob that ListsView reads.
//
// Runs in: the loader, and the confined child of `gatehouse check`. Trusts: nothing; lists are
// downloaded. Junk is counted and named, never an error.
// Memory: 32 octets for each entry that is read and 28 more for each network; the files' text is
// never held. With the default limit 640 MB, with 10 million names 320 MB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/lists/form.h"
#include "policy/lists/line_source.h"
#include "policy/lists/report.h"
#include "policy/lists/siphash.h"

namespace gatehouse::lists {

// One file of one list; more than one of a list may follow each other.
struct ListFile {
  std::string list;          // its name
  std::string file;          // for messages
  std::optional<Form> form;  // nothing: detected
  ReadSome read;
  bool detected = false;  // form is given, but was found out before; for the report
};

struct CompileOptions {
  SipKey key;  // random, fresh for each call (getrandom(2)), known to nobody
  std::uint64_t max_entries = 20'000'000;
};

struct CompileProgress {
  enum class Stage : std::uint8_t { kReading, kSorting, kDone };
  Stage stage = Stage::kReading;
  std::string_view file;      // kReading: which
  std::uint64_t octets = 0;   // kReading: of this file so far
  std::uint64_t entries = 0;  // of all files so far
  unsigned percent = 0;       // kSorting: of the names
};
// Called once a MiB of text, about twenty times while names are sorted, and at the end.
using OnProgress = std::function<void(const CompileProgress&)>;

struct CompiledLists {
  std::vector<std::byte> blob;
  std::vector<std::string> names;  // list I of the blob
  std::vector<FileReport> files;   // in the order given
};

// on_progress may be empty. Errors: a file can't be read; it has lines, and not one is an entry
// (an error page instead of the list, or another form than was told); more than 64 lists or
// options.max_entries.
Result<CompiledLists> compile_lists(std::vector<ListFile> files, const CompileOptions& options,
                                    const OnProgress& on_progress);

}  // namespace gatehouse::lists

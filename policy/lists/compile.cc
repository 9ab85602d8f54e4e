// SPDX-License-Identifier: Apache-2.0
#include "policy/lists/compile.h"

#include <algorithm>
#include <limits>

#include "policy/lists/address_table.h"
#include "policy/lists/blob_writer.h"
#include "policy/lists/group_table.h"
#include "policy/lists/name_table.h"
#include "policy/lists/public_suffix.h"

namespace gatehouse::lists {
namespace {

constexpr std::uint64_t kProgressOctets = 1U << 20;
constexpr unsigned kProgressParts = 13;  // of 256

class Compiler final : public EntrySink {
 public:
  Compiler(const CompileOptions& options, const OnProgress& on_progress)
      : options_(options), on_progress_(on_progress), names_(options.key) {}

  Status read(ListFile file);
  Result<CompiledLists> finish();

  void name(std::string_view host, Scope scope, bool deliberate) override;
  void url(std::string_view host, Scope scope, std::string_view path) override;
  void network(const Network& network) override;
  void fault(Fault fault, std::string_view text) override;

 private:
  Status read_lines(LineSource* source);
  Status choose_list(const std::string& name);
  void count_entry();
  bool refused(std::string_view host, Scope scope);
  void duplicate(std::uint32_t line, std::uint32_t first);
  std::pair<std::size_t, std::uint64_t> place_of(std::uint32_t line) const;
  void tell(const CompileProgress& progress) const {
    if (on_progress_) on_progress_(progress);
  }

  const CompileOptions& options_;
  const OnProgress& on_progress_;
  CompiledLists result_;
  NameTable names_;
  AddressTable addresses_;
  std::vector<std::uint32_t> first_lines_;  // of each file, numbered through all files
  std::uint64_t entries_ = 0;
  // Of the file that is read.
  std::uint32_t list_ = 0;
  std::uint32_t line_ = 0;  // numbered through all files
  std::uint64_t told_ = 0;  // octets at the last progress
};

Status Compiler::read(ListFile file) {
  if (auto status = choose_list(file.list); !status) return status;
  LineSource source(std::move(file.read));
  const auto sample = source.sample();
  if (!sample)
    return Error{sample.error().number, printable(file.file) + ": " + sample.error().what};
  FileReport& report = result_.files.emplace_back();
  report.list = std::move(file.list);
  report.file = std::move(file.file);
  report.detected = !file.form || file.detected;
  report.form = file.form ? *file.form : detect_form(*sample);
  first_lines_.push_back(line_);
  told_ = 0;
  if (auto status = read_lines(&source); !status) return status;
  report.octets = source.octets();
  if (report.entries == 0 && report.junk() + report.unsupported() > 0) {
    std::string what = printable(report.file) + ": not one of its " + std::to_string(report.lines) +
                       " lines is an entry of a list of the " +
                       std::string(form_text(report.form)) + " form; is it the right file?";
    if (!report.samples.empty()) what += " " + report.samples.front();
    return Error{0, what};
  }
  return ok();
}

Status Compiler::choose_list(const std::string& name) {
  const auto found = std::find(result_.names.begin(), result_.names.end(), name);
  list_ = static_cast<std::uint32_t>(found - result_.names.begin());
  if (found != result_.names.end()) return ok();
  if (result_.names.size() == kMaxLists) {
    return Error{0, "list " + name + ": there can be no more than " + std::to_string(kMaxLists) +
                        " lists; put the files of some into one list"};
  }
  result_.names.push_back(name);
  return ok();
}

Status Compiler::read_lines(LineSource* source) {
  LineReader reader(result_.files.back().form);
  for (;;) {
    const auto line = source->next();
    FileReport& report = result_.files.back();
    if (!line) return Error{line.error().number, printable(report.file) + ": " + line.error().what};
    if (!*line) return ok();
    report.lines += 1;
    if (line_ == std::numeric_limits<std::uint32_t>::max()) {
      return Error{
          0, printable(report.file) + ": the lists have more than 4,294,967,295 lines in all"};
    }
    line_ += 1;
    if ((*line)->cut) {
      fault(Fault::kLongLine, (*line)->text);
    } else {
      reader.read((*line)->text, this);
    }
    if (entries_ > options_.max_entries) {
      return Error{0, printable(report.file) + ":" + std::to_string(report.lines) + ": more than " +
                          std::to_string(options_.max_entries) + " entries in all lists"};
    }
    if (source->octets() - told_ >= kProgressOctets) {
      told_ = source->octets();
      tell({CompileProgress::Stage::kReading, report.file, told_, entries_, 0});
    }
  }
}

void Compiler::count_entry() {
  result_.files.back().entries += 1;
  entries_ += 1;
}

// Marks only by accident: the owner of a public suffix doesn't own what is below it.
bool Compiler::refused(std::string_view host, Scope scope) {
  if (scope == Scope::kSelf || !is_public_suffix(host)) return false;
  fault(Fault::kPublicSuffix, host);
  return true;
}

void Compiler::name(std::string_view host, Scope scope, bool deliberate) {
  if (!deliberate && refused(host, scope)) return;
  count_entry();
  names_.add_name(list_, host, scope, line_);
}

void Compiler::url(std::string_view host, Scope scope, std::string_view path) {
  if (refused(host, scope)) return;
  count_entry();
  names_.add_url(list_, host, scope, path, line_);
}

void Compiler::network(const Network& network) {
  count_entry();
  addresses_.add(list_, network, line_);
}

void Compiler::fault(Fault fault, std::string_view text) {
  FileReport& report = result_.files.back();
  report.add_fault(report.lines, fault, text);
}

std::pair<std::size_t, std::uint64_t> Compiler::place_of(std::uint32_t line) const {
  const auto after = std::lower_bound(first_lines_.begin(), first_lines_.end(), line);
  const auto file = static_cast<std::size_t>(after - first_lines_.begin()) - 1;
  return {file, line - first_lines_[file]};
}

void Compiler::duplicate(std::uint32_t line, std::uint32_t first) {
  const auto [file, number] = place_of(line);
  FileReport& report = result_.files[file];
  if (report.duplicates >= kSamples) {
    report.duplicates += 1;
    return;
  }
  const auto [first_file, first_number] = place_of(first);
  report.add_duplicate(number, result_.files[first_file].file + ":" + std::to_string(first_number));
}

Result<CompiledLists> Compiler::finish() {
  Header header{};
  header.magic = kMagic;
  header.lists = static_cast<std::uint32_t>(result_.names.size());
  GroupTable groups;
  const auto on_duplicate = [this](std::uint32_t line, std::uint32_t first) {
    duplicate(line, first);
  };
  unsigned parts = 0;
  auto names = names_.finish(&header, &groups, on_duplicate, [&] {
    if (++parts % kProgressParts == 0) {
      tell({CompileProgress::Stage::kSorting, {}, 0, entries_, parts * 100 / 256});
    }
  });
  const std::size_t name_groups = groups.groups().size();
  while ((std::size_t{1} << header.group_bits) < name_groups) header.group_bits += 1;
  addresses_.make_ranges(&groups, on_duplicate);
  if (groups.full()) {
    return Error{0, "the entries are in more than " + std::to_string(kMaxGroups) +
                        " different sets of lists; use fewer lists"};
  }
  header.groups = static_cast<std::uint32_t>(groups.groups().size());
  append_section(&names.blob, std::as_bytes(std::span(groups.groups())));
  append_section(&names.blob, packed(names.name_groups, header.group_bits));
  addresses_.append_ranges(&header, &names.blob);
  std::memcpy(names.blob.data(), &header, sizeof header);
  result_.blob = std::move(names.blob);
  tell({CompileProgress::Stage::kDone, {}, 0, entries_, 100});
  return std::move(result_);
}

}  // namespace

Result<CompiledLists> compile_lists(std::vector<ListFile> files, const CompileOptions& options,
                                    const OnProgress& on_progress) {
  Compiler compiler(options, on_progress);
  for (ListFile& file : files) {
    if (auto status = compiler.read(std::move(file)); !status) return status.error();
  }
  return compiler.finish();
}

}  // namespace gatehouse::lists

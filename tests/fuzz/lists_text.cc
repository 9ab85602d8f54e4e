// SPDX-License-Identifier: Apache-2.0
// Arbitrary list files in every form, and in the one that is detected: compiled or refused, with
// counts that add up and printable sentences; what is compiled is opened, and holds each entry.
//
// The first octet says in how large pieces the file is read.
#include <algorithm>
#include <array>

#include "base/check.h"
#include "policy/lists/compile.h"
#include "policy/lists/lists_view.h"

namespace gatehouse::fuzz {
namespace {

using namespace lists;  // NOLINT(google-build-using-namespace)

ListFile file_of(std::string_view text, std::optional<Form> form, std::size_t step) {
  return {"list", "file", form, [text, step](std::span<char> to) mutable {
            const std::size_t size = text.copy(to.data(), std::min(step, to.size()));
            text.remove_prefix(size);
            return Result<std::size_t>(size);
          }};
}

void check_text(const std::string& text) {
  for (const char c : text) CHECK(c >= ' ' && c <= '~');
}

void check_report(const FileReport& report, std::string_view text) {
  CHECK(report.octets == text.size());
  CHECK(report.duplicates <= report.entries);
  CHECK(report.samples.size() <= kSamples * (kFaults + 1));
  for (const std::string& sample : report.samples) check_text(sample);
  check_text(report.summary());
}

// Asks the view for what the readers have found.
class Asker final : public EntrySink {
 public:
  explicit Asker(const ListsView& view) : view_(view) {}
  void name(std::string_view host, Scope scope, bool deliberate) override {
    CHECK(!host.empty() && host.size() <= kMaxName);
    // Others may be public suffixes, which are not compiled.
    if (!deliberate && scope != Scope::kSelf) return;
    if (scope != Scope::kBelow) CHECK(view_.match(host) == 1);
    if (scope != Scope::kSelf && host.size() < kMaxName - 2) {
      CHECK(view_.match("x." + std::string(host)) == 1);
    }
  }
  void url(std::string_view host, Scope scope, std::string_view path) override {
    CHECK(path.size() <= kMaxPath);
    if (scope == Scope::kSelf) CHECK(view_.match(host, path) == 1);
  }
  void network(const Network& network) override { CHECK(view_.match(network.address) == 1); }
  void fault(Fault fault, std::string_view) override { CHECK(!fault_text(fault).empty()); }

 private:
  const ListsView& view_;
};

void ask(const ListsView& view, Form form, std::string_view text) {
  LineSource source(file_of(text, form, text.size() + 1).read);
  CHECK(source.sample());
  LineReader reader(form);
  Asker asker(view);
  for (;;) {
    const auto line = source.next();
    CHECK(line);
    if (!*line) return;
    CHECK((*line)->text.size() <= kMaxLine);
    if (!(*line)->cut) reader.read((*line)->text, &asker);
  }
}

void play(std::string_view text, std::size_t step) {
  constexpr std::array<std::optional<Form>, kForms + 1> kAll = {
      std::nullopt, Form::kPlain,    Form::kHosts, Form::kAdblock,
      Form::kRpz,   Form::kNetworks, Form::kUrls};
  for (const std::optional<Form> form : kAll) {
    std::vector<ListFile> files;
    files.push_back(file_of(text, form, step));
    const auto compiled = compile_lists(std::move(files), {{1, 2}}, {});
    if (!compiled) {
      check_text(compiled.error().what);
      continue;
    }
    check_report(compiled->files.at(0), text);
    const auto view = ListsView::open(compiled->blob);
    CHECK(view);
    ask(*view, compiled->files.at(0).form, text);
  }
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  gatehouse::fuzz::play({reinterpret_cast<const char*>(data) + 1, size - 1},
                        1 + std::size_t{data[0]} * data[0]);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Fuzz target: rule files. Whatever the text is, it is refused with printable sentences, or
// compiles to a policy that the engine takes, that decides, and whose octets are the same a second
// time.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "policy/engine.h"
#include "policy/language/compile.h"
#include "policy/language/findings.h"

namespace gatehouse::policy {
namespace {

// The input is the rule file and, behind a line "-->", another file of whatever path.
class OneOther final : public Files {
 public:
  explicit OneOther(std::string_view input) {
    constexpr std::string_view kMark = "\n-->\n";
    const std::size_t mark = input.find(kMark);
    rules_ = input.substr(0, mark);
    if (mark != input.npos) other_ = input.substr(mark + kMark.size());
  }

  Result<std::string> read(const std::string& path) override {
    CHECK(path_problem(path).empty());
    return path == "policy.gh" ? rules_ : other_;
  }
  Result<lists::ReadSome> open(const std::string& path) override {
    return lists::ReadSome([rest = *read(path)](std::span<char> to) mutable {
      const std::size_t size = rest.copy(to.data(), to.size());
      rest.erase(0, size);
      return Result<std::size_t>(size);
    });
  }
  Result<std::string> read_zone(const std::string&) override { return other_; }

 private:
  std::string rules_, other_;
};

// Of each list a summary, some lines of each fault, and some duplicates.
constexpr std::size_t kMaxOfLists = 64 * (1 + lists::kSamples * (lists::kFaults + 1));

void check_printable(const std::vector<std::string>& sentences) {
  CHECK(sentences.size() <= kMaxFindings + 1 + kMaxOfLists);
  for (const std::string& sentence : sentences) {
    for (const char c : sentence) CHECK(c >= 0x20 && c <= 0x7e);
  }
}

void decide_some(Engine& engine) {
  Request request;
  request.client = {AF_INET, {10, 0, 0, 1}};
  request.destination = {{AF_INET, {192, 0, 2, 1}}, 80};
  request.method = "GET";
  Decision decision;
  for (const char* host : {"", "a.example", "WWW.Example.COM."}) {
    for (const char* path : {"", "/", "/a/..//%61?x"}) {
      for (const Verified verified : {Verified::kNo, Verified::kYes}) {
        request.host = host;
        request.path = path;
        request.verified = verified;
        engine.decide(request, &decision);
        CHECK(decision.rule != nullptr && decision.rule->decides());
      }
    }
  }
}

void run(std::string_view input) {
  OneOther files(input);
  const Outcome outcome = compile("policy.gh", &files, {}, {});
  check_printable(outcome.errors);
  check_printable(outcome.warnings);
  if (!outcome.errors.empty()) return;
  const std::string serialized = outcome.policy.SerializeAsString();
  auto engine = Engine::make(serialized, lists::ListsView::open(outcome.lists));
  CHECK(engine);
  decide_some(**engine);
  check_printable(run_expects(outcome.expects, engine->get()));
  CHECK(compile("policy.gh", &files, {}, {}).policy.SerializeAsString() == serialized);
}

}  // namespace
}  // namespace gatehouse::policy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gatehouse::policy::run({reinterpret_cast<const char*>(data), size});
  return 0;
}

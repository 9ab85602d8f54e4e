// SPDX-License-Identifier: Apache-2.0
#include "worker/http/error_template.h"

#include <gtest/gtest.h>

#include <string>

namespace gatehouse::worker::http {
namespace {

const ErrorTemplate::Values kValues = {502, "Bad Gateway", "It's <down> & \"out\".", "k3v9d0t2xq"};

std::string page(std::string_view text) {
  const ErrorTemplate made(text);
  std::string out(made.size(kValues), '\0');
  EXPECT_EQ(made.write(kValues, out.data()), out.data() + out.size());
  return out;
}

TEST(ErrorTemplate, ReplacesPlaceholdersAndEscapesWhatItInserts) {
  struct Row {
    const char* text;
    const char* page;
  };
  const Row rows[] = {
      {"<h1>{{status}} {{reason}}</h1>", "<h1>502 Bad Gateway</h1>"},
      {"{{sentence}}", "It&#39;s &lt;down&gt; &amp; &quot;out&quot;."},
      {"{{reference}}{{reference}}", "k3v9d0t2xqk3v9d0t2xq"},
      {"plain <b>&amp;</b>", "plain <b>&amp;</b>"},
      {"{{host}} {{ status }} {{STATUS}}", "{{host}} {{ status }} {{STATUS}}"},
      {"{{{status}}}", "{502}"},
      {"{{{{status}}}}", "{{502}}"},
      {"{{status", "{{status"},
      {"{{status}", "{{status}"},
      {"{{x{{status}}", "{{x502"},
      {"status}} {{}} {", "status}} {{}} {"},
      {"a{{status}}", "a502"},
      {"{{status}}z", "502z"},
  };
  for (const Row& row : rows) EXPECT_EQ(page(row.text), row.page) << row.text;
}

TEST(ErrorTemplate, NothingOrTooMuchIsNoTemplate) {
  EXPECT_TRUE(ErrorTemplate().empty());
  EXPECT_TRUE(ErrorTemplate("").empty());
  EXPECT_TRUE(ErrorTemplate(std::string(ErrorTemplate::kMaxText + 1, 'x')).empty());
  EXPECT_FALSE(ErrorTemplate(std::string(ErrorTemplate::kMaxText, 'x')).empty());
}

}  // namespace
}  // namespace gatehouse::worker::http

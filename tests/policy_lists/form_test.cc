// SPDX-License-Identifier: Apache-2.0
#include "policy/lists/form.h"

#include <gtest/gtest.h>

#include <vector>

namespace gatehouse::lists {
namespace {

// What a LineReader says, as words: "name:SCOPE:HOST", "url:SCOPE:HOST:PATH", "network:N",
// "FAULT:TEXT".
class Words final : public EntrySink {
 public:
  void name(std::string_view host, Scope scope, bool deliberate) override {
    said.push_back((deliberate ? "deliberate:" : "name:") + text(scope) + std::string(host));
  }
  void url(std::string_view host, Scope scope, std::string_view path) override {
    said.push_back("url:" + text(scope) + std::string(host) + ":" + std::string(path));
  }
  void network(const Network& network) override {
    said.push_back("network:" + to_string(network.address) + "/" + std::to_string(network.prefix));
  }
  void fault(Fault fault, std::string_view text) override {
    said.push_back(std::string(kFaultNames[static_cast<std::size_t>(fault)]) + ":" +
                   std::string(text));
  }
  std::vector<std::string> said;

 private:
  static constexpr const char* kFaultNames[kFaults] = {
      "not-this-form", "not-a-name", "not-ascii",   "address",    "public-suffix", "not-a-network",
      "bits",          "every",      "mapped",      "bad-url",    "long-line",     "exception",
      "options",       "pattern",    "rpz-trigger", "rpz-action", "own-address",   "query"};
  static std::string text(Scope scope) {
    return scope == Scope::kSelf ? "self:" : scope == Scope::kBelow ? "below:" : "both:";
  }
};

using Said = std::vector<std::string>;

Said read(Form form, const std::vector<std::string>& lines) {
  Words words;
  LineReader reader(form);
  for (const std::string& line : lines) reader.read(line, &words);
  return words.said;
}
Said plain(const std::string& line) { return read(Form::kPlain, {line}); }
Said hosts(const std::string& line) { return read(Form::kHosts, {line}); }
Said adblock(const std::string& line) { return read(Form::kAdblock, {line}); }
Said networks(const std::string& line) { return read(Form::kNetworks, {line}); }
Said urls(const std::string& line) { return read(Form::kUrls, {line}); }

TEST(Form, TextsGoBothWays) {
  for (const char* text : {"plain", "hosts", "adblock", "rpz", "networks", "urls"}) {
    const auto form = form_from_text(text);
    ASSERT_TRUE(form) << text;
    EXPECT_EQ(form_text(*form), text);
  }
  EXPECT_FALSE(form_from_text("Plain"));
  EXPECT_FALSE(form_from_text(""));
}

TEST(PlainForm, ANameHoldsItselfAndWhatIsBelow) {
  EXPECT_EQ(plain("example.com"), Said{"name:both:example.com"});
  EXPECT_EQ(plain(".example.com"), Said{"name:both:example.com"});
  EXPECT_EQ(plain("*.example.com"), Said{"name:below:example.com"});
  EXPECT_EQ(plain("  WWW.Example.COM.\t\r"), Said{"name:both:www.example.com"});
  EXPECT_EQ(plain("_dmarc.a-b.example"), Said{"name:both:_dmarc.a-b.example"});
  EXPECT_EQ(plain("public-suffix:co.uk"), Said{"deliberate:both:co.uk"});
  EXPECT_EQ(plain("public-suffix:*.co.uk"), Said{"deliberate:below:co.uk"});
}

TEST(PlainForm, Comments) {
  for (const char* line : {"", "   ", "# x", "! x", "; x", "\r"}) EXPECT_EQ(plain(line), Said{});
  EXPECT_EQ(plain("example.com # why"), Said{"name:both:example.com"});
  EXPECT_EQ(plain("example.com#why"), Said{"not-a-name:example.com#why"});
}

TEST(PlainForm, Junk) {
  const std::string label(63, 'a');
  EXPECT_EQ(plain("a b"), Said{"not-a-name:a b"});
  EXPECT_EQ(plain("a..b"), Said{"not-a-name:a..b"});
  EXPECT_EQ(plain(".."), Said{"not-a-name:."});
  EXPECT_EQ(plain("."), Said{"not-a-name:."});
  EXPECT_EQ(plain("*.*.example"), Said{"not-a-name:*.example"});
  EXPECT_EQ(plain(label + ".example"), Said{"name:both:" + label + ".example"});
  EXPECT_EQ(plain(label + "a.example"), Said{"not-a-name:" + label + "a.example"});
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  EXPECT_EQ(plain(longest), Said{"name:both:" + longest});
  EXPECT_EQ(plain(longest + "c"), Said{"not-a-name:" + longest + "c"});
  EXPECT_EQ(plain("b\xc3\xbc.example"), Said{"not-ascii:b\xc3\xbc.example"});
  EXPECT_EQ(plain(std::string("a\0b.example", 11)),
            Said{std::string("not-a-name:") + std::string("a\0b.example", 11)});
  EXPECT_EQ(plain("192.0.2.1"), Said{"address:192.0.2.1"});
  EXPECT_EQ(plain("1.2.3"), Said{"address:1.2.3"});
  EXPECT_EQ(plain("a.0x7f"), Said{"address:a.0x7f"});
  EXPECT_EQ(plain("2001:db8::1"), Said{"address:2001:db8::1"});
  EXPECT_EQ(plain("http://example.com/"), Said{"not-a-name:http://example.com/"});
  EXPECT_EQ(plain("<html>"), Said{"not-a-name:<html>"});
}

TEST(HostsForm, NamesThatLeadNowhereAreHeldExactly) {
  EXPECT_EQ(hosts("0.0.0.0 Ads.Example.com"), Said{"name:self:ads.example.com"});
  EXPECT_EQ(hosts("127.0.0.1\tads.example.com # why"), Said{"name:self:ads.example.com"});
  EXPECT_EQ(hosts(":: a.example b.example."), (Said{"name:self:a.example", "name:self:b.example"}));
  EXPECT_EQ(hosts("::1 a.example #b.example"), Said{"name:self:a.example"});
}

TEST(HostsForm, NamesOfTheHostItselfAreNoEntries) {
  EXPECT_EQ(hosts("127.0.0.1 localhost localhost.localdomain"), Said{});
  EXPECT_EQ(hosts("fe80::1%lo0 localhost"), Said{});
  EXPECT_EQ(hosts("255.255.255.255 broadcasthost"), Said{});
  EXPECT_EQ(hosts("0.0.0.0 0.0.0.0"), Said{});
  EXPECT_EQ(hosts("# 0.0.0.0 a.example"), Said{});
}

TEST(HostsForm, Junk) {
  EXPECT_EQ(hosts("192.0.2.1 files.example"), Said{"own-address:files.example"});
  EXPECT_EQ(hosts("::2 files.example"), Said{"own-address:files.example"});
  EXPECT_EQ(hosts("example.com"), Said{"not-this-form:example.com"});
  EXPECT_EQ(hosts("0.0.0.0"), Said{"not-this-form:0.0.0.0"});
  EXPECT_EQ(hosts("0.0.0.0 a..b c.example"), (Said{"not-a-name:a..b", "name:self:c.example"}));
  EXPECT_EQ(hosts("0.0.0.0 192.0.2.1"), Said{"address:192.0.2.1"});
}

TEST(AdblockForm, DomainRules) {
  EXPECT_EQ(adblock("||Ads.Example.com^"), Said{"name:both:ads.example.com"});
  EXPECT_EQ(adblock("||example.com^|"), Said{"name:both:example.com"});
  EXPECT_EQ(adblock("||example.com^$important"), Said{"name:both:example.com"});
  EXPECT_EQ(adblock("||example.com^$all"), Said{"name:both:example.com"});
  EXPECT_EQ(adblock("||*.example.com^"), Said{"name:below:example.com"});
  for (const char* line : {"", "! x", "[Adblock Plus 2.0]", "# x"})
    EXPECT_EQ(adblock(line), Said{});
}

TEST(AdblockForm, WhatIsNotSupportedIsNamed) {
  EXPECT_EQ(adblock("@@||example.com^"), Said{"exception:@@||example.com^"});
  EXPECT_EQ(adblock("||example.com^$third-party"), Said{"options:||example.com^$third-party"});
  for (const char* line : {"||example.com/ads^", "||example.com", "||example.*^", "||a*.example^",
                           "/banner/*", "example.com", "example.com##.ad", "##.ad", "#@#.ad",
                           "||example.com^path", "|http://example.com^"}) {
    EXPECT_EQ(adblock(line), Said{std::string("pattern:") + line});
  }
  EXPECT_EQ(adblock("||192.0.2.1^"), Said{"address:192.0.2.1"});
  EXPECT_EQ(adblock("||a..b^"), Said{"not-a-name:a..b"});
  EXPECT_EQ(adblock("||^"), Said{"not-a-name:"});
}

TEST(RpzForm, Zone) {
  EXPECT_EQ(read(Form::kRpz,
                 {"$TTL 300", "@ IN SOA ns.rpz.example. admin.rpz.example. (", "  1 ; serial",
                  "  bad.example CNAME .", "  3600 600 86400 300 )", "  IN NS ns.rpz.example.",
                  "; comment", "", "Bad.example CNAME .", "*.bad.example 60 IN CNAME .",
                  "nodata.example IN 60 cname *.", "drop.example CNAME rpz-drop."}),
            (Said{"name:self:bad.example", "name:below:bad.example", "name:self:nodata.example",
                  "name:self:drop.example"}));
}

TEST(RpzForm, OwnersWithTheZonesName) {
  EXPECT_EQ(read(Form::kRpz, {"rpz.example. 60 IN SOA ns.example. a.example. 1 2 3 4 5",
                              "bad.example.RPZ.example. 60 IN CNAME .",
                              "*.bad.example.rpz.example. 60 IN CNAME ."}),
            (Said{"name:self:bad.example", "name:below:bad.example"}));
  EXPECT_EQ(read(Form::kRpz, {"$ORIGIN rpz.example.", "bad.example.rpz.example. CNAME ."}),
            Said{"name:self:bad.example"});
  EXPECT_EQ(read(Form::kRpz, {"bad.example. CNAME ."}), Said{"name:self:bad.example"});
}

TEST(RpzForm, WhatIsNotSupportedIsNamed) {
  EXPECT_EQ(read(Form::kRpz,
                 {"good.example CNAME rpz-passthru.", "a.example CNAME garden.example.",
                  "b.example A 192.0.2.1", "c.example TXT \"a;b\"", "24.0.2.0.192.rpz-ip CNAME .",
                  "ns.example.rpz-nsdname CNAME .", "$INCLUDE other", "lonely", "a..b CNAME ."}),
            (Said{"exception:good.example", "rpz-action:a.example", "rpz-action:b.example",
                  "rpz-action:c.example", "rpz-trigger:24.0.2.0.192.rpz-ip",
                  "rpz-trigger:ns.example.rpz-nsdname", "not-this-form:$INCLUDE other",
                  "not-this-form:lonely", "not-a-name:a..b"}));
}

TEST(NetworksForm, AddressesAndNetworks) {
  EXPECT_EQ(networks("192.0.2.0/24"), Said{"network:192.0.2.0/24"});
  EXPECT_EQ(networks("192.0.2.1"), Said{"network:192.0.2.1/32"});
  EXPECT_EQ(networks("2001:DB8::/32"), Said{"network:2001:db8::/32"});
  EXPECT_EQ(networks("::1"), Said{"network:::1/128"});
  EXPECT_EQ(networks("1.10.16.0/20 ; SBL256894"), Said{"network:1.10.16.0/20"});
  EXPECT_EQ(networks("192.0.2.0/24 # why"), Said{"network:192.0.2.0/24"});
  for (const char* line : {"", "# x", "; x"}) EXPECT_EQ(networks(line), Said{});
}

TEST(NetworksForm, Junk) {
  EXPECT_EQ(networks("192.0.2.1/24"), Said{"bits:192.0.2.1/24"});
  EXPECT_EQ(networks("2001:db8::1/64"), Said{"bits:2001:db8::1/64"});
  EXPECT_EQ(networks("0.0.0.0/0"), Said{"every:0.0.0.0/0"});
  EXPECT_EQ(networks("::/0"), Said{"every:::/0"});
  EXPECT_EQ(networks("::ffff:192.0.2.0/120"), Said{"mapped:::ffff:192.0.2.0/120"});
  for (const char* line : {"192.0.2.0/33", "192.0.2.0/", "192.0.2.0/024", "192.0.2.0/-1", "192.0.2",
                           "example.com", "2001:db8::/129", "192.0.2.0/24 x", "1.2.3.4-1.2.3.9"}) {
    EXPECT_EQ(networks(line), Said{std::string("not-a-network:") + line});
  }
}

TEST(UrlsForm, HostAndPath) {
  EXPECT_EQ(urls("http://WWW.Example.com/A/b"), Said{"url:self:www.example.com:/A/b"});
  EXPECT_EQ(urls("example.com/a/"), Said{"url:self:example.com:/a"});
  EXPECT_EQ(urls("HTTPS://example.com:8443/a#part"), Said{"url:self:example.com:/a"});
  EXPECT_EQ(urls("*.example.com/a"), Said{"url:below:example.com:/a"});
  EXPECT_EQ(urls("http://192.0.2.1:81/a"), Said{"url:self:192.0.2.1:/a"});
  EXPECT_EQ(urls("http://example.com"), Said{"url:self:example.com:"});
  EXPECT_EQ(urls("http://example.com/"), Said{"url:self:example.com:"});
  for (const char* line : {"", "# x", "; x", "! x"}) EXPECT_EQ(urls(line), Said{});
}

TEST(UrlsForm, Junk) {
  EXPECT_EQ(urls("http://example.com/a?b=c"), Said{"query:http://example.com/a?b=c"});
  EXPECT_EQ(urls("http://example.com?b"), Said{"query:http://example.com?b"});
  for (const char* line : {"ftp://example.com/a", "http://user@example.com/a",
                           "http://example.com:http/a", "http://example.com:123456/a"}) {
    EXPECT_EQ(urls(line), Said{std::string("bad-url:") + line});
  }
  EXPECT_EQ(urls("http://a b/"), Said{"bad-url:http://a b/"});
  EXPECT_EQ(urls("http://a..b/x"), Said{"not-a-name:http://a..b/x"});
  EXPECT_EQ(urls("http://[2001:db8::1]/x"), Said{"bad-url:http://[2001:db8::1]/x"});
  EXPECT_EQ(urls("http:///x"), Said{"not-a-name:http:///x"});
  EXPECT_EQ(urls("*.192.0.2.1/x"), Said{"address:*.192.0.2.1/x"});
  const std::string path = "/" + std::string(1023, 'a');
  EXPECT_EQ(urls("a.example" + path), Said{"url:self:a.example:" + path});
  EXPECT_EQ(urls("a.example" + path + "a"), Said{"bad-url:a.example" + path + "a"});
}

TEST(DetectForm, MostLinesDecide) {
  EXPECT_EQ(detect_form("# list\nexample.com\nexample.org\n*.a.example\n"), Form::kPlain);
  EXPECT_EQ(detect_form("127.0.0.1 localhost\n0.0.0.0 a.example\n"), Form::kHosts);
  EXPECT_EQ(detect_form("! Title: x\n||a.example^\n||b.example^$third-party\n"), Form::kAdblock);
  EXPECT_EQ(detect_form("$TTL 60\n@ SOA a. b. 1 2 3 4 5\na.example CNAME .\n"), Form::kRpz);
  EXPECT_EQ(detect_form("1.10.16.0/20 ; SBL256894\n192.0.2.1\n"), Form::kNetworks);
  EXPECT_EQ(detect_form("http://a.example/b\nc.example/d\n"), Form::kUrls);
  EXPECT_EQ(detect_form("a.example\r\nb.example\r\n0.0.0.0 c.example\r\n"), Form::kPlain);
}

TEST(DetectForm, NothingLooksLikeAnything) {
  EXPECT_EQ(detect_form(""), Form::kPlain);
  EXPECT_EQ(detect_form("<html>\n<p>Not found\n"), Form::kPlain);
}

}  // namespace
}  // namespace gatehouse::lists

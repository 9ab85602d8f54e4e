// SPDX-License-Identifier: Apache-2.0
#include "policy/lists/fault.h"

namespace gatehouse::lists {

std::string_view fault_text(Fault fault) {
  switch (fault) {
    case Fault::kNotThisForm:
      return "is no line of this form of list";
    case Fault::kNotAName:
      return "is no host name: labels of 1 to 63 letters, digits, '-' and '_', 253 octets in all";
    case Fault::kNotAscii:
      return "has octets outside ASCII; write an international name in its xn-- form";
    case Fault::kAddress:
      return "is an address and no name; addresses stand in lists of the networks form";
    case Fault::kPublicSuffix:
      return "is a public suffix: it would hold every name below it; if that is meant, write "
             "public-suffix: before it, in a list of the plain form";
    case Fault::kNotANetwork:
      return "is no address and no network such as 192.0.2.0/24 or 2001:db8::/32";
    case Fault::kBitsBeyondPrefix:
      return "has bits set beyond its prefix";
    case Fault::kEveryAddress:
      return "is every address there is";
    case Fault::kMappedAddress:
      return "is an IPv4-mapped address; write the IPv4 address";
    case Fault::kBadUrl:
      return "is no URL such as http://www.example.com/path or example.com/path";
    case Fault::kLongLine:
      return "is the beginning of a line of more than 4096 octets";
    case Fault::kException:
      return "is an exception, and lists have none; allow it by a rule";
    case Fault::kAdblockOptions:
      return "holds only under conditions that a name alone can't answer";
    case Fault::kAdblockPattern:
      return "is a pattern of Adblock's other than ||NAME^";
    case Fault::kRpzTrigger:
      return "is triggered by something else than the name that is asked for";
    case Fault::kRpzAction:
      return "gives the name other data; only CNAME ., CNAME *. and CNAME rpz-drop. are refusals";
    case Fault::kOwnAddress:
      return "has an address of its own, so that it is not a refusal";
    case Fault::kQuery:
      return "has a query; lists match paths without one";
  }
  return "";
}

}  // namespace gatehouse::lists

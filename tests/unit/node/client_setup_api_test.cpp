#include "node/api/client_documents.hpp"
#include "tests/unit/node/api_in_memory.hpp"

using namespace gridmail;
using namespace gridmail::api;
using gridmail::testing::Api;

namespace {

/// Somebody far away, whom nobody knows.
struct Program : Api {
  Program() {
    authorization.clear();
    loopback = false;
  }
  Response at(std::string host, std::string path) {
    fields = {{"Host", std::move(host)}};
    return call(Method::get, std::move(path));
  }
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string outlook_asks(const std::string& address) {
  return "<?xml version=\"1.0\"?><Autodiscover><Request><EMailAddress>" + address +
         "</EMailAddress></Request></Autodiscover>";
}

/// Every element that is opened is closed, in order, and there is one at the top.
bool is_well_formed(std::string_view xml) {
  std::vector<std::string_view> open;
  std::size_t tops = 0;
  for (auto at = xml.find('<'); at != std::string_view::npos; at = xml.find('<', at + 1)) {
    const auto tag = xml.substr(at + 1, xml.find('>', at) - at - 1);
    if (tag.find('<') != std::string_view::npos) return false;
    if (tag.starts_with('?') || tag.starts_with('!') || tag.ends_with('/')) continue;
    const auto name = tag.substr(0, tag.find(' '));
    if (!name.starts_with('/')) {
      tops += open.empty() ? 1 : 0;
      open.push_back(name);
    } else if (open.empty() || open.back() != name.substr(1)) {
      return false;
    } else {
      open.pop_back();
    }
  }
  return open.empty() && tops == 1;
}

}  // namespace

TEST_CASE_FIXTURE(
    Program,
    "Thunderbird learns the servers by address, by autoconfig.DOMAIN, and by the domain's own host") {
  const auto by_address = at("mail.far.test", "/mail/config-v1.1.xml?emailaddress=x%40example.test");
  CHECK(by_address.status == 200);
  CHECK(by_address.content_type == "text/xml; charset=utf-8");
  CHECK(is_well_formed(by_address.body));
  CHECK(contains(by_address.body,
                 "<incomingServer type=\"imap\">\n<hostname>mail.example.test</hostname>\n<port>993</port>\n"
                 "<socketType>SSL</socketType>\n"));
  CHECK(contains(by_address.body, "<port>587</port>\n<socketType>STARTTLS</socketType>\n"));
  CHECK(at("AutoConfig.example.test:8080", "/mail/config-v1.1.xml").body == by_address.body);
  CHECK(at("example.test", "/.well-known/autoconfig/mail/config-v1.1.xml").body == by_address.body);
  CHECK(at("autoconfig.far.test", "/mail/config-v1.1.xml").status == 404);
  CHECK(at("<x>", "/mail/config-v1.1.xml").status == 404);
}

TEST_CASE_FIXTURE(Program,
                  "Outlook gets settings for an address of ours, and a document that refuses any other") {
  const auto ask = [this](const std::string& body) {
    return call(Method::post, "/autodiscover/autodiscover.xml", body);
  };
  const auto known = ask(outlook_asks(" x@example.test\r\n"));
  CHECK(known.status == 200);
  CHECK(is_well_formed(known.body));
  CHECK(contains(known.body, "<Type>SMTP</Type>\n<Server>mail.example.test</Server>\n<Port>587</Port>\n"));
  CHECK(contains(known.body, "<LoginName>x@example.test</LoginName>"));
  CHECK(contains(known.body, "<SSL>on</SSL>\n<Encryption>TLS</Encryption>"));
  CHECK(contains(ask("<a:EmailAddress xmlns:a=\"x\">x@example.test</a:EmailAddress>").body, "<Account>"));
  CHECK(contains(ask(outlook_asks("x@far.test")).body, "<ErrorCode>500</ErrorCode>"));
  for (const auto* wrong : {"", "<", "<EMailAddress>", "<EMailAddress/>", "<EMailAddress> </EMailAddress>"}) {
    CAPTURE(wrong);
    CHECK(contains(ask(wrong).body, "<ErrorCode>600</ErrorCode>"));
  }
  for (const auto* path : {"/Autodiscover/Autodiscover.xml", "/AutoDiscover/AutoDiscover.xml",
                           "/AUTODISCOVER/AUTODISCOVER.XML", "/autodiscover/Autodiscover.xml"})
    CHECK(call(Method::post, path, outlook_asks("x@example.test")).body == known.body);
}

TEST_CASE_FIXTURE(Program, "what an address says is text, whatever it looks like") {
  const std::string wicked = R"(a"&'></LoginName><Server>evil@example.test)";
  const auto answer = call(Method::post, "/autodiscover/autodiscover.xml",
                           outlook_asks(R"(a"&amp;'&gt;&lt;/LoginName&gt;&lt;Server&gt;evil@example.test)"));
  CHECK(is_well_formed(answer.body));
  CHECK(contains(answer.body, "<LoginName>" + xml_escaped(wicked) + "</LoginName>"));
  CHECK_FALSE(contains(answer.body, "<Server>evil"));
  const auto profile = at("example.test", "/mail.mobileconfig?email=a%3C%2Fstring%3E%26%00@example.test");
  CHECK(profile.status == 400);  // a NUL
  const auto escaped = at("example.test", "/mail.mobileconfig?email=a%3C%2Fstring%3E%26@example.test");
  CHECK(is_well_formed(escaped.body));
  CHECK(contains(escaped.body, "<string>a&lt;/string&gt;&amp;@example.test</string>"));
}

TEST_CASE_FIXTURE(Program, "Outlook's second version is told where the first one is") {
  const auto path = "/autodiscover/autodiscover.json?Email=x%40example.test&Protocol=";
  const auto found = at("autodiscover.example.test", std::string(path) + "AutodiscoverV1");
  CHECK(Json::parse(found.body) ==
        Json{{"Protocol", "AutodiscoverV1"},
             {"Url", "https://autodiscover.example.test/autodiscover/autodiscover.xml"}});
  const auto other = at("example.test", std::string(path) + "ActiveSync");
  CHECK(other.status == 400);
  CHECK(Json::parse(other.body)["ErrorCode"] == "ProtocolNotSupported");
}

TEST_CASE("an Apple profile names only what is offered") {
  using Kind = ClientSettings::Server::Kind;
  ClientSettings settings{"example.test", "mail.example.test", {{Kind::pop3, 995, true}}};
  CHECK_FALSE(mobileconfig_document(settings, "x@example.test"));
  settings.servers.push_back({Kind::smtp, 465, true});
  const auto by_pop3 = mobileconfig_document(settings, "x@example.test");
  REQUIRE(by_pop3);
  CHECK(is_well_formed(*by_pop3));
  CHECK(contains(*by_pop3, "<string>EmailTypePOP</string>"));
  CHECK(contains(*by_pop3, "<key>IncomingMailServerPortNumber</key>\n<integer>995</integer>\n"));
  settings.servers = {{Kind::imap, 993, true}};
  CHECK_FALSE(mobileconfig_document(settings, "x@example.test"));
}

TEST_CASE_FIXTURE(Program, "an Apple profile has IMAP and SMTP, and the same identifiers each time") {
  const auto profile = at("example.test", "/mail.mobileconfig?email=x@example.test");
  CHECK(profile.content_type == "application/x-apple-aspen-config");
  CHECK(is_well_formed(profile.body));
  CHECK(contains(profile.body, "<key>IncomingMailServerPortNumber</key>\n<integer>993</integer>\n"));
  CHECK(
      contains(profile.body, "<key>OutgoingMailServerHostName</key>\n<string>mail.example.test</string>\n"));
  CHECK(at("example.test", "/mail.mobileconfig?email=x@example.test").body == profile.body);
  CHECK(at("example.test", "/mail.mobileconfig?email=y@example.test").body != profile.body);
  CHECK(at("example.test", "/mail.mobileconfig").status == 400);
  CHECK(at("example.test", "/mail.mobileconfig?email=x@far.test").status == 404);
}

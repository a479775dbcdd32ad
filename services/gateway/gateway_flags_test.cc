#include "services/gateway/gateway_flags.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace tessera::gateway {
namespace {

absl::Status Parse(std::vector<std::string> args, GatewayOptions* options) {
  options::Flags flags("gateway", "");
  AddGatewayFlags(&flags, options);
  const absl::Status status = flags.Parse(args);
  return status.ok() ? options->Validate() : status;
}

TEST(GatewayFlagsTest, ListensOnLoopbackUnlessTold) {
  GatewayOptions options;
  ASSERT_TRUE(Parse({}, &options).ok());
  EXPECT_EQ(options.http.address, "127.0.0.1");
  EXPECT_EQ(options.cors_origin, "");
}

TEST(GatewayFlagsTest, FlagsReachTheOptions) {
  GatewayOptions options;
  const absl::Status status = Parse({"--host",
                                     "0.0.0.0",
                                     "--port",
                                     "8081",
                                     "--max-body-bytes",
                                     "1MiB",
                                     "--header-timeout",
                                     "3s",
                                     "--model-alias",
                                     "a",
                                     "--model-alias",
                                     "b",
                                     "--api-keys",
                                     "keys",
                                     "--salt-secret",
                                     "secret",
                                     "--cors-origin",
                                     "https://a.org",
                                     "--max-requests-per-key",
                                     "7",
                                     "--max-request-tokens",
                                     "99"},
                                    &options);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(options.http.address, "0.0.0.0");
  EXPECT_EQ(options.http.port, 8081);
  EXPECT_EQ(options.http.max_body_bytes, 1 << 20);
  EXPECT_EQ(options.http.header_timeout, absl::Seconds(3));
  EXPECT_EQ(options.model_aliases, std::vector<std::string>({"a", "b"}));
  EXPECT_EQ(options.api_keys_file, "keys");
  EXPECT_EQ(options.salt_secret_file, "secret");
  EXPECT_EQ(options.cors_origin, "https://a.org");
  EXPECT_EQ(options.max_requests_per_key, 7);
  EXPECT_EQ(options.max_request_tokens, 99);
}

TEST(GatewayFlagsTest, RefusesWhatIsOutOfBounds) {
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"--port", "65536"},
        {"--max-requests-per-key", "-1"},
        {"--max-request-tokens", "0"},
        {"--cors-origin", "example.org"},
        {"--model-alias", ""}}) {
    GatewayOptions options;
    EXPECT_FALSE(Parse(args, &options).ok()) << args[0];
  }
}

}  // namespace
}  // namespace tessera::gateway

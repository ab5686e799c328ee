#include "hadal/draf/server/options.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/testing/paths.h"

#include <cmath>
#include <cstdlib>

#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

TEST(ServerOptions, WantAKeyBeyondTheLoopbackDevice) {
  for (const char* host : {"localhost", "127.0.0.1", "127.1.2.3", "::1"}) {
    EXPECT_NO_THROW(check({.host = host})) << host;
  }
  for (const char* host : {"0.0.0.0", "192.168.0.1", "::", "localhost.org"}) {
    EXPECT_THROW(check({.host = host}), InvalidArgument) << host;
    EXPECT_NO_THROW(check({.host = host, .api_keys = {"key"}})) << host;
    EXPECT_NO_THROW(check({.host = host, .insecure_no_key = true})) << host;
  }
}

TEST(ServerOptions, RefuseKeysThatNoHeaderCarries) {
  for (const std::string key : {"", "a b", "a\n", "\xC3\xA9", "a\x7F"}) {
    EXPECT_THROW(check({.api_keys = {key}}), InvalidArgument) << key;
  }
  EXPECT_THROW(check({.api_keys = {"a", "a"}}), InvalidArgument);
}

TEST(ServerOptions, RefuseWhatIsOutOfRange) {
  EXPECT_THROW(check({.io_threads = 0}), InvalidArgument);
  EXPECT_THROW(check({.max_connections = 0}), InvalidArgument);
  EXPECT_THROW(check({.max_header_bytes = std::size_t{1} << 30}), InvalidArgument);
  EXPECT_THROW(check({.max_prompt_tokens = -1}), InvalidArgument);
  for (const double seconds : {0.0, -1.0, 1e9, std::nan("")}) {
    EXPECT_THROW(check({.write_seconds = seconds}), InvalidArgument) << seconds;
  }
}

TEST(LoadApiKeys, ReadsAFileAndTheEnvironment) {
  const hadal::testing::TemporaryFolder folder;
  write_file(folder / "keys", "# of the team\nfirst\r\n\nsecond");
  ::unsetenv("HADAL_API_KEY");
  EXPECT_TRUE(load_api_keys({}).empty());
  EXPECT_EQ(load_api_keys(folder / "keys"), (std::vector<std::string>{"first", "second"}));
  ::setenv("HADAL_API_KEY", "third", 1);
  EXPECT_EQ(load_api_keys(folder / "keys"), (std::vector<std::string>{"third", "first", "second"}));
  ::unsetenv("HADAL_API_KEY");
}

TEST(LoadApiKeys, RefusesAFileWithoutAKey) {
  const hadal::testing::TemporaryFolder folder;
  write_file(folder / "keys", "# none\n\n");
  EXPECT_THROW(load_api_keys(folder / "keys"), InvalidArgument);
  EXPECT_THROW(load_api_keys(folder / "absent"), IoError);
}

}  // namespace
}  // namespace hadal::draf

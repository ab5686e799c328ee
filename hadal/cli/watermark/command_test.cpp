#include "hadal/cli/exit_code.h"
#include "hadal/cli/testing/call.h"
#include "hadal/core/random.h"
#include "hadal/core/safetensors/reader.h"
#include "hadal/core/safetensors/writer.h"
#include "hadal/testing/paths.h"

#include <ATen/ops/randn.h>

namespace hadal::cli {
namespace {

using hadal::testing::TemporaryFolder;
using testing::call;

TEST(WatermarkCommand, EmbedsAndVerifies) {
  const TemporaryFolder folder;
  const std::string plain = folder / "plain.safetensors", marked = folder / "marked.safetensors";
  const std::string key = folder / "key", other = folder / "other";
  seed_aten(1);
  write_safetensors(plain, {{"w", at::randn({100, 100})}}, {{"format", "pt"}});
  EXPECT_EQ(call({"watermark", "key", key}).status, kDone);
  EXPECT_EQ(call({"watermark", "key", other}).status, kDone);
  EXPECT_EQ(call({"watermark", "key", key}).status, kUnusable);
  const auto embedded =
      call({"watermark", "embed", plain, marked, "--key", key, "--owner", "a laboratory"});
  EXPECT_EQ(embedded.status, kDone) << embedded.errors;
  EXPECT_EQ(SafetensorsReader(marked).metadata().at("format"), "pt");
  const auto verify = [&](const std::string& model, const std::string& with) {
    return call({"watermark", "verify", model, "--key", with, "--owner", "a laboratory"});
  };
  const auto found = verify(marked, key);
  EXPECT_EQ(found.status, kDone) << found.errors;
  EXPECT_NE(found.output.find("528 of 528 code bits match"), std::string::npos) << found.output;
  EXPECT_EQ(verify(marked, other).status, kVerdict);
  EXPECT_EQ(verify(plain, key).status, kVerdict);
}

}  // namespace
}  // namespace hadal::cli

// Loads a model and shows what it does with a text: llama_probe FOLDER LOGITS COUNT TEXT prints the
// text's ids and, on a second line, these and the COUNT most probable ones after them; the logits
// of the text go to the safetensors file LOGITS.
#include "hadal/core/error.h"
#include "hadal/core/safetensors/writer.h"
#include "hadal/draf/model/load.h"
#include "hadal/draf/model/test_support.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

void print(const std::vector<std::int64_t>& ids) {
  for (const std::int64_t id : ids) std::printf("%lld ", static_cast<long long>(id));
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  using namespace hadal;
  if (argc != 5) return 2;
  try {
    const auto loaded = draf::load_model(argv[1], {.format = draf::WeightFormat::fp32});
    const auto ids = loaded.tokenizer->encode(argv[4]);
    write_safetensors(argv[2], {{"logits", draf::testing::logits_of(*loaded.model, ids)}});
    print(ids);
    print(draf::testing::greedy(*loaded.model, ids, std::atoi(argv[3])));
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n  %s\n", error.what(), error.hint().c_str());
    return 1;
  }
}

#include "hadal/bench/cases/input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/data/audio/log_mel.h"
#include "hadal/data/audio/normalize.h"
#include "hadal/data/generate/spoken_digits.h"
#include "hadal/data/readers/fsdd.h"
#include "hadal/data/readers/wav.h"
#include "hadal/models/speech_crnn.h"
#include "hadal/models/train.h"

#include <algorithm>
#include <vector>

#include <ATen/ops/argsort.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

namespace hadal::bench {
namespace {

constexpr std::int64_t kBatch = 64;
constexpr std::int64_t kTimedUtterances = 256;

using data::Utterances;


#pragma once

#include "hadal/data/sets/sets.h"
#include "hadal/hpts/train/task.h"
#include "hadal/models/decoder_lm.h"

#include <memory>

namespace hadal::hpts {

/// Next-byte prediction with the decoder of hadal/models, whose vocabulary is the 256 bytes; an
/// example is `model.context` bytes and the one after them, and the score the perplexity a byte.
/// The weights are drawn from ATen's generator. Throws InvalidArgument where `model` describes
/// none, or where a text has not one example.
std::unique_ptr<Task> make_text_task(models::DecoderLmOptions model, const data::TextSet& text);

}  // namespace hadal::hpts

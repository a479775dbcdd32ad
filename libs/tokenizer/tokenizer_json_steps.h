// The parts of a tokenizer.json around its model.
#pragma once

#include "absl/status/status.h"
#include "libs/json/json_field.h"
#include "libs/tokenizer/tokenizer_spec.h"

namespace tessera::tokenizer {

// Each reads the field of its name, null included, into *spec. Errors: see
// tokenizer_json.h.
absl::Status ReadNormalizer(const JsonField& field, TokenizerSpec* spec);
// Sets spec->bpe.alphabet: bytes if there is a ByteLevel.
absl::Status ReadPreTokenizer(const JsonField& field, TokenizerSpec* spec);
// After the tokens: checks the template's ids.
absl::Status ReadPostProcessor(const JsonField& field, TokenizerSpec* spec);
// After ReadPreTokenizer: the decoder has to undo it.
absl::Status ReadDecoder(const JsonField& field, TokenizerSpec* spec);

}  // namespace tessera::tokenizer

// A tokenizer.json that anybody wrote: an error, or a tokenizer that encodes
// and decodes.
#include <cstddef>
#include <cstdint>

#include "libs/base/check.h"
#include "libs/tokenizer/tokenizer.h"
#include "libs/tokenizer/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tessera::tokenizer::Tokenizer;
  const absl::string_view json(reinterpret_cast<const char*>(data), size);
  const auto tokenizer = Tokenizer::FromTokenizerJson(json);
  if (!tokenizer.ok()) return 0;
  for (const absl::string_view text :
       {absl::string_view(
            "Hello  w\u00f6rld, it's 2024!\n\n\t\u4f60\u597d <s>\xF0\x9F\x98"),
        json.substr(0, 4096)}) {
    for (const bool parse_special : {false, true}) {
      const auto ids = (*tokenizer)
                           ->Encode(text, {.parse_special = parse_special,
                                           .add_special = true});
      if (!ids.ok()) continue;
      CHECK(tessera::tokenizer::IsValidUtf8((*tokenizer)->Decode(*ids)));
    }
  }
  return 0;
}

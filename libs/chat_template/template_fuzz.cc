// Any bytes as a template, with small limits: parses or says why not, renders
// or says why not, and what messages wrote never comes out as the template's.
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "libs/base/check.h"
#include "libs/chat_template/chat_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tessera::chat_template::ChatTemplate;
  using tessera::chat_template::Limits;
  using tessera::chat_template::RenderInput;
  using tessera::chat_template::Segment;
  const Limits limits{.max_steps = 20000,
                      .max_allocated_bytes = size_t{4} << 20,
                      .max_output_bytes = size_t{1} << 20};
  const absl::string_view source(reinterpret_cast<const char*>(data), size);
  const auto chat = ChatTemplate::Parse(source, limits);
  if (!chat.ok()) return 0;
  RenderInput input;
  input.messages = {{"system", "\x01 one\n"}, {"user", "\x01"}, {"x\x01", ""}};
  input.special_tokens = {{"bos_token", "<s>"}, {"eos_token", "</s>"}};
  input.now = absl::UnixEpoch();
  input.variables = {{"tools", {{{"name", "\x01"}, {"n", 1.5}}}}};
  const auto segments = chat->Render(input);
  if (!segments.ok()) return 0;
  // A template could write the byte itself, also as an escape.
  const bool may_write_it =
      source.find('\x01') != source.npos || source.find('\\') != source.npos;
  for (const Segment& segment : *segments) {
    CHECK(!segment.text.empty());
    CHECK(may_write_it || !segment.from_template ||
          segment.text.find('\x01') == std::string::npos);
  }
  return 0;
}

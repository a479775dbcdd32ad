// The prompts that greedy answers are compared on, from a text file:
//
//   Words before the first prompt are for the reader.
//   === capital chat
//   What is the capital of France?
//   === loop raw
//   for i in range(
//
// The text of a prompt is the lines up to the next ===, without the last one's
// end and without empty lines after it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tessera::accuracy {

struct Prompt {
  enum class Kind {
    kChat,  // a user's message: goes through the model's chat template
    kRaw,   // continued as it stands
  };
  std::string name;
  Kind kind = Kind::kRaw;
  std::string text;
};

// InvalidArgument: a heading that is not of two words, a kind that is neither
// chat nor raw, or a name that was there before, with the line; a prompt
// without text; no prompt at all.
absl::StatusOr<std::vector<Prompt>> ParsePrompts(absl::string_view file);

}  // namespace tessera::accuracy

#include "libs/tokenizer/normalizer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/tokenizer/nfc.h"

namespace tessera::tokenizer {
namespace {

// False if the step leaves `text` as it is.
bool ApplyStep(const NormalizerStep& step, absl::string_view text,
               std::string* result) {
  switch (step.kind) {
    case NormalizerStep::Kind::kNfc:
      return ComposeNfc(text, result);
    case NormalizerStep::Kind::kPrepend:
      if (text.empty()) return false;
      *result = absl::StrCat(step.content, text);
      return true;
    case NormalizerStep::Kind::kReplace:
      if (text.find(step.pattern) == absl::string_view::npos) return false;
      *result = absl::StrReplaceAll(text, {{step.pattern, step.content}});
      return true;
  }
  return false;
}

}  // namespace

Normalizer::Normalizer(std::vector<NormalizerStep> steps)
    : steps_(std::move(steps)) {}

absl::string_view Normalizer::Apply(absl::string_view text,
                                    std::string* scratch) const {
  std::string result;
  for (const NormalizerStep& step : steps_) {
    if (!ApplyStep(step, text, &result)) continue;
    scratch->swap(result);
    text = *scratch;
  }
  return text;
}

}  // namespace tessera::tokenizer

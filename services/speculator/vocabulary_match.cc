#include "services/speculator/vocabulary_match.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tessera::speculator {
namespace {

std::string Describe(const tokenizer::Tokenizer& tokenizer, int32_t id) {
  return absl::StrCat(tokenizer.IsSpecial(id) ? "the special " : "", "\"",
                      absl::CHexEscape(tokenizer.TokenBytes(id)), "\"");
}

}  // namespace

absl::Status CheckSameVocabulary(const tokenizer::Tokenizer& target,
                                 const tokenizer::Tokenizer& draft) {
  const int32_t size = std::min(target.vocab_size(), draft.vocab_size());
  for (int32_t id = 0; id < size; ++id) {
    if (target.TokenBytes(id) == draft.TokenBytes(id) &&
        target.IsSpecial(id) == draft.IsSpecial(id)) {
      continue;
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "its vocabulary is another: token ", id, " is ", Describe(draft, id),
        ", the target's is ", Describe(target, id)));
  }
  if (target.vocab_size() == draft.vocab_size()) return absl::OkStatus();
  const bool is_missing = draft.vocab_size() < target.vocab_size();
  return absl::InvalidArgumentError(
      absl::StrCat("its vocabulary is another: token ", size, ", ",
                   Describe(is_missing ? target : draft, size), ", is the ",
                   is_missing ? "target's" : "draft model's", " alone"));
}

}  // namespace tessera::speculator

#include "services/verifier/choice.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"

namespace tessera::verifier {

Choice::Choice(sampling::Sampler sampler, const tokenizer::Tokenizer* tokenizer,
               const ChoiceLimits& limits)
    : sampler_(std::move(sampler)),
      decoder_(tokenizer),
      stop_(limits.stop),
      max_tokens_(limits.max_tokens),
      end_tokens_(limits.end_tokens) {}

void Choice::Append(int32_t token, v1::ChoiceDelta* delta) {
  CHECK(!is_finished()) << "token " << token << " after the end";
  ++num_tokens_;
  sampler_.Append(token);
  delta->add_token_ids(token);
  if (std::binary_search(end_tokens_.begin(), end_tokens_.end(), token)) {
    return Finish(v1::STOP, delta);
  }
  delta->mutable_text()->append(stop_.Append(decoder_.Push(token)));
  if (stop_.stopped()) return Finish(v1::STOP, delta);
  if (num_tokens_ >= max_tokens_) Finish(v1::LENGTH, delta);
}

void Choice::Finish(v1::FinishReason reason, v1::ChoiceDelta* delta) {
  if (!stop_.stopped()) {
    std::string rest = stop_.Append(decoder_.Flush());
    // The unfinished character may have completed a stop.
    if (!stop_.stopped()) rest += stop_.Finish();
    delta->mutable_text()->append(rest);
  }
  finish_reason_ = stop_.stopped() ? v1::STOP : reason;
  delta->set_finish_reason(finish_reason_);
}

}  // namespace tessera::verifier

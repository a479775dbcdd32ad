// Choice: one answer that is being drawn: the sampler, the text so far, and
// the reasons to stop.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/conversation/stop_text.h"
#include "libs/sampling/sampler.h"
#include "libs/tokenizer/stream_decoder.h"
#include "proto/verifier.pb.h"

namespace tessera::verifier {

struct ChoiceLimits {
  int64_t max_tokens = 0;
  std::vector<std::string> stop;
  std::vector<int32_t> end_tokens;  // rising
};

class Choice {
 public:
  // `tokenizer` outlives the choice.
  Choice(sampling::Sampler sampler, const tokenizer::Tokenizer* tokenizer,
         const ChoiceLimits& limits);

  const sampling::Sampler& sampler() const { return sampler_; }
  // For drawing a draft's tokens one after the other; left as it was.
  sampling::Sampler& mutable_sampler() { return sampler_; }
  int num_tokens() const { return num_tokens_; }
  int64_t num_tokens_left() const { return max_tokens_ - num_tokens_; }
  v1::FinishReason finish_reason() const { return finish_reason_; }
  bool is_finished() const { return finish_reason_ != v1::NOT_FINISHED; }

  // The drawn token; adds to `delta` what it makes visible, and the reason if
  // it is the last one. CHECK: not finished.
  void Append(int32_t token, v1::ChoiceDelta* delta);

 private:
  void Finish(v1::FinishReason reason, v1::ChoiceDelta* delta);

  sampling::Sampler sampler_;
  tokenizer::StreamDecoder decoder_;
  conversation::StopText stop_;
  int64_t max_tokens_;
  std::vector<int32_t> end_tokens_;
  int num_tokens_ = 0;
  v1::FinishReason finish_reason_ = v1::NOT_FINISHED;
};

}  // namespace tessera::verifier

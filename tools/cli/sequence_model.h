// One sequence of tokens through a model: all that the commands ask of one.
#pragma once

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tessera::cli {

class SequenceModel {
 public:
  virtual ~SequenceModel() = default;

  virtual int vocab_size() const = 0;
  // Tokens that fit into the sequence.
  virtual int64_t context_len() const = 0;
  // Those that are in it.
  virtual absl::Span<const int32_t> tokens() const = 0;

  // Appends tokens, at least one, and returns the logits that follow the last
  // of them: [vocab_size], valid until the next call. ResourceExhausted: the
  // sequence would be longer than context_len.
  virtual absl::StatusOr<absl::Span<const float>> Extend(
      absl::Span<const int32_t> tokens) = 0;

  // The same, and calls row(i, logits) with what follows tokens[i], for each i
  // in order.
  virtual absl::Status ExtendAndScore(
      absl::Span<const int32_t> tokens,
      absl::FunctionRef<void(int64_t, absl::Span<const float>)> row) = 0;

  // Forgets all but the first num_tokens tokens: in [0, tokens().size()].
  virtual void Truncate(int64_t num_tokens) = 0;
};

}  // namespace tessera::cli

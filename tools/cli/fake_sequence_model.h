// A SequenceModel whose logits are a function of the tokens so far.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "tools/cli/sequence_model.h"

namespace tessera::cli {

class FakeSequenceModel : public SequenceModel {
 public:
  using Tokens = std::vector<int32_t>;

  // `logits` gives [vocab_size] values for what follows the tokens so far.
  FakeSequenceModel(int vocab_size, int64_t context_len,
                    std::function<std::vector<float>(const Tokens&)> logits)
      : vocab_size_(vocab_size),
        context_len_(context_len),
        logits_of_(std::move(logits)) {}

  int vocab_size() const override { return vocab_size_; }
  int64_t context_len() const override { return context_len_; }
  absl::Span<const int32_t> tokens() const override { return tokens_; }

  absl::StatusOr<absl::Span<const float>> Extend(
      absl::Span<const int32_t> tokens) override {
    const absl::Status status =
        Append(tokens, [](int64_t, absl::Span<const float>) {});
    if (!status.ok()) return status;
    return absl::MakeConstSpan(logits_);
  }

  absl::Status ExtendAndScore(
      absl::Span<const int32_t> tokens,
      absl::FunctionRef<void(int64_t, absl::Span<const float>)> row) override {
    ++num_scored_calls_;
    return Append(tokens, row);
  }

  void Truncate(int64_t num_tokens) override { tokens_.resize(num_tokens); }

  // Tokens computed in all.
  int64_t num_extended() const { return num_extended_; }
  // Calls of ExtendAndScore.
  int num_scored_calls() const { return num_scored_calls_; }

 private:
  absl::Status Append(
      absl::Span<const int32_t> tokens,
      absl::FunctionRef<void(int64_t, absl::Span<const float>)> row) {
    if (tokens_.size() + tokens.size() > context_len_) {
      return absl::ResourceExhaustedError("the context is full");
    }
    num_extended_ += tokens.size();
    for (size_t i = 0; i < tokens.size(); ++i) {
      tokens_.push_back(tokens[i]);
      logits_ = logits_of_(tokens_);
      row(i, logits_);
    }
    return absl::OkStatus();
  }

  int vocab_size_;
  int64_t context_len_;
  std::function<std::vector<float>(const Tokens&)> logits_of_;
  Tokens tokens_;
  std::vector<float> logits_;
  int64_t num_extended_ = 0;
  int num_scored_calls_ = 0;
};

}  // namespace tessera::cli

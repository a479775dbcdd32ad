// A model and its tokenizer, loaded side by side.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/model/model.h"
#include "libs/model/model_selection.h"
#include "libs/tokenizer/tokenizer.h"
#include "tools/cli/model_sequence.h"

namespace tessera::cli {

struct LoadedModel {
  std::unique_ptr<Checkpoint> checkpoint;
  std::unique_ptr<const tokenizer::Tokenizer> tokenizer;
  std::unique_ptr<model::Model> model;
  std::unique_ptr<ModelSequence> sequence;
};

// The weights are packed on all threads while one more reads the vocabulary.
// Errors name the file.
absl::StatusOr<LoadedModel> Load(const model::ModelSelection& selection);

// The model alone, for commands that need no words.
absl::StatusOr<LoadedModel> LoadWithoutTokenizer(
    const model::ModelSelection& selection);

}  // namespace tessera::cli

#include "tools/cli/loaded_model.h"

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/model/load_model.h"
#include "libs/model/load_tokenizer.h"
#include "libs/model/model_selection.h"

namespace tessera::cli {
namespace {

using TokenizerOr = absl::StatusOr<std::unique_ptr<const tokenizer::Tokenizer>>;

// What a missing file most likely means to whoever just arrived.
absl::StatusOr<std::unique_ptr<Checkpoint>> OpenModel(const std::string& path) {
  absl::StatusOr<std::unique_ptr<Checkpoint>> checkpoint = OpenCheckpoint(path);
  if (absl::IsNotFound(checkpoint.status())) {
    return absl::NotFoundError(
        absl::StrCat(checkpoint.status().message(),
                     " (tools/up fetches the default model; --model names "
                     "another)"));
  }
  return checkpoint;
}

absl::Status AddModel(const model::ModelSelection& selection,
                      LoadedModel* loaded) {
  ASSIGN_OR_RETURN(const model::ModelOptions options,
                   selection.ToModelOptions());
  ASSIGN_OR_RETURN(loaded->model,
                   model::LoadModel(*loaded->checkpoint, options));
  ASSIGN_OR_RETURN(
      loaded->sequence,
      ModelSequence::Create(loaded->model.get(), selection.context_len));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LoadedModel> LoadWithoutTokenizer(
    const model::ModelSelection& selection) {
  LoadedModel loaded;
  ASSIGN_OR_RETURN(loaded.checkpoint, OpenModel(selection.model));
  RETURN_IF_ERROR(AddModel(selection, &loaded));
  return loaded;
}

absl::StatusOr<LoadedModel> Load(const model::ModelSelection& selection) {
  LoadedModel loaded;
  ASSIGN_OR_RETURN(loaded.checkpoint, OpenModel(selection.model));
  // Started before the model's team pins this thread to a core, which threads
  // inherit.
  TokenizerOr tokenizer;
  std::thread reader(
      [&] { tokenizer = model::LoadTokenizer(*loaded.checkpoint); });
  const absl::Status status = AddModel(selection, &loaded);
  reader.join();
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(tokenizer.status());
  loaded.tokenizer = *std::move(tokenizer);
  if (loaded.tokenizer->vocab_size() > loaded.model->config().vocab_size) {
    return absl::InvalidArgumentError(absl::StrCat(
        selection.model, ": the tokenizer has ", loaded.tokenizer->vocab_size(),
        " tokens, the model ", loaded.model->config().vocab_size));
  }
  return loaded;
}

}  // namespace tessera::cli

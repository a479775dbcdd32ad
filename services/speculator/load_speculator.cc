#include "services/speculator/load_speculator.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/log/log.h"
#include "libs/model/load_model.h"
#include "libs/model/load_tokenizer.h"
#include "services/speculator/client/vocabulary_digest.h"
#include "services/speculator/vocabulary_match.h"

namespace tessera::speculator {

absl::StatusOr<std::unique_ptr<Speculator>> LoadSpeculator(
    const std::string& model_file, const TargetModel& target,
    const SpeculatorOptions& options, metrics::Registry* registry) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Checkpoint> checkpoint,
                   OpenCheckpoint(model_file));
  ASSIGN_OR_RETURN(const auto tokenizer, model::LoadTokenizer(*checkpoint));
  RETURN_IF_ERROR(
      Annotate(CheckSameVocabulary(*target.tokenizer, *tokenizer), model_file));
  ASSIGN_OR_RETURN(std::unique_ptr<model::Model> model,
                   model::LoadModel(*checkpoint, {.shared_team = target.team}));
  auto speculator = Speculator::Create(std::move(model), target.vocab_size,
                                       options, registry);
  if (!speculator.ok()) return Annotate(speculator.status(), model_file);
  log::Event(log::kInfo, "draft model loaded",
             {{"model", model_file},
              {"kv_capacity_tokens", int64_t{attention::kKvBlockTokens} *
                                         (*speculator)->cache().num_blocks()}});
  return speculator;
}

absl::StatusOr<LoadedSpeculator> LoadOwnSpeculator(
    const std::string& model_file, const model::ModelOptions& model_options,
    const SpeculatorOptions& options, metrics::Registry* registry) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Checkpoint> checkpoint,
                   OpenCheckpoint(model_file));
  ASSIGN_OR_RETURN(const auto tokenizer, model::LoadTokenizer(*checkpoint));
  ASSIGN_OR_RETURN(std::unique_ptr<model::Model> model,
                   model::LoadModel(*checkpoint, model_options));
  const model::ModelConfig& config = model->config();
  LoadedSpeculator loaded;
  loaded.info.set_name(config.name);
  loaded.info.set_vocabulary_digest(VocabularyDigest(*tokenizer));
  loaded.info.set_vocab_size(config.vocab_size);
  loaded.info.set_context_len(config.context_len);
  auto speculator = Speculator::Create(std::move(model), config.vocab_size,
                                       options, registry);
  if (!speculator.ok()) return Annotate(speculator.status(), model_file);
  loaded.speculator = *std::move(speculator);
  return loaded;
}

}  // namespace tessera::speculator

#include "libs/model/load_model.h"

#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/model/config_from_gguf.h"
#include "libs/model/config_from_huggingface.h"
#include "libs/model/tensor_names.h"

namespace tessera::model {
namespace {

// Tensors that stand in files though no weight is read from them.
bool MayBeUnused(absl::string_view name, const ModelConfig& config) {
  return name == "rope_freqs.weight" ||  // read with the config
         absl::EndsWith(name, ".rotary_emb.inv_freq") ||    // computed
         (config.tied_output && name == "lm_head.weight");  // a copy
}

// A tensor that nobody asked for is a part of the model that we would leave
// out without a word.
absl::Status CheckAllUsed(const Checkpoint& checkpoint,
                          const absl::flat_hash_set<std::string>& used,
                          const ModelConfig& config) {
  for (const TensorEntry& tensor : checkpoint.tensors()) {
    if (used.contains(tensor.name) || MayBeUnused(tensor.name, config)) {
      continue;
    }
    return absl::UnimplementedError(
        absl::StrCat(checkpoint.path(), ": tensor ", tensor.name,
                     " is not part of a ", config.architecture, " model of ",
                     config.num_layers, " layers as it is supported"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ModelConfig> ReadConfig(const Checkpoint& checkpoint) {
  const CheckpointSource source = checkpoint.source();
  if (source.gguf != nullptr) return ReadGgufConfig(*source.gguf);
  return ReadHuggingFaceConfig(*source.directory);
}

absl::StatusOr<std::unique_ptr<Model>> LoadModel(Checkpoint& checkpoint,
                                                 const ModelOptions& options) {
  ASSIGN_OR_RETURN(const ModelConfig config, ReadConfig(checkpoint));
  const bool is_gguf = checkpoint.source().gguf != nullptr;
  absl::flat_hash_set<std::string> used;
  const TensorLookup lookup =
      [&](const std::string& gguf_name) -> absl::StatusOr<TensorView> {
    std::string name = gguf_name;
    if (!is_gguf) {
      ASSIGN_OR_RETURN(name, HuggingFaceTensorName(gguf_name));
    }
    used.insert(name);
    // Find's errors, but without the path, which is put before all of them.
    RETURN_IF_ERROR(LoadableView(checkpoint.FindEntry(name), name).status());
    return checkpoint.Find(name);
  };
  absl::StatusOr<std::unique_ptr<Model>> model =
      Model::Create(config, lookup, options);
  if (!model.ok()) return Annotate(model.status(), checkpoint.path());
  RETURN_IF_ERROR(CheckAllUsed(checkpoint, used, config));
  for (const TensorEntry& tensor : checkpoint.tensors()) {
    if (tensor.unsupported.empty()) checkpoint.Release(tensor.view);
  }
  return model;
}

}  // namespace tessera::model

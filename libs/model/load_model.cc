#include "libs/model/load_model.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/model/config_from_gguf.h"
#include "libs/model/config_from_huggingface.h"
#include "libs/model/tensor_names.h"

namespace tessera::model {

absl::StatusOr<ModelConfig> ReadConfig(const Checkpoint& checkpoint) {
  const CheckpointSource source = checkpoint.source();
  if (source.gguf != nullptr) return ReadGgufConfig(*source.gguf);
  return ReadHuggingFaceConfig(*source.directory);
}

absl::StatusOr<std::unique_ptr<Model>> LoadModel(Checkpoint& checkpoint,
                                                 const ModelOptions& options) {
  ASSIGN_OR_RETURN(const ModelConfig config, ReadConfig(checkpoint));
  const bool is_gguf = checkpoint.source().gguf != nullptr;
  const TensorLookup lookup =
      [&](const std::string& name) -> absl::StatusOr<TensorView> {
    if (is_gguf) return checkpoint.Find(name);
    ASSIGN_OR_RETURN(const std::string file_name, HuggingFaceTensorName(name));
    return checkpoint.Find(file_name);
  };
  absl::StatusOr<std::unique_ptr<Model>> model =
      Model::Create(config, lookup, options);
  if (!model.ok()) return Annotate(model.status(), checkpoint.path());
  for (const TensorEntry& tensor : checkpoint.tensors()) {
    if (tensor.unsupported.empty()) checkpoint.Release(tensor.view);
  }
  return model;
}

}  // namespace tessera::model

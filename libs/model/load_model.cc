#include "libs/model/load_model.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/model/config_from_gguf.h"

namespace tessera::model {

absl::StatusOr<std::unique_ptr<Model>> LoadModel(const GgufFile& file,
                                                 const ModelOptions& options) {
  ASSIGN_OR_RETURN(const ModelConfig config, ReadGgufConfig(file));
  const TensorLookup lookup =
      [&file](const std::string& name) -> absl::StatusOr<TensorView> {
    const TensorEntry* tensor = file.FindTensor(name);
    if (tensor == nullptr) {
      return absl::NotFoundError(absl::StrCat("no tensor ", name));
    }
    if (!tensor->unsupported.empty()) {
      return absl::UnimplementedError(tensor->unsupported);
    }
    return tensor->view;
  };
  absl::StatusOr<std::unique_ptr<Model>> model =
      Model::Create(config, lookup, options);
  if (!model.ok()) return Annotate(model.status(), file.path());
  for (const TensorEntry& tensor : file.tensors()) {
    if (tensor.unsupported.empty()) file.Release(tensor.view);
  }
  return model;
}

}  // namespace tessera::model

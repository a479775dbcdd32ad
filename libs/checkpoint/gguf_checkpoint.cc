#include "libs/checkpoint/gguf_checkpoint.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace tessera {
namespace {

class GgufCheckpoint : public Checkpoint {
 public:
  explicit GgufCheckpoint(std::unique_ptr<GgufFile> file)
      : file_(std::move(file)) {}

  const std::string& path() const override { return file_->path(); }
  CheckpointSource source() const override { return {.gguf = file_.get()}; }
  absl::Span<const TensorEntry> tensors() const override {
    return file_->tensors();
  }
  const TensorEntry* FindEntry(absl::string_view name) const override {
    return file_->FindTensor(name);
  }
  absl::StatusOr<TensorView> Find(absl::string_view name) override {
    absl::StatusOr<TensorView> view = LoadableView(FindEntry(name), name);
    if (!view.ok()) return Annotate(view.status(), path());
    return view;
  }
  void Release(const TensorView& view) override { file_->Release(view); }

 private:
  const std::unique_ptr<GgufFile> file_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Checkpoint>> OpenGgufCheckpoint(
    const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<GgufFile> file, GgufFile::Open(path));
  const absl::StatusOr<uint64_t> parts = file->GetUint("split.count");
  if (parts.ok() && *parts > 1) {
    return absl::UnimplementedError(
        absl::StrCat(path, " is one of ", *parts,
                     " parts of a split model, which is not supported; merge "
                     "them first (llama-gguf-split --merge)"));
  }
  return std::make_unique<GgufCheckpoint>(std::move(file));
}

}  // namespace tessera

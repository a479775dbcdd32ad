#include "libs/checkpoint/safetensors_checkpoint.h"

#include <cstring>
#include <mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/checkpoint/file_error.h"
#include "libs/checkpoint/safetensors_index.h"
#include "libs/checkpoint/safetensors_reader.h"

namespace tessera {
namespace {

constexpr size_t kMaxIndexBytes = 32 << 20;  // some 200,000 tensors

class SafetensorsCheckpoint : public Checkpoint {
 public:
  explicit SafetensorsCheckpoint(ModelDirectory directory)
      : directory_(std::move(directory)) {}

  absl::Status Add(std::unique_ptr<SafetensorsFile> file);

  const std::string& path() const override { return directory_.path; }
  CheckpointSource source() const override {
    return {.directory = &directory_};
  }
  absl::Span<const TensorEntry> tensors() const override { return tensors_; }
  const TensorEntry* FindEntry(absl::string_view name) const override {
    const auto it = index_.find(name);
    return it == index_.end() ? nullptr : &tensors_[it->second.entry];
  }
  absl::StatusOr<TensorView> Find(absl::string_view name) override;
  void Release(const TensorView& view) override;

 private:
  struct Place {
    size_t entry;  // in tensors_
    size_t file;   // in files_
  };
  TensorView AlignedCopy(const TensorView& view);

  const ModelDirectory directory_;
  std::vector<std::unique_ptr<SafetensorsFile>> files_;
  std::vector<TensorEntry> tensors_;
  absl::flat_hash_map<std::string, Place> index_;

  std::mutex mutex_;  // guards copies_
  // Copies of tensors whose bytes lie askew in the file, by the address there.
  absl::flat_hash_map<const void*, std::unique_ptr<uint64_t[]>> copies_;
};

absl::Status SafetensorsCheckpoint::Add(std::unique_ptr<SafetensorsFile> file) {
  for (const TensorEntry& entry : file->tensors()) {
    const Place place = {tensors_.size(), files_.size()};
    const auto [it, is_new] = index_.emplace(entry.name, place);
    if (!is_new) {
      return absl::InvalidArgumentError(absl::StrCat(
          file->path(), ": tensor ", Quoted(entry.name), " stands in ",
          files_[it->second.file]->path(), " as well"));
    }
    tensors_.push_back(entry);
  }
  files_.push_back(std::move(file));
  return absl::OkStatus();
}

// What reads of a type's elements may assume: two bytes for the scales of
// blocks, the element itself elsewhere.
size_t AlignmentOf(DType dtype) {
  return IsQuantized(dtype) ? 2 : Traits(dtype).block_bytes;
}

absl::StatusOr<TensorView> SafetensorsCheckpoint::Find(absl::string_view name) {
  const absl::StatusOr<TensorView> view = LoadableView(FindEntry(name), name);
  if (!view.ok()) return Annotate(view.status(), path());
  const auto address = reinterpret_cast<uintptr_t>(view->data());
  if (address % AlignmentOf(view->dtype()) == 0) return view;
  return AlignedCopy(*view);
}

TensorView SafetensorsCheckpoint::AlignedCopy(const TensorView& view) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::unique_ptr<uint64_t[]>& copy = copies_[view.data()];
  if (copy == nullptr) {
    copy.reset(new uint64_t[(view.num_bytes() + 7) / 8]);
    if (view.num_bytes() > 0) {
      std::memcpy(copy.get(), view.data(), view.num_bytes());
    }
  }
  // Cannot fail: the same type and shape as the view's.
  return *TensorView::Create(view.dtype(), view.shape(), copy.get());
}

void SafetensorsCheckpoint::Release(const TensorView& view) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    copies_.erase(view.data());
    absl::erase_if(copies_, [&view](const auto& copy) {
      return copy.second.get() == view.data();
    });
  }
  for (const auto& file : files_) file->Release(view);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Checkpoint>> OpenSafetensorsCheckpoint(
    const std::string& directory, const std::vector<std::string>& files) {
  ASSIGN_OR_RETURN(ModelDirectory model_directory,
                   ReadModelDirectory(directory));
  auto checkpoint =
      std::make_unique<SafetensorsCheckpoint>(std::move(model_directory));
  for (const std::string& path : files) {
    ASSIGN_OR_RETURN(std::unique_ptr<SafetensorsFile> file,
                     SafetensorsFile::Open(path));
    RETURN_IF_ERROR(checkpoint->Add(std::move(file)));
  }
  return checkpoint;
}

absl::StatusOr<std::unique_ptr<Checkpoint>> OpenShardedCheckpoint(
    const std::string& directory, const std::string& index_path) {
  ASSIGN_OR_RETURN(const std::string json,
                   ReadTextFile(index_path, kMaxIndexBytes));
  absl::StatusOr<SafetensorsIndex> index = ParseSafetensorsIndex(json);
  if (!index.ok()) return Annotate(index.status(), index_path);
  std::vector<std::string> paths;
  for (const std::string& file : index->files) {
    paths.push_back(absl::StrCat(directory, "/", file));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Checkpoint> checkpoint,
                   OpenSafetensorsCheckpoint(directory, paths));
  for (const auto& [name, file] : index->weight_map) {
    const TensorEntry* entry = checkpoint->FindEntry(name);
    if (entry == nullptr || entry->file != absl::StrCat(directory, "/", file)) {
      return absl::InvalidArgumentError(
          absl::StrCat(index_path, ": weight_map places tensor ", Quoted(name),
                       " in ", Quoted(file), ", which lacks it"));
    }
  }
  return checkpoint;
}

}  // namespace tessera

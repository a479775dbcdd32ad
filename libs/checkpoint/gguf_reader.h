// GgufFile: a GGUF model file, mapped and checked.
//
// Opening reads the header, the metadata and the list of tensors, and checks
// every length, offset, size and name in them before it is used; tensors'
// bytes are not touched. Versions 2 and 3, little endian. A tensor whose type
// we lack is listed, with the reason in `unsupported`.
// Source: gguf.md of ggml (MIT).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/checkpoint/gguf_metadata.h"
#include "libs/checkpoint/mapped_file.h"
#include "libs/checkpoint/tensor_entry.h"
#include "libs/tensor/tensor_view.h"

namespace tessera {

struct GgufMetadata {
  absl::string_view key;  // UTF-8
  MetadataValue value;
};

class GgufFile {
 public:
  // MappedFile::Open's errors; InvalidArgument, with the file, the field and
  // the offset, for content that is not valid GGUF; Unimplemented for another
  // version.
  static absl::StatusOr<std::unique_ptr<GgufFile>> Open(
      const std::string& path);

  // The same over bytes in memory, which outlive the result and start at a
  // multiple of 8; `name` stands for the path in messages.
  static absl::StatusOr<std::unique_ptr<GgufFile>> Parse(
      absl::Span<const uint8_t> bytes, std::string name);

  const std::string& path() const { return path_; }
  uint32_t version() const { return version_; }
  uint64_t alignment() const { return alignment_; }

  // In the file's order.
  absl::Span<const GgufMetadata> metadata() const { return metadata_; }
  absl::Span<const TensorEntry> tensors() const { return tensors_; }

  // Null where there is none.
  const MetadataValue* Find(absl::string_view key) const;
  const TensorEntry* FindTensor(absl::string_view name) const;

  // NotFound where the key is missing, InvalidArgument where its value has
  // another type (both name the file, the key and the type found). GetUint
  // takes every integer that is not negative, GetFloat both floats.
  absl::StatusOr<uint64_t> GetUint(absl::string_view key) const;
  absl::StatusOr<double> GetFloat(absl::string_view key) const;
  absl::StatusOr<bool> GetBool(absl::string_view key) const;
  absl::StatusOr<absl::string_view> GetString(absl::string_view key) const;
  absl::StatusOr<std::vector<absl::string_view>> GetStrings(
      absl::string_view key) const;
  absl::StatusOr<std::vector<double>> GetFloats(absl::string_view key) const;
  absl::StatusOr<std::vector<int64_t>> GetInts(absl::string_view key) const;
  absl::StatusOr<std::vector<bool>> GetBools(absl::string_view key) const;

  // Drops a tensor's pages from memory: see MappedFile::Release.
  void Release(const TensorView& view) const;

 private:
  friend class GgufParser;
  explicit GgufFile(std::string path) : path_(std::move(path)) {}
  absl::Status WrongType(absl::string_view key, absl::string_view wanted,
                         const MetadataValue& value) const;
  template <typename T>
  absl::StatusOr<T> GetAs(absl::string_view key,
                          absl::string_view wanted) const;
  template <typename T>
  absl::StatusOr<std::vector<T>> GetArray(
      absl::string_view key,
      absl::StatusOr<std::vector<T>> (*convert)(const MetadataValue&)) const;

  std::string path_;
  std::optional<MappedFile> file_;  // none for bytes in memory
  uint32_t version_ = 0;
  uint64_t alignment_ = 0;
  std::vector<GgufMetadata> metadata_;
  std::vector<TensorEntry> tensors_;
  absl::flat_hash_map<absl::string_view, size_t> metadata_index_;
  absl::flat_hash_map<absl::string_view, size_t> tensor_index_;
};

}  // namespace tessera

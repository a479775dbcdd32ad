#include "libs/checkpoint/fingerprint.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"

namespace tessera {
namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    CHECK(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }
  void Add(const void* data, size_t size) {
    CHECK(EVP_DigestUpdate(context_.get(), data, size) == 1);
  }
  void AddNumber(uint64_t value) { Add(&value, sizeof(value)); }
  void AddText(absl::string_view text) {
    AddNumber(text.size());
    Add(text.data(), text.size());
  }
  std::string Result() {
    std::string digest(32, '\0');
    auto* bytes = reinterpret_cast<uint8_t*>(digest.data());
    CHECK(EVP_DigestFinal_ex(context_.get(), bytes, nullptr) == 1);
    return digest;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

absl::Status AddBytes(const TensorEntry& entry, std::vector<char>& buffer,
                      Sha256& digest) {
  const std::string path(entry.file);
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(entry.file_offset));
  for (uint64_t left = entry.num_bytes; left > 0;) {
    const auto size = std::min<uint64_t>(left, buffer.size());
    if (!file.read(buffer.data(), static_cast<std::streamsize>(size))) {
      return absl::DataLossError(absl::StrCat(path, ": tensor ", entry.name,
                                              " could not be read to its end"));
    }
    digest.Add(buffer.data(), size);
    left -= size;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> CheckpointFingerprint(
    const Checkpoint& checkpoint) {
  std::vector<const TensorEntry*> entries;
  for (const TensorEntry& entry : checkpoint.tensors()) {
    entries.push_back(&entry);
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto* a, const auto* b) { return a->name < b->name; });
  std::vector<char> buffer(1 << 20);
  Sha256 digest;
  for (const TensorEntry* entry : entries) {
    digest.AddText(entry->name);
    digest.AddText(entry->type_name);
    digest.AddNumber(entry->shape.size());
    for (const int64_t size : entry->shape) digest.AddNumber(size);
    digest.AddNumber(entry->num_bytes);
    RETURN_IF_ERROR(AddBytes(*entry, buffer, digest));
  }
  return digest.Result();
}

}  // namespace tessera

#include "services/gateway/api_keys.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "libs/base/status_macros.h"

namespace tessera::gateway {
namespace {

KeyDigest Digest(absl::string_view text) {
  KeyDigest digest;
  SHA256(reinterpret_cast<const uint8_t*>(text.data()), text.size(),
         digest.data());
  return digest;
}

bool SameDigest(const KeyDigest& a, const KeyDigest& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool IsName(absl::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
  });
}

absl::StatusOr<Caller> ParseLine(absl::string_view line) {
  constexpr size_t kMinBytes = 8;
  constexpr size_t kMaxBytes = 512;
  Caller caller;
  absl::string_view key = line;
  const size_t colon = line.find(':');
  if (colon != line.npos) {
    caller.name = std::string(line.substr(0, colon));
    key = line.substr(colon + 1);
    if (caller.name.empty() || !IsName(caller.name)) {
      return absl::InvalidArgumentError(
          "a name is of letters, digits and - _ .");
    }
  }
  const bool is_printable = std::all_of(
      key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (key.size() < kMinBytes || key.size() > kMaxBytes || !is_printable) {
    return absl::InvalidArgumentError(
        absl::StrCat("a key is of ", kMinBytes, " to ", kMaxBytes,
                     " printable ASCII characters without spaces"));
  }
  caller.key = Digest(key);
  return caller;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  constexpr size_t kMaxBytes = 1 << 20;
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.good() && !file.eof()) {
    return absl::NotFoundError("cannot be read");
  }
  if (text.size() > kMaxBytes) {
    return absl::InvalidArgumentError("is over 1 MiB");
  }
  return text;
}

}  // namespace

absl::StatusOr<ApiKeys> ApiKeys::Parse(absl::string_view text) {
  ApiKeys keys;
  int line_number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++line_number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    absl::StatusOr<Caller> caller = ParseLine(line);
    if (!caller.ok()) {
      return Annotate(caller.status(), absl::StrCat("line ", line_number));
    }
    for (const Caller& other : keys.keys_) {
      if (!SameDigest(*other.key, *caller->key)) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("line ", line_number, ": the key stands twice"));
    }
    keys.keys_.push_back(*std::move(caller));
  }
  if (keys.keys_.empty()) return absl::InvalidArgumentError("has no key");
  return keys;
}

std::optional<Caller> ApiKeys::Find(absl::string_view key) const {
  const KeyDigest digest = Digest(key);
  const Caller* found = nullptr;
  for (const Caller& caller : keys_) {
    if (SameDigest(*caller.key, digest)) found = &caller;
  }
  if (found == nullptr) return std::nullopt;
  return *found;
}

absl::StatusOr<std::unique_ptr<KeyRing>> KeyRing::Open(
    const std::string& path) {
  std::unique_ptr<KeyRing> ring(new KeyRing(path));
  RETURN_IF_ERROR(ring->Reload());
  return ring;
}

absl::Status KeyRing::Reload() {
  if (path_.empty()) return absl::OkStatus();
  const absl::StatusOr<std::string> text = ReadFile(path_);
  if (!text.ok()) return Annotate(text.status(), path_);
  absl::StatusOr<ApiKeys> keys = ApiKeys::Parse(*text);
  if (!keys.ok()) return Annotate(keys.status(), path_);
  auto shared = std::make_shared<const ApiKeys>(*std::move(keys));
  absl::MutexLock lock(&mutex_);
  keys_ = std::move(shared);
  return absl::OkStatus();
}

std::optional<Caller> KeyRing::Check(absl::string_view authorization) const {
  std::shared_ptr<const ApiKeys> keys;
  {
    absl::MutexLock lock(&mutex_);
    keys = keys_;
  }
  if (keys == nullptr) return Caller();
  constexpr absl::string_view kScheme = "Bearer ";
  if (!absl::StartsWithIgnoreCase(authorization, kScheme)) return std::nullopt;
  return keys->Find(
      absl::StripAsciiWhitespace(authorization.substr(kScheme.size())));
}

}  // namespace tessera::gateway

#include "services/gateway/prefix_affinity.h"

#include <algorithm>

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;

constexpr size_t kPrefixLength = 256;

// FNV-1a, over what is added so far.
class Hash {
 public:
  void Add(absl::string_view bytes) {
    for (const char byte : bytes) {
      hash_ = (hash_ ^ static_cast<uint8_t>(byte)) * 0x100000001b3;
    }
  }
  void Add(uint64_t word) {
    for (int i = 0; i < 8; ++i) {
      const char byte = static_cast<char>(word >> (8 * i));
      Add(absl::string_view(&byte, 1));
    }
  }
  uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0xcbf29ce484222325;
};

void AddChat(const v1::ChatPrompt& chat, Hash* hash) {
  size_t left = kPrefixLength;
  for (const v1::ChatMessage& message : chat.messages()) {
    if (left == 0) return;
    const absl::string_view content = message.content();
    hash->Add(message.role());
    hash->Add(absl::string_view("\0", 1));
    hash->Add(content.substr(0, left));
    left -= std::min(left, content.size());
  }
}

}  // namespace

uint64_t PrefixHash(const v1::Prompt& prompt, absl::string_view salt) {
  Hash hash;
  hash.Add(salt.size());
  hash.Add(salt);
  if (prompt.has_chat()) {
    AddChat(prompt.chat(), &hash);
  } else if (prompt.has_text()) {
    hash.Add(absl::string_view(prompt.text().text()).substr(0, kPrefixLength));
  } else {
    const auto& ids = prompt.tokens().ids();
    const size_t length = std::min<size_t>(ids.size(), kPrefixLength);
    for (size_t i = 0; i < length; ++i) {
      hash.Add(static_cast<uint64_t>(ids[static_cast<int>(i)]));
    }
  }
  return hash.value();
}

uint64_t RendezvousScore(uint64_t prefix_hash, absl::string_view verifier) {
  Hash hash;
  hash.Add(prefix_hash);
  hash.Add(verifier);
  // FNV's high bits are weak; the finalizer of SplitMix64 (Steele et al. 2014).
  uint64_t mixed = hash.value();
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

}  // namespace tessera::gateway

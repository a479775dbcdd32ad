#include "services/speculator/client/vocabulary_digest.h"

#include <openssl/sha.h>

namespace tessera::speculator {

std::string VocabularyDigest(const tokenizer::Tokenizer& tokenizer) {
  // [special][length, 4 bytes][bytes], so that no two are the same text.
  std::string text;
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    const absl::string_view bytes = tokenizer.TokenBytes(id);
    text.push_back(tokenizer.IsSpecial(id) ? 1 : 0);
    for (int shift = 0; shift < 32; shift += 8) {
      text.push_back(static_cast<char>(bytes.size() >> shift));
    }
    text.append(bytes.data(), bytes.size());
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         digest);
  return {reinterpret_cast<const char*>(digest), sizeof(digest)};
}

}  // namespace tessera::speculator

#include "services/prefix_cache/client/prefix_cache_client.h"

#include <cstring>

namespace tessera::prefix_cache {

void Payload::CopyTo(uint8_t* destination) const {
  for (const ByteSpan piece : pieces_) {
    std::memcpy(destination, piece.data(), piece.size());
    destination += piece.size();
  }
}

}  // namespace tessera::prefix_cache

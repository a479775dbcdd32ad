// A message of a stranger, in pieces cut as the first byte says: the cut makes
// no difference, and what is read reads back the same.
#include <cstddef>
#include <cstdint>
#include <string>

#include "libs/base/check.h"
#include "services/prefix_cache/chunk.h"

using namespace tessera::prefix_cache;  // NOLINT

namespace {

std::string Joined(const Chunk& chunk) {
  std::string data;
  for (const ByteSpan part : chunk.data) data.append(part.begin(), part.end());
  CHECK(data.size() == chunk.data_bytes);
  return data;
}

void CheckSame(const Chunk& a, const Chunk& b) {
  CHECK(a.head.hash == b.head.hash);
  CHECK(a.head.offset == b.head.offset);
  CHECK(a.head.record_bytes == b.head.record_bytes);
  CHECK(Joined(a) == Joined(b));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t step = 1 + data[0] % 40;
  const ByteSpan bytes(data + 1, size - 1);
  std::vector<ByteSpan> pieces;
  for (size_t i = 0; i < bytes.size(); i += step) {
    pieces.push_back(bytes.subspan(i, step));
  }
  const auto whole = ParseChunk({bytes});
  const auto cut = ParseChunk(pieces);
  CHECK(whole.ok() == cut.ok());
  if (!whole.ok()) return 0;
  CheckSame(*whole, *cut);
  const std::string head = EncodeChunkHead(whole->head, whole->data_bytes);
  const std::string text = head + Joined(*whole);
  const auto again = ParseChunk(
      {ByteSpan(reinterpret_cast<const uint8_t*>(text.data()), text.size())});
  CHECK(again.ok()) << again.status();
  CheckSame(*whole, *again);
  return 0;
}

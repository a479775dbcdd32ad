// A record from a stranger: what is believed of it reads back the same.
#include <cstddef>
#include <cstdint>

#include "libs/base/check.h"
#include "services/prefix_cache/record.h"

using tessera::prefix_cache::ByteSpan;
using tessera::prefix_cache::Hash;
using tessera::prefix_cache::ParseRecordHeader;
using tessera::prefix_cache::Record;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteSpan bytes(data, size);
  const auto header = ParseRecordHeader(bytes);
  const auto record = Record::FromBytes(Hash{}, bytes, nullptr);
  if (record.ok()) {
    CHECK(header.ok());
    CHECK((*record)->tokens().size() == header->num_tokens);
    CHECK((*record)->payload().size() == header->payload_bytes);
  }
  // The same, made by us, is believed.
  if (!header.ok() || header->record_bytes() > size) return 0;
  const auto made = Record::Make(
      Hash{}, header->root, header->parent, {},
      bytes.subspan(header->payload_offset(), header->payload_bytes));
  CHECK(Record::FromBytes(Hash{}, made->bytes(), nullptr).ok());
  return 0;
}

// What a stranger sends, cut at arbitrary places, as a connection reads it.
//
// Input: a byte that says how it is cut, then the stream. Two readers, one with
// all bytes at once and one with parts, have to agree on every request.
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "libs/base/check.h"
#include "libs/http/request_reader.h"
#include "libs/http/request_reader_outcome.h"

using tessera::http::Outcome;
using tessera::http::ReadOne;
using tessera::http::RequestLimits;
using tessera::http::RequestReader;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr RequestLimits kLimits{.max_header_bytes = 400,
                                  .max_body_bytes = 1000};
  const size_t step = 1 + data[0] % 32;
  absl::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  while (!bytes.empty()) {
    const Outcome whole = ReadOne(kLimits, bytes, bytes.size());
    const Outcome cut = ReadOne(kLimits, bytes, step);
    CHECK(cut.state == whole.state);
    CHECK(cut.status == whole.status) << cut.status << " " << whole.status;
    CHECK(whole.request.body.size() <= kLimits.max_body_bytes);
    CHECK(whole.request.body == cut.request.body);
    CHECK(whole.request.headers == cut.request.headers);
    CHECK(whole.request.path == cut.request.path);
    if (whole.state != RequestReader::State::kComplete) break;
    CHECK(whole.num_read == cut.num_read);
    CHECK(whole.num_read > 0);
    CHECK(whole.request.header("host") == cut.request.header("host"));
    bytes.remove_prefix(whole.num_read);
  }
  return 0;
}

// What a RequestReader makes of bytes, for its test and its fuzz target.
#pragma once

#include <algorithm>

#include "absl/strings/string_view.h"
#include "libs/base/check.h"
#include "libs/http/request_reader.h"

namespace tessera::http {

struct Outcome {
  RequestReader::State state = RequestReader::State::kNothing;
  int status = 0;       // of a refusal
  size_t num_read = 0;  // bytes
  size_t num_rest = 0;
  bool keep_alive = false;
  Request request;
};

// Reads `step` bytes at a time until a request is complete or refused.
inline Outcome ReadOne(const RequestLimits& limits, absl::string_view bytes,
                       size_t step) {
  RequestReader reader(limits);
  Outcome outcome;
  const auto is_over = [&] {
    return reader.state() == RequestReader::State::kComplete ||
           reader.state() == RequestReader::State::kRefused;
  };
  while (outcome.num_read < bytes.size() && !is_over()) {
    const absl::string_view part = bytes.substr(outcome.num_read, step);
    const size_t num_read = reader.Read(part);
    CHECK(num_read <= part.size());
    CHECK(num_read == part.size() || is_over());
    outcome.num_read += num_read;
  }
  outcome.state = reader.state();
  outcome.num_rest = bytes.size() - outcome.num_read;
  if (outcome.state == RequestReader::State::kRefused) {
    outcome.status = reader.refusal_status();
  } else if (outcome.state == RequestReader::State::kComplete) {
    outcome.keep_alive = reader.keep_alive();
    outcome.request = reader.TakeRequest();
  }
  return outcome;
}

}  // namespace tessera::http

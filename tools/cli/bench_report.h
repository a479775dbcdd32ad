// What `tessera bench` prints: llama-bench's table and its JSON fields, so that
// the two compare.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace tessera::cli {

// What was measured.
struct BenchSubject {
  std::string model_file;
  std::string model_type;  // "llama 135M Q4_1"
  int64_t model_bytes = 0;
  int64_t num_parameters = 0;
  std::string kernels;   // "avx512"
  std::string kv_dtype;  // "bf16"
};

// One test: num_prompt tokens in one prompt, or num_generated one by one, after
// depth tokens; so many nanoseconds each time.
struct BenchResult {
  int num_prompt = 0;
  int num_generated = 0;
  int depth = 0;
  int num_threads = 0;
  std::vector<int64_t> samples_ns;
};

struct Statistics {
  double mean = 0;
  double stddev = 0;  // of the sample (n - 1); 0 for fewer than two
};
Statistics ComputeStatistics(absl::Span<const double> samples);

// Tokens a second, one for each sample.
std::vector<double> TokensPerSecond(const BenchResult& result);

// The table's first two lines, and one line.
std::string TableHead();
std::string TableLine(const BenchSubject& subject, const BenchResult& result);

// A JSON array of one object a result.
std::string ToJson(const BenchSubject& subject,
                   absl::Span<const BenchResult> results);

}  // namespace tessera::cli

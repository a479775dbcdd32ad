#include "tools/cli/bench_report.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace tessera::cli {
namespace {

// pp512, tg128, pp512 @ d4096
std::string TestName(const BenchResult& result) {
  std::string name = result.num_prompt > 0
                         ? absl::StrCat("pp", result.num_prompt)
                         : absl::StrCat("tg", result.num_generated);
  if (result.depth > 0) absl::StrAppend(&name, " @ d", result.depth);
  return name;
}

}  // namespace

Statistics ComputeStatistics(absl::Span<const double> samples) {
  Statistics statistics;
  for (const double sample : samples) statistics.mean += sample;
  if (!samples.empty()) statistics.mean /= samples.size();
  if (samples.size() < 2) return statistics;
  double squares = 0;
  for (const double sample : samples) {
    squares += (sample - statistics.mean) * (sample - statistics.mean);
  }
  statistics.stddev = std::sqrt(squares / (samples.size() - 1));
  return statistics;
}

std::vector<double> TokensPerSecond(const BenchResult& result) {
  std::vector<double> rates;
  for (const int64_t ns : result.samples_ns) {
    rates.push_back(1e9 * (result.num_prompt + result.num_generated) / ns);
  }
  return rates;
}

std::string TableHead() {
  return "| model                          |       size |     params | kernels "
         " "
         "  | threads |            test |                  t/s |\n"
         "| ------------------------------ | ---------: | ---------: | "
         "---------- | ------: | --------------: | -------------------: |\n";
}

std::string TableLine(const BenchSubject& subject, const BenchResult& result) {
  const Statistics rate = ComputeStatistics(TokensPerSecond(result));
  return absl::StrFormat(
      "| %-30s | %6.2f MiB | %8.2f M | %-10s | %7d | %15s | %11.2f ± %6.2f |\n",
      subject.model_type, subject.model_bytes / (1024.0 * 1024.0),
      subject.num_parameters / 1e6, subject.kernels, result.num_threads,
      TestName(result), rate.mean, rate.stddev);
}

std::string ToJson(const BenchSubject& subject,
                   absl::Span<const BenchResult> results) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const BenchResult& result : results) {
    const std::vector<double> rates = TokensPerSecond(result);
    const Statistics rate = ComputeStatistics(rates);
    const Statistics time = ComputeStatistics(std::vector<double>(
        result.samples_ns.begin(), result.samples_ns.end()));
    list.push_back({{"model_filename", subject.model_file},
                    {"model_type", subject.model_type},
                    {"model_size", subject.model_bytes},
                    {"model_n_params", subject.num_parameters},
                    {"kernels", subject.kernels},
                    {"n_threads", result.num_threads},
                    {"type_k", subject.kv_dtype},
                    {"type_v", subject.kv_dtype},
                    {"n_prompt", result.num_prompt},
                    {"n_gen", result.num_generated},
                    {"n_depth", result.depth},
                    {"avg_ns", std::llround(time.mean)},
                    {"stddev_ns", std::llround(time.stddev)},
                    {"avg_ts", rate.mean},
                    {"stddev_ts", rate.stddev},
                    {"samples_ns", result.samples_ns},
                    {"samples_ts", rates}});
  }
  // A file's name may be any bytes; JSON may not.
  return list.dump(2, ' ', false,
                   nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace tessera::cli

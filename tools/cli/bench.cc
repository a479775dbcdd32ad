#include "tools/cli/bench.h"

#include <iostream>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/status_macros.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/model/model_selection.h"
#include "libs/options/flags.h"
#include "tools/cli/bench_loop.h"
#include "tools/cli/bench_report.h"
#include "tools/cli/loaded_model.h"
#include "tools/cli/model_sequence.h"
#include "tools/cli/profile_report.h"

namespace tessera::cli {
namespace {

enum class Output { kTable, kJson };

struct BenchOptions {
  model::ModelSelection selection;
  std::vector<int> num_prompt = {512};
  std::vector<int> num_generated = {128};
  std::vector<int> depths = {0};
  std::vector<int> threads = {0};
  int repetitions = 5;
  bool all_logits = false;
  Output output = Output::kTable;
  bool profile = false;
};

void AddBenchFlags(options::Flags* flags, BenchOptions* options) {
  constexpr int kMost = 1 << 24;
  model::AddModelFlags(flags, &options->selection);
  flags->Ints("n-prompt", &options->num_prompt, 0, kMost, "tokens of a prompt")
      .Short('p');
  flags
      ->Ints("n-gen", &options->num_generated, 0, kMost,
             "tokens generated one by one")
      .Short('n');
  flags
      ->Ints("n-depth", &options->depths, 0, kMost,
             "tokens in the cache before a test")
      .Short('d');
  flags
      ->Ints("threads", &options->threads, 0, 1024,
             "threads; 0: one a physical core")
      .Short('t');
  flags
      ->Int("repetitions", &options->repetitions, 1, 10000,
            "measured runs of each test")
      .Short('r');
  flags
      ->Choice("output", &options->output,
               {{"md", Output::kTable}, {"json", Output::kJson}},
               "a table, or an array of objects")
      .Short('o');
  flags->Switch("all-logits", &options->all_logits,
                "a prompt's test computes the logits of all its tokens, as a "
                "pass that verifies drafts does");
  flags->Switch("profile", &options->profile,
                "time by layer kind and kernel below each test, and each "
                "kernel's share of the probed limits");
}

// As llama-bench orders them: every prompt, then every generation, by depth.
std::vector<BenchTest> TestsOf(const BenchOptions& options) {
  std::vector<BenchTest> tests;
  for (const int depth : options.depths) {
    for (const int n : options.num_prompt) {
      if (n == 0) continue;
      tests.push_back(
          {.num_prompt = n, .depth = depth, .all_logits = options.all_logits});
    }
    for (const int n : options.num_generated) {
      if (n > 0) tests.push_back({.num_generated = n, .depth = depth});
    }
  }
  return tests;
}

// "llama 135M Q4_1": architecture, parameters, the type of most bytes.
std::string TypeName(const std::string& architecture, int64_t num_parameters,
                     const Checkpoint& checkpoint) {
  std::map<std::string, uint64_t> bytes_by_type;
  std::string type;
  for (const TensorEntry& tensor : checkpoint.tensors()) {
    uint64_t& bytes = bytes_by_type[tensor.type_name];
    bytes += tensor.num_bytes;
    if (bytes > bytes_by_type[type]) type = tensor.type_name;
  }
  const double millions = num_parameters / 1e6;
  const std::string size = millions < 1000
                               ? absl::StrFormat("%.0fM", millions)
                               : absl::StrFormat("%.2fB", millions / 1000);
  return absl::StrCat(architecture, " ", size, " ", type);
}

BenchSubject SubjectOf(const Checkpoint& checkpoint,
                       const model::Model& model) {
  BenchSubject subject;
  subject.model_file = checkpoint.path();
  for (const TensorEntry& tensor : checkpoint.tensors()) {
    subject.model_bytes += tensor.num_bytes;
    subject.num_parameters += tensor.view.num_elements();
  }
  subject.model_type =
      TypeName(model.config().architecture, subject.num_parameters, checkpoint);
  subject.kernels = std::string(device::KernelSetName(model.kernels()));
  subject.kv_dtype = std::string(attention::KvDTypeName(model.kv_dtype()));
  return subject;
}

class Bench {
 public:
  explicit Bench(const BenchOptions& options) : options_(options) {}

  absl::Status Run() {
    if (options_.output == Output::kTable) std::cout << TableHead();
    for (const int num_threads : options_.threads) {
      // Each in a thread of its own: a team pins the thread that makes it, and
      // what starts from a pinned thread is pinned as well.
      absl::Status status;
      std::thread([&] { status = RunWithThreads(num_threads); }).join();
      RETURN_IF_ERROR(status);
    }
    if (options_.output == Output::kJson) {
      std::cout << ToJson(subject_, results_);
    }
    return absl::OkStatus();
  }

 private:
  absl::Status RunWithThreads(int num_threads) {
    model::ModelSelection selection = options_.selection;
    selection.threads = num_threads;
    ASSIGN_OR_RETURN(const LoadedModel loaded, LoadWithoutTokenizer(selection));
    subject_ = SubjectOf(*loaded.checkpoint, *loaded.model);
    for (const BenchTest& test : TestsOf(options_)) {
      RETURN_IF_ERROR(RunTest(test, *loaded.model, loaded.sequence.get()));
    }
    return absl::OkStatus();
  }

  absl::Status RunTest(const BenchTest& test, model::Model& model,
                       ModelSequence* sequence) {
    model::ForwardProfile profile;
    sequence->set_profile(nullptr);
    ASSIGN_OR_RETURN(BenchResult result,
                     RunBenchTest(test, options_.repetitions, sequence, [&] {
                       if (options_.profile) sequence->set_profile(&profile);
                     }));
    sequence->set_profile(nullptr);
    result.num_threads = model.num_threads();
    if (options_.output == Output::kTable) {
      std::cout << TableLine(subject_, result);
    }
    if (options_.profile) {
      ASSIGN_OR_RETURN(const ProfileLimits limits, ProbeLimits(model.team()));
      // Standard output stays JSON where that is asked for.
      (options_.output == Output::kTable ? std::cout : std::cerr)
          << ProfileTable(profile, model.config(), model.weights(),
                          model.kv_dtype(), test, options_.repetitions, limits);
    }
    std::cout.flush();
    results_.push_back(std::move(result));
    return absl::OkStatus();
  }

  const BenchOptions& options_;
  BenchSubject subject_;
  std::vector<BenchResult> results_;
};

}  // namespace

absl::Status RunBench(absl::Span<const std::string> args,
                      const Environment& environment) {
  BenchOptions options;
  options.selection.model = environment.default_model;
  options::Flags flags(
      "tessera bench",
      "Measures tokens a second, with llama-bench's flags, table and JSON.\n"
      "-p, -n, -d and -t take lists: every combination is a test.");
  AddBenchFlags(&flags, &options);
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    std::cout << flags.Help();
    return absl::OkStatus();
  }
  return Bench(options).Run();
}

}  // namespace tessera::cli

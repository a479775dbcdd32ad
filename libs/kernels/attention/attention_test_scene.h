// A few sequences with random queries, keys and values, a cache to run them
// through in any cut, and the answer in float64.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "libs/device/huge_buffer.h"
#include "libs/device/worker_team.h"
#include "libs/kernels/attention/attention.h"

namespace tessera::attention {

struct SceneOptions {
  AttentionShape shape = {9, 3, 64};
  KvDType dtype = KvDType::kBF16;
  std::vector<int> lengths;  // tokens of each sequence
  int64_t window = 0;
  uint32_t seed = 1;
};

// Tokens [begin, end) of one sequence, in one pass with others.
struct ScenePart {
  int sequence = 0;
  int begin = 0;
  int end = 0;
};

class Scene {
 public:
  explicit Scene(const SceneOptions& options);

  // Runs one pass over the parts, each continuing its sequence, on a team.
  // Outputs land in output(sequence).
  void Pass(device::WorkerTeam& team, const std::vector<ScenePart>& parts,
            int64_t tile_queries = 0);

  // Forgets the cache and the outputs; blocks are dealt anew, full of rubbish.
  void Reset();

  // [length, H, D]
  const std::vector<float>& output(int sequence) const {
    return sequences_[sequence].output;
  }
  int length(int sequence) const { return options_.lengths[sequence]; }

  // [H, D] of one position in float64 from the unrounded inputs.
  std::vector<double> Oracle(int sequence, int position) const;

  // One unit of output error that values of this size make natural: the largest
  // |value|.
  static constexpr double kLargestValue = 4;

 private:
  struct Sequence {
    std::vector<float> query;      // [length, H, D]
    std::vector<float> key_value;  // [length, G + G, D]
    std::vector<int32_t> block_table;
    std::vector<float> output;
  };

  SceneOptions options_;
  std::mt19937 random_;
  std::vector<Sequence> sequences_;
  int num_blocks_ = 0;
  device::HugeBuffer cache_;
};

}  // namespace tessera::attention

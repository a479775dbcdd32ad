#include "libs/kernels/attention/attention_test_scene.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "libs/base/check.h"

namespace tessera::attention {
namespace {

constexpr int kNumSpareBlocks = 3;

std::vector<float> RandomFloats(int64_t n, float scale, std::mt19937& random) {
  std::normal_distribution<float> normal(0, scale);
  std::vector<float> values(n);
  for (float& value : values) {
    value = std::clamp(normal(random), -4 * scale, 4 * scale);
  }
  return values;
}

}  // namespace

Scene::Scene(const SceneOptions& options)
    : options_(options), random_(options.seed) {
  const AttentionShape& shape = options.shape;
  CHECK(ValidateAttentionShape(shape, options.dtype).ok());
  for (const int length : options.lengths) {
    Sequence sequence;
    // Large enough queries that a softmax has peaks.
    sequence.query = RandomFloats(
        int64_t{length} * shape.num_heads * shape.head_dim, 2, random_);
    sequence.key_value = RandomFloats(
        int64_t{length} * 2 * shape.num_kv_heads * shape.head_dim, 1, random_);
    sequences_.push_back(std::move(sequence));
    num_blocks_ += (length + kKvBlockTokens - 1) / kKvBlockTokens;
  }
  num_blocks_ += kNumSpareBlocks;
  cache_ =
      *device::HugeBuffer::Allocate(num_blocks_ * shape.num_kv_heads *
                                    KvHeadBytes(options.dtype, shape.head_dim));
  Reset();
}

void Scene::Reset() {
  // Quiet NaNs in every type: nothing of a recycled block may reach a result.
  std::memset(cache_.data(), 0xff, cache_.size());
  std::vector<int32_t> blocks(num_blocks_);
  std::iota(blocks.begin(), blocks.end(), 0);
  std::shuffle(blocks.begin(), blocks.end(), random_);
  auto next = blocks.begin();
  for (size_t s = 0; s < sequences_.size(); ++s) {
    Sequence& sequence = sequences_[s];
    const int count =
        (options_.lengths[s] + kKvBlockTokens - 1) / kKvBlockTokens;
    sequence.block_table.assign(next, next + count);
    next += count;
    sequence.output.assign(sequence.query.size(), NAN);
  }
}

void Scene::Pass(device::WorkerTeam& team, const std::vector<ScenePart>& parts,
                 int64_t tile_queries) {
  const AttentionShape& shape = options_.shape;
  const int64_t row = int64_t{shape.num_heads} * shape.head_dim;
  const int64_t kv_row = int64_t{2} * shape.num_kv_heads * shape.head_dim;
  const int64_t stride = row + kv_row;
  std::vector<float> qkv;
  std::vector<AttentionSequence> batch;
  int64_t num_tokens = 0;
  int64_t max_context = 0;
  for (const ScenePart& part : parts) {
    const Sequence& from = sequences_[part.sequence];
    for (int t = part.begin; t < part.end; ++t) {
      qkv.insert(qkv.end(), from.query.begin() + t * row,
                 from.query.begin() + (t + 1) * row);
      qkv.insert(qkv.end(), from.key_value.begin() + t * kv_row,
                 from.key_value.begin() + (t + 1) * kv_row);
    }
    AttentionSequence sequence;
    sequence.first_query = num_tokens;
    sequence.num_queries = part.end - part.begin;
    sequence.first_position = part.begin;
    sequence.block_table =
        absl::MakeConstSpan(from.block_table)
            .first((part.end + kKvBlockTokens - 1) / kKvBlockTokens);
    batch.push_back(sequence);
    num_tokens += sequence.num_queries;
    max_context = std::max<int64_t>(max_context, part.end);
  }
  PagedAttentionArgs args;
  args.query = qkv.data();
  args.query_stride = stride;
  args.num_heads = shape.num_heads;
  args.sequences = batch;
  args.kv.data = cache_.data();
  args.kv.block_stride_bytes =
      shape.num_kv_heads * KvHeadBytes(options_.dtype, shape.head_dim);
  args.kv.dtype = options_.dtype;
  args.kv.num_kv_heads = shape.num_kv_heads;
  args.kv.head_dim = shape.head_dim;
  args.scale = 1 / std::sqrt(static_cast<float>(shape.head_dim));
  args.window = options_.window;
  args.tile_queries = tile_queries;
  std::vector<float> output(num_tokens * row, NAN);
  args.output = output.data();
  device::HugeBuffer scratch =
      *device::HugeBuffer::Allocate(PagedAttentionScratchBytes(
          shape, options_.dtype, team.size(), num_tokens, max_context));
  args.scratch = absl::MakeSpan(scratch.data(), scratch.size());
  team.Run([&](device::Worker& worker) {
    const device::Range heads = worker.Share(shape.num_kv_heads);
    for (int64_t head = heads.begin; head < heads.end; ++head) {
      const float* key = qkv.data() + row;
      StoreKeysValues(worker.kernels(),
                      {key, key + shape.num_kv_heads * shape.head_dim, stride},
                      batch, {0, num_tokens}, static_cast<int>(head), args.kv);
    }
    worker.Barrier();
    PagedAttention(worker, args);
  });
  for (size_t i = 0; i < parts.size(); ++i) {
    std::copy(
        output.begin() + batch[i].first_query * row,
        output.begin() + (batch[i].first_query + batch[i].num_queries) * row,
        sequences_[parts[i].sequence].output.begin() + parts[i].begin * row);
  }
}

std::vector<double> Scene::Oracle(int index, int position) const {
  const AttentionShape& shape = options_.shape;
  const Sequence& sequence = sequences_[index];
  const int dim = shape.head_dim;
  const int group = shape.num_heads / shape.num_kv_heads;
  const int begin =
      options_.window > 0
          ? std::max<int>(position + 1 - static_cast<int>(options_.window), 0)
          : 0;
  std::vector<double> output(shape.num_heads * dim, 0);
  for (int h = 0; h < shape.num_heads; ++h) {
    const float* query =
        &sequence.query[(int64_t{position} * shape.num_heads + h) * dim];
    const auto key = [&](int t) {
      return &sequence
                  .key_value[(int64_t{t} * 2 * shape.num_kv_heads + h / group) *
                             dim];
    };
    std::vector<double> scores;
    for (int t = begin; t <= position; ++t) {
      double dot = 0;
      for (int d = 0; d < dim; ++d) dot += double{query[d]} * key(t)[d];
      scores.push_back(dot / std::sqrt(dim));
    }
    const double max = *std::max_element(scores.begin(), scores.end());
    double sum = 0;
    for (double& score : scores) sum += score = std::exp(score - max);
    for (int t = begin; t <= position; ++t) {
      const float* value = key(t) + shape.num_kv_heads * dim;
      for (int d = 0; d < dim; ++d) {
        output[h * dim + d] += scores[t - begin] / sum * value[d];
      }
    }
  }
  return output;
}

}  // namespace tessera::attention

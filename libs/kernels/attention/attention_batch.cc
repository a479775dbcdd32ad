#include "libs/kernels/attention/attention_batch.h"

#include <algorithm>
#include <numeric>

#include "libs/base/check.h"
#include "libs/kernels/attention/attention_tile.h"

namespace tessera::attention {
namespace {

using device::Range;
using device::Worker;

// Tiles a worker should find, that drawing them one by one ends evenly.
constexpr int kTilesPerWorker = 16;
// A tile of fewer queries waits for keys from L3; more are cut where that gives
// the workers enough tiles.
constexpr int64_t kFewestTileQueries = 32;
// Register tiles have 12 rows: a whole number of them leaves no remainder.
constexpr int kRegisterRows = 12;
// Loading and storing that a chunk costs beside its rows, in rows.
constexpr int64_t kChunkCostRows = 8;
// Partial softmaxes of a split tile, at most, where the context is long.
constexpr int64_t kMaxSlotBytes = int64_t{8} << 20;

int Group(const AttentionShape& shape) {
  return shape.num_heads / shape.num_kv_heads;
}

// Visits all tiles in one order: later queries, which see more keys, first.
class TileWalk {
 public:
  TileWalk(const AttentionBatch& batch, int64_t tile_queries)
      : batch_(batch), tile_queries_(tile_queries) {
    Enter(0);
  }

  bool done() const { return sequence_ == batch_.num_sequences; }

  void Next() {
    if (++kv_head_ < batch_.shape.num_kv_heads) return;
    kv_head_ = 0;
    if (--tile_ < 0) Enter(sequence_ + 1);
  }

  Tile Get() const {
    const AttentionShape& shape = batch_.shape;
    const int64_t first = tile_ * tile_queries_;
    const int num_queries =
        static_cast<int>(std::min(tile_queries_, view_.num_queries - first));
    const int64_t row = view_.first_query + first;
    const int64_t head = int64_t{kv_head_} * Group(shape);
    Tile tile;
    tile.queries = {
        batch_.query + row * batch_.query_stride + head * shape.head_dim,
        batch_.query_stride,
        num_queries,
        Group(shape),
        shape.head_dim,
        batch_.scale * 1.44269504088896f};  // log2(e)
    tile.blocks = {view_.blocks + kv_head_ * batch_.head_stride_bytes,
                   batch_.block_stride_bytes, view_.block_table};
    tile.first_position = view_.first_position + first;
    tile.num_keys = view_.num_keys;
    tile.causal = batch_.causal;
    tile.window = batch_.window;
    tile.output = {
        batch_.output + (row * shape.num_heads + head) * shape.head_dim,
        int64_t{shape.num_heads} * shape.head_dim, num_queries, Group(shape),
        shape.head_dim};
    if (batch_.log_sum_exp != nullptr) {
      tile.log_sum_exp = batch_.log_sum_exp + row * shape.num_heads + head;
      tile.log_sum_exp_stride = shape.num_heads;
    }
    return tile;
  }

 private:
  void Enter(int64_t sequence) {
    for (sequence_ = sequence; !done(); ++sequence_) {
      view_ = batch_.sequence(sequence_);
      if (view_.num_queries > 0) break;
    }
    tile_ = (view_.num_queries - 1) / tile_queries_;
  }

  const AttentionBatch& batch_;
  const int64_t tile_queries_;
  SequenceView view_;
  int64_t sequence_ = 0;
  int64_t tile_ = 0;
  int kv_head_ = 0;
};

int64_t ChunkCost(const Tile& tile) { return tile.num_rows() + kChunkCostRows; }

struct Work {
  int64_t num_tiles = 0;
  int64_t cost = 0;
  int64_t largest_tile = 0;  // cost
};

Work Measure(const AttentionBatch& batch, int64_t tile_queries) {
  Work work;
  for (TileWalk walk(batch, tile_queries); !walk.done(); walk.Next()) {
    const Tile tile = walk.Get();
    const int64_t cost = ChunkCost(tile) * tile.Chunks().size();
    ++work.num_tiles;
    work.cost += cost;
    work.largest_tile = std::max(work.largest_tile, cost);
  }
  return work;
}

// Fewer queries a tile than the planner allows, where the team is to be fed.
int64_t ChooseTileQueries(const AttentionBatch& batch, int num_workers) {
  int64_t num_queries = 0;
  int64_t longest = 1;
  for (int64_t s = 0; s < batch.num_sequences; ++s) {
    num_queries += batch.sequence(s).num_queries;
    longest = std::max(longest, batch.sequence(s).num_queries);
  }
  const int64_t wanted = num_queries * batch.shape.num_kv_heads /
                         (int64_t{kTilesPerWorker} * num_workers);
  const int64_t granule =
      kRegisterRows / std::gcd(kRegisterRows, Group(batch.shape));
  const int64_t fewest = std::max(wanted, kFewestTileQueries);
  return std::min({longest, batch.max_tile_queries,
                   (fewest + granule - 1) / granule * granule});
}

int TileRows(const AttentionShape& shape, int64_t tile_queries) {
  return static_cast<int>(tile_queries) * Group(shape);
}

// One worker's run through the tiles, and the memory it does it in.
class Runner {
 public:
  Runner(Worker& worker, const ChunkKernels& kernels,
         const AttentionBatch& batch, int64_t tile_queries,
         absl::Span<uint8_t> scratch)
      : worker_(worker),
        kernels_(kernels),
        batch_(batch),
        tile_queries_(tile_queries),
        tile_bytes_(TileScratch::Bytes(kernels,
                                       TileRows(batch.shape, tile_queries),
                                       batch.shape.head_dim)),
        scratch_(kernels, TileRows(batch.shape, tile_queries),
                 batch.shape.head_dim,
                 scratch.data() + worker.rank() * tile_bytes_) {
    const int64_t used = tile_bytes_ * worker.size();
    CHECK(used <= static_cast<int64_t>(scratch.size()))
        << "attention needs " << used << " bytes of scratch, has "
        << scratch.size();
    slots_ = scratch.data() + used;
    if (worker.size() > 1) {
      slot_bytes_ = (static_cast<int64_t>(scratch.size()) - used) /
                    (worker.size() - 1) / 64 * 64;
    }
  }

  // Each worker draws whole tiles: for much work, that nobody waits for a
  // worker that lost its core.
  void DrawTiles(int64_t num_tiles) {
    TileWalk walk(batch_, tile_queries_);
    int64_t at = 0;
    worker_.ForEach(num_tiles, [&](int64_t item) {
      for (; at < item; ++at) walk.Next();
      const Tile tile = walk.Get();
      Attend(tile, tile.Chunks(), {}, {});
      FinishTile(kernels_, tile, scratch_);
    });
  }

  // Each worker takes an equal part of all chunks in order, so that it streams
  // and knows what it reads next; a tile that spans workers is merged after a
  // barrier.
  void SplitChunks(const Work& work) {
    bool any_split = false;
    Tile pending_tile;
    Range pending;  // chunks; none while empty
    Slots pending_slots;
    VisitOwners(work, [&](const Tile& tile, const Owners& owners) {
      any_split |= owners.first != owners.last;
      if (owners.mine.size() == 0) return;
      if (pending.size() > 0) {
        RunPending(pending_tile, pending, pending_slots,
                   {&tile, owners.mine.begin});
      }
      pending_tile = tile;
      pending = owners.mine;
      pending_slots = SlotsOf(tile, owners);
    });
    if (pending.size() > 0) {
      RunPending(pending_tile, pending, pending_slots, {});
    }
    worker_.Barrier();
    if (!any_split) return;
    VisitOwners(work, [&](const Tile& tile, const Owners& owners) {
      if (owners.first == owners.last || owners.first != worker_.rank()) return;
      MergeSlots(kernels_, tile, SlotsOf(tile, owners), scratch_);
      FinishTile(kernels_, tile, scratch_);
    });
    worker_.Barrier();
  }

 private:
  struct Owners {
    int64_t first = 0;  // rank of the worker that has the first chunk
    int64_t last = 0;
    Range mine;
  };

  // Calls visit(tile, owners) for all tiles, in order.
  void VisitOwners(const Work& work,
                   absl::FunctionRef<void(const Tile&, const Owners&)> visit) {
    int64_t before = 0;  // cost of the chunks before
    for (TileWalk walk(batch_, tile_queries_); !walk.done(); walk.Next()) {
      const Tile tile = walk.Get();
      const Range chunks = tile.Chunks();
      const int64_t cost = ChunkCost(tile);
      // Whose share of the cost the middle of a chunk falls into.
      const auto owner = [&](int64_t index) {
        return (2 * (before + index * cost) + cost) * worker_.size() /
               (2 * work.cost);
      };
      Owners owners = {owner(0), owner(chunks.size() - 1), {}};
      if (!HasSlots(tile)) owners.last = owners.first;
      if (owners.first == owners.last) {
        if (owners.first == worker_.rank()) owners.mine = chunks;
      } else if (owners.first <= worker_.rank() &&
                 worker_.rank() <= owners.last) {
        int64_t begin = 0;
        while (owner(begin) < worker_.rank()) ++begin;
        int64_t end = begin;
        while (end < chunks.size() && owner(end) == worker_.rank()) ++end;
        owners.mine = {chunks.begin + begin, chunks.begin + end};
      }
      visit(tile, owners);
      before += cost * chunks.size();
    }
  }

  // Whether the partials of a tile's chunks fit in the memory for one split
  // tile. At most one tile is split after each worker but the last, so that the
  // rank of its first chunk's worker names its memory.
  bool HasSlots(const Tile& tile) const {
    return RowStatesBytes(tile.num_rows(), batch_.shape.head_dim) *
               tile.Chunks().size() <=
           slot_bytes_;
  }

  Slots SlotsOf(const Tile& tile, const Owners& owners) const {
    if (owners.first == owners.last) return {};
    return {slots_ + owners.first * slot_bytes_, tile.Chunks().begin};
  }

  void RunPending(const Tile& tile, const Range& chunks, const Slots& slots,
                  const NextChunk& next) {
    Attend(tile, chunks, slots, next);
    if (slots.memory == nullptr) FinishTile(kernels_, tile, scratch_);
  }

  void Attend(const Tile& tile, const Range& chunks, const Slots& slots,
              const NextChunk& next) {
    kernels_.prepare_queries(tile.queries, scratch_.queries());
    if (slots.memory == nullptr) {
      ClearRowStates(tile.num_rows(), batch_.shape.head_dim, scratch_.states());
    }
    AttendChunks(kernels_, tile, chunks, slots, next, scratch_);
  }

  Worker& worker_;
  const ChunkKernels& kernels_;
  const AttentionBatch& batch_;
  const int64_t tile_queries_;
  const int64_t tile_bytes_;
  const TileScratch scratch_;
  uint8_t* slots_ = nullptr;
  int64_t slot_bytes_ = 0;  // for one split tile
};

}  // namespace

int64_t BatchScratchBytes(const ChunkKernels& kernels,
                          const AttentionShape& shape, int num_workers,
                          int64_t tile_queries, int64_t max_context) {
  const int64_t num_chunks = max_context / kChunkKeys + 2;
  const int64_t slot_queries = std::min(tile_queries, kFewestTileQueries);
  const int64_t slot_bytes =
      num_chunks *
      RowStatesBytes(TileRows(shape, slot_queries), shape.head_dim);
  return num_workers * TileScratch::Bytes(kernels,
                                          TileRows(shape, tile_queries),
                                          shape.head_dim) +
         (num_workers - 1) * std::min(slot_bytes, kMaxSlotBytes);
}

void AttendBatch(Worker& worker, const ChunkKernels& kernels,
                 const AttentionBatch& batch, absl::Span<uint8_t> scratch) {
  const int64_t tile_queries = ChooseTileQueries(batch, worker.size());
  const Work work = Measure(batch, tile_queries);
  if (work.num_tiles == 0) return worker.Barrier();
  Runner runner(worker, kernels, batch, tile_queries, scratch);
  if (work.largest_tile * kTilesPerWorker * worker.size() <= 2 * work.cost) {
    runner.DrawTiles(work.num_tiles);
  } else {
    runner.SplitChunks(work);
  }
}

}  // namespace tessera::attention

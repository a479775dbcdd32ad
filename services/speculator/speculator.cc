#include "services/speculator/speculator.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"

namespace tessera::speculator {
namespace {

// A sequence that misses so many tokens at most is not far behind: it always
// catches up.
constexpr int64_t kNear = 8;
// A pass of so many tokens a sequence takes about as long as one of single
// tokens.
constexpr int64_t kStepTokens = 2;

}  // namespace

absl::StatusOr<std::unique_ptr<Speculator>> Speculator::Create(
    std::unique_ptr<model::Model> model, int32_t vocab_size,
    const SpeculatorOptions& options, metrics::Registry* registry) {
  RETURN_IF_ERROR(options.Validate());
  const int num_layers = model->config().num_layers;
  const kv_cache::KvGeometry geometry = {
      .block_tokens = attention::kKvBlockTokens,
      .num_layers = num_layers,
      .layer_bytes = model->kv_block_bytes() / num_layers};
  ASSIGN_OR_RETURN(std::unique_ptr<DraftCache> cache,
                   DraftCache::Create(geometry, options.kv_memory_bytes,
                                      options.max_sequences));
  std::unique_ptr<Speculator> speculator(new Speculator(
      std::move(model), vocab_size, options, std::move(cache), registry));
  RETURN_IF_ERROR(speculator->Warm());
  return speculator;
}

Speculator::Speculator(std::unique_ptr<model::Model> model, int32_t vocab_size,
                       const SpeculatorOptions& options,
                       std::unique_ptr<DraftCache> cache,
                       metrics::Registry* registry)
    : model_(std::move(model)),
      vocab_size_(vocab_size),
      cache_(std::move(cache)),
      greedy_(*sampling::Sampler::Create({.temperature = 0}, vocab_size)),
      metrics_(registry),
      budget_(std::min(options.max_catch_up_tokens, model_->max_batch_tokens()),
              options.catch_up_time),
      scratches_(model_->num_threads()) {}

absl::Status Speculator::Warm() {
  constexpr SequenceId kNobody = ~SequenceId{0};
  std::vector<int32_t> tokens(std::min<int64_t>(
      {CatchUpBudget::kLeast, model_->max_batch_tokens(),
       model_->config().context_len, attention::kKvBlockTokens}));
  const DraftRequest request = {.sequence = kNobody, .tokens = tokens};
  for (int i = 0; i < 2; ++i) {  // the first is slower
    DraftCache::Entry* entry = cache_->Take(kNobody, "", tokens);
    CHECK(cache_->Append(entry, tokens)) << "an empty cache holds a block";
    Work work = {.request = &request, .entry = entry, .sampler = greedy_};
    work.tokens = tokens;
    Work* const pass[] = {&work};
    const absl::Time start = absl::Now();
    RETURN_IF_ERROR(Compute(pass));
    DraftTimes times;
    if (i > 0) Observe(pass, absl::Now() - start, &times);
    cache_->EndCall();
    Release(kNobody);
  }
  return absl::OkStatus();
}

void Speculator::Release(SequenceId sequence) { cache_->Release(sequence); }

absl::Status Speculator::Propose(absl::Span<const DraftRequest> requests,
                                 absl::Time deadline,
                                 std::vector<Draft>* drafts,
                                 DraftTimes* times) {
  const absl::Time start = absl::Now();
  drafts->assign(requests.size(), Draft());
  *times = DraftTimes();
  const absl::Status status = Draw(requests, deadline, drafts, times);
  cache_->EndCall();
  if (!status.ok()) {
    // What was to be computed was not.
    for (const DraftRequest& request : requests) Release(request.sequence);
    drafts->assign(requests.size(), Draft());
  }
  times->overhead = absl::Now() - start - times->catch_up;
  for (const DraftStep& step : times->steps) times->overhead -= step.duration;
  metrics_.Call(status, *drafts, *times);
  metrics_.Cache(*cache_);
  return status;
}

absl::Status Speculator::Draw(absl::Span<const DraftRequest> requests,
                              absl::Time deadline, std::vector<Draft>* drafts,
                              DraftTimes* times) {
  std::vector<Work> works;
  works.reserve(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    Admit(requests[i], &(*drafts)[i], &works);
  }
  std::vector<Work*> pass = CatchUp(&works, deadline - absl::Now());
  while (!pass.empty()) {
    const absl::Time start = absl::Now();
    RETURN_IF_ERROR(Compute(pass));
    DrawTokens(pass);
    const absl::Time end = absl::Now();
    const bool is_step = Observe(pass, end - start, times);
    const absl::Duration next = is_step ? end - start : absl::ZeroDuration();
    if (end + next > deadline) break;
    pass = Continue(pass);
  }
  for (const Work& work : works) {
    const int64_t num_known = work.request->tokens.size();
    const int64_t num_computed = work.entry->tokens.size();
    work.draft->num_behind = std::max<int64_t>(0, num_known - 1 - num_computed);
    cache_->Share(work.entry, num_known);
  }
  return absl::OkStatus();
}

void Speculator::Admit(const DraftRequest& request, Draft* draft,
                       std::vector<Work>* works) {
  CHECK(request.max_tokens >= 0 && request.max_tokens <= kMaxDraftTokens)
      << request.max_tokens;
  const model::ModelConfig& config = model_->config();
  const absl::Span<const int32_t> known = request.tokens;
  const int64_t num_left = config.context_len - known.size();
  if (num_left < 0) return;
  DraftCache::Entry* entry =
      cache_->Take(request.sequence, request.cache_salt, known);
  const absl::Span<const int32_t> missing = known.subspan(entry->tokens.size());
  for (const int32_t token : missing) {
    if (token < 0 || token >= config.vocab_size) return;
  }
  // The last draft token is not computed, so it may lie past the context.
  const int max_tokens =
      static_cast<int>(std::min<int64_t>(request.max_tokens, num_left + 1));
  const sampling::Sampler& sampler =
      request.sampler != nullptr ? *request.sampler : greedy_;
  // The last known token is computed for its logits alone.
  const int64_t num_missing = missing.size() - (max_tokens > 0 ? 0 : 1);
  works->push_back({&request, draft, entry, num_missing, max_tokens, sampler});
}

std::vector<Speculator::Work*> Speculator::CatchUp(std::vector<Work>* works,
                                                   absl::Duration left) {
  std::vector<Work*> order;
  for (Work& work : *works) {
    if (work.num_missing > 0) order.push_back(&work);
  }
  if (left <= absl::ZeroDuration()) return {};
  std::stable_sort(order.begin(), order.end(), [](Work* a, Work* b) {
    return a->num_missing < b->num_missing;
  });
  int64_t room = model_->max_batch_tokens();
  int64_t catch_up_room = budget_.Tokens(left);
  std::vector<Work*> pass;
  for (Work* work : order) {
    const bool is_near = work->num_missing <= kNear;
    int64_t num_tokens = std::min(work->num_missing, room);
    if (!is_near) num_tokens = std::min(num_tokens, catch_up_room);
    if (num_tokens == 0) continue;
    work->tokens =
        work->request->tokens.subspan(work->entry->tokens.size(), num_tokens);
    if (!cache_->Append(work->entry, work->tokens)) continue;
    work->wants_logits =
        work->max_tokens > 0 && num_tokens == work->num_missing;
    room -= num_tokens;
    if (!is_near) catch_up_room -= num_tokens;
    pass.push_back(work);
  }
  return pass;
}

absl::Status Speculator::Compute(absl::Span<Work* const> pass) {
  std::vector<model::BatchSequence> batch;
  int64_t num_rows = 0;
  for (const Work* work : pass) {
    const int64_t num_computed = work->entry->tokens.size();
    batch.push_back({.tokens = work->tokens,
                     .first_position = num_computed - static_cast<int64_t>(
                                                          work->tokens.size()),
                     .block_table = work->entry->table.block_ids(),
                     .num_logits = work->wants_logits ? 1 : 0});
    num_rows += work->wants_logits ? 1 : 0;
  }
  const size_t num_logits = num_rows * model_->config().vocab_size;
  if (logits_.size() < num_logits) logits_.resize(num_logits);
  return model_->Forward(
      batch,
      {.data = cache_->arena().block(0),
       .block_bytes = cache_->arena().geometry().block_bytes(),
       .num_blocks = cache_->num_blocks()},
      absl::MakeSpan(logits_));
}

absl::Span<const float> Speculator::TargetRow(
    absl::Span<const float> row, std::vector<float>* scratch) const {
  if (row.size() == vocab_size_) return row;
  scratch->assign(row.begin(),
                  row.begin() + std::min<size_t>(row.size(), vocab_size_));
  scratch->resize(vocab_size_, -std::numeric_limits<float>::infinity());
  return *scratch;
}

void Speculator::DrawTokens(absl::Span<Work* const> pass) {
  std::vector<Work*> drawing;
  for (Work* work : pass) {
    if (work->wants_logits) drawing.push_back(work);
  }
  const int64_t columns = model_->config().vocab_size;
  const auto draw = [&](int64_t row, Scratch* scratch) {
    Work* work = drawing[row];
    const int64_t position =
        work->request->tokens.size() + work->draft->tokens.size();
    const absl::Span<const float> logits =
        TargetRow(absl::MakeConstSpan(logits_).subspan(row * columns, columns),
                  &scratch->row);
    work->drawn = work->sampler.Sample(logits, position, &scratch->sampling);
  };
  const int64_t num_rows = drawing.size();
  if (num_rows <= 1) {  // waking the team takes longer
    for (int64_t i = 0; i < num_rows; ++i) draw(i, &scratches_[0]);
  } else {
    model_->team().Run([&](device::Worker& worker) {
      Scratch* scratch = &scratches_[worker.rank()];
      worker.ForEach(num_rows, [&](int64_t i) { draw(i, scratch); });
    });
  }
  for (Work* work : drawing) {
    if (!work->drawn.ok()) continue;  // logits that are no numbers
    work->draft->tokens.push_back(*work->drawn);
    work->sampler.Append(*work->drawn);
  }
}

bool Speculator::Observe(absl::Span<Work* const> pass, absl::Duration duration,
                         DraftTimes* times) {
  int64_t num_tokens = 0;
  int num_drawn = 0;
  for (const Work* work : pass) {
    num_tokens += work->tokens.size();
    num_drawn += work->wants_logits ? 1 : 0;
  }
  if (num_tokens <= kStepTokens * num_drawn) {
    times->steps.push_back({num_drawn, duration});
    return true;
  }
  budget_.Observe(num_tokens, duration);
  times->num_catch_up_tokens += num_tokens;
  times->catch_up += duration;
  return false;
}

std::vector<Speculator::Work*> Speculator::Continue(
    absl::Span<Work* const> pass) {
  std::vector<Work*> next;
  for (Work* work : pass) {
    if (!work->wants_logits || !work->drawn.ok()) continue;
    const std::vector<int32_t>& drafted = work->draft->tokens;
    if (static_cast<int>(drafted.size()) >= work->max_tokens) continue;
    work->tokens = absl::MakeConstSpan(&drafted.back(), 1);
    if (cache_->Append(work->entry, work->tokens)) next.push_back(work);
  }
  return next;
}

}  // namespace tessera::speculator

#include "services/verifier/engine.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "libs/base/status_macros.h"
#include "libs/log/log.h"
#include "services/verifier/prefix/model_identity.h"

namespace tessera::verifier {

using scheduling::Chunk;

namespace {

// Copies that wait for a rest: of a whole context, but no more than of a
// quarter of all blocks.
int64_t MostPutBytes(const kv_cache::KvGeometry& geometry, int64_t context,
                     int32_t num_blocks) {
  return geometry.block_bytes() *
         std::min<int64_t>(context / geometry.block_tokens, num_blocks / 4);
}

}  // namespace

Engine::Engine(const VerifierOptions& options, VerifierMetrics* metrics,
               LoadModel load,
               std::function<void(absl::StatusOr<EngineInfo>)> loaded,
               const PrefixStore& store)
    : options_(options), metrics_(metrics), store_(store) {
  thread_ = std::thread([this, load = std::move(load),
                         loaded = std::move(loaded)] { Run(load, loaded); });
}

Engine::~Engine() { Stop(); }

void Engine::Submit(std::shared_ptr<Generation> generation) {
  if (inbox_.Put(generation)) return;
  generation->Finish(absl::UnavailableError("the server is stopping"));
}

void Engine::Wake() { inbox_.Wake(); }

void Engine::Stop() {
  inbox_.Close();
  if (thread_.joinable()) thread_.join();
}

scheduling::SchedulerStats Engine::stats() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return stats_;
}

void Engine::Run(
    const LoadModel& load,
    const std::function<void(absl::StatusOr<EngineInfo>)>& loaded) {
  pthread_setname_np(pthread_self(), "engine");
  absl::StatusOr<EngineInfo> info = Load(load);
  const bool is_loaded = info.ok();
  loaded(std::move(info));
  while (WaitForWork()) {
    TakeInbox();
    if (!is_loaded) continue;
    DropCancelled();
    if (stored_ != nullptr) {
      stored_->Poll(absl::Now(), /*is_computing=*/!requests_.empty());
    }
    Step();
    RemoveDone();
    PublishStats();
  }
  TakeInbox();
  for (const std::unique_ptr<Request>& request : requests_) {
    Finish(request.get(), absl::UnavailableError("the server is stopping"));
  }
  RemoveDone();
  if (stored_ != nullptr) stored_->Stop();
  stored_.reset();
  if (scheduler_ != nullptr) scheduler_->ClearCache();
  scheduler_.reset();
}

absl::StatusOr<EngineInfo> Engine::Load(const LoadModel& load) {
  ASSIGN_OR_RETURN(LoadedModel loaded, load());
  model_ = std::move(loaded.model);
  tokenizer_ = loaded.tokenizer;
  shared_prefixes_ = std::move(loaded.shared_prefixes);
  const model::ModelConfig& config = model_->config();
  const kv_cache::KvGeometry geometry = {
      .block_tokens = attention::kKvBlockTokens,
      .num_layers = config.num_layers,
      .layer_bytes = model_->kv_block_bytes() / config.num_layers};
  const int64_t kv_bytes = options_.kv_memory_bytes > 0
                               ? options_.kv_memory_bytes
                               : AvailableMemoryBytes() / 4;
  ASSIGN_OR_RETURN(const int32_t num_blocks,
                   kv_cache::NumBlocksWithin(geometry, kv_bytes));
  ASSIGN_OR_RETURN(pool_, kv_cache::BlockPool::Create(geometry, num_blocks));
  const int64_t capacity = int64_t{num_blocks} * geometry.block_tokens;
  const int64_t context = std::min<int64_t>(config.context_len, capacity);
  ASSIGN_OR_RETURN(scheduler_,
                   scheduling::Scheduler::Create(
                       {.max_queued = options_.max_queued,
                        .max_running = options_.max_running,
                        .max_pass_tokens = model_->max_batch_tokens(),
                        .max_context = context,
                        .prefix_caching = options_.prefix_caching},
                       pool_.get()));
  budget_ = std::make_unique<scheduling::StepBudget>(
      options_.target_inter_token, model_->max_batch_tokens());
  if (store_.client != nullptr && options_.prefix_caching) {
    PrefixStore store = store_;
    store.puts_yield = !model_->leaves_cores();
    store.max_put_bytes =
        std::max(store.max_put_bytes,
                 MostPutBytes(pool_->geometry(), context, pool_->num_blocks()));
    stored_ = std::make_unique<StoredPrefixes>(
        store, MakePrefixIdentity(*model_, loaded.fingerprint),
        scheduler_.get(), pool_.get(), [this] { Wake(); });
  }
  drafts_ = std::make_unique<RequestDrafts>(
      options_, std::move(loaded.speculator), config.vocab_size, tokenizer_,
      scheduler_.get(), &metrics_->drafts());
  pass_ = std::make_unique<ModelPass>(model_.get(), pool_.get(),
                                      options_.speculation_rule);
  drafts_->Rehearse(
      [this](int num_tokens) { return pass_->Rehearse(num_tokens); });
  PublishStats();
  return EngineInfo{
      .limits = {.context_len = context, .vocab_size = config.vocab_size},
      .kernels = model_->kernels(),
      .kv_dtype = model_->kv_dtype(),
      .num_threads = model_->num_threads(),
      .kv_capacity_tokens = capacity};
}

bool Engine::WaitForWork() {
  if (!requests_.empty()) return inbox_.Wait(idle_until_);
  return inbox_.Wait(stored_ == nullptr ? absl::InfiniteFuture()
                                        : stored_->Rest(absl::Now()));
}

void Engine::TakeInbox() {
  for (std::shared_ptr<Generation>& generation : inbox_.TakeAll()) {
    if (scheduler_ == nullptr) {
      generation->Finish(absl::UnavailableError("the model was not loaded"));
      continue;
    }
    const int64_t num_public_tokens =
        shared_prefixes_.NumTokens(generation->prompt);
    const absl::StatusOr<scheduling::SequenceId> stem = scheduler_->Add(
        {.tokens = generation->prompt,
         .priority = generation->priority,
         .cache_salt = generation->cache_salt,
         .num_public_tokens = num_public_tokens,
         .computes_whole_prompt = generation->num_prompt_logprobs.has_value()},
        generation->arrived);
    if (!stem.ok()) {
      metrics_->RequestRefused();
      generation->Finish(stem.status());
      continue;
    }
    requests_.push_back(
        std::make_unique<Request>(std::move(generation), *stem, tokenizer_));
    by_sequence_[*stem] = requests_.back().get();
    if (stored_ != nullptr) {
      stored_->Arrived(*stem, requests_.back()->generation().cache_salt,
                       num_public_tokens, absl::Now());
    }
  }
}

void Engine::DropCancelled() {
  for (const std::unique_ptr<Request>& request : requests_) {
    if (request->generation().is_cancelled.load(std::memory_order_relaxed)) {
      metrics_->RequestCancelled();
      Finish(request.get(), absl::CancelledError("cancelled"));
    }
  }
  RemoveDone();
}

void Engine::Step() {
  const absl::Time start = absl::Now();
  int num_decoding = 0;
  for (const std::unique_ptr<Request>& request : requests_) {
    if (request->has_begun()) num_decoding += request->num_unfinished();
  }
  const int64_t prompt_budget = budget_->PromptTokens(num_decoding);
  drafts_->Draft(requests_, prompt_budget);
  const absl::Time drafted = absl::Now();
  const absl::Span<const Chunk> chunks =
      scheduler_->Schedule(start, prompt_budget);
  idle_until_ = absl::InfinitePast();
  if (chunks.empty()) return Idle();
  if (const absl::Status status = pass_->Forward(chunks, by_sequence_);
      !status.ok()) {
    log::Event(log::kError, "forward pass failed",
               {{"error", std::string(status.message())}});
    return Fail(chunks);
  }
  scheduler_->Commit();
  pass_->Draw();
  TakeScores();
  BeginAnswers(chunks);
  const absl::Time now = absl::Now();
  ObserveStep(chunks, now - drafted, now - start);
  Publish(now);
  // Indexing a long prompt takes a while: the first token does not wait for it.
  for (const Request* request : begun_) drafts_->Begin(*request);
  begun_.clear();
  if (stored_ != nullptr) stored_->Computed(chunks, now - start, now);
}

void Engine::TakeScores() {
  for (const PromptScore& score : pass_->scores()) {
    // Computed again, after a preemption.
    if (score.request->has_begun()) continue;
    if (score.status.ok()) {
      score.request->AddPromptLogprobs(score.token_index, score.logprobs);
    } else if (!score.request->is_done()) {
      Finish(score.request, score.status);
    }
  }
}

void Engine::BeginAnswers(absl::Span<const Chunk> chunks) {
  const absl::Time now = absl::Now();
  for (const Chunk& chunk : chunks) {
    const auto found = by_sequence_.find(chunk.sequence);
    if (found == by_sequence_.end() || !chunk.is_last) continue;
    Request* request = found->second;
    if (request->has_begun()) continue;
    const scheduling::SequenceProgress progress =
        scheduler_->progress(chunk.sequence);
    request->PromptComputed(progress, now);
    if (stored_ != nullptr) {
      request->set_cached_sources(
          stored_->SourcesOf(chunk.sequence, progress.num_cached));
    }
    if (!request->generation().draws) continue;
    for (int i = 1; i < request->num_choices(); ++i) {
      const scheduling::SequenceId twin = scheduler_->Fork(chunk.sequence);
      request->set_sequence(i, twin);
      by_sequence_[twin] = request;
      if (stored_ != nullptr) stored_->Forked(chunk.sequence, twin);
    }
    begun_.push_back(request);
  }
}

void Engine::ObserveStep(absl::Span<const Chunk> chunks, absl::Duration pass,
                         absl::Duration step) {
  int num_decoding = 0;
  int64_t num_tokens = 0;
  int64_t num_draft_tokens = 0;
  for (const Chunk& chunk : chunks) {
    num_tokens += chunk.tokens.size();
    num_draft_tokens += chunk.num_draft_tokens;
    num_decoding += chunk.is_decoding;
  }
  metrics_->Step(num_tokens, step);
  if (num_draft_tokens == 0) {
    budget_->Observe(num_decoding, num_tokens - num_decoding, step);
  }
  drafts_->PassComputed(num_decoding, num_tokens, pass);
}

void Engine::Publish(absl::Time now) {
  for (const Drawing& drawing : pass_->drawings()) Advance(drawing, now);
  for (const std::unique_ptr<Request>& request : requests_) {
    if (request->is_done() || !request->has_begun()) continue;
    if (request->num_unfinished() > 0 && request->generation().draws) {
      request->Publish(now, options_.stream_interval);
      continue;
    }
    Finish(request.get(), absl::OkStatus());
  }
}

void Engine::Advance(const Drawing& drawing, absl::Time now) {
  Request* request = drawing.request;
  if (request->is_done()) return;
  if (!drawing.status.ok()) {
    Finish(request, absl::InternalError("the model's logits are no numbers"));
    return;
  }
  const scheduling::SequenceId id = request->sequence(drawing.choice);
  const v1::TokenSource source = drafts_->Verified(drawing);
  const Choice& choice = request->choice(drawing.choice);
  const int num_tokens = drawing.tokens.size();
  int num_kept = 0;
  // The end may be inside the draft.
  for (int i = 0; i < num_tokens && !choice.is_finished(); ++i) {
    request->AddToken(drawing.choice, drawing.tokens[i],
                      drawing.logprobs.empty() ? nullptr : &drawing.logprobs[i],
                      i < drawing.num_accepted() ? source : v1::SOURCE_TARGET,
                      now, metrics_);
    drafts_->Append(id, drawing.tokens[i]);
    num_kept += i < drawing.num_accepted();
  }
  if (!drawing.draft.empty()) {
    request->AddDraft(source, drawing.draft.size(), num_kept);
  }
  if (choice.is_finished()) {
    EndSequence(request, drawing.choice);
  } else {
    scheduler_->Append(id, drawing.tokens.back());
  }
}

void Engine::EndSequence(Request* request, int choice) {
  const scheduling::SequenceId id = request->sequence(choice);
  request->EndSequence(choice, scheduler_->progress(id));
  by_sequence_.erase(id);
  if (stored_ != nullptr) stored_->Ended(id);
  scheduler_->Remove(id);
  drafts_->End(id);
}

void Engine::Finish(Request* request, absl::Status status) {
  if (request->is_done()) return;
  for (int i = 0; i < request->num_choices(); ++i) {
    if (request->sequence(i) >= 0) EndSequence(request, i);
  }
  // Stats first: who has heard of the end finds it gone from the gauges.
  PublishStats();
  if (status.ok()) {
    request->PublishEnd(absl::Now(), metrics_);
  } else {
    request->set_done();
    request->generation().Finish(std::move(status));
  }
}

void Engine::Fail(absl::Span<const Chunk> chunks) {
  // Without a commit its sequences are as before.
  for (const Chunk& chunk : chunks) {
    const auto found = by_sequence_.find(chunk.sequence);
    if (found == by_sequence_.end()) continue;  // another choice's went first
    Finish(found->second, absl::InternalError("the forward pass failed"));
  }
}

void Engine::Idle() {
  if (requests_.empty() || stored_ == nullptr) return;
  if (scheduler_->stats().num_running > 0) {
    // It lacks blocks, which loads may have.
    stored_->EndLoads();
    return;
  }
  idle_until_ =
      std::max(stored_->next_poll(), absl::Now() + absl::Milliseconds(1));
}

void Engine::RemoveDone() {
  requests_.erase(
      std::remove_if(requests_.begin(), requests_.end(),
                     [](const auto& request) { return request->is_done(); }),
      requests_.end());
}

void Engine::PublishStats() {
  const scheduling::SchedulerStats stats = scheduler_->stats();
  metrics_->Scheduler(stats);
  std::lock_guard<std::mutex> lock(mutex_);
  stats_ = stats;
}

}  // namespace tessera::verifier

#include "services/verifier/verifier.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/base/status_macros.h"
#include "libs/checkpoint/fingerprint.h"
#include "libs/device/cpu_features.h"
#include "libs/log/log.h"
#include "libs/model/load_model.h"
#include "services/verifier/score_observer.h"

namespace tessera::verifier {
namespace {

// "models/SmolLM2.Q4_1.gguf" or "models/SmolLM2/" into the last part.
std::string NameOfFile(const std::string& file) {
  std::filesystem::path path(file);
  if (!path.has_filename()) path = path.parent_path();
  const std::string name = path.filename().string();
  for (const char* suffix : {".gguf", ".safetensors"}) {
    if (name.size() > std::string(suffix).size() &&
        path.extension() == suffix) {
      return path.stem().string();
    }
  }
  return name;
}

bool MayAskDraftModel(SpeculationMode mode) {
  return mode == SpeculationMode::kAuto || mode == SpeculationMode::kDraft;
}

// Says how far loading is, once a second at most.
model::LoadProgress LoggedProgress() {
  absl::Time last = absl::Now();
  return [last](int percent) mutable {
    const absl::Time now = absl::Now();
    if (now - last < absl::Seconds(1)) return;
    last = now;
    log::Event(log::kInfo, "loading the model", {{"percent", percent}});
  };
}

// Counts a generation as long as it is not done.
class CountingObserver : public GenerateObserver {
 public:
  CountingObserver(std::shared_ptr<GenerateObserver> observer,
                   std::atomic<int>* count)
      : observer_(std::move(observer)), count_(count) {
    count_->fetch_add(1);
  }
  ~CountingObserver() override { count_->fetch_sub(1); }
  void OnResponse(v1::GenerateResponse response) override {
    observer_->OnResponse(std::move(response));
  }
  void OnDone(absl::Status status) override {
    observer_->OnDone(std::move(status));
  }

 private:
  const std::shared_ptr<GenerateObserver> observer_;
  std::atomic<int>* const count_;
};

// What links a call to its generation, which is made on another thread.
struct CallState {
  std::mutex mutex;
  bool is_cancelled = false;
  bool is_detached = false;
  std::shared_ptr<Generation> generation;  // once prepared
};

class Call : public GenerateCall {
 public:
  Call(std::shared_ptr<CallState> state, Engine* engine)
      : state_(std::move(state)), engine_(engine) {}
  ~Call() override {
    std::lock_guard<std::mutex> lock(state_->mutex);
    state_->is_detached = true;
    if (state_->generation != nullptr) state_->generation->Detach();
    CancelLocked();
  }
  void Cancel() override {
    std::lock_guard<std::mutex> lock(state_->mutex);
    CancelLocked();
  }

 private:
  void CancelLocked() {
    state_->is_cancelled = true;
    if (state_->generation == nullptr) return;
    state_->generation->is_cancelled = true;
    engine_->Wake();
  }

  const std::shared_ptr<CallState> state_;
  Engine* const engine_;
};

// Checks, tokenizes and submits, on the tasks' thread.
void Prepare(const v1::GenerateRequest& request, const Words& words,
             const ServedLimits& limits, absl::Time arrived,
             std::shared_ptr<GenerateObserver> observer, CallState* state,
             Engine* engine) {
  absl::StatusOr<std::shared_ptr<Generation>> generation =
      PrepareGeneration(request, words, limits, arrived);
  absl::Status status = generation.status();
  {
    std::lock_guard<std::mutex> lock(state->mutex);
    if (state->is_detached) return;
    if (state->is_cancelled) status = absl::CancelledError("cancelled");
    if (status.ok()) {
      (*generation)->observer = observer;
      state->generation = *generation;
    }
  }
  if (!status.ok()) return observer->OnDone(std::move(status));
  engine->Submit(*std::move(generation));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Verifier>> Verifier::Create(
    const VerifierOptions& options, const std::string& model_file,
    const model::ModelOptions& model_options, metrics::Registry* registry,
    speculator::SpeculatorFactory make_speculator,
    prefix_cache::StoreAccess* store) {
  RETURN_IF_ERROR(options.Validate());
  if (options.speculation == SpeculationMode::kDraft && !make_speculator) {
    return absl::InvalidArgumentError(
        "--speculation draft: there is no draft model; give --draft-model or "
        "--speculator");
  }
  VerifierOptions named = options;
  if (named.model_name.empty()) named.model_name = NameOfFile(model_file);
  std::unique_ptr<Verifier> verifier(new Verifier(named, registry));
  ASSIGN_OR_RETURN(verifier->checkpoint_, OpenCheckpoint(model_file));
  Verifier* self = verifier.get();
  verifier->engine_ = std::make_unique<Engine>(
      verifier->options_, &verifier->metrics_,
      [self, model_options, make_speculator = std::move(make_speculator)] {
        return self->Load(model_options, make_speculator);
      },
      [self](absl::StatusOr<EngineInfo> info) {
        self->Loaded(std::move(info));
      },
      verifier->MakeStore(store));
  return verifier;
}

PrefixStore Verifier::MakeStore(prefix_cache::StoreAccess* store) {
  if (store == nullptr || store->client() == nullptr) return {};
  store_metrics_.emplace(registry_, options_.model_name);
  return {.client = store->client(),
          .key = store->key(),
          .metrics = &*store_metrics_};
}

Verifier::Verifier(const VerifierOptions& options, metrics::Registry* registry)
    : options_(options),
      registry_(registry),
      metrics_(registry, options.model_name),
      created_unix_seconds_(absl::ToUnixSeconds(absl::Now())),
      info_(absl::UnavailableError("the model is being loaded")),
      tasks_("tokenize") {}

Verifier::~Verifier() { Stop(); }

absl::StatusOr<LoadedModel> Verifier::Load(
    model::ModelOptions options,
    const speculator::SpeculatorFactory& make_speculator) {
  options.progress = LoggedProgress();
  absl::StatusOr<std::unique_ptr<const Words>> words;
  absl::StatusOr<std::string> fingerprint = std::string();
  // Started before the model's team pins this thread to a core, which threads
  // inherit.
  std::thread reader([&] { words = Words::Load(*checkpoint_); });
  std::thread digester([&] {
    if (store_metrics_.has_value()) {
      fingerprint = CheckpointFingerprint(*checkpoint_);
    }
  });
  absl::StatusOr<std::unique_ptr<model::Model>> model =
      model::LoadModel(*checkpoint_, options);
  reader.join();
  digester.join();
  RETURN_IF_ERROR(model.status());
  RETURN_IF_ERROR(words.status());
  RETURN_IF_ERROR(fingerprint.status());
  words_ = *std::move(words);
  const int32_t num_words = words_->tokenizer().vocab_size();
  if (num_words > (*model)->config().vocab_size) {
    return absl::InvalidArgumentError(
        absl::StrCat(checkpoint_->path(), ": the tokenizer has ", num_words,
                     " tokens, the model ", (*model)->config().vocab_size));
  }
  LoadedModel loaded = {*std::move(model), &words_->tokenizer()};
  loaded.fingerprint = *std::move(fingerprint);
  ASSIGN_OR_RETURN(loaded.shared_prefixes,
                   SharedPrefixes::Load(options_.shared_prefix_files, *words_,
                                        loaded.model->config().context_len,
                                        attention::kKvBlockTokens));
  if (make_speculator && MayAskDraftModel(options_.speculation)) {
    ASSIGN_OR_RETURN(
        loaded.speculator,
        make_speculator({.tokenizer = &words_->tokenizer(),
                         .vocab_size = loaded.model->config().vocab_size,
                         .team = &loaded.model->team()}));
  }
  return loaded;
}

void Verifier::Loaded(absl::StatusOr<EngineInfo> info) {
  if (info.ok()) {
    metrics_.Capacity(info->kv_capacity_tokens);
    log::Event(log::kInfo, "model loaded",
               {{"model", options_.model_name},
                {"kernels", device::KernelSetName(info->kernels)},
                {"threads", info->num_threads},
                {"kv_capacity_tokens", info->kv_capacity_tokens}});
  }
  const absl::Status status = info.status();
  std::vector<std::function<void(absl::Status)>> waiting;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    info_ = std::move(info);
    is_loaded_ = true;
    waiting.swap(loaded_);
  }
  for (const auto& done : waiting) done(status);
}

void Verifier::OnLoaded(std::function<void(absl::Status)> done) {
  absl::Status status;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!is_loaded_) {
      loaded_.push_back(std::move(done));
      return;
    }
    status = info_.status();
  }
  done(status);
}

absl::Status Verifier::CheckLoaded() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return info_.status();
}

absl::Status Verifier::CheckReady() const {
  if (is_draining_) return absl::UnavailableError("the server is stopping");
  return CheckLoaded();
}

bool Verifier::is_ready() const { return CheckReady().ok(); }

void Verifier::BeginDrain() { is_draining_ = true; }

void Verifier::Stop() {
  is_draining_ = true;
  if (engine_ != nullptr) engine_->Stop();
}

std::unique_ptr<GenerateCall> Verifier::Generate(
    v1::GenerateRequest request, std::shared_ptr<GenerateObserver> observer) {
  const absl::Time arrived = absl::Now();
  auto state = std::make_shared<CallState>();
  auto call = std::make_unique<Call>(state, engine_.get());
  auto counted =
      std::make_shared<CountingObserver>(std::move(observer), &num_active_);
  if (absl::Status status = CheckReady(); !status.ok()) {
    tasks_.Run([counted, status] { counted->OnDone(status); });
    return call;
  }
  tasks_.Run([this, arrived, state, counted, request = std::move(request)] {
    ServedLimits limits;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      limits = info_->limits;
    }
    Prepare(request, *words_, limits, arrived, counted, state.get(),
            engine_.get());
  });
  return call;
}

v1::TokenizeResponse Verifier::TokenizeNow(
    const std::vector<int32_t>& ids) const {
  v1::TokenizeResponse response;
  response.mutable_ids()->Add(ids.begin(), ids.end());
  for (const int32_t id : ids) {
    const absl::string_view bytes = words_->tokenizer().TokenBytes(id);
    response.add_token_texts(bytes.data(), bytes.size());
  }
  std::lock_guard<std::mutex> lock(mutex_);
  response.set_context_len(static_cast<int32_t>(info_->limits.context_len));
  return response;
}

void Verifier::Tokenize(v1::TokenizeRequest request,
                        Callback<v1::TokenizeResponse> done) {
  tasks_.Run([this, request = std::move(request), done = std::move(done)] {
    if (absl::Status status = CheckLoaded(); !status.ok()) return done(status);
    const absl::StatusOr<std::vector<int32_t>> ids =
        words_->Tokens(request.prompt());
    if (!ids.ok()) return done(ids.status());
    done(TokenizeNow(*ids));
  });
}

void Verifier::Detokenize(v1::DetokenizeRequest request,
                          Callback<v1::DetokenizeResponse> done) {
  tasks_.Run([this, request = std::move(request), done = std::move(done)] {
    if (absl::Status status = CheckLoaded(); !status.ok()) return done(status);
    const tokenizer::Tokenizer& tokenizer = words_->tokenizer();
    for (const int32_t id : request.ids()) {
      if (id >= 0 && id < tokenizer.vocab_size()) continue;
      return done(absl::InvalidArgumentError(
          absl::StrCat("ids: token ", id, " is outside the vocabulary of ",
                       tokenizer.vocab_size())));
    }
    v1::DetokenizeResponse response;
    response.set_text(tokenizer.Decode(
        {request.ids().data(), static_cast<size_t>(request.ids_size())},
        {.skip_special = false}));
    done(std::move(response));
  });
}

std::unique_ptr<GenerateCall> Verifier::Score(
    v1::ScoreRequest request, Callback<v1::ScoreResponse> done) {
  v1::GenerateRequest generate;
  generate.mutable_prompt()->Swap(request.mutable_prompt());
  generate.set_max_tokens(0);
  generate.set_num_prompt_logprobs(request.num_logprobs());
  generate.set_cache_salt(request.cache_salt());
  return Generate(std::move(generate),
                  std::make_shared<ScoreObserver>(std::move(done)));
}

absl::StatusOr<v1::ModelInfoResponse> Verifier::ModelInfo() const {
  RETURN_IF_ERROR(CheckReady());
  v1::ModelInfoResponse response;
  const scheduling::SchedulerStats stats = engine_->stats();
  response.set_num_running(stats.num_running);
  response.set_num_waiting(stats.num_waiting);
  response.set_name(options_.model_name);
  response.set_has_chat_template(words_->chat_status().ok());
  response.set_created_unix_seconds(created_unix_seconds_);
  std::lock_guard<std::mutex> lock(mutex_);
  response.set_context_len(static_cast<int32_t>(info_->limits.context_len));
  response.set_vocab_size(info_->limits.vocab_size);
  response.set_kernels(std::string(device::KernelSetName(info_->kernels)));
  response.set_kv_dtype(std::string(attention::KvDTypeName(info_->kv_dtype)));
  response.set_kv_capacity_tokens(info_->kv_capacity_tokens);
  return response;
}

v1::MetricsResponse Verifier::Metrics() const {
  v1::MetricsResponse response;
  response.set_exposition(registry_->Exposition());
  return response;
}

}  // namespace tessera::verifier

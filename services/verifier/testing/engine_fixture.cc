#include "services/verifier/testing/engine_fixture.h"

#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/base/check.h"
#include "libs/model/random_model.h"
#include "libs/tokenizer/small_vocabulary.h"

namespace tessera::verifier {
namespace {

constexpr char kTemplate[] =
    "{% for m in messages %}{{ m.role }}:{{ m.content }}{{ eos_token }}"
    "{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}";

absl::StatusOr<LoadedModel> Load(const FixtureOptions& options,
                                 const Words& words) {
  model::ModelConfig config = model::SmallConfig();
  config.vocab_size = words.tokenizer().vocab_size();
  const model::RandomTensors tensors(config, DType::kQ4_1, /*seed=*/7);
  auto model = model::Model::Create(
      config, tensors.Lookup(),
      {.team = {.num_threads = options.num_threads, .pin = false},
       .kv_dtype = options.kv_dtype,
       .max_batch_tokens = options.max_batch_tokens});
  if (!model.ok()) return model.status();
  LoadedModel loaded = {*std::move(model), &words.tokenizer()};
  loaded.fingerprint = "small";
  if (options.speculator != nullptr) loaded.speculator = options.speculator();
  auto shared =
      SharedPrefixes::Load(options.verifier.shared_prefix_files, words,
                           config.context_len, attention::kKvBlockTokens);
  if (!shared.ok()) return shared.status();
  loaded.shared_prefixes = *std::move(shared);
  return loaded;
}

int64_t BlockBytes(const FixtureOptions& options, const Words& words) {
  return (*Load(options, words)).model->kv_block_bytes();
}

}  // namespace

std::string Answer::Bits() const {
  std::string bits = absl::StrCat(status.ToString(), "\n");
  for (const v1::TokenLogprobs& one : prompt.logprobs()) {
    one.AppendToString(&bits);
  }
  for (const v1::ChoiceDelta& choice : choices) {
    absl::StrAppend(&bits, choice.index(), " ", choice.text(), " ",
                    choice.finish_reason(), "\n");
    for (const int32_t id : choice.token_ids()) absl::StrAppend(&bits, id, " ");
    for (const v1::TokenLogprobs& one : choice.logprobs()) {
      one.AppendToString(&bits);
    }
  }
  return bits;
}

void Listener::OnResponse(v1::GenerateResponse response) {
  std::lock_guard<std::mutex> lock(mutex_);
  CHECK(!is_done_) << "a response after the end";
  CHECK(answer_.num_responses > 0 || response.has_prompt())
      << "the first response lacks the prompt";
  ++answer_.num_responses;
  if (response.has_prompt()) answer_.prompt = response.prompt();
  for (const v1::ChoiceDelta& delta : response.deltas()) {
    if (delta.index() >= answer_.choices.size()) {
      answer_.choices.resize(delta.index() + 1);
    }
    v1::ChoiceDelta& choice = answer_.choices[delta.index()];
    const std::string text = choice.text() + delta.text();
    CHECK(choice.finish_reason() == v1::NOT_FINISHED)
        << "goes on after its end";
    choice.MergeFrom(delta);
    choice.set_text(text);
  }
  if (response.has_usage()) answer_.usage = response.usage();
  changed_.notify_all();
}

void Listener::OnDone(absl::Status status) {
  std::lock_guard<std::mutex> lock(mutex_);
  CHECK(!is_done_) << "two ends";
  answer_.status = std::move(status);
  is_done_ = true;
  changed_.notify_all();
}

const Answer& Listener::Wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return is_done_; });
  return answer_;
}

void Listener::WaitForResponses(int count) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock,
                [&] { return is_done_ || answer_.num_responses >= count; });
}

EngineFixture::EngineFixture(FixtureOptions options) {
  auto tokenizer = tokenizer::Tokenizer::Create(tokenizer::SmallVocabulary());
  CHECK(tokenizer.ok()) << tokenizer.status();
  words_ = Words::Create(*std::move(tokenizer), kTemplate);
  options.verifier.kv_memory_bytes =
      options.num_blocks * BlockBytes(options, *words_);
  std::promise<absl::StatusOr<EngineInfo>> loaded;
  engine_ = std::make_unique<Engine>(
      options.verifier, &metrics_,
      [this, options] { return Load(options, *words_); },
      [&](absl::StatusOr<EngineInfo> info) {
        loaded.set_value(std::move(info));
      },
      PrefixStore{
          .client = options.store, .key = "key", .metrics = &store_metrics_});
  const absl::StatusOr<EngineInfo> info = loaded.get_future().get();
  CHECK(info.ok()) << info.status();
  info_ = *info;
}

EngineFixture::Asked EngineFixture::Ask(const v1::GenerateRequest& request) {
  Asked asked = {std::make_shared<Listener>(), nullptr};
  auto generation =
      PrepareGeneration(request, *words_, info_.limits, absl::Now());
  if (!generation.ok()) {
    asked.listener->OnDone(generation.status());
    return asked;
  }
  asked.generation = *generation;
  asked.generation->observer = asked.listener;
  engine_->Submit(*std::move(generation));
  return asked;
}

}  // namespace tessera::verifier

#include "services/gateway/verifier_table.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/log/log.h"
#include "services/gateway/prefix_affinity.h"

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;

// A cached prefix is worth some waiting, not any.
bool IsClearlyBusier(int num_active, int least) {
  return num_active > 2 * least + 4;
}

}  // namespace

VerifierTable::VerifierTable(std::vector<std::string> addresses,
                             metrics::Registry* registry) {
  for (std::string& address : addresses) {
    Entry entry;
    entry.healthy = &registry->AddGauge(
        "tessera_gateway_verifier_healthy",
        "1 where requests are sent to this verifier, else 0.",
        {{"verifier", address}});
    entry.healthy->Set(0);
    entry.address = std::move(address);
    entries_.push_back(std::move(entry));
  }
}

std::optional<size_t> VerifierTable::Choose(uint64_t prefix_hash,
                                            const std::vector<bool>& tried) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (is_closed_) return std::nullopt;
  std::optional<size_t> owner;
  std::optional<size_t> least;
  uint64_t best = 0;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!entries_[i].is_healthy || tried[i]) continue;
    const uint64_t score = RendezvousScore(prefix_hash, entries_[i].address);
    if (!owner.has_value() || score > best) {
      owner = i;
      best = score;
    }
    if (!least.has_value() ||
        entries_[i].num_active < entries_[*least].num_active) {
      least = i;
    }
  }
  if (!owner.has_value()) return std::nullopt;
  const size_t chosen =
      IsClearlyBusier(entries_[*owner].num_active, entries_[*least].num_active)
          ? *least
          : *owner;
  ++entries_[chosen].num_active;
  return chosen;
}

void VerifierTable::Release(size_t index) {
  std::lock_guard<std::mutex> lock(mutex_);
  CHECK(entries_[index].num_active > 0);
  --entries_[index].num_active;
}

bool VerifierTable::BeginPoll(size_t index) {
  std::lock_guard<std::mutex> lock(mutex_);
  Entry& entry = entries_[index];
  if (!entry.is_polled) return entry.is_polled = true;
  AddFailure(&entry, absl::DeadlineExceededError("does not answer"));
  return false;
}

void VerifierTable::EndPoll(
    size_t index, const absl::StatusOr<v1::ModelInfoResponse>& response) {
  std::lock_guard<std::mutex> lock(mutex_);
  Entry& entry = entries_[index];
  entry.is_polled = false;
  if (absl::IsUnavailable(response.status())) {
    return SetEjected(&entry, response.status());
  }
  if (!response.ok()) return AddFailure(&entry, response.status());
  if (!IsOfTheSameModel(entry, *response)) {
    return SetEjected(&entry, absl::FailedPreconditionError(absl::StrCat(
                                  "serves another model, ", response->name())));
  }
  entry.num_failures = 0;
  entry.info = *response;
  if (std::exchange(entry.is_healthy, true)) return;
  entry.reason = absl::OkStatus();
  entry.healthy->Set(1);
  log::Event(log::kInfo, "verifier admitted",
             {{"verifier", entry.address}, {"model", entry.info.name()}});
}

void VerifierTable::Eject(size_t index, const absl::Status& why) {
  std::lock_guard<std::mutex> lock(mutex_);
  SetEjected(&entries_[index], why);
}

void VerifierTable::Close() {
  std::lock_guard<std::mutex> lock(mutex_);
  is_closed_ = true;
}

absl::StatusOr<v1::ModelInfoResponse> VerifierTable::Info() const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::optional<v1::ModelInfoResponse> all;
  for (const Entry& entry : entries_) {
    if (!entry.is_healthy) continue;
    if (!all.has_value()) {
      all = entry.info;
      continue;
    }
    all->set_kv_capacity_tokens(all->kv_capacity_tokens() +
                                entry.info.kv_capacity_tokens());
    all->set_num_running(all->num_running() + entry.info.num_running());
    all->set_num_waiting(all->num_waiting() + entry.info.num_waiting());
  }
  if (!all.has_value()) {
    return absl::UnavailableError("no verifier can answer");
  }
  return *std::move(all);
}

bool VerifierTable::is_healthy(size_t index) const {
  std::lock_guard<std::mutex> lock(mutex_);
  return entries_[index].is_healthy;
}

void VerifierTable::AddFailure(Entry* entry, const absl::Status& why) {
  if (++entry->num_failures >= kMaxFailures) SetEjected(entry, why);
}

void VerifierTable::SetEjected(Entry* entry, const absl::Status& why) {
  const bool is_news = entry->is_healthy || entry->reason.code() != why.code();
  entry->is_healthy = false;
  entry->healthy->Set(0);
  entry->reason = why;
  if (!is_news) return;
  log::Event(log::kWarning, "verifier ejected",
             {{"verifier", entry->address}, {"reason", why.ToString()}});
}

// What all of them together answer to has to be one model; whoever was admitted
// first says which.
bool VerifierTable::IsOfTheSameModel(
    const Entry& entry, const v1::ModelInfoResponse& response) const {
  for (const Entry& other : entries_) {
    if (&other == &entry || !other.is_healthy) continue;
    if (other.info.name() != response.name() ||
        other.info.vocab_size() != response.vocab_size() ||
        other.info.context_len() != response.context_len()) {
      return false;
    }
  }
  return true;
}

}  // namespace tessera::gateway

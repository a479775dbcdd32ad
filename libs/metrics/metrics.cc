#include "libs/metrics/metrics.h"

#include <algorithm>
#include <mutex>
#include <sstream>

#include "absl/container/flat_hash_map.h"
#include "libs/base/check.h"
#include "libs/metrics/process_usage.h"
#include "prometheus/check_names.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"

namespace tessera::metrics {
namespace {

class PrometheusCounter : public Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& counter)
      : counter_(counter) {}
  void Add(double value) override {
    DCHECK(value >= 0);
    counter_.Increment(value);
  }

 private:
  prometheus::Counter& counter_;
};

class PrometheusGauge : public Gauge {
 public:
  explicit PrometheusGauge(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void Set(double value) override { gauge_.Set(value); }

 private:
  prometheus::Gauge& gauge_;
};

class PrometheusHistogram : public Histogram {
 public:
  explicit PrometheusHistogram(prometheus::Histogram& histogram)
      : histogram_(histogram) {}
  void Observe(double value) override { histogram_.Observe(value); }

 private:
  prometheus::Histogram& histogram_;
};

prometheus::Labels ToMap(const Labels& labels) {
  prometheus::Labels map;
  for (const auto& [name, value] : labels) {
    CHECK(prometheus::CheckLabelName(name)) << "label " << name;
    CHECK(map.emplace(name, value).second) << "label " << name << " twice";
  }
  return map;
}

// Ours for each of the library's, made when first asked for.
template <typename Ours, typename Wrapper>
class Wrappers {
 public:
  template <typename Theirs>
  Ours& For(Theirs& theirs) {
    std::unique_ptr<Ours>& ours = wrappers_[&theirs];
    if (ours == nullptr) ours = std::make_unique<Wrapper>(theirs);
    return *ours;
  }

 private:
  absl::flat_hash_map<const void*, std::unique_ptr<Ours>> wrappers_;
};

}  // namespace

struct Registry::Parts {
  explicit Parts(const Labels& labels) : labels(ToMap(labels)) {}

  // The library throws where a name is taken by a metric of another kind.
  template <typename Builder>
  auto& Family(Builder builder, absl::string_view name,
               absl::string_view help) {
    CHECK(prometheus::CheckMetricName(std::string(name))) << name;
    return builder.Name(std::string(name))
        .Help(std::string(help))
        .Labels(labels)
        .Register(registry);
  }

  const prometheus::Labels labels;
  prometheus::Registry registry;

  std::mutex mutex;  // guards the wrappers
  Wrappers<Counter, PrometheusCounter> counters;
  Wrappers<Gauge, PrometheusGauge> gauges;
  Wrappers<Histogram, PrometheusHistogram> histograms;

  std::mutex collect_mutex;  // one exposition at a time; guards:
  std::vector<std::function<void()>> collect;
};

Registry::Registry(Labels labels) : parts_(std::make_unique<Parts>(labels)) {}

Registry::~Registry() = default;

Counter& Registry::AddCounter(absl::string_view name, absl::string_view help,
                              const Labels& labels) {
  const std::lock_guard<std::mutex> lock(parts_->mutex);
  auto& family = parts_->Family(prometheus::BuildCounter(), name, help);
  return parts_->counters.For(family.Add(ToMap(labels)));
}

Gauge& Registry::AddGauge(absl::string_view name, absl::string_view help,
                          const Labels& labels) {
  const std::lock_guard<std::mutex> lock(parts_->mutex);
  auto& family = parts_->Family(prometheus::BuildGauge(), name, help);
  return parts_->gauges.For(family.Add(ToMap(labels)));
}

Histogram& Registry::AddHistogram(absl::string_view name,
                                  absl::string_view help,
                                  absl::Span<const double> buckets,
                                  const Labels& labels) {
  const std::lock_guard<std::mutex> lock(parts_->mutex);
  auto& family = parts_->Family(prometheus::BuildHistogram(), name, help);
  return parts_->histograms.For(family.Add(
      ToMap(labels),
      prometheus::Histogram::BucketBoundaries(buckets.begin(), buckets.end())));
}

void Registry::OnCollect(std::function<void()> collect) {
  const std::lock_guard<std::mutex> lock(parts_->collect_mutex);
  parts_->collect.push_back(std::move(collect));
}

void Registry::AddProcessMetrics(absl::string_view version) {
  AddGauge("tessera_build_info", "1; its label says which build this is.",
           {{"version", std::string(version)}})
      .Set(1);
  Counter& cpu = AddCounter("process_cpu_seconds_total",
                            "User and system CPU time spent.");
  Gauge& resident = AddGauge("process_resident_memory_bytes",
                             "Memory of this process that is in RAM.");
  Gauge& virtual_memory =
      AddGauge("process_virtual_memory_bytes", "Address space in use.");
  Gauge& open_fds = AddGauge("process_open_fds", "Open file descriptors.");
  Gauge& max_fds = AddGauge("process_max_fds", "Soft limit on open files.");
  Gauge& start = AddGauge("process_start_time_seconds",
                          "When the process started, since the Unix epoch.");
  OnCollect([&, counted_seconds = 0.0]() mutable {
    const ProcessUsage usage = ReadProcessUsage();
    cpu.Add(std::max(0.0, usage.cpu_seconds - counted_seconds));
    counted_seconds = usage.cpu_seconds;
    resident.Set(usage.resident_bytes);
    virtual_memory.Set(usage.virtual_bytes);
    open_fds.Set(usage.num_open_files);
    max_fds.Set(usage.max_open_files);
    start.Set(usage.start_time_seconds);
  });
}

std::string Registry::Exposition() {
  const std::lock_guard<std::mutex> lock(parts_->collect_mutex);
  for (const auto& collect : parts_->collect) collect();
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, parts_->registry.Collect());
  return text.str();
}

}  // namespace tessera::metrics

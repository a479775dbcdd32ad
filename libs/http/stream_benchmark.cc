// CPU time of a streamed piece, and memory of an idle connection.
//
//   bazel run //libs/http:stream_benchmark
//
// The clients are a process of their own, so that what they take is not
// counted. One thread writes 150 bytes to every stream, then sleeps 1 ms, as
// the tokens of a batch come; the time of the kernel's sending, which on
// loopback is also its receiving, is counted.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "libs/base/check.h"
#include "libs/http/server.h"

namespace tessera::http {
namespace {

constexpr int kRounds = 4000;
constexpr int kIdle = 10000;

int Connect(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  CHECK(socket >= 0);
  CHECK(::connect(socket, reinterpret_cast<sockaddr*>(&address),
                  sizeof(address)) == 0);
  return socket;
}

// The clients' process: opens `count` connections, says `request` on each and
// reads what comes until the server closes them all.
void RunClients(int port, int count, const std::string& request) {
  std::vector<pollfd> polled;
  for (int i = 0; i < count; ++i) {
    const int socket = Connect(port);
    CHECK(::send(socket, request.data(), request.size(), 0) >= 0);
    polled.push_back({.fd = socket, .events = POLLIN});
  }
  char bytes[65536];
  for (int open = count; open > 0;) {
    ::poll(polled.data(), polled.size(), -1);
    for (pollfd& p : polled) {
      if (p.revents == 0 || ::recv(p.fd, bytes, sizeof(bytes), 0) > 0) continue;
      ::close(p.fd);
      p.fd = -1;
      p.revents = 0;
      --open;
    }
  }
}

// Runs `serve` with the port of a server, and clients beside it.
class Clients {
 public:
  // Before any thread is started.
  Clients(int count, const std::string& request) {
    int ends[2];
    CHECK(::pipe(ends) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      rlimit limit{};
      ::getrlimit(RLIMIT_NOFILE, &limit);
      limit.rlim_cur = limit.rlim_max;
      ::setrlimit(RLIMIT_NOFILE, &limit);
      ::close(ends[1]);
      int port = 0;
      if (::read(ends[0], &port, sizeof(port)) == sizeof(port)) {
        RunClients(port, count, request);
      }
      ::_exit(0);
    }
    ::close(ends[0]);
    pipe_ = ends[1];
  }
  void Start(int port) {
    CHECK(::write(pipe_, &port, sizeof(port)) == sizeof(port));
    ::close(pipe_);
  }
  void Wait() { ::waitpid(pid_, nullptr, 0); }

 private:
  pid_t pid_ = 0;
  int pipe_ = -1;
};

double CpuMicroseconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto sum = [](const timeval& t) { return t.tv_sec * 1e6 + t.tv_usec; };
  return sum(usage.ru_utime) + sum(usage.ru_stime);
}

// CPU time of a piece to each of the streams, and the sleep after it.
double RoundMicroseconds(
    const std::vector<std::shared_ptr<Exchange>>& exchanges) {
  const std::string piece(150, 'x');
  const double begin = CpuMicroseconds();
  for (int i = 0; i < kRounds; ++i) {
    for (const auto& exchange : exchanges) CHECK(exchange->Write(piece));
    absl::SleepFor(absl::Milliseconds(1));
  }
  return (CpuMicroseconds() - begin) / kRounds;
}

void MeasureStreams(int num_streams) {
  Clients clients(num_streams, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  std::mutex mutex;
  std::vector<std::shared_ptr<Exchange>> exchanges;
  const auto server =
      Server::Start({}, [&](Request, std::shared_ptr<Exchange> exchange) {
        const std::lock_guard<std::mutex> lock(mutex);
        exchanges.push_back(std::move(exchange));
      });
  CHECK(server.ok()) << server.status();
  clients.Start((*server)->port());
  for (bool all = false; !all; absl::SleepFor(absl::Milliseconds(1))) {
    const std::lock_guard<std::mutex> lock(mutex);
    all = exchanges.size() == num_streams;
  }
  for (const auto& exchange : exchanges) exchange->Begin({});
  absl::SleepFor(absl::Milliseconds(100));

  const double sleeping = RoundMicroseconds({});
  const double writing = RoundMicroseconds(exchanges);
  std::printf(
      "%3d streams: %.2f us of CPU a piece (%.1f a round, %.1f of them "
      "to sleep)\n",
      num_streams, (writing - sleeping) / num_streams, writing, sleeping);
  (*server)->Stop();
  clients.Wait();
}

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0, resident = 0;
  statm >> total >> resident;
  return static_cast<double>(resident) * ::sysconf(_SC_PAGESIZE);
}

void MeasureIdle(const std::string& sent, const char* what) {
  Clients clients(kIdle, sent);
  const auto server =
      Server::Start({}, [](Request, std::shared_ptr<Exchange>) {});
  CHECK(server.ok()) << server.status();
  const double before = ResidentBytes();
  clients.Start((*server)->port());
  while ((*server)->num_connections() < kIdle) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  absl::SleepFor(absl::Milliseconds(500));
  std::printf("%d connections, %s: %.0f bytes resident each\n", kIdle, what,
              (ResidentBytes() - before) / kIdle);
  const double begin = CpuMicroseconds();
  absl::SleepFor(absl::Seconds(2));
  std::printf("  and %.0f us of CPU a second for all of them\n",
              (CpuMicroseconds() - begin) / 2);
  (*server)->Stop();
  clients.Wait();
}

}  // namespace
}  // namespace tessera::http

int main() {
  for (int num_streams : {1, 16, 64}) {
    tessera::http::MeasureStreams(num_streams);
  }
  tessera::http::MeasureIdle("", "nothing sent");
  tessera::http::MeasureIdle("GET / HTTP/1.1\r\nHost:", "half a header");
}

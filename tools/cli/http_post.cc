#include "tools/cli/http_post.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/beast/core.hpp"
#include "boost/beast/http.hpp"

namespace tessera::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Request = beast::http::request<beast::http::string_body>;

constexpr std::chrono::minutes kTimeout(10);
constexpr uint64_t kMaxReplyBytes = uint64_t{64} << 20;

// An exchange on a connection of its own; its steps follow each other.
class Exchange {
 public:
  explicit Exchange(Request request) : request_(std::move(request)) {
    parser_.body_limit(kMaxReplyBytes);
  }

  absl::StatusOr<HttpReply> Run(const std::string& host,
                                const std::string& port) {
    asio::ip::tcp::resolver resolver(context_);
    boost::system::error_code error;
    const auto addresses = resolver.resolve(host, port, error);
    if (!error) {
      stream_.expires_after(kTimeout);
      stream_.async_connect(addresses, [this](auto error, const auto&) {
        Then(error, &Exchange::Write);
      });
      context_.run();
      error = error_;
    }
    if (error) return absl::UnavailableError(error.message());
    return HttpReply{static_cast<int>(parser_.get().result_int()),
                     std::move(parser_.get().body())};
  }

 private:
  void Then(boost::system::error_code error, void (Exchange::*next)()) {
    error_ = error;
    if (!error) (this->*next)();
  }
  void Write() {
    beast::http::async_write(stream_, request_, [this](auto error, size_t) {
      Then(error, &Exchange::Read);
    });
  }
  void Read() {
    beast::http::async_read(
        stream_, buffer_, parser_,
        [this](auto error, size_t) { Then(error, &Exchange::End); });
  }
  void End() { stream_.close(); }

  asio::io_context context_;
  beast::tcp_stream stream_{context_};
  beast::flat_buffer buffer_;
  Request request_;
  beast::http::response_parser<beast::http::string_body> parser_;
  boost::system::error_code error_;
};

}  // namespace

absl::StatusOr<HttpReply> HttpPost(const std::string& server,
                                   const std::string& target,
                                   const std::string& api_key,
                                   const std::string& json) {
  absl::string_view address = absl::StripPrefix(server, "http://");
  address = absl::StripSuffix(address, "/");
  const size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos || colon == 0 ||
      colon + 1 == address.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a server is HOST:PORT, not ", server));
  }
  Request request(beast::http::verb::post, target, 11);
  request.set(beast::http::field::host, std::string(address));
  request.set(beast::http::field::content_type, "application/json");
  request.set(beast::http::field::connection, "close");
  if (!api_key.empty()) {
    request.set(beast::http::field::authorization,
                absl::StrCat("Bearer ", api_key));
  }
  request.body() = json;
  request.prepare_payload();
  absl::StatusOr<HttpReply> reply =
      Exchange(std::move(request))
          .Run(std::string(address.substr(0, colon)),
               std::string(address.substr(colon + 1)));
  if (reply.ok()) return reply;
  return absl::UnavailableError(
      absl::StrCat("the server at ", address, ": ", reply.status().message()));
}

}  // namespace tessera::cli

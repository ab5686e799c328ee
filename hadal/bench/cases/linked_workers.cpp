#include "hadal/bench/cases/linked_workers.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <utility>

#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hadal::bench {
namespace {

constexpr double kLeastBucketBytes = 16'384;  // more than a packet of 1,500
constexpr double kBucketSeconds = 0.004;

std::string linked_address(int rank) { return concat("10.77.0.", rank + 1); }
/// Holds the address, by which all links lead to the rank.
constexpr const char* kAddressDevice = "hadal";
std::string link_to(int rank) { return concat("to", rank); }

/// Runs a command of the shell; what it printed where it failed, and nothing where it did not.
std::string failure_of(const std::string& command) {
  std::FILE* pipe = ::popen(concat("{ ", command, "; } 2>&1").c_str(), "r");
  if (pipe == nullptr) return "no process can be started";
  std::string output;
  char buffer[256];
  while (std::fgets(buffer, sizeof buffer, pipe)) output += buffer;
  if (::pclose(pipe) == 0) return "";
  return concat(command, ": ", output.substr(0, output.find('\n')));
}

void run(const std::string& command) {
  const std::string failure = failure_of(command);
  if (failure.empty()) return;
  throw Unsupported(concat("this machine does not let a link of limited rate be made: ", failure),
                    "run it as root, with iproute2 and util-linux installed");
}

}  // namespace

struct LinkedWorkers::Worker {
  Worker(const std::string& case_id, int rank);
  ~Worker();
  void send(const std::string& text) const;
  std::string line();

  pid_t process = -1;
  int socket = -1;  // its standard input and output
  std::string received;
};

LinkedWorkers::Worker::Worker(const std::string& case_id, int rank) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw IoError(concat("cannot make a socket: ", std::strerror(errno)));
  }
  socket = ends[0];
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  std::vector<std::string> texts{"unshare", "--net",  "--",    program,
                                 "bench",   "worker", case_id, std::to_string(rank)};
  std::vector<char*> arguments;
  for (std::string& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  const int error =
      ::posix_spawnp(&process, "unshare", &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (error != 0) throw Unsupported(concat("cannot run unshare: ", std::strerror(error)));
}

LinkedWorkers::Worker::~Worker() {
  ::close(socket);
  ::kill(process, SIGKILL);
  ::waitpid(process, nullptr, 0);
}

/// Of a worker that is gone, line() tells.
void LinkedWorkers::Worker::send(const std::string& text) const {
  ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
}

/// Its next line; empty where it has ended.
std::string LinkedWorkers::Worker::line() {
  char buffer[256];
  std::size_t end;
  while ((end = received.find('\n')) == received.npos) {
    const ssize_t count = ::read(socket, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return "";
    received.append(buffer, static_cast<std::size_t>(count));
  }
  const std::string text = received.substr(0, end);
  received.erase(0, end + 1);
  return text;
}

LinkedWorkers::LinkedWorkers(const std::string& case_id, int ranks) {
  run("command -v unshare && command -v nsenter && command -v ip && command -v tc");
  run("unshare --net true");
  for (int rank = 0; rank < ranks; ++rank) {
    workers_.push_back(std::make_unique<Worker>(case_id, rank));
  }
  for (const auto& worker : workers_) {
    if (worker->line() != "ready") throw Error("a process of the case did not start");
  }
  for (int rank = 0; rank < ranks; ++rank) address(rank);
  for (int a = 0; a < ranks; ++a) {
    for (int b = a + 1; b < ranks; ++b) join_by_link(a, b);
  }
  for (const auto& worker : workers_) worker->send("go\n");
}

LinkedWorkers::~LinkedWorkers() = default;

/// The start of a command that runs in a worker's namespace.
std::string LinkedWorkers::inside(int rank) const {
  return concat("nsenter --net --target ", workers_[static_cast<std::size_t>(rank)]->process, " ");
}

void LinkedWorkers::address(int rank) const {
  run(concat(inside(rank), "ip link set lo up"));
  run(concat(inside(rank), "ip link add ", kAddressDevice, " type veth peer name unused"));
  run(concat(inside(rank), "ip addr add ", linked_address(rank), "/32 dev ", kAddressDevice));
  run(concat(inside(rank), "ip link set ", kAddressDevice, " up"));
  run(concat(inside(rank), "ip link set unused up"));
}

void LinkedWorkers::join_by_link(int a, int b) const {
  const auto process = [&](int rank) { return workers_[static_cast<std::size_t>(rank)]->process; };
  run(concat("ip link add ", link_to(b), " netns ", process(a), " type veth peer name ", link_to(a),
             " netns ", process(b)));
  for (const auto& [rank, other] : {std::pair(a, b), std::pair(b, a)}) {
    run(concat(inside(rank), "ip link set ", link_to(other), " up"));
    run(concat(inside(rank), "ip route add ", linked_address(other), " dev ", link_to(other),
               " src ", linked_address(rank)));
  }
}

void LinkedWorkers::set_rates(const std::function<double(int, int)>& rate_of) {
  const auto ranks = static_cast<int>(workers_.size());
  for (int rank = 0; rank < ranks; ++rank) {
    for (int other = 0; other < ranks; ++other) {
      if (other != rank) limit(rank, other, rate_of(rank, other));
    }
  }
}

/// Limits what a rank sends to another.
void LinkedWorkers::limit(int rank, int other, double bits_per_second) const {
  const std::string at = concat(inside(rank), "tc qdisc ");
  const std::string device = concat(" dev ", link_to(other), " root");
  failure_of(concat(at, "del", device));  // fails where there is none
  if (bits_per_second == 0) return;
  // The bucket holds what the link carries between two ticks of a busy kernel, some milliseconds.
  const double bucket = std::max(kLeastBucketBytes, bits_per_second / 8 * kBucketSeconds);
  run(concat(at, "add", device, " tbf rate ", static_cast<std::int64_t>(bits_per_second),
             "bit burst ", static_cast<std::int64_t>(bucket), " limit 4mb"));
}

std::vector<std::string> LinkedWorkers::ask_all(const std::string& command) {
  for (const auto& worker : workers_) worker->send(concat(command, '\n'));
  std::vector<std::string> answers;
  for (const auto& worker : workers_) {
    answers.push_back(worker->line());
    if (answers.back().empty()) {
      throw Error(concat("a process of the case ended while it did: ", command));
    }
  }
  return answers;
}

std::shared_ptr<ProcessGroup> linked_group(int rank, int ranks) {
  constexpr int kPort = 29'500;  // in namespaces of our own
  ProcessGroupOptions options;
  options.rendezvous.rank = options.rendezvous.local_rank = rank;
  options.rendezvous.world_size = ranks;
  options.rendezvous.address = linked_address(0);
  options.rendezvous.port = kPort;
  options.rendezvous.secret = "processes of one case";
  options.network_interface = kAddressDevice;
  return init_process_group(options);
}

void await_link() {
  answer("ready");
  next_command();
}

std::string next_command() {
  std::string line;
  std::getline(std::cin, line);
  return line;
}

void answer(const std::string& text) { std::cout << text << std::endl; }

}  // namespace hadal::bench

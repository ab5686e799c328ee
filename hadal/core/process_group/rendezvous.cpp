#include "hadal/core/process_group/rendezvous.h"

#include "hadal/core/error.h"

#include <array>
#include <charconv>
#include <cstdlib>

namespace hadal {
namespace {

/// Names of the variables of one launcher.
struct Launcher {
  const char* name;
  const char* rank;
  const char* world_size;
  const char* local_rank;
};

constexpr std::array kLaunchers = {
    Launcher{"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK"},
    Launcher{"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
             "OMPI_COMM_WORLD_LOCAL_RANK"},
    Launcher{"Slurm", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"},
};
constexpr int kMostProcesses = 1 << 20;

int parsed(const std::string& text, std::string_view name, int low, int high) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) {
    throw InvalidArgument(
        concat(name, "=", text, ": expected a whole number from ", low, " to ", high));
  }
  return value;
}

int in_range(int value, std::string_view name, int low, int high) {
  return parsed(std::to_string(value), name, low, high);
}

[[noreturn]] void missing(std::string_view variable, const std::string& because) {
  throw InvalidArgument(
      concat(variable, " is not set: ", because),
      concat("set ", variable, ", or start the program with `hadal launch`, torchrun or srun"));
}

/// The whole number that the variable `name` holds, or `option` where that is given.
std::optional<int> number(const std::optional<int>& option, const char* name,
                          const Environment& environment, int low, int high) {
  if (option) return in_range(*option, concat("option for ", name), low, high);
  const auto text = environment(name);
  if (!text) return std::nullopt;
  return parsed(*text, name, low, high);
}

/// The launcher that has set a variable, or nullptr.
const Launcher* launcher_of(const Environment& environment) {
  for (const Launcher& launcher : kLaunchers) {
    if (environment(launcher.rank) || environment(launcher.world_size)) return &launcher;
  }
  return nullptr;
}

std::string address_of(const Launcher& launcher, int world_size, const Environment& environment) {
  if (const auto address = environment("MASTER_ADDR")) return *address;
  for (const char* list : {"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST"}) {
    if (launcher.rank != std::string_view("SLURM_PROCID")) break;
    if (const auto hosts = environment(list)) return first_slurm_host(*hosts, list);
  }
  const auto local = environment("OMPI_COMM_WORLD_LOCAL_SIZE");
  if (local && *local == std::to_string(world_size)) return "127.0.0.1";
  missing("MASTER_ADDR", concat("expected the host name or address of rank 0, where the ",
                                world_size, " processes meet"));
}

int port_of(const RendezvousOptions& options, const Launcher& launcher,
            const Environment& environment) {
  const auto port = number(options.port, "MASTER_PORT", environment, 1, 65'535);
  if (port) return *port;
  // Jobs that share a machine shall not meet; 60,001 and above are left to the system.
  constexpr int kFirst = 20'000, kPorts = 12'000;
  const auto job = environment("SLURM_JOB_ID");
  if (launcher.rank == std::string_view("SLURM_PROCID") && job) {
    return kFirst + parsed(*job, "SLURM_JOB_ID", 0, 2'147'483'647) % kPorts;
  }
  missing("MASTER_PORT", "expected the port of rank 0's store, from 1 to 65535");
}

bool is_loopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address.starts_with("127.");
}

std::string secret_of(const RendezvousOptions& options, const std::string& address,
                      const Environment& environment) {
  constexpr const char* kVariable = "HADAL_RENDEZVOUS_SECRET";
  constexpr std::size_t kLeast = 16;
  const std::string secret =
      options.secret.empty() ? environment(kVariable).value_or("") : options.secret;
  if (secret.empty() && !is_loopback(address)) {
    throw InvalidArgument(
        concat(kVariable, " is not set: the processes meet at ", address,
               ", which others may reach, and need a secret that all of them share"),
        "export HADAL_RENDEZVOUS_SECRET=$(openssl rand -hex 32) once, and give it to all "
        "processes");
  }
  if (!secret.empty() && secret.size() < kLeast) {
    throw InvalidArgument(
        concat(kVariable, ": expected ", kLeast, " characters or more, got ", secret.size()));
  }
  return secret;
}

/// The first of "003-005,7" as Slurm writes it in brackets.
std::string first_of_ranges(std::string_view ranges) {
  return std::string(ranges.substr(0, ranges.find_first_of("-,")));
}

}  // namespace

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::string first_slurm_host(std::string_view list, std::string_view variable) {
  std::string host;
  for (std::size_t at = 0; at < list.size() && list[at] != ','; ++at) {
    if (list[at] != '[') {
      host += list[at];
      continue;
    }
    const auto end = list.find(']', at);
    const std::string first =
        end == list.npos ? "" : first_of_ranges(list.substr(at + 1, end - at - 1));
    if (first.empty()) {
      host.clear();
      break;
    }
    host += first;
    at = end;
  }
  if (host.empty() || host.find_first_of("[] \t\n/") != host.npos) {
    throw InvalidArgument(
        concat(variable, "=", list, ": expected a list of hosts like node[003-005,7],other"));
  }
  return host;
}

Rendezvous find_rendezvous(const RendezvousOptions& options, const Environment& environment) {
  const Launcher* found = launcher_of(environment);
  const Launcher& launcher = found ? *found : kLaunchers.front();
  Rendezvous result;
  const auto size = number(options.world_size, launcher.world_size, environment, 1, kMostProcesses);
  const auto rank = number(options.rank, launcher.rank, environment, 0, kMostProcesses - 1);
  if (!size && !rank) return result;
  if (!size) {
    missing(launcher.world_size, "expected the number of all processes");
  }
  result.world_size = *size;
  if (!rank && *size > 1) {
    missing(launcher.rank, concat("expected this process's number, from 0 to ", *size - 1));
  }
  result.rank = rank.value_or(0);
  if (result.rank >= result.world_size) {
    throw InvalidArgument(concat(launcher.rank, "=", result.rank, ": expected a number below ",
                                 launcher.world_size, "=", result.world_size));
  }
  result.local_rank =
      number(options.local_rank, launcher.local_rank, environment, 0, kMostProcesses - 1)
          .value_or(0);
  if (result.world_size == 1) return result;
  result.address = options.address.empty() ? address_of(launcher, result.world_size, environment)
                                           : options.address;
  result.port = port_of(options, launcher, environment);
  result.secret = secret_of(options, result.address, environment);
  result.hosted = environment("TORCHELASTIC_USE_AGENT_STORE") == "True";
  result.attempt = number({}, "TORCHELASTIC_RESTART_COUNT", environment, 0, 1'000'000).value_or(0);
  return result;
}

}  // namespace hadal

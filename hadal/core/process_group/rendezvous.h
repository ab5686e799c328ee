#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hadal {

/// Where a process stands among those of its job, and where they meet.
struct Rendezvous {
  int rank = 0;
  int world_size = 1;
  int local_rank = 0;   ///< among the processes of this machine
  std::string address;  ///< of the store, a host name or an IP address; empty for one process
  int port = 0;         ///< of the store
  /// Whether whoever started the job hosts the store (`hadal launch`, torchrun); rank 0 otherwise.
  bool hosted = false;
  int attempt = 0;          ///< how often torchrun has started the job again
  std::string secret = {};  ///< that all processes of the job share; may be empty on one machine
};

/// What a caller sets wins over the environment.
struct RendezvousOptions {
  std::optional<int> rank = {};
  std::optional<int> world_size = {};
  std::optional<int> local_rank = {};
  std::optional<int> port = {};
  std::string address = {};  ///< of rank 0; from the environment where empty
  std::string secret = {};   ///< of the job; from the environment where empty
};

/// The value of an environment variable, or nothing where it is unset or empty.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> process_environment(const std::string& name);

/// Reads, in this order, what was set by
/// 1. torchrun, `hadal launch` and Kubernetes jobs: RANK, WORLD_SIZE, LOCAL_RANK;
/// 2. Open MPI: OMPI_COMM_WORLD_RANK, ..._SIZE, ..._LOCAL_RANK, ..._LOCAL_SIZE;
/// 3. Slurm's srun: SLURM_PROCID, SLURM_NTASKS, SLURM_LOCALID;
/// and MASTER_ADDR and MASTER_PORT. Without them, Slurm's jobs meet at the first host of
/// SLURM_STEP_NODELIST or SLURM_JOB_NODELIST, at a port that the job's number gives, and Open MPI's
/// at 127.0.0.1 where all run on one machine. No variable at all means one process. The secret is
/// HADAL_RENDEZVOUS_SECRET's, of 16 characters or more; without one the address has to be of the
/// loopback device. Throws InvalidArgument, naming variable, value and what is expected, where one
/// is bad or missing.
Rendezvous find_rendezvous(const RendezvousOptions& options = {},
                           const Environment& environment = process_environment);

/// The first host of Slurm's list: "node003" of "node[003-005,7],other". Throws InvalidArgument,
/// naming `variable`, where it is malformed.
std::string first_slurm_host(std::string_view list, std::string_view variable);

}  // namespace hadal

// How the processes of a job meet, and what a group does when one of them fails.
#include "hadal/core/process_group/backend.h"
#include "hadal/core/process_group/impl.h"

#include <algorithm>
#include <numeric>
#include <thread>

namespace hadal {
namespace {

using std::chrono::milliseconds;

// Of a collective's timeout, and within bounds that keep both the store's load and the wait low.
constexpr int kBeatsInTimeout = 20;
constexpr milliseconds kLeastInterval(100);
constexpr milliseconds kMostInterval(1000);

KeyStore reach_store(const Rendezvous& place, milliseconds timeout) {
  if (place.rank == 0 && !place.hosted) return KeyStore::host(place.port, timeout);
  return KeyStore::connect(place.address, place.port, timeout);
}

/// This job's part of the store; torchrun keeps one store for all its attempts.
KeyStore of_job(const KeyStore& store, const Rendezvous& place) {
  const KeyStore own = store.within(concat("hadal/", place.attempt));
  return place.secret.empty() ? own : own.sealed_by(place.secret);
}

std::string list_of(const std::vector<int>& ranks) {
  constexpr std::size_t kShown = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(ranks.size(), kShown); ++i) {
    text += concat(i == 0 ? "" : ", ", ranks[i]);
  }
  return ranks.size() > kShown ? concat(text, " and ", ranks.size() - kShown, " more") : text;
}

/// Throws PeerError, naming those who have not said that they are there.
[[noreturn]] void tell_absent(KeyStore& store, const Rendezvous& place, milliseconds timeout) {
  std::vector<int> absent;
  for (int rank = 0; rank < place.world_size; ++rank) {
    if (!store.has({beat_key(rank)})) absent.push_back(rank);
  }
  throw PeerError(concat(absent.size() == 1 ? "rank " : "ranks ", list_of(absent), " of ",
                         place.world_size, " did not come to ", place.address, ":", place.port,
                         " within ", static_cast<double>(timeout.count()) / 1000, " s"),
                  absent, "see whether they were started, and whether they reach that address");
}

/// Returns once all ranks have said that they are there.
void join(KeyStore& store, const Rendezvous& place, milliseconds timeout) {
  constexpr milliseconds kLongestPause(500);
  store.set(beat_key(place.rank), to_text({.text = "nothing yet"}));
  std::vector<std::string> keys;
  for (int rank = 0; rank < place.world_size; ++rank) keys.push_back(beat_key(rank));
  const auto end = std::chrono::steady_clock::now() + timeout;
  milliseconds pause(10);
  while (!store.has(keys)) {
    if (std::chrono::steady_clock::now() > end) tell_absent(store, place, timeout);
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 5 / 4, kLongestPause);
  }
  store.get(keys);  // throws where one has another secret
}

bool wants_nccl(Backend backend) {
  return backend == Backend::nccl || (backend == Backend::automatic && has_nccl());
}

/// Throws where this build has no backend, before anybody waits for anybody.
void check_backend(Backend backend) {
  if (!wants_nccl(backend) && !has_gloo()) make_gloo({});
  if (wants_nccl(backend) && !has_nccl()) make_nccl({});
}

std::shared_ptr<Job> make_job(const Rendezvous& place, const ProcessGroupOptions& options) {
  KeyStore store = of_job(reach_store(place, options.timeout), place);
  join(store, place, options.timeout);
  const milliseconds interval =
      std::clamp(options.timeout / kBeatsInTimeout, kLeastInterval, kMostInterval);
  // The connection of the heartbeat must not wait behind another.
  KeyStore own =
      of_job(KeyStore::connect(place.rank == 0 && !place.hosted ? "127.0.0.1" : place.address,
                               place.port, options.timeout),
             place);
  auto job = std::make_shared<Job>(Job{.place = place,
                                       .options = options,
                                       .backend = wants_nccl(options.backend) ? "nccl" : "gloo",
                                       .store = std::move(store),
                                       .heartbeat = nullptr});
  job->heartbeat = std::make_unique<Heartbeat>(std::move(own), place.rank, place.world_size,
                                               place.hosted ? -1 : 0, interval);
  return job;
}

}  // namespace

std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

std::shared_ptr<ProcessGroup::Impl> connect(const std::shared_ptr<Job>& job,
                                            const std::vector<int>& members) {
  auto impl = std::make_shared<ProcessGroup::Impl>();
  impl->channel = job->heartbeat->new_channel();
  const std::string what = concat("the connection of group ", job->groups);
  const KeyStore store = job->store.within(concat("group/", job->groups++, '/', members.front()));
  impl->job = job;
  impl->members = members;
  impl->rank =
      static_cast<int>(std::ranges::lower_bound(members, job->place.rank) - members.begin());
  if (members.size() == 1) return impl;
  const BackendRequest request{
      .store = c10::intrusive_ptr<c10d::Store>::reclaim_copy(store.native().get()),
      .rank = impl->rank,
      .size = static_cast<int>(members.size()),
      .timeout = job->options.timeout,
      .network_interface = job->options.network_interface};
  const bool nccl = job->backend == "nccl";
  job->heartbeat->begin(what);
  try {
    impl->c10d = c10::make_intrusive<c10d::ProcessGroup>(request.store, request.rank, request.size);
    const auto type = nccl ? c10d::ProcessGroup::NCCL : c10d::ProcessGroup::GLOO;
    impl->c10d->setBackend(nccl ? c10::DeviceType::CUDA : c10::DeviceType::CPU, type,
                           nccl ? make_nccl(request) : make_gloo(request));
    impl->c10d->setDefaultBackend(type);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    impl->fail(what, first_line(error));
  }
  return impl;
}

/// Has the group's meter told when `work` ends; whether c10d can.
static bool tells_its_end(c10d::Work& work, const ProcessGroup::Impl& group) {
  if (group.job->backend != "gloo") return false;  // NCCL's says so before the device is done
  try {
    work.getFuture()->addCallback([traffic = group.traffic](const auto&) { traffic->end(); });
    return true;
  } catch (const c10::Error&) {
    return false;  // gloo's reduce-scatter has no future
  }
}

std::shared_ptr<PendingCollective::Work> begin(
    const std::shared_ptr<ProcessGroup::Impl>& group, const std::string& what, std::size_t bytes,
    const std::function<c10::intrusive_ptr<c10d::Work>(c10d::ProcessGroup&)>& collective) {
  group->job->heartbeat->begin(what);
  group->traffic->begin(static_cast<std::int64_t>(bytes));
  auto pending = std::make_shared<PendingCollective::Work>();
  pending->group = group;
  pending->what = what;
  try {
    pending->work = collective(*group->c10d);
    pending->ends_at_wait = !tells_its_end(*pending->work, *group);
  } catch (const std::exception& error) {
    group->fail(what, first_line(error));
  }
  return pending;
}

void ProcessGroup::Impl::fail(const std::string& what, const std::string& cause) {
  const Blame blame = job->heartbeat->blame(channel, finished, members);
  throw PeerError(concat("rank ", job->place.rank, ": ", what, " failed: ", blame.text),
                  blame.ranks, concat(job->backend, " says: ", cause));
}

std::vector<std::string> ProcessGroup::exchange(const std::string& text, const std::string& what) {
  if (size() == 1) return {text};
  Job& job = *impl_->job;
  const auto key = [&](int rank) {
    return concat("exchange/", impl_->channel, '/', impl_->exchanges, '/', rank);
  };
  job.heartbeat->begin(what);
  std::vector<std::string> keys;
  for (const int member : impl_->members) keys.push_back(key(member));
  try {
    job.store.set(key(job.place.rank), text);
    auto texts = job.store.get(keys);
    ++impl_->exchanges;
    return texts;
  } catch (const IoError& error) {
    impl_->fail(what, error.what());
  }
}

std::shared_ptr<ProcessGroup> init_process_group(const ProcessGroupOptions& options) {
  if (options.timeout < milliseconds(1)) {
    throw InvalidArgument(
        concat("expected a timeout of 1 ms or more, got ", options.timeout.count(), " ms"));
  }
  const Rendezvous place = find_rendezvous(options.rendezvous);
  if (place.world_size == 1) {
    return std::make_shared<ProcessGroup>(std::make_shared<ProcessGroup::Impl>());
  }
  check_backend(options.backend);
  std::vector<int> all(static_cast<std::size_t>(place.world_size));
  std::iota(all.begin(), all.end(), 0);
  return std::make_shared<ProcessGroup>(connect(make_job(place, options), all));
}

}  // namespace hadal

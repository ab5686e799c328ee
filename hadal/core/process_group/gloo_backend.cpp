// The only source that sees gloo's headers. They are Debian's, LibTorch's gloo is newer and its
// own, and it installs none: only pointers to gloo's objects may cross from here to LibTorch.
#include "hadal/core/process_group/backend.h"
#include "hadal/core/process_group/rendezvous.h"

#ifdef HADAL_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif

namespace hadal {

#ifdef HADAL_GLOO

bool has_gloo() { return true; }

namespace {

using Gloo = c10d::ProcessGroupGloo;

/// The network device, gloo's default where `interface` is empty.
auto device_of(const std::string& interface) {
  try {
    return interface.empty() ? Gloo::createDefaultDevice()
                             : Gloo::createDeviceForInterface(interface);
  } catch (const std::exception& error) {
    const std::string text = error.what();
    throw InvalidArgument(
        concat("gloo cannot use the network interface ",
               interface.empty() ? "of this host's name" : interface, ": ",
               text.substr(0, text.find('\n'))),
        "set GLOO_SOCKET_IFNAME, or the option network_interface, to one that `ip addr` lists");
  }
}

}  // namespace

c10::intrusive_ptr<c10d::Backend> make_gloo(const BackendRequest& request) {
  auto options = Gloo::Options::create(request.timeout);
  const std::string interface = request.network_interface.empty()
                                    ? process_environment("GLOO_SOCKET_IFNAME").value_or("")
                                    : request.network_interface;
  options->devices.push_back(device_of(interface));
  return c10::make_intrusive<Gloo>(request.store, request.rank, request.size, options);
}

#else

bool has_gloo() { return false; }

c10::intrusive_ptr<c10d::Backend> make_gloo(const BackendRequest&) {
  throw Unsupported("this build of Hadal has no gloo, which several processes need on CPUs",
                    "install libgloo-dev, whose headers it takes, and build again");
}

#endif

}  // namespace hadal

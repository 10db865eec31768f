// A synthetic connection through the machine's real rules.
// SPDX-License-Identifier: MIT
#include "doctor/live_trial.h"

#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <optional>
#include <vector>

#include "base/fd.h"
#include "base/text.h"
#include "doctor/connection.h"
#include "doctor/output_of.h"
#include "lab/web.h"

namespace hyalite {

namespace {

using Words = std::vector<std::string>;

constexpr std::size_t kMostPorts = 8;
// Of our tc filters: far behind those of others.
constexpr char kPreference[] = "49001";
constexpr char kPreference6[] = "49002";

// One end of the trial: a host of ours beside an interface of the machine.
struct Side {
  std::string interface;  // of the machine
  std::string veth;       // of ours, on the machine
  std::string v4, v6;     // the host's addresses
  std::string router_v4, router_v6;
  std::string mac;  // of the interface
  std::string host_mac;
};

Side client_side(const std::string& interface) {
  return {interface,   "hyalite-dr-c",   "192.0.2.7", "2001:db8:71::7",
          "192.0.2.1", "2001:db8:71::1", {},          "02:68:79:61:6c:01"};
}
Side origin_side(const std::string& interface) {
  return {interface,
          "hyalite-dr-o",
          "198.51.100.7",
          "2001:db8:72::7",
          "198.51.100.1",
          "2001:db8:72::1",
          {},
          "02:68:79:61:6c:02"};
}

Words words(const std::string& line) {
  Words all;
  for (const std::string_view it : split(line, ' ')) {
    if (!it.empty()) all.emplace_back(it);
  }
  return all;
}

// The first that fails ends it, with its complaint.
std::string run_all(const std::vector<std::string>& commands) {
  for (const std::string& it : commands) {
    const Said said = output_of(words(it));
    if (said.status != 0) return it + ": " + complaint_of(said);
  }
  return {};
}

// A tc filter that takes what would leave for the host.
std::string catching(const char* verb, const Side& side, bool v6) {
  const std::string start = "tc filter " + std::string(verb) + " dev " + side.interface +
                            " egress pref " + (v6 ? kPreference6 : kPreference) + " protocol " +
                            (v6 ? "ipv6" : "ip") + " u32";
  if (std::string_view(verb) == "del") return start;
  return start + " match " + (v6 ? "ip6 dst " + side.v6 + "/128" : "ip dst " + side.v4 + "/32") +
         " action mirred egress redirect dev " + side.veth;
}

std::vector<std::string> making(const Side& side, pid_t host, bool v6, bool own_clsact) {
  std::vector<std::string> all = {
      // With the interface's MAC address, frames for it are for this machine.
      "ip link add " + side.veth + " address " + side.mac + " type veth peer name eth0 address " +
          side.host_mac + " netns " + std::to_string(host),
      "ip link set " + side.veth + " up", "tc qdisc add dev " + side.veth + " clsact",
      "tc filter add dev " + side.veth +
          " ingress protocol all u32 match u32 0 0 action mirred ingress redirect dev " +
          side.interface};
  if (own_clsact) all.push_back("tc qdisc add dev " + side.interface + " clsact");
  all.push_back(catching("add", side, false));
  all.push_back("ip route add " + side.v4 + "/32 dev " + side.interface);
  all.push_back("ip neighbor replace " + side.v4 + " lladdr " + side.host_mac + " dev " +
                side.interface + " nud permanent");
  if (!v6) return all;
  all.push_back(catching("add", side, true));
  all.push_back("ip -6 route add " + side.v6 + "/128 dev " + side.interface);
  all.push_back("ip -6 neighbor replace " + side.v6 + " lladdr " + side.host_mac + " dev " +
                side.interface + " nud permanent");
  return all;
}

// May all fail: what is not there need not be removed.
std::vector<std::string> unmaking(const Side& side, bool own_clsact) {
  std::vector<std::string> all = {"ip link del " + side.veth,
                                  "ip neighbor del " + side.v4 + " dev " + side.interface,
                                  "ip route del " + side.v4 + "/32 dev " + side.interface,
                                  "ip -6 neighbor del " + side.v6 + " dev " + side.interface,
                                  "ip -6 route del " + side.v6 + "/128 dev " + side.interface,
                                  catching("del", side, false),
                                  catching("del", side, true)};
  if (own_clsact) all.push_back("tc qdisc del dev " + side.interface + " clsact");
  return all;
}

std::vector<std::string> inside(const Side& side, bool v6) {
  std::vector<std::string> all = {
      "ip link set lo up", "ip address add " + side.v4 + "/24 dev eth0", "ip link set eth0 up",
      "ip neighbor add " + side.router_v4 + " lladdr " + side.mac + " dev eth0 nud permanent",
      "ip route add default via " + side.router_v4 + " dev eth0"};
  if (!v6) return all;
  all.push_back("ip address add " + side.v6 + "/64 dev eth0 nodad");
  all.push_back("ip -6 neighbor add " + side.router_v6 + " lladdr " + side.mac +
                " dev eth0 nud permanent");
  all.push_back("ip -6 route add default via " + side.router_v6 + " dev eth0");
  return all;
}

struct Pipe {
  Fd in, out;
};
Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, 0) != 0) return {};
  return {Fd(ends[0]), Fd(ends[1])};
}

// A process in a network of its own. It goes on when it is told "go", and ends with us.
class Host {
 public:
  Host(const Side& side, bool v6, const std::function<void(int output)>& work) {
    Pipe orders = make_pipe(), news = make_pipe();
    std::fflush(nullptr);
    process_ = ::fork();
    if (process_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      orders.out.reset();
      news.in.reset();
      live(side, v6, work, orders.in.get(), news.out.get());
      ::_exit(0);
    }
    orders_ = std::move(orders.out);
    news_ = std::move(news.in);
  }
  ~Host() {
    if (process_ > 0) {
      ::kill(process_, SIGKILL);
      ::waitpid(process_, nullptr, 0);
    }
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  pid_t process() const { return process_; }
  // The next line that it says; empty when it ended.
  std::string line() {
    std::string text;
    for (char c = 0; ::read(news_.get(), &c, 1) == 1 && c != '\n';) text += c;
    return text;
  }
  void go() {
    if (::write(orders_.get(), "g", 1) != 1) orders_.reset();
  }

 private:
  static void say(int output, const std::string& text) {
    if (::write(output, text.data(), text.size()) < 0) ::_exit(1);
  }

  static void live(const Side& side, bool v6, const std::function<void(int)>& work, int orders,
                   int news) {
    const bool apart = ::unshare(CLONE_NEWNET) == 0;
    say(news, apart ? "apart\n" : "no network namespace can be made\n");
    char order = 0;
    if (!apart || ::read(orders, &order, 1) != 1) return;
    const std::string failed = run_all(inside(side, v6));
    say(news, failed.empty() ? "ready\n" : failed + "\n");
    if (!failed.empty() || ::read(orders, &order, 1) != 1) return;
    work(news);
  }

  pid_t process_ = -1;
  Fd orders_, news_;
};

// Removes what the trial makes as soon as we let go of it, or end.
class Janitor {
 public:
  explicit Janitor(const std::vector<std::string>& commands) {
    Pipe life = make_pipe();
    std::fflush(nullptr);
    process_ = ::fork();
    if (process_ == 0) {
      life.out.reset();
      ::setsid();
      for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE})
        ::signal(signal, SIG_IGN);
      char nothing = 0;
      while (::read(life.in.get(), &nothing, 1) < 0 && errno == EINTR) {
      }
      for (const std::string& it : commands) output_of(words(it));
      ::_exit(0);
    }
    life_ = std::move(life.out);
  }
  ~Janitor() {
    life_.reset();
    while (process_ > 0 && ::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Janitor(const Janitor&) = delete;
  Janitor& operator=(const Janitor&) = delete;

 private:
  pid_t process_ = -1;
  Fd life_;
};

// Empty: no Ethernet.
std::string mac_of(const std::string& interface) {
  ifreq request{};
  if (interface.empty() || interface.size() >= sizeof request.ifr_name) return {};
  std::strcpy(request.ifr_name, interface.c_str());
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (::ioctl(socket.get(), SIOCGIFHWADDR, &request) != 0 ||
      request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
    return {};
  const auto* mac = reinterpret_cast<const unsigned char*>(request.ifr_hwaddr.sa_data);
  char text[32];
  std::snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                mac[4], mac[5]);
  return text;
}

bool has_ingress_qdisc(const std::string& interface) {
  const Said said = output_of({"tc", "qdisc", "show", "dev", interface});
  return said.output.find("clsact") != std::string::npos;
}

bool has_v6(const std::string& interface) {
  const Said said =
      output_of({"ip", "-6", "-brief", "address", "show", "dev", interface, "scope", "global"});
  return !trim(said.output).empty();
}

TrialAnswer not_made(std::string why) { return {"live", false, "", std::move(why)}; }

std::string origin_interface(const InterceptionSettings& interception) {
  if (!interception.origin_interfaces.empty()) return interception.origin_interfaces.front();
  const Said said = output_of({"ip", "-brief", "route", "show", "default"});
  const Words all = words(said.output);
  const auto dev = std::find(all.begin(), all.end(), "dev");
  return dev == all.end() || dev + 1 == all.end() ? "" : *(dev + 1);
}

class LiveTrial {
 public:
  LiveTrial(const Settings& settings, Side client, Side origin)
      : settings_(settings),
        client_(std::move(client)),
        origin_(std::move(origin)),
        v6_(has_v6(client_.interface)),
        ports_(settings.interception.ports) {
    if (ports_.size() > kMostPorts) ports_.resize(kMostPorts);
  }

  TrialAnswer run() {
    const bool client_clsact = !has_ingress_qdisc(client_.interface);
    const bool origin_clsact =
        origin_.interface != client_.interface && !has_ingress_qdisc(origin_.interface);
    std::vector<std::string> removing = unmaking(client_, client_clsact);
    const std::vector<std::string> more = unmaking(origin_, origin_clsact);
    removing.insert(removing.begin(), more.begin(), more.end());
    const Janitor janitor(removing);
    Host origin(origin_, v6_, [&](int output) { serve(output); });
    Host client(client_, v6_, [&](int output) { connect(output); });
    if (origin.line() != "apart" || client.line() != "apart")
      return not_made("no network namespace can be made; run it as root");
    std::string failed = run_all(making(client_, client.process(), v6_, client_clsact));
    if (failed.empty()) failed = run_all(making(origin_, origin.process(), v6_, origin_clsact));
    if (!failed.empty()) return not_made(failed);
    for (Host* host : {&origin, &client}) {
      host->go();
      if (const std::string said = host->line(); said != "ready") return not_made(said);
    }
    origin.go();
    if (origin.line() != "serving") return not_made("the trial's origin does not serve");
    client.go();
    return judged(client);
  }

 private:
  void serve(int output) {
    std::vector<Fd> listeners;
    for (const std::uint16_t port : ports_) {
      Result<Fd> listener = listen_for_web(port);
      if (!listener) return;
      listeners.push_back(*std::move(listener));
    }
    if (::write(output, "serving\n", 8) == 8) serve_web(listeners);
  }

  void connect(int output) {
    std::vector<std::string> hosts = {origin_.v4};
    if (v6_) hosts.push_back(origin_.v6);
    for (const std::string& host : hosts) {
      for (const std::uint16_t port : ports_) {
        const std::string line = to_line(try_connection({*IpAddress::parse(host), port}));
        if (::write(output, line.data(), line.size()) < 0) return;
      }
    }
  }

  TrialAnswer judged(Host& client) {
    TrialAnswer answer{"live", true, "", ""};
    for (std::size_t i = 0; i < ports_.size() * (v6_ ? 2 : 1); ++i)
      answer.what += judge_connection(from_line(client.line()), settings_, answer.passed);
    return answer;
  }

  const Settings& settings_;
  Side client_, origin_;
  bool v6_;
  std::vector<std::uint16_t> ports_;
};

}  // namespace

TrialAnswer try_live(const Settings& settings) {
  const InterceptionSettings& interception = settings.interception;
  if (interception.client_interfaces.empty())
    return not_made("the settings name no client_interfaces");
  Side client = client_side(interception.client_interfaces.front());
  Side origin = origin_side(origin_interface(interception));
  client.mac = mac_of(client.interface);
  origin.mac = mac_of(origin.interface);
  for (const Side* side : {&client, &origin}) {
    if (side->mac.empty()) return not_made("\"" + side->interface + "\" is no Ethernet interface");
  }
  return LiveTrial(settings, client, origin).run();
}

}  // namespace hyalite

// Opens a plugin's .so and checks that it is one. The only file that knows dlfcn.
// SPDX-License-Identifier: MIT
#include "plugin/library.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/fd.h"
#include "base/text.h"
#include "plugin/abi_version.h"
#include "plugin/plugin_file.h"

namespace hyalite {

namespace {

constexpr std::size_t kMostLibraryBytes = std::size_t{256} << 20;

Error bad(const std::string& path, const std::string& text) {
  return Error{Fault::operator_, path + " " + text};
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// Whoever may write the file, or put another in its place, decides what runs in the workers.
Result<void> check_directory(const std::string& path) {
  struct stat status {};
  const std::string directory = directory_of(path);
  if (::stat(directory.c_str(), &status) != 0)
    return Error::system(Fault::operator_, directory, errno);
  // In a sticky directory (/tmp) nobody can replace the files of others.
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (status.st_mode & S_ISVTX) == 0) {
    return bad(path, "lies in a directory that others may write to: chmod go-w " + directory);
  }
  return {};
}

Result<Fd> open_checked(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return Error::system(Fault::operator_, path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return Error::system(Fault::operator_, path, errno);
  if (!S_ISREG(status.st_mode)) return bad(path, "is not a file");
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return bad(path, "may be written by others: chmod go-w " + path);
  if (static_cast<std::size_t>(status.st_size) > kMostLibraryBytes)
    return bad(path, "is larger than 256 MiB");
  if (auto directory = check_directory(path); !directory) return directory.error();
  return file;
}

Result<Fd> make_memory(const std::string& path) {
  const std::string name = "hyalite:" + path.substr(path.rfind('/') + 1);
  // Where memfds are not executable unless they ask for it (sysctl vm.memfd_noexec); older kernels
  // do not know the flag.
  constexpr unsigned kExecutable = 0x0010;  // MFD_EXEC
  int fd = ::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING | kExecutable);
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return Error::system(Fault::us, "a private copy of " + path, errno);
  return Fd(fd);
}

bool write_all(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::write(fd, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

// The file as it is now, sealed: truncating or replacing it later changes nothing, and every worker
// runs the same bytes.
Result<Fd> copy_privately(const std::string& path) {
  auto file = open_checked(path);
  if (!file) return file.error();
  auto memory = make_memory(path);
  if (!memory) return memory.error();
  std::vector<char> block(std::size_t{1} << 20);
  std::size_t copied = 0;
  for (;;) {
    const ssize_t n = ::read(file->get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::system(Fault::operator_, path, errno);
    if (n == 0) break;
    copied += static_cast<std::size_t>(n);
    if (copied > kMostLibraryBytes) return bad(path, "is larger than 256 MiB");
    if (!write_all(memory->get(), block.data(), static_cast<std::size_t>(n))) {
      return Error::system(Fault::us, "a private copy of " + path, errno);
    }
  }
  if (::fcntl(memory->get(), F_ADD_SEALS,
              F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
    return Error::system(Fault::us, "sealing the private copy of " + path, errno);
  }
  return memory;
}

// The bytes of the private copy, for as long as this lives.
class Mapping {
 public:
  explicit Mapping(int fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0 || status.st_size == 0) return;
    size_ = static_cast<std::size_t>(status.st_size);
    data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (data_ != MAP_FAILED) ::munmap(data_, size_);
  }
  std::string_view bytes() const {
    return data_ == MAP_FAILED ? std::string_view()
                               : std::string_view(static_cast<char*>(data_), size_);
  }

 private:
  void* data_ = MAP_FAILED;
  std::size_t size_ = 0;
};

// Everything that can be told without running it.
Result<PluginIdentity> examine(const std::string& path, std::string_view elf) {
  auto identity = read_note(elf);
  if (!identity) return bad(path, identity.error().text);
  if (std::string why = why_refused(*identity); !why.empty()) return bad(path, std::move(why));
  auto exports = read_exports(elf);
  if (!exports) return bad(path, exports.error().text);
  std::erase(*exports, HYALITE_ENTRY_NAME);
  if (!exports->empty()) {
    return bad(path, "exports " + std::to_string(exports->size()) +
                         (exports->size() == 1 ? " name" : " names") + " beside " HYALITE_ENTRY_NAME " (\"" + exports->front() +
                         "\"...), which may clash with those of others: build it with "
                         "hyalite_add_plugin, or link it with its version script");
  }
  return identity;
}

Result<hyalite_entry> load(const std::string& path, Fd memory) {
  // The descriptor is never closed: the loader tells libraries apart by the name they were opened
  // with, and the next file to get the same number would be taken for this one. It goes with the
  // process, like the library.
  const std::string name = "/proc/self/fd/" + std::to_string(memory.release());
  void* handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) {
    const char* why = ::dlerror();
    std::string text = why == nullptr ? "unknown error" : why;
    if (const auto at = text.find(name); at != std::string::npos)
      text.replace(at, name.size(), path);
    return bad(path, "cannot be loaded: " + text +
                         " (what it calls must be linked in, what it is linked with must be installed: hyalite_add_plugin finds out when it is built)");
  }
  auto entry = reinterpret_cast<hyalite_entry>(::dlsym(handle, HYALITE_ENTRY_NAME));
  if (entry == nullptr)
    return bad(path, "does not export " HYALITE_ENTRY_NAME " (HYALITE_PLUGIN defines it)");
  return entry;
}

// FNV-1a over words of eight bytes (draft-eastlake-fnv), and the size.
std::string fingerprint_of(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof hash) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min(sizeof word, bytes.size() - at));
    hash = (hash ^ word) * 0x100000001b3u;
    hash ^= hash >> 32;
  }
  char text[40];
  std::snprintf(text, sizeof text, "%016llx%zx", static_cast<unsigned long long>(hash),
                bytes.size());
  return text;
}

constexpr std::size_t kNeededDescriptorBytes =
    offsetof(hyalite_descriptor, destroy) + sizeof(hyalite_descriptor::destroy);

// Why a descriptor is none; empty when it is fine.
std::string defect(const hyalite_descriptor* d) {
  if (d == nullptr) return "gives no descriptor";
  if (d->magic != HYALITE_DESCRIPTOR_MAGIC)
    return "gives a descriptor that does not begin with HYALITE_DESCRIPTOR_MAGIC";
  if (d->abi_major != HYALITE_ABI_MAJOR) return "gives a descriptor of another version";
  if (d->size < kNeededDescriptorBytes) return "gives a descriptor that is too short";
  if (d->flags != 0) return "sets flags in its descriptor that mean nothing";
  if (d->id == nullptr || d->version == nullptr || d->summary == nullptr || d->license == nullptr)
    return "leaves out its id, version, summary or license";
  if (d->get_interface == nullptr || d->create == nullptr || d->destroy == nullptr)
    return "lacks get_interface, create or destroy";
  return {};
}

// Why one of its tables of hooks is none; empty when all are fine.
std::string bad_table(const hyalite_descriptor& d) {
  for (const char* id : {HYALITE_FLOW_ID, HYALITE_TLS_ID, HYALITE_HTTP_ID, HYALITE_STREAM_ID, HYALITE_STATE_ID, HYALITE_ASYNC_ID, HYALITE_WS_ID}) {
    const void* table = d.get_interface(id);
    if (table == nullptr) continue;
    std::uint32_t begins[2] = {};  // size, reserved
    std::memcpy(begins, table, sizeof begins);
    if (begins[0] < sizeof begins || begins[0] % sizeof(void*) != 0 || begins[1] != 0)
      return "gives a table for \"" + std::string(id) + "\" without its size, or with something in `reserved`: set size to sizeof, and the rest to 0";
  }
  return {};
}

}  // namespace

Result<PluginIdentity> identify_plugin(const std::string& path) {
  auto file = open_checked(path);
  if (!file) return file.error();
  return examine(path, Mapping(file->get()).bytes());
}

Result<std::string> read_plugin_file(const std::string& path) {
  auto file = open_checked(path);
  if (!file) return file.error();
  return std::string(Mapping(file->get()).bytes());
}

Result<std::string> fingerprint(const std::string& path) {
  auto file = open_checked(path);
  if (!file) return file.error();
  return fingerprint_of(Mapping(file->get()).bytes());
}

Result<Library> Library::open(const std::string& path) {
  auto memory = copy_privately(path);
  if (!memory) return memory.error();
  std::string print = fingerprint_of(Mapping(memory->get()).bytes());
  auto identity = examine(path, Mapping(memory->get()).bytes());
  if (!identity) return identity.error();
  auto entry = load(path, std::move(*memory));
  if (!entry) return entry.error();
  Library library;
  library.path_ = path;
  library.identity_ = std::move(*identity);
  library.fingerprint_ = std::move(print);
  const hyalite_descriptor* descriptor = (*entry)();
  if (descriptor != (*entry)()) return bad(path, "gives another descriptor each time: " HYALITE_ENTRY_NAME " returns one and the same");
  if (auto taken = library.take(descriptor); !taken) return taken.error();
  const auto& said = library.descriptor_;
  if (library.identity_.abi_minor != said.abi_minor) return bad(path, "says another version of the plugin interface in its note than in its descriptor");
  if (library.identity_.id != said.id || library.identity_.version != said.version) {
    return bad(path, "says something else in its note (" + library.identity_.id + " " +
                         library.identity_.version + ") than in its descriptor (" + said.id + " " +
                         said.version + "): write the same into both");
  }
  return library;
}

Result<Library> Library::linked_in(const hyalite_descriptor* descriptor, std::string name) {
  Library library;
  library.path_ = std::move(name);
  if (auto taken = library.take(descriptor); !taken) return taken.error();
  library.identity_ = {HYALITE_ABI_MAJOR, HYALITE_ABI_MINOR,   HYALITE_ABI_MINOR,
                       descriptor->id,    descriptor->version, descriptor->license};
  return library;
}

Result<void> Library::take(const hyalite_descriptor* descriptor) {
  if (const std::string why = defect(descriptor); !why.empty())
    return bad(path_, why + ": HYALITE_PLUGIN makes a sound one; in C see hyalite_descriptor in <hyalite/plugin.h>");
  if (const std::string why = bad_table(*descriptor); !why.empty()) return bad(path_, why);
  std::memcpy(&descriptor_, descriptor,
              std::min<std::size_t>(descriptor->size, sizeof descriptor_));
  return {};
}

bool Library::contains(const void* code) const {
  Dl_info here{}, there{};
  return ::dladdr(reinterpret_cast<const void*>(descriptor_.get_interface), &here) != 0 &&
         ::dladdr(code, &there) != 0 && here.dli_fbase == there.dli_fbase;
}

std::string_view Library::settings_schema() const {
  return descriptor_.settings_schema == nullptr ? std::string_view()
                                                : std::string_view(descriptor_.settings_schema);
}

void Library::copy_table(const void* from, void* to, std::size_t size) {
  if (from == nullptr) return;
  std::uint32_t has = 0;
  std::memcpy(&has, from, sizeof has);
  std::memcpy(to, from, std::min<std::size_t>(has, size));
}

std::vector<FoundPlugin> list_plugins(std::span<const std::string> directories) {
  std::vector<FoundPlugin> found;
  for (const std::string& directory : directories) {
    std::error_code failed;  // a directory that cannot be read has no plugins
    const std::filesystem::directory_iterator end;
    for (std::filesystem::directory_iterator at(directory, failed); !failed && at != end;
         at.increment(failed)) {
      if (at->path().extension() != ".so") continue;
      const std::string name = at->path().stem();
      const bool known = std::any_of(found.begin(), found.end(),
                                     [&](const FoundPlugin& f) { return f.name == name; });
      if (!known) found.push_back({name, at->path()});
    }
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return found;
}

Result<std::string> find_plugin(std::string_view use, std::span<const std::string> directories) {
  if (use.find('/') != std::string_view::npos) return std::string(use);
  const auto found = list_plugins(directories);
  std::vector<std::string_view> names;
  for (const FoundPlugin& plugin : found) {
    if (plugin.name == use) return plugin.path;
    names.push_back(plugin.name);
  }
  std::string text =
      "there is no plugin \"" + std::string(use) + "\": looked for " + std::string(use) + ".so in";
  for (const std::string& directory : directories) text += " " + directory;
  if (directories.empty()) text += " no directory";
  if (const auto near = did_you_mean(use, names); !near.empty())
    text += " (did you mean \"" + std::string(near) + "\"?)";
  return Error{Fault::operator_, text};
}

}  // namespace hyalite

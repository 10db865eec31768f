// Memory that a plugin asks for, so that it can be refused: the entries for malloc and its kin in the tables through which
// shared objects call each other are replaced (elf(5), DT_JMPREL and DT_RELA).
// SPDX-License-Identifier: MIT
#include "check/allocations.h"

#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

#include "check/layer.h"

namespace hyalite {

namespace {

#if defined(__x86_64__)
constexpr unsigned kJump = R_X86_64_JUMP_SLOT, kData = R_X86_64_GLOB_DAT;
#elif defined(__aarch64__)
constexpr unsigned kJump = R_AARCH64_JUMP_SLOT, kData = R_AARCH64_GLOB_DAT;
#else
constexpr unsigned kJump = 0, kData = 0;
#endif

bool refused() { return inside_plugin() && Layer::get().allocation_fails(); }

void* failing_malloc(std::size_t size) {
  if (!refused()) return std::malloc(size);
  errno = ENOMEM;
  return nullptr;
}
void* failing_calloc(std::size_t count, std::size_t size) {
  if (!refused()) return std::calloc(count, size);
  errno = ENOMEM;
  return nullptr;
}
void* failing_realloc(void* old, std::size_t size) {
  if (!refused()) return std::realloc(old, size);
  errno = ENOMEM;
  return nullptr;
}
void* failing_new(std::size_t size) {
  if (refused()) throw std::bad_alloc();
  return ::operator new(size);
}
void* failing_new_array(std::size_t size) {
  if (refused()) throw std::bad_alloc();
  return ::operator new[](size);
}

struct Replacement {
  std::string_view name;
  void* by;
};

void* replacement_for(std::string_view name) {
  static const Replacement all[] = {
      {"malloc", reinterpret_cast<void*>(&failing_malloc)},   {"calloc", reinterpret_cast<void*>(&failing_calloc)},
      {"realloc", reinterpret_cast<void*>(&failing_realloc)}, {"_Znwm", reinterpret_cast<void*>(&failing_new)},
      {"_Znam", reinterpret_cast<void*>(&failing_new_array)}};
  for (const Replacement& one : all) {
    if (one.name == name) return one.by;
  }
  return nullptr;
}

// One shared object that is loaded: what its dynamic section says (elf(5)).
struct Loaded {
  ElfW(Addr) base = 0;
  const ElfW(Sym) * symbols = nullptr;
  const char* names = nullptr;
  const ElfW(Rela) * jumps = nullptr;
  std::size_t jump_bytes = 0;
  const ElfW(Rela) * others = nullptr;
  std::size_t other_bytes = 0;
};

Loaded read_dynamic(const dl_phdr_info& info) {
  Loaded loaded;
  loaded.base = info.dlpi_addr;
  for (unsigned i = 0; i < info.dlpi_phnum; ++i) {
    if (info.dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(info.dlpi_addr + info.dlpi_phdr[i].p_vaddr);
    for (; entry->d_tag != DT_NULL; ++entry) {
      const auto address = entry->d_un.d_ptr;
      switch (entry->d_tag) {
        case DT_SYMTAB: loaded.symbols = reinterpret_cast<const ElfW(Sym)*>(address); break;
        case DT_STRTAB: loaded.names = reinterpret_cast<const char*>(address); break;
        case DT_JMPREL: loaded.jumps = reinterpret_cast<const ElfW(Rela)*>(address); break;
        case DT_PLTRELSZ: loaded.jump_bytes = entry->d_un.d_val; break;
        case DT_RELA: loaded.others = reinterpret_cast<const ElfW(Rela)*>(address); break;
        case DT_RELASZ: loaded.other_bytes = entry->d_un.d_val; break;
        default: break;
      }
    }
  }
  return loaded;
}

// The entry may lie where nothing is written any more once the object is loaded (RELRO).
bool replace(ElfW(Addr) at, void* by) {
  const auto page = static_cast<ElfW(Addr)>(::sysconf(_SC_PAGESIZE));
  void* begin = reinterpret_cast<void*>(at / page * page);
  if (::mprotect(begin, page, PROT_READ | PROT_WRITE) != 0) return false;
  std::memcpy(reinterpret_cast<void*>(at), &by, sizeof by);
  return true;
}

bool patch(const Loaded& loaded, const ElfW(Rela) * entries, std::size_t bytes) {
  if (entries == nullptr || loaded.symbols == nullptr || loaded.names == nullptr) return true;
  for (std::size_t i = 0; i < bytes / sizeof *entries; ++i) {
    const auto type = ELF64_R_TYPE(entries[i].r_info);
    if (type != kJump && type != kData) continue;
    const auto& symbol = loaded.symbols[ELF64_R_SYM(entries[i].r_info)];
    void* by = replacement_for(loaded.names + symbol.st_name);
    if (by != nullptr && !replace(loaded.base + entries[i].r_offset, by)) return false;
  }
  return true;
}

bool is_ours(std::string_view name) {
  // The program itself, the C library and its loader, and what the kernel maps.
  return name.empty() || name.find("/libc.so") != std::string_view::npos || name.find("/ld-linux") != std::string_view::npos ||
         name.find("linux-vdso") != std::string_view::npos || name.find("/libasan") != std::string_view::npos ||
         name.find("/libubsan") != std::string_view::npos;
}

int take_over(dl_phdr_info* info, std::size_t, void* failed) {
  const std::string_view name = info->dlpi_name == nullptr ? "" : info->dlpi_name;
  if (is_ours(name)) return 0;
  const Loaded loaded = read_dynamic(*info);
  if (!patch(loaded, loaded.jumps, loaded.jump_bytes) || !patch(loaded, loaded.others, loaded.other_bytes))
    *static_cast<bool*>(failed) = true;
  return 0;
}

}  // namespace

bool take_over_allocations(const Library&, std::string& why_not) {
  if constexpr (kJump == 0) {
    why_not = "not known for this machine's kind of processor";
    return false;
  }
  bool failed = false;
  ::dl_iterate_phdr(&take_over, &failed);
  if (failed) why_not = "the memory of loaded libraries cannot be changed here";
  return !failed;
}

}  // namespace hyalite

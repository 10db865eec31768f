// What an ELF file says of itself, read from its bytes without running any of its code.
// SPDX-License-Identifier: MIT
#include "plugin/elf_file.h"

#include <hyalite/plugin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "plugin/elf_bytes.h"

namespace hyalite {

namespace {

Error bad(std::string text) { return Error{Fault::operator_, std::move(text)}; }

using elf_bytes::part;
using elf_bytes::read;
using elf_bytes::read_header;

std::uint64_t padded(std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; }

// The description of our note among the notes of one segment.
std::optional<std::string_view> find_note(std::string_view notes) {
  for (std::uint64_t at = 0;;) {
    const auto header = read<Elf64_Nhdr>(notes, at);
    if (!header) return std::nullopt;
    const std::uint64_t name_at = at + sizeof *header;
    const std::uint64_t description_at = name_at + padded(header->n_namesz);
    const auto name = part(notes, name_at, header->n_namesz);
    const auto description = part(notes, description_at, header->n_descsz);
    if (!name || !description) return std::nullopt;
    // With its NUL, as notes have it.
    if (header->n_type == HYALITE_NOTE_TYPE &&
        *name == std::string_view(HYALITE_NOTE_NAME, sizeof HYALITE_NOTE_NAME))
      return description;
    at = description_at + padded(header->n_descsz);
  }
}

std::string text_at(std::string_view description, std::size_t member, std::size_t size) {
  const std::string_view field = description.substr(member, size);
  return std::string(field.substr(0, field.find('\0')));
}

Result<PluginIdentity> parse_note(std::string_view description) {
  constexpr std::size_t kStart = offsetof(hyalite_elf_note, abi_major);
  std::uint16_t numbers[4];
  if (description.size() < sizeof numbers) return bad("has a note .note.hyalite that is too short: HYALITE_PLUGIN or HYALITE_NOTE writes it");
  std::memcpy(numbers, description.data(), sizeof numbers);
  PluginIdentity identity;
  identity.abi_major = numbers[0];
  identity.abi_minor = numbers[1];
  identity.min_host_minor = numbers[2];
  // It may mean something one day.
  if (numbers[0] == HYALITE_ABI_MAJOR && numbers[3] != 0) return bad("has something in the `reserved` of its note: HYALITE_PLUGIN or HYALITE_NOTE writes 0");
  // Of another version the rest may look different: the numbers are all that can be told.
  if (description.size() < sizeof(hyalite_elf_note) - kStart) return identity;
  identity.id = text_at(description, offsetof(hyalite_elf_note, id) - kStart, sizeof hyalite_elf_note::id);
  identity.version =
      text_at(description, offsetof(hyalite_elf_note, version) - kStart, sizeof hyalite_elf_note::version);
  identity.license =
      text_at(description, offsetof(hyalite_elf_note, license) - kStart, sizeof hyalite_elf_note::license);
  return identity;
}

// Is it defined here, and for others?
bool is_export(const Elf64_Sym& symbol) {
  const auto binding = ELF64_ST_BIND(symbol.st_info);
  const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
  return symbol.st_shndx != SHN_UNDEF && binding != STB_LOCAL &&
         (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

Result<std::vector<std::string>> exports_of(std::string_view elf, const Elf64_Shdr& section,
                                            const Elf64_Shdr& strings) {
  const auto text = part(elf, strings.sh_offset, strings.sh_size);
  if (!text || section.sh_entsize != sizeof(Elf64_Sym))
    return bad("is damaged: its symbols cannot be read; build or copy it again");
  std::vector<std::string> names;
  for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= section.sh_size; at += sizeof(Elf64_Sym)) {
    const auto symbol = read<Elf64_Sym>(elf, section.sh_offset + at);
    if (!symbol) return bad("is damaged: its symbols cannot be read; build or copy it again");
    if (!is_export(*symbol) || symbol->st_name >= text->size()) continue;
    const std::string_view rest = text->substr(symbol->st_name);
    names.emplace_back(rest.substr(0, rest.find('\0')));
  }
  return names;
}

}  // namespace

Result<PluginIdentity> read_note(std::string_view elf) {
  const auto header = read_header(elf);
  if (!header) return header.error();
  for (unsigned i = 0; i < header->e_phnum; ++i) {
    const auto segment =
        read<Elf64_Phdr>(elf, header->e_phoff + std::uint64_t{i} * header->e_phentsize);
    if (!segment) return bad("is damaged: its segments cannot be read; build or copy it again");
    if (segment->p_type != PT_NOTE) continue;
    const auto notes = part(elf, segment->p_offset, segment->p_filesz);
    if (!notes) return bad("is damaged: its notes cannot be read; build or copy it again");
    if (const auto description = find_note(*notes)) return parse_note(*description);
  }
  return bad(
      "has no note .note.hyalite, so it is no plugin of Hyalite (HYALITE_PLUGIN or HYALITE_NOTE "
      "writes it)");
}

Result<std::vector<std::string>> read_exports(std::string_view elf) {
  const auto header = read_header(elf);
  if (!header) return header.error();
  const auto section = [&](std::uint64_t i) {
    return i < header->e_shnum ? read<Elf64_Shdr>(elf, header->e_shoff + i * header->e_shentsize)
                               : std::nullopt;
  };
  for (unsigned i = 0; i < header->e_shnum; ++i) {
    const auto symbols = section(i);
    if (!symbols) break;
    if (symbols->sh_type != SHT_DYNSYM) continue;
    const auto strings = section(symbols->sh_link);
    if (!strings) break;
    return exports_of(elf, *symbols, *strings);
  }
  if (header->e_shnum > 0 && !section(header->e_shnum - 1u))
    return bad("is damaged: it ends before its section headers; build or copy it again");
  return bad("does not tell its symbols (its section headers are gone): strip it less");
}

}  // namespace hyalite

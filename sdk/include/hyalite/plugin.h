/* The life of a plugin, from top to bottom. Include this one (C), or <hyalite/plugin.hpp> (C++).
 * SPDX-License-Identifier: MIT
 *
 * A plugin is one .so with one exported function, hyalite_plugin_entry, and one ELF note, which can
 * be read without running code. It may be configured several times in one chain; each is an
 * instance.
 */
/* clang-format off */
/*   in the process that loads, once per configuration:
 *       the note is read -> the file is loaded -> entry -> validate -> create
 *   in each worker, forked from it, until it ends:
 *       start -> hooks -> drain -> hooks -> (what is under way ends with HYALITE_E_STOPPED) -> stop
 *   only where memory is checked:
 *       destroy
 */
/* clang-format on */
/* So what create builds (lists, tables) exists once and is shared by all workers until one writes
 * to it: build it there, and only read it later. No threads, sockets or child processes before
 * start; files may be read in create, and opened for writing in start. Nothing at all in
 * constructors of static objects.
 */
#ifndef HYALITE_PLUGIN_H_
#define HYALITE_PLUGIN_H_

#include <hyalite/abi.h>
#include <hyalite/async.h>
#include <hyalite/body.h>
#include <hyalite/channel.h>
#include <hyalite/fetch.h>
#include <hyalite/flow.h>
#include <hyalite/host.h>
#include <hyalite/http.h>
#include <hyalite/notes.h>
#include <hyalite/tls.h>
#include <hyalite/ws.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- 1. the note: who is it, which ABI was it built for ---- */

typedef struct hyalite_elf_note {
  uint32_t name_size, description_size, type; /* as every ELF note begins */
  char name[8];                               /* "Hyalite" */
  /* From here on: the description. These eight bytes never move. */
  uint16_t abi_major, abi_minor, min_host_minor, reserved;
  char id[64], version[32], license[32]; /* ended by NUL */
} hyalite_elf_note;

#define HYALITE_NOTE_SECTION ".note.hyalite"
#define HYALITE_NOTE_NAME "Hyalite"
#define HYALITE_NOTE_TYPE 1

/* Once per plugin, beside the entry. The three are string literals. */
/* clang-format off */
#define HYALITE_NOTE(plugin_id, plugin_version, plugin_license)                              \
  __attribute__((used, aligned(4), section(HYALITE_NOTE_SECTION)))                           \
  static const hyalite_elf_note hyalite_note_of_plugin = {                                   \
      8, sizeof(hyalite_elf_note) - 20, HYALITE_NOTE_TYPE, HYALITE_NOTE_NAME,                \
      HYALITE_ABI_MAJOR, HYALITE_ABI_MINOR, HYALITE_MIN_HOST_MINOR, 0, plugin_id, plugin_version, plugin_license}
/* clang-format on */

/* ---- 2. the descriptor ---- */

/* What a worker is told about itself. */
typedef struct hyalite_worker {
  uint32_t size;
  uint32_t index, count; /* worker 0 does what is to be done once per machine */
  uint32_t reserved;
} hyalite_worker;

#define HYALITE_DESCRIPTOR_MAGIC 0x6c617948u /* "Hyal" */

typedef struct hyalite_descriptor {
  uint32_t magic;
  uint16_t abi_major, abi_minor;
  uint32_t size;
  uint32_t flags;              /* 0; these 16 bytes never move */
  const char* id;              /* as in the note: reverse DNS or a short word, [a-z0-9.-] */
  const char* version;         /* as in the note */
  const char* summary;         /* one line for a person */
  const char* license;         /* SPDX; as in the note */
  const char* settings_schema; /* JSON Schema (draft 7) of the settings; NULL: it takes none */
  /* [entry] A table of hooks by its exact id (HYALITE_FLOW_ID ...), or NULL. The table lives as
   * long as the process. */
  const void* (*get_interface)(const char* id);

  /* [create] Looks at the settings and tells every mistake, beyond what the schema says. Keeps
   * nothing. May be NULL. */
  hyalite_status (*validate)(const hyalite_host* host);
  /* [create] Makes an instance. `host` is its own and lives as long as the process. Anything but
   * HYALITE_OK: it could not; tell why with `mistake` or the log. */
  hyalite_status (*create)(const hyalite_host* host, void** instance);
  /* [start] The worker exists: open files, fetch metrics' cells. Anything but HYALITE_OK: the
   * worker does not start. May be NULL. */
  hyalite_status (*start)(void* instance, const hyalite_worker* worker);
  /* [worker] These four: anything but HYALITE_OK is counted and logged as an error; nothing else
   * comes of it. About once a second: what is to be done even when nothing passes. May be NULL. */
  hyalite_status (*tick)(void* instance);
  /* [worker] Log files were moved away: open them again. May be NULL. */
  hyalite_status (*reopen)(void* instance);
  /* [worker] Newer workers accept; this one only finishes what it has. Hooks go on. May be NULL. */
  hyalite_status (*drain)(void* instance);
  /* [worker] The last call in a worker: write out what is still held. May be NULL. */
  hyalite_status (*stop)(void* instance);
  /* [create] Frees the instance, after stop where it was started; only where memory is checked: in tests. */
  void (*destroy)(void* instance);
} hyalite_descriptor;

/* The one exported function. Pure; called any number of times, always with the same result. */
#define HYALITE_ENTRY_NAME "hyalite_plugin_entry"
#define HYALITE_EXPORT __attribute__((visibility("default")))
typedef const hyalite_descriptor* (*hyalite_entry)(void);

/* ---- 3. state: zeroed memory that the host keeps with each flow and each exchange ---- */

#define HYALITE_STATE_ID "hyalite.state/1"

typedef struct hyalite_state_hooks {
  uint32_t size, reserved;
  size_t flow_size, exchange_size; /* 0: none; aligned for any type; at most 4096 each */
  /* [worker] Before the first hook; the memory is zeroed. Anything but HYALITE_OK: it failed. May
   * be NULL. */
  hyalite_status (*flow_init)(void* instance, void* state);
  /* [worker] After flow_close, exactly once for each flow_init that succeeded. May be NULL. */
  void (*flow_fini)(void* instance, void* state);
  /* [worker] Before the first hook; the memory is zeroed. Anything but HYALITE_OK: it failed. May
   * be NULL. */
  hyalite_status (*exchange_init)(void* instance, void* state);
  /* [worker] After exchange_end, exactly once for each exchange_init that succeeded. May be NULL.
   */
  void (*exchange_fini)(void* instance, void* state);
} hyalite_state_hooks;

/* ---- 4. hooks: of flows and streams in flow.h, of TLS in tls.h, of HTTP in http.h, of WebSocket in ws.h ----
 * A hook that is NULL is never called and costs nothing. Which are called when, and what may be
 * answered: sdk/README.md.
 */

#ifdef __cplusplus
}
#endif

#include <hyalite/layout.h>

#endif

/* Notes: what one plugin found out, for those that come after it and for the records. SPDX-License-Identifier: MIT */
#ifndef HYALITE_NOTES_H_
#define HYALITE_NOTES_H_

#include <hyalite/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A note has a name, "PLUGIN.WORD", where PLUGIN is the id of the plugin that writes it, and a value. Everybody may read all
 * notes; one writes only its own. They live as long as the flow or exchange that they are about. */
#define HYALITE_HOST_NOTES_ID "hyalite.host.notes/1"

typedef struct hyalite_host_notes {
  uint32_t size, reserved;
  /* [create] [copies] The key of a note, by its name: of a-z, 0-9, ".", "-" and "_", at most 128 bytes. 0: not a name, or too
   * many keys. */
  uint32_t (*key)(const hyalite_host* host, hyalite_bytes name);
  /* [hook] [copies] Writes a note about the exchange, in place of an earlier one. At most 4096 bytes. HYALITE_E_FORBIDDEN: another
   * plugin's; HYALITE_E_LIMIT: limits.plugin_notes, or limits.plugin_bytes_per_flow. */
  hyalite_status (*set)(hyalite_exchange* exchange, uint32_t key, hyalite_bytes value);
  /* [hook] [copies] The same about the flow. */
  hyalite_status (*set_flow)(hyalite_flow* flow, uint32_t key, hyalite_bytes value);
  /* [hook] [lives: hook] HYALITE_E_MISSING: nobody wrote it (yet). */
  hyalite_status (*get)(hyalite_exchange* exchange, uint32_t key, hyalite_bytes* value);
  /* [hook] [lives: hook] The same about the flow. */
  hyalite_status (*get_flow)(hyalite_flow* flow, uint32_t key, hyalite_bytes* value);
  /* [hook] [lives: hook] Name and value of note number `index`, in the order in which they were first written;
   * HYALITE_E_MISSING past the last one. */
  hyalite_status (*at)(hyalite_exchange* exchange, size_t index, hyalite_field* note);
  /* [hook] [lives: hook] The same about the flow. */
  hyalite_status (*at_flow)(hyalite_flow* flow, size_t index, hyalite_field* note);
} hyalite_host_notes;

#ifdef __cplusplus
}
#endif
#endif

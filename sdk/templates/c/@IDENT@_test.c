/* @NAME@ in the real engine: no network, no root. */
#define _GNU_SOURCE /* memmem */
#include <hyalite/testing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static hyalite_bytes text(const char* literal) {
  const hyalite_bytes bytes = {literal, strlen(literal)};
  return bytes;
}

static void check(int right, const char* what, hyalite_bytes seen) {
  if (right) return;
  fprintf(stderr, "NOT SO: %s: %.*s\n", what, (int)seen.size, seen.data == NULL ? "" : seen.data);
  exit(1);
}

static int contains(hyalite_bytes text, const char* part) {
  return text.size > 0 && memmem(text.data, text.size, part, strlen(part)) != NULL;
}

int main(void) {
  hyalite_bench* bench = hyalite_bench_open(text("plugins: [ { name: tested, use: \"" HYALITE_PLUGIN_FILE "\" } ]\n"));
  check(hyalite_bench_mistakes(bench).size == 0, "it loads", hyalite_bench_mistakes(bench));

  hyalite_talk* talk = hyalite_talk_open(bench, NULL);
  hyalite_talk_say(talk, HYALITE_SIDE_CLIENT, text("GET / HTTP/1.1\r\nHost: h.example\r\n\r\n"));
  const hyalite_bytes sent = hyalite_talk_sent(talk, HYALITE_SIDE_UPSTREAM);
  check(contains(sent, "X-Marked: yes\r\n"), "requests are marked", sent);
  hyalite_talk_close(talk);

  const hyalite_step steps[] = {
      {HYALITE_STEP_SAY, HYALITE_SIDE_CLIENT, text("POST / HTTP/1.1\r\nHost: h.example\r\nContent-Length: 4\r\n\r\nbody"), 0},
      {HYALITE_STEP_SAY, HYALITE_SIDE_UPSTREAM, text("HTTP/1.1 204 No Content\r\n\r\n"), 0}};
  hyalite_bytes difference = {NULL, 0};
  hyalite_talk_play_in_every_way(bench, NULL, steps, 2, 1, &difference, NULL);
  check(difference.size == 0, "the same however the network cuts what is said", difference);
  check(hyalite_bench_complaints(bench).size == 0, "nobody complains", hyalite_bench_complaints(bench));
  hyalite_bench_close(bench);
  puts("all is well");
  return 0;
}

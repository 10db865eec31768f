/* No plugin: put into every process of the service by LD_PRELOAD. Whenever one waits, it tries what that one may not, as
 * somebody would who had the process in his hands, and says on stderr what came of it, until it is refused once.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int error_of(long result) {
  if (result >= 0) close((int)result);
  return result < 0 ? errno : 0;
}

static void say(const char* who, const char* call, int error) {
  char line[96];
  const int size = snprintf(line, sizeof(line), "intruder: %s %s %d\n", who, call, error);
  if (size > 0 && write(STDERR_FILENO, line, (size_t)size) < 0) errno = 0;
}

static void try_it(void) {
  static pid_t refused;
  char name[16] = "";
  prctl(PR_GET_NAME, name, 0, 0, 0);
  if (refused == getpid()) return;
  if (strcmp(name, "hyalite-admin") == 0 || strcmp(name, "hyalite-signer") == 0) {
    /* Neither would survive an attempt to run a program. */
    const int error = error_of(mkdirat(AT_FDCWD, "/proc/none", 0700));
    if (error != EPERM && error != ENOSYS) return;
    refused = getpid();
    say(name, "mkdirat", error);
  } else if (strcmp(name, "hyalite-gen") == 0) {
    char* const arguments[] = {NULL};
    const int error = error_of(execve("/nowhere", arguments, arguments));
    if (error != ENOSYS) return;
    refused = getpid();
    say(name, "execve", error);
    say(name, "netlink", error_of(socket(AF_NETLINK, SOCK_RAW, 0)));
    say(name, "packet", error_of(socket(AF_PACKET, SOCK_RAW, 0)));
  }
}

int poll(struct pollfd* fds, nfds_t count, int timeout) {
  static int (*real)(struct pollfd*, nfds_t, int);
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, "poll");
  try_it();
  return real(fds, count, timeout);
}

int epoll_wait(int fd, struct epoll_event* events, int most, int timeout) {
  static int (*real)(int, struct epoll_event*, int, int);
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, "epoll_wait");
  try_it();
  return real(fd, events, most, timeout);
}

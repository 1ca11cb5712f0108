/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Preloaded into test servers that would listen on every address of the machine and have no setting against
 * it (Orthanc): what they bind to "any" is bound to 127.0.0.1 instead. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

int
bind (int fd, const struct sockaddr *address, socklen_t length)
{
  int (*real_bind) (int, const struct sockaddr *, socklen_t) =
    (int (*) (int, const struct sockaddr *, socklen_t)) dlsym (RTLD_NEXT, "bind");
  struct sockaddr_in loopback;

  if (address->sa_family == AF_INET6)
    {
      errno = EADDRNOTAVAIL;
      return -1;
    }
  if (address->sa_family != AF_INET || length < sizeof loopback)
    return real_bind (fd, address, length);
  memcpy (&loopback, address, sizeof loopback);
  loopback.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  return real_bind (fd, (const struct sockaddr *) &loopback, sizeof loopback);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cloud-server.h"

/* Stands between Rounds and a real server, and loses what a test tells it to lose. */
typedef struct {
  const Cloud *cloud;
  FaultServer *server;
  guint16 port;
  char *url;                /* what Rounds connects to */

  /* Answers to these are dropped after the server has done what was asked: so many, of this method. Requests with
   * which a new server is tried, and batches that only read, pass. */
  const char *drop_method;
  guint n_drop;
  guint n_dropped, n_writes;
  /* Somebody else writes this right before the next change of ours arrives: "Patient", id, text; taken. */
  const char *other_id;
  char *other_json;
} CloudProxy;

void cloud_proxy_init (CloudProxy *self, const Cloud *cloud);
void cloud_proxy_clear (CloudProxy *self);
/* As if the cable was pulled, and put in again. */
void cloud_proxy_stop (CloudProxy *self);
void cloud_proxy_start (CloudProxy *self);

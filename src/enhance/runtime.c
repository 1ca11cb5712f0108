/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX Runtime, opened when the first model is run and never before: the library and what it brings along
 * would otherwise be loaded by every start of the program, most of which enhance nothing.
 *
 * Debian's build registers the ONNX operators twice and prints more than a thousand "Schema error" lines to
 * descriptor 2 while the first session is made. They are harmless and must not reach a terminal or the
 * journal. There is no switch for them, so descriptor 2 leads into a memory file for that one call; what is
 * not such a line is handed on afterwards, so that nothing another thread says meanwhile is lost.
 */

#include "enhance/runtime.h"

#include <dlfcn.h>
#include <errno.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOISE "Schema error"

static GMutex runtime_lock;
/* guarded by runtime_lock; never freed: the environment must outlive every session */
static const OrtApi *runtime_api;
static OrtEnv *runtime_env;
static gboolean runtime_spoke;

gboolean
rounds_runtime_check (OrtStatus *status, const char *what, GError **error)
{
  if (status == NULL)
    return TRUE;
  g_set_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_RUNTIME, "%s: %s", what,
               runtime_api->GetErrorMessage (status));
  runtime_api->ReleaseStatus (status);
  return FALSE;
}

static void *
open_library (void)
{
  /* Debian's name carries the minor version, upstream's does not. */
  static const char *const names[]
      = { ("libonnxruntime.so." ROUNDS_ORT_SOVERSION), "libonnxruntime.so.1", "libonnxruntime.so" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      void *library = dlopen (names[i], RTLD_NOW | RTLD_LOCAL);
      if (library != NULL)
        return library;
    }
  return NULL;
}

static gboolean
open_locked (GError **error)
{
  if (runtime_env != NULL)
    return TRUE;

  void *library = open_library ();
  if (library == NULL)
    {
      const char *why = dlerror ();
      g_set_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_RUNTIME,
                   _("ONNX Runtime is not installed: %s"), why != NULL ? why : _("no library"));
      return FALSE;
    }
  const OrtApiBase *(*get_base) (void) = (const OrtApiBase *(*)(void))dlsym (library, "OrtGetApiBase");
  const OrtApi *api = get_base != NULL ? get_base ()->GetApi (ORT_API_VERSION) : NULL;
  if (api == NULL)
    {
      g_set_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_RUNTIME,
                   _("the installed ONNX Runtime is older than API %d"), ORT_API_VERSION);
      dlclose (library);
      return FALSE;
    }
  runtime_api = api;

  OrtEnv *env = NULL;
  if (!rounds_runtime_check (api->CreateEnv (ORT_LOGGING_LEVEL_ERROR, "rounds", &env), "ONNX Runtime", error))
    return FALSE;
  (void)!api->DisableTelemetryEvents (env);
  runtime_env = env;
  return TRUE;
}

const OrtApi *
rounds_runtime_api (GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&runtime_lock);
  return open_locked (error) ? runtime_api : NULL;
}

static void
pass_on (int memory)
{
  off_t size = lseek (memory, 0, SEEK_END);
  if (size <= 0)
    return;
  char *text = mmap (NULL, (size_t)size, PROT_READ, MAP_PRIVATE, memory, 0);
  if (text == MAP_FAILED)
    return;
  for (const char *line = text, *end = text + size; line < end;)
    {
      const char *stop = memchr (line, '\n', (size_t)(end - line));
      const char *next = stop != NULL ? stop + 1 : end;
      gsize length = (gsize)(next - line);
      gboolean empty = length == 1 && *line == '\n';
      if (!empty && !(length >= strlen (NOISE) && memcmp (line, NOISE, strlen (NOISE)) == 0)
          && write (STDERR_FILENO, line, length) < 0)
        break;
      line = next;
    }
  munmap (text, (size_t)size);
}

/* Begins the silence; -1 when it cannot, and then the lines are simply seen. */
static int
silence_begin (int *ret_saved)
{
  int memory = memfd_create ("rounds-stderr", MFD_CLOEXEC);
  if (memory < 0)
    return -1;
  fflush (stderr);
  int saved = dup (STDERR_FILENO);
  if (saved < 0 || dup2 (memory, STDERR_FILENO) < 0)
    {
      if (saved >= 0)
        close (saved);
      close (memory);
      return -1;
    }
  *ret_saved = saved;
  return memory;
}

static void
silence_end (int memory, int saved)
{
  if (memory < 0)
    return;
  fflush (stderr);
  while (dup2 (saved, STDERR_FILENO) < 0 && errno == EINTR)
    ;
  close (saved);
  pass_on (memory);
  close (memory);
}

static gboolean
set_options (OrtSessionOptions *options, int threads, GError **error)
{
  const OrtApi *api = runtime_api;
  return rounds_runtime_check (api->SetSessionGraphOptimizationLevel (options, ORT_ENABLE_ALL), "options",
                               error)
         && rounds_runtime_check (api->SetIntraOpNumThreads (options, threads), "options", error)
         && rounds_runtime_check (api->SetInterOpNumThreads (options, 1), "options", error)
         && rounds_runtime_check (api->SetSessionExecutionMode (options, ORT_SEQUENTIAL), "options", error)
         /* the machine is shared with the drawing of the window: sleep, do not spin */
         && rounds_runtime_check (
             api->AddSessionConfigEntry (options, "session.intra_op.allow_spinning", "0"), "options", error);
}

OrtSession *
rounds_runtime_create_session (const void *data, gsize size, int threads, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&runtime_lock);
  if (!open_locked (error))
    return NULL;

  OrtSessionOptions *options = NULL;
  if (!rounds_runtime_check (runtime_api->CreateSessionOptions (&options), "options", error))
    return NULL;
  OrtSession *session = NULL;
  if (set_options (options, threads, error))
    {
      int saved = -1, memory = -1;
      if (!runtime_spoke)
        memory = silence_begin (&saved);
      OrtStatus *status = runtime_api->CreateSessionFromArray (runtime_env, data, size, options, &session);
      silence_end (memory, saved);
      runtime_spoke = TRUE;
      if (!rounds_runtime_check (status, _("the model cannot be run"), error))
        session = NULL;
    }
  runtime_api->ReleaseSessionOptions (options);
  return session;
}

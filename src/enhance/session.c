/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One model, ready to run. Sessions are kept for the life of the process, because making one costs more than
 * running it; the bare call checks the graph's answer before it trusts its shape, since a user's own ONNX
 * file may say anything.
 */

#include "enhance/session.h"

#include <glib/gi18n-lib.h>
#include <sched.h>
#include <string.h>

#include "enhance/runtime.h"

struct _RoundsEnhanceSession
{
  GObject parent;

  RoundsModel *model;
  int threads;
  const OrtApi *api;
  OrtSession *session;
  OrtMemoryInfo *memory;
  char *input;
  char *output;
};

G_DEFINE_FINAL_TYPE (RoundsEnhanceSession, rounds_enhance_session, G_TYPE_OBJECT)

static GMutex shared_lock;
static GHashTable *shared; /* guarded by shared_lock: "sha256/threads" -> RoundsEnhanceSession */

static void
rounds_enhance_session_finalize (GObject *object)
{
  RoundsEnhanceSession *self = ROUNDS_ENHANCE_SESSION (object);

  if (self->api != NULL)
    {
      if (self->memory != NULL)
        self->api->ReleaseMemoryInfo (self->memory);
      if (self->session != NULL)
        self->api->ReleaseSession (self->session);
    }
  g_clear_object (&self->model);
  g_free (self->input);
  g_free (self->output);
  G_OBJECT_CLASS (rounds_enhance_session_parent_class)->finalize (object);
}

static void
rounds_enhance_session_class_init (RoundsEnhanceSessionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rounds_enhance_session_finalize;
}

static void
rounds_enhance_session_init (RoundsEnhanceSession *self)
{
}

int
rounds_enhance_default_threads (void)
{
  cpu_set_t set;
  int cores = sched_getaffinity (0, sizeof set, &set) == 0 ? CPU_COUNT (&set) : (int)g_get_num_processors ();
  return CLAMP (cores - 1, 1, 16);
}

/* The name of the only input or output; a graph with more of them is not one that this program knows. */
static char *
only_name (RoundsEnhanceSession *self, gboolean output, GError **error)
{
  const OrtApi *api = self->api;
  size_t n = 0;
  OrtStatus *status = output ? api->SessionGetOutputCount (self->session, &n)
                             : api->SessionGetInputCount (self->session, &n);
  if (!rounds_runtime_check (status, _("the model cannot be read"), error))
    return NULL;
  if (n != 1)
    {
      g_set_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_RUNTIME,
                   output ? _("the model has %zu outputs where one is wanted")
                          : _("the model has %zu inputs where one is wanted"), n);
      return NULL;
    }
  OrtAllocator *allocator = NULL;
  char *name = NULL;
  if (!rounds_runtime_check (api->GetAllocatorWithDefaultOptions (&allocator), _("the model cannot be read"),
                             error))
    return NULL;
  status = output ? api->SessionGetOutputName (self->session, 0, allocator, &name)
                  : api->SessionGetInputName (self->session, 0, allocator, &name);
  if (!rounds_runtime_check (status, _("the model cannot be read"), error))
    return NULL;
  char *copy = g_strdup (name);
  if (!rounds_runtime_check (api->AllocatorFree (allocator, name), _("the model cannot be read"), NULL))
    g_debug ("a name was not freed");
  return copy;
}

RoundsEnhanceSession *
rounds_enhance_session_new (RoundsModel *model, int threads, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_MODEL (model), NULL);

  g_autoptr (RoundsEnhanceSession) self = g_object_new (ROUNDS_TYPE_ENHANCE_SESSION, NULL);
  self->model = g_object_ref (model);
  self->threads = threads > 0 ? threads : rounds_enhance_default_threads ();
  self->api = rounds_runtime_api (error);
  if (self->api == NULL)
    return NULL;

  gsize size = 0;
  const void *data = g_bytes_get_data (rounds_model_get_bytes (model), &size);
  self->session = rounds_runtime_create_session (data, size, self->threads, error);
  if (self->session == NULL)
    return NULL;
  OrtStatus *status = self->api->CreateCpuMemoryInfo (OrtDeviceAllocator, OrtMemTypeDefault, &self->memory);
  if (!rounds_runtime_check (status, "memory", error))
    return NULL;
  self->input = only_name (self, FALSE, error);
  if (self->input == NULL)
    return NULL;
  self->output = only_name (self, TRUE, error);
  if (self->output == NULL)
    return NULL;
  return g_steal_pointer (&self);
}

RoundsEnhanceSession *
rounds_enhance_session_shared (RoundsModel *model, int threads, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_MODEL (model), NULL);

  if (threads <= 0)
    threads = rounds_enhance_default_threads ();
  g_autofree char *key = g_strdup_printf ("%s/%d", rounds_model_get_sha256 (model), threads);

  /* Held while the session is made: a second caller for the same model waits rather than makes another. */
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&shared_lock);
  if (shared == NULL)
    shared = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  RoundsEnhanceSession *session = g_hash_table_lookup (shared, key);
  if (session == NULL)
    {
      session = rounds_enhance_session_new (model, threads, error);
      if (session == NULL)
        return NULL;
      g_hash_table_insert (shared, g_steal_pointer (&key), session);
    }
  return g_object_ref (session);
}

RoundsModel *
rounds_enhance_session_get_model (RoundsEnhanceSession *self)
{
  g_return_val_if_fail (ROUNDS_IS_ENHANCE_SESSION (self), NULL);
  return self->model;
}

int
rounds_enhance_session_get_threads (RoundsEnhanceSession *self)
{
  g_return_val_if_fail (ROUNDS_IS_ENHANCE_SESSION (self), 0);
  return self->threads;
}

/* What a cancelling thread may touch while a run goes on. */
typedef struct
{
  const OrtApi *api;
  OrtRunOptions *options;
} Stop;

static void
cancelled_cb (GCancellable *cancellable, gpointer data)
{
  Stop *stop = data;
  OrtStatus *status = stop->api->RunOptionsSetTerminate (stop->options);
  if (status != NULL)
    stop->api->ReleaseStatus (status);
}

static gboolean
copy_answer (RoundsEnhanceSession *self, OrtValue *value, int rows, int columns, float *out, GError **error)
{
  const OrtApi *api = self->api;
  OrtTensorTypeAndShapeInfo *info = NULL;
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  size_t count = 0;
  gsize wanted = (gsize)rows * (gsize)columns;
  float *data = NULL;

  if (!rounds_runtime_check (api->GetTensorTypeAndShape (value, &info), _("the model's answer"), error))
    return FALSE;
  gboolean ok
      = rounds_runtime_check (api->GetTensorElementType (info, &type), _("the model's answer"), error)
        && rounds_runtime_check (api->GetTensorShapeElementCount (info, &count), _("the model's answer"), error);
  api->ReleaseTensorTypeAndShapeInfo (info);
  if (!ok)
    return FALSE;
  if (type != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT || count != wanted)
    {
      g_set_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_RUNTIME,
                   _("the model answered %zu values where %zu were wanted"), count, wanted);
      return FALSE;
    }
  if (!rounds_runtime_check (api->GetTensorMutableData (value, (void **)&data), _("the model's answer"), error))
    return FALSE;
  memcpy (out, data, wanted * sizeof (float));
  return TRUE;
}

gboolean
rounds_enhance_session_run (RoundsEnhanceSession *self,
                            const float *planes,
                            int n_planes,
                            int rows,
                            int columns,
                            float *out,
                            GCancellable *cancellable,
                            GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_ENHANCE_SESSION (self), FALSE);
  g_return_val_if_fail (planes != NULL && out != NULL && n_planes > 0 && rows > 0 && columns > 0, FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  const OrtApi *api = self->api;
  const int64_t shape[4] = { 1, n_planes, rows, columns };
  size_t bytes = (size_t)n_planes * (size_t)rows * (size_t)columns * sizeof (float);
  OrtValue *input = NULL, *output = NULL;
  OrtRunOptions *options = NULL;
  const char *inputs[] = { self->input }, *outputs[] = { self->output };

  /* The tensor only borrows the caller's planes, which outlive the call. */
  gboolean ok = rounds_runtime_check (
                    api->CreateTensorWithDataAsOrtValue (self->memory, (void *)planes, bytes, shape, 4,
                                                         ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &input),
                    _("the image cannot be given to the model"), error)
                && rounds_runtime_check (api->CreateRunOptions (&options), "options", error);
  if (ok)
    {
      Stop stop = { api, options };
      gulong id = cancellable != NULL
                      ? g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), &stop, NULL)
                      : 0;
      OrtStatus *status = api->Run (self->session, options, inputs, (const OrtValue *const *)&input, 1,
                                    outputs, 1, &output);
      if (id != 0)
        g_cancellable_disconnect (cancellable, id);
      ok = rounds_runtime_check (status, _("the model failed"), error);
    }
  ok = ok && copy_answer (self, output, rows, columns, out, error);
  if (g_cancellable_is_cancelled (cancellable))
    {
      g_clear_error (error);
      ok = !g_cancellable_set_error_if_cancelled (cancellable, error);
    }
  if (output != NULL)
    api->ReleaseValue (output);
  if (options != NULL)
    api->ReleaseRunOptions (options);
  if (input != NULL)
    api->ReleaseValue (input);
  return ok;
}

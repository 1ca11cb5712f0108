/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Notes: draft, unsigned, signed, addendum; and what is read of other documents. */

#include "charts-test.h"

#include <string.h>

#include "charts/edit.h"
#include "charts/history.h"
#include "charts/notes.h"
#include "charts/row.h"
#include "charts/sections.h"
#include "charts/words.h"

static void
test_life (void)
{
  g_autofree char *folder = NULL;
  RoundsStore *store = test_store_new (&folder);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_object) values = test_json ("{'title':'Ward round','text':'Better today. Straße, 体温.'}");
  g_autoptr (json_object) resource = NULL, signed_note = NULL, addendum = NULL, added = NULL;
  g_autoptr (RoundsEdited) first = NULL, second = NULL, third = NULL, refused = NULL, wrong = NULL;
  g_autoptr (RoundsRecord) record = NULL, final = NULL, late = NULL;
  g_autoptr (GPtrArray) rows = NULL, history = NULL;
  g_autofree char *text = NULL;

  test_put_patient (store);
  first = rounds_form_save (store, &rounds_section_notes, "p1", NULL, values, NULL, FALSE, &error);
  g_assert_no_error (error);
  record = rounds_store_get (store, first->type, first->id, NULL);
  resource = rounds_record_parse (record);
  g_assert_cmpstr (rounds_json_peek_string (resource, "docStatus"), ==, "preliminary");
  g_assert_cmpstr (rounds_json_peek_string (resource, "author.0.display"), ==, "Dr Osei");
  text = rounds_note_text (resource);
  g_assert_cmpstr (text, ==, "Better today. Straße, 体温.");

  json_object_object_add (values, "text", json_object_new_string ("Better today, afebrile."));
  second = rounds_form_save (store, &rounds_section_notes, "p1", record, values, NULL, TRUE, &error);
  g_assert_no_error (error);
  final = rounds_store_get (store, second->type, second->id, NULL);
  signed_note = rounds_record_parse (final);
  g_assert_true (rounds_note_is_signed (signed_note));
  g_assert_cmpstr (rounds_json_peek_string (signed_note, "authenticator.display"), ==, "Dr Osei");

  json_object_object_add (values, "text", json_object_new_string ("something else"));
  refused = rounds_form_save (store, &rounds_section_notes, "p1", final, values, NULL, FALSE, &error);
  g_assert_null (refused);
  g_assert_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_SIGNED);
  g_clear_error (&error);
  g_assert_null (rounds_edit_sign (store, &rounds_section_notes, final, &error));
  g_clear_error (&error);

  /* Nor by undo, and no history offers it; entered in error can be said, and taken back. */
  g_assert_false (rounds_edit_undo (store, second, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID);
  g_clear_error (&error);
  history = rounds_history_load (store, &rounds_section_notes, second->type, second->id, &error);
  g_assert_no_error (error);
  g_assert_false (((RoundsHistoryRow *) g_ptr_array_index (history, 0))->last_edit);
  wrong = rounds_edit_remove (store, &rounds_section_notes, final, &error);
  g_assert_no_error (error);
  g_assert_true (rounds_edit_undo (store, wrong, &error));
  g_assert_no_error (error);

  addendum = rounds_note_addendum_values (signed_note);
  json_object_object_add (addendum, "text", json_object_new_string ("Culture grew nothing."));
  third = rounds_form_save (store, &rounds_section_notes, "p1", NULL, addendum, NULL, TRUE, &error);
  g_assert_no_error (error);
  late = rounds_store_get (store, third->type, third->id, NULL);
  added = rounds_record_parse (late);
  g_assert_cmpstr (rounds_note_appends_to (added), ==, first->id);
  rows = rounds_section_load (&rounds_section_notes, store, "p1", &error);
  g_assert_cmpuint (rows->len, ==, 2);
  test_store_end (store, g_steal_pointer (&folder));
}

static void
test_draft (void)
{
  g_autofree char *folder = NULL;
  RoundsStore *store = test_store_new (&folder);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_object) values = test_json ("{'title':'Ward round','text':'half a sen'}");
  g_autofree char *key = rounds_draft_key ("p1", "notes", NULL);
  g_autofree char *other = rounds_draft_key ("p2", "notes", NULL);
  g_autofree char *text = rounds_draft_print ("DocumentReference", NULL, 0, values, 5);
  g_autoptr (GPtrArray) drafts = NULL, none = NULL;
  RoundsDraft *draft;

  g_assert_true (rounds_store_set_draft (store, key, text, &error));
  g_assert_true (rounds_store_set_draft (store, other, "{broken", &error));
  drafts = rounds_draft_list (store, "p1", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (drafts->len, ==, 1);
  draft = g_ptr_array_index (drafts, 0);
  g_assert_cmpstr (draft->section, ==, "notes");
  g_assert_cmpstr (draft->patient_id, ==, "p1");
  g_assert_null (draft->id);
  g_assert_cmpstr (rounds_json_peek_string (draft->values, "text"), ==, "half a sen");
  none = rounds_draft_list (store, "p2", &error);
  g_assert_cmpuint (none->len, ==, 0);
  test_store_end (store, g_steal_pointer (&folder));
}

static void
test_foreign (void)
{
  g_autoptr (json_object) html = test_json ("{'resourceType':'DocumentReference','content':[{'attachment':{'contentType':"
                                            "'application/pdf','data':'JVBERi0='}},{'attachment':{'contentType':'text/html',"
                                            "'data':'PHA+RmV2ZXIgJmFtcDsgY291Z2g8L3A+PHA+MiZsdDszPC9wPg=='}}]}");
  g_autoptr (json_object) report = test_json ("{'resourceType':'DiagnosticReport','code':{'text':'CT'},"
                                              "'presentedForm':[{'contentType':'text/plain','data':'Tm8gYmxlZWQu'}]}");
  g_autoptr (json_object) composition = test_json ("{'resourceType':'Composition','title':'Letter','section':[{'title':'Plan',"
                                                   "'text':{'div':'<div><p>Rest</p></div>'}}]}");
  g_autoptr (json_object) broken = test_json ("{'resourceType':'DocumentReference','content':[{'attachment':{'contentType':"
                                              "'text/plain','data':'%%%'}}]}");
  g_autofree char *a = rounds_note_text (html), *b = rounds_note_text (report), *c = rounds_note_text (composition);
  g_autofree char *d = rounds_note_text (broken);
  g_autofree char *e = rounds_words_strip_html ("<p>a &#x41; &bogus; <b");

  g_assert_cmpstr (a, ==, "Fever & cough\n2<3");
  g_assert_cmpstr (b, ==, "No bleed.");
  g_assert_cmpstr (c, ==, "Plan\nRest");
  g_assert_null (d);
  g_assert_cmpstr (e, ==, "a A &bogus;");
  g_assert_true (rounds_note_is_signed (html));
  g_assert_true (rounds_section_notes.accepts (report));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/charts/notes/foreign", test_foreign);
  g_test_add_func ("/charts/notes/draft", test_draft);
  g_test_add_func ("/charts/notes/life", test_life);
  return g_test_run ();
}
